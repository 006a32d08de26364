"""Reasons, notes and evidence are kept for good and shown unmasked: a clerk who pastes a number into one is told to take it out."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph_model.errors import InvalidRequest
from graph_model.principal import Principal, Role
from graph_model.services import blocklist, links
from graph_model.services.casework import record_disposition, record_label
from graph_model.services.reveal import reveal
from graph_model.services.wording import reason_of, refuse_personal
from graph_model.store import GraphStore
from graph_model.stores import open_store
from tests.fixtures import reference_case
from tests.fixtures.reference_case import ReferenceCase

NOW = datetime(2026, 7, 1, 3, 0, tzinfo=UTC)
SUE = Principal("sue", Role.SUPERVISOR)

Case = tuple[GraphStore, ReferenceCase]


@pytest.fixture
def case(tmp_path: Path) -> Iterator[Case]:
    store = open_store(f"sqlite:///{tmp_path / 'graph.db'}", create=True)
    yield store, reference_case.load(store)
    store.close()


def code_of(text: str) -> str | None:
    try:
        refuse_personal(text)
    except InvalidRequest as exc:
        assert exc.code == "text.personal"
        return exc.message
    return None


@pytest.mark.parametrize(
    "text",
    [
        "与11010519491231002X为同一人",
        "same as 110105 19491231 002x",
        "身份证：１１０１０５１９４９１２３１００２Ｘ",
        "one digit mistyped: 110105194912310021",
        "he answers at 13800138000",
        "call 138 0013 8000 after six",
        "电话138-0013-8000。",
        "tel13800138000",
        "+86 138 0013 8000",
        "008613800138000",
        "8613800138000",
        "138\u200b0013\u200b8000",
        "138–0013–8000",
        "+44 7911 123456",
        "paid to 6222 0200 0000 0000 000",
        "6222020000000000000",
        "case 4711 13800138000 2026-07-01",
        "邮箱zhang.san@example.com有误",
        "PASSPORT:E12345678",
        "护照：E12345678",
    ],
)  # fmt: skip
def test_a_number_or_address_of_somebody_is_refused_and_not_repeated(text: str) -> None:
    told = code_of(text)
    assert told is not None and "Name people by their page, not by number or address" in told
    assert not any(character.isdigit() for character in told)


@pytest.mark.parametrize(
    "text",
    [
        "case 4711",
        "seen on 2026-07-01 at 12:30, again on 2026-08-01",
        "ring 138 of 2026-07-01, 25 members, 1,380,013,800.00 yuan",
        "application APP-20260701-000123, job 1782874800000-7f3e21ab",
        "node 13800138000a3f7e and 0b13800138000c0d0b13800138000c0d and 3f13b7a0-1380-4013-8000-13800138000a",
        "the shop's line is 400-820-8820",
        "met @ 3 pm; see §4.2 @office",
        "note: 12 pages",
        "account ends in 0004",
        "同一地址，三次申请",
    ],
)
def test_what_people_write_about_cases_is_let_through(text: str) -> None:
    assert code_of(text) is None
    assert reason_of(text, code="link.reason")


def test_what_people_write_is_kept_as_they_wrote_it(case: Case) -> None:
    store, names = case
    typed, kept = (
        "  春季拉新，老客带新客（第２轮）：\u200b请复核！\n～ﬁn ",
        "春季拉新，老客带新客（第２轮）：请复核！ ～ﬁn",
    )
    assert reason_of(typed, code="audience.purpose") == kept
    assert record_label(store, SUE, names.ids["application1"], "confirmed_fraud", note=typed, now=NOW).note == kept


@given(st.text(), st.text(), st.sampled_from(["13800138000", "11010519491231002X", "6222020000000000000"]))
def test_a_number_is_found_whatever_words_stand_around_it(before: str, after: str, number: str) -> None:
    assert code_of(f"{before}，{number}，{after}") is not None


@given(st.sampled_from(" -"), st.permutations([3, 4, 4]))
def test_a_phone_is_found_however_it_is_grouped(sign: str, lengths: list[int]) -> None:
    rest, groups = "13800138000", []
    for length in lengths:
        groups.append(rest[:length])
        rest = rest[length:]
    assert code_of(f"call {sign.join(groups)} now") is not None


def test_every_free_text_that_is_kept_is_looked_through(case: Case) -> None:
    store, names = case
    person, phone = names.subject_id, names.ids["phone1"] if "phone1" in names.ids else names.ids["d_user"]
    bad = "same as 13800138000"
    link = links.draw(store, SUE, person, phone, reason="same handset", now=NOW)
    attempts: dict[str, Callable[[], object]] = {
        "reveal": lambda: reveal(store, SUE, person, "name", reason=bad, secret=b"s", now=NOW),
        "disposition": lambda: record_disposition(store, SUE, person, "cleared", reason=bad, now=NOW),
        "label": lambda: record_label(store, SUE, names.ids["application1"], "fraud", note=bad, now=NOW),
        "listing": lambda: blocklist.listing("Phone", "13900137777", reason=bad, expires_at=None, now=NOW),
        "add_node": lambda: blocklist.add_node(store, SUE, person, reason=bad, expires_at=None, now=NOW),
        "remove": lambda: blocklist.remove(store, SUE, person, reason=bad, now=NOW),
        "draw": lambda: links.draw(store, SUE, person, phone, reason=bad, now=NOW),
        "evidence": lambda: links.draw(store, SUE, person, phone, reason="same handset", evidence=bad, now=NOW),
        "annotate": lambda: links.annotate(store, SUE, link.id, reason=bad, now=NOW),
        "annotate evidence": lambda: links.annotate(store, SUE, link.id, reason="same handset", evidence=bad, now=NOW),
        "retract": lambda: links.retract(store, SUE, link.id, reason=bad, now=NOW),
    }
    for name, attempt in attempts.items():
        with pytest.raises(InvalidRequest) as refused:
            attempt()
        assert refused.value.code == "text.personal", name
    assert store.audit() == []
    assert store.facts(person, kind="disposition") == [] and store.facts(person, kind="blocklist") == []
    assert len(store.link_edits([link.id])[link.id]) == 1
