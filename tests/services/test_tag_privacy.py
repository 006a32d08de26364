"""Tags against whoever tries to read more of them than a role may know: the blocklist, risk that a tag once said, and single people."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from graph_model.errors import GuanxiError, InvalidRequest
from graph_model.principal import Principal, Role
from graph_model.records import GraphBatch, NodeRecord
from graph_model.services import blocklist
from graph_model.services.tags import dictionary, reading
from graph_model.services.tags.definition import ConsentClass, ValueType
from graph_model.services.tags.dictionary import Draft
from graph_model.store import GraphStore
from graph_model.stores import open_store
from tests.services.people import NOW, START, arrive, person

MEI, WU = Principal("mei", Role.MARKETER), Principal("wu", Role.SUPERVISOR)
PEOPLE = [person(number) for number in range(40)]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[GraphStore]:
    """Forty people of whom nothing else is known."""
    opened = open_store(f"sqlite:///{tmp_path}/graph.db", create=True)
    arrive(opened, PEOPLE)
    yield opened
    opened.close()


def test_what_the_blocklist_brought_is_not_found_by_its_source(store: GraphStore) -> None:
    phones = [
        blocklist.listing("Phone", f"139001380{number:02d}", reason="gang of March", expires_at=None, now=NOW)
        for number in range(12)
    ]
    blocklist.add(store, WU, phones, now=NOW)
    for rule in (f"source = '{WU.source}'", "source <> 'crm'", "source is known"):
        with pytest.raises(InvalidRequest) as refused:
            reading.check(store, MEI, rule, label="Phone", now=NOW)
        assert refused.value.code == "tag.rule"


def draft(code: str, rule: str, consent: ConsentClass = ConsentClass.MARKETING) -> Draft:
    return Draft(code, "标签", "tag", "行为", "联系", rule, consent=consent)


def test_what_a_tag_said_of_risk_never_becomes_an_open_tags(store: GraphStore) -> None:
    dictionary.define(store, WU, draft("risk_w", "blocklisted", ConsentClass.RISK), now=NOW)
    with pytest.raises(InvalidRequest) as refused:
        dictionary.change(store, WU, draft("risk_w", "sex is missing"), now=NOW)
    assert refused.value.code == "tag.fixed"
    dictionary.delete(store, WU, "risk_w")
    for by in (MEI, WU):
        with pytest.raises(InvalidRequest) as refused:
            dictionary.define(store, by, draft("risk_w", "sex is missing"), now=NOW)
        assert refused.value.code == "tag.code"
    with pytest.raises(InvalidRequest) as refused:
        dictionary.define(store, WU, draft("w", "blocklisted", ConsentClass.RISK), now=NOW)
    assert refused.value.code == "tag.code"


def test_no_refusal_tells_a_marketer_that_a_risk_tag_exists(store: GraphStore) -> None:
    dictionary.define(store, MEI, draft("base", "sex is missing"), now=NOW)

    def refusals() -> list[tuple[str, str]]:
        told = []
        for attempt in (
            lambda: dictionary.define(store, MEI, draft("risk_w", "sex is known"), now=NOW),
            lambda: dictionary.define(store, MEI, draft("risk_w", "sex is known", ConsentClass.RISK), now=NOW),
            lambda: dictionary.change(store, MEI, draft("risk_w", "sex is known"), now=NOW),
            lambda: dictionary.delete(store, MEI, "risk_w"),
            lambda: reading.check(store, MEI, "tag(risk_w)", now=NOW),
        ):
            with pytest.raises(GuanxiError) as refused:
                attempt()
            told.append((refused.value.code, refused.value.message))
        return told

    without = refusals()
    dictionary.define(store, WU, draft("risk_w", "tag(base)", ConsentClass.RISK), now=NOW)
    assert refusals() == without
    with pytest.raises(InvalidRequest, match="read by others") as refused:
        dictionary.delete(store, MEI, "base")
    assert refused.value.code == "tag.in_use" and "risk_w" not in refused.value.message
    assert reading.view(store, MEI, "base", now=NOW).dependants == []


def test_a_rule_narrowed_to_one_person_answers_nothing_whatever_is_asked(store: GraphStore) -> None:
    one = PEOPLE[0]
    store.upsert(
        GraphBatch([NodeRecord(one, START, START, "crm", {"education": "doctor", "marital_status": "divorced"})])
    )
    asked = [
        reading.check(store, MEI, f"education = 'doctor' and marital_status = '{status}'", now=NOW).counts
        for status in ("divorced", "married")
    ]
    assert [share.count for counts in asked for share in counts] == [None, None]
    assert [share.count for share in reading.check(store, MEI, "education is missing", now=NOW).counts] == [40]


@pytest.mark.parametrize(
    "rule",
    ["sex is known # like 138 0013 8000", f"education is known # {PEOPLE[0].key}", "sex is known # a@example.com"],
)
def test_nobodys_number_is_kept_in_a_rule(store: GraphStore, rule: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        dictionary.define(store, MEI, draft("t", rule), now=NOW)
    assert refused.value.code == "text.personal" and dictionary.everything(store) == {}


@pytest.mark.parametrize("amount", [100_000, 10_000_000, 5_000_000_000])
def test_large_plain_numbers_are_nobodys(store: GraphStore, amount: int) -> None:
    rule = f"degree(APPLIED to Application where amount >= {amount} and applied_at >= 2026-01-01) >= 1"
    assert dictionary.define(store, MEI, draft("much", rule), now=NOW).rule == rule


def test_a_rule_that_is_too_large_to_be_tried_is_too_large_to_be_kept(store: GraphStore) -> None:
    many = ",".join(str(number % 10) for number in range(480))
    case = f"degree(APPLIED to Application where amount in ({many})) >= 1"
    rule = f"when {case} then 'a' when {case} then 'b' when {case} then 'c'"
    text = replace(draft("t", rule), value_type=ValueType.TEXT)
    for attempt in (
        lambda: reading.check(store, MEI, rule, now=NOW),
        lambda: dictionary.define(store, MEI, text, now=NOW),
    ):
        with pytest.raises(InvalidRequest, match="more than 1000 conditions"):
            attempt()
