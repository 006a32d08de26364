"""Labels, dispositions and the blocklist: what people state is kept with who said it, why and when, and nothing is ever overwritten."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph_model.errors import Forbidden, InvalidRequest, InvalidValue, NotFound, UnknownName
from graph_model.principal import Principal, Role
from graph_model.records import AsOf, Fact, NodeRef
from graph_model.schema.text import tidy
from graph_model.services import blocklist
from graph_model.services.blocklist_facts import LISTED, REMOVED, is_listed, stated
from graph_model.services.casework import facts_about, record_disposition, record_label
from graph_model.store import GraphStore
from graph_model.stores import open_store
from tests.fixtures import reference_case
from tests.fixtures.reference_case import ReferenceCase

NOW = datetime(2026, 7, 1, 3, 0, tzinfo=UTC)
DAY = timedelta(days=1)
IDA = Principal("ida", Role.INVESTIGATOR)
SUE = Principal("sue", Role.SUPERVISOR)
ENGINE = Principal("key:core-banking", Role.RISK_ENGINE)

Case = tuple[GraphStore, ReferenceCase]


@pytest.fixture
def case(tmp_path: Path) -> Iterator[Case]:
    store = open_store(f"sqlite:///{tmp_path / 'graph.db'}", create=True)
    yield store, reference_case.load(store)
    store.close()


def test_a_confirmed_fraud_is_labelled_with_the_day_on_which_it_was_known(case: Case) -> None:
    store, names = case
    application = names.ids["application1"]
    fact = record_label(store, IDA, application, "confirmed_fraud", known_at=NOW - 3 * DAY, note=" 自首 ", now=NOW)
    assert (fact.at, fact.recorded_at, fact.source, fact.note) == (NOW - 3 * DAY, NOW, "user:ida", "自首")
    assert record_label(store, IDA, application, "good", now=NOW + DAY).at == NOW + DAY
    told = facts_about(store, ENGINE, application, kind="label", now=NOW + DAY)
    assert [(f.value, f.note) for f in told] == [("confirmed_fraud", "自首"), ("good", "")]
    # Nobody could know on the day it happened what was recorded later.
    assert store.facts(application, kind="label", as_of=AsOf.at(NOW - 2 * DAY)) == []


def test_a_disposition_can_be_about_anything(case: Case) -> None:
    store, names = case
    for name in ("subject", "device1", "application1"):
        record_disposition(store, IDA, names.ids[name], "suspicious", reason="same device as a mule", now=NOW)
        (fact,) = facts_about(store, IDA, names.ids[name], kind="disposition", now=NOW)
        assert (fact.value, fact.note, fact.source) == ("suspicious", "same device as a mule", "user:ida")


def test_casework_that_makes_no_sense_is_refused(case: Case) -> None:
    store, names = case
    application, person = names.ids["application1"], names.subject_id
    for code, refused in {
        "label.subject": lambda: record_label(store, IDA, person, "good", now=NOW),
        "label.known_at": lambda: record_label(store, IDA, application, "good", known_at=NOW + DAY, now=NOW),
        "label.note": lambda: record_label(store, IDA, application, "good", note="n" * 501, now=NOW),
        "disposition.reason": lambda: record_disposition(store, IDA, person, "cleared", reason="ok", now=NOW),
    }.items():
        with pytest.raises(InvalidRequest) as error:
            refused()
        assert error.value.code == code
    with pytest.raises(InvalidValue):
        record_label(store, IDA, application, "guilty", now=NOW)
    with pytest.raises(NotFound):
        record_disposition(store, IDA, "nobody", "cleared", reason="a mistake", now=NOW)
    with pytest.raises(Forbidden):
        record_label(store, ENGINE, application, "good", now=NOW)
    with pytest.raises(UnknownName):
        facts_about(store, IDA, person, kind="gossip", now=NOW)


# --- the blocklist -------------------------------------------------------------------------------------------------


def listed(store: GraphStore, node_id: str, moment: datetime) -> bool:
    return blocklist.is_blocklisted(store, IDA, node_id, moment=moment)


def test_a_mule_phone_that_nobody_has_used_yet_is_listed_by_its_number(case: Case) -> None:
    store, _ = case
    wanted = blocklist.listing("Phone", " 138 0013 7777 ", reason="mule phone", expires_at=None, now=NOW)
    (entry,) = blocklist.add(store, SUE, [wanted], now=NOW)
    assert entry.node.ref == NodeRef("Phone", "+8613800137777")
    assert (entry.listed, entry.reason, entry.source, entry.since, entry.expires_at) == (
        True, "mule phone", "user:sue", NOW, None,
    )  # fmt: skip
    assert listed(store, entry.node.node_id, NOW + 1000 * DAY)
    assert not listed(store, entry.node.node_id, NOW - DAY)


def test_the_same_file_again_says_nothing_new_of_reasons_that_were_kept_otherwise(case: Case) -> None:
    store, _ = case
    typed = blocklist.listing("Phone", "13800137777", reason="团伙作案，已报警（2026年）", expires_at=None, now=NOW)
    folded = replace(typed, reason=tidy(typed.reason))
    assert folded.reason != typed.reason
    (entry,) = blocklist.add(store, SUE, [folded], now=NOW)
    before = store.facts(entry.node.node_id)
    blocklist.add(store, SUE, [typed], now=NOW + DAY)
    assert store.facts(entry.node.node_id) == before
    other = replace(typed, reason="团伙作案，已立案")
    (entry,) = blocklist.add(store, SUE, [other], now=NOW + 2 * DAY)
    assert entry.reason == "团伙作案，已立案"


def test_a_person_and_an_address_that_are_new_are_told_what_their_keys_say(case: Case) -> None:
    store, _ = case
    number = reference_case.id_number(NOW.date().replace(year=1988), 71)
    person = blocklist.listing("Customer", number.lower(), reason="forged document", expires_at=None, now=NOW)
    place = blocklist.listing("Address", "浙江省杭州市西湖区某路 1 号", reason="empty lot", expires_at=None, now=NOW)
    first, second = blocklist.add(store, SUE, [person, place], now=NOW)
    assert first.node.properties["birth_date"] == NOW.date().replace(year=1988)
    assert second.node.properties["text"] == "浙江省杭州市西湖区某路 1 号"


def test_a_listing_ends_by_itself_and_a_longer_one_outlives_the_end_of_the_first(case: Case) -> None:
    store, names = case
    device = names.ids["device1"]
    seen = store.get_by_id([device])[0].last_seen
    until = NOW + 10 * DAY
    entry = blocklist.add_node(store, SUE, device, reason="used by a ring", expires_at=until, now=NOW)
    assert entry.expires_at == until
    assert listed(store, device, until - timedelta(seconds=1)) and not listed(store, device, until)
    longer = blocklist.add_node(store, SUE, device, reason="used by it again", expires_at=None, now=NOW + 5 * DAY)
    assert (longer.expires_at, longer.reason, longer.since) == (None, "used by it again", NOW)
    assert listed(store, device, until) and listed(store, device, until + DAY)
    shorter = blocklist.add_node(store, SUE, device, reason="sold on", expires_at=NOW + 7 * DAY, now=NOW + 6 * DAY)
    assert shorter.expires_at == NOW + 7 * DAY
    assert not listed(store, device, NOW + 8 * DAY) and not listed(store, device, until + DAY)
    assert store.get_by_id([device])[0].last_seen == seen  # being listed is no use of a device


def test_taking_off_holds_whatever_was_dated_ahead(case: Case) -> None:
    store, names = case
    phone = names.ids["phone1"]
    blocklist.add_node(store, SUE, phone, reason="mule phone", expires_at=NOW + 10 * DAY, now=NOW)
    blocklist.add_node(store, SUE, phone, reason="mule phone", expires_at=None, now=NOW + DAY)
    gone = blocklist.remove(store, SUE, phone, reason="wrong number", now=NOW + 2 * DAY)
    assert (gone.listed, gone.reason, gone.expires_at) == (False, "wrong number", None)
    assert not any(listed(store, phone, NOW + days * DAY) for days in (2, 5, 10, 11, 400))
    with pytest.raises(InvalidRequest) as error:
        blocklist.remove(store, SUE, phone, reason="wrong number", now=NOW + 3 * DAY)
    assert error.value.code == "blocklist.not_listed"


STEPS = st.lists(
    st.tuples(st.integers(0, 40), st.sampled_from([LISTED, REMOVED]), st.none() | st.integers(1, 40)),
    min_size=1,
    max_size=8,
)


@given(STEPS)
def test_the_last_word_holds_until_it_ends_whatever_was_said_before(steps: list[tuple[int, str, int | None]]) -> None:
    """Against the plain model: a later statement replaces all that an earlier one said of the time after it. A reader that takes the last
    fact, a removal first among two of one moment, agrees."""
    facts: list[Fact] = []
    about = NodeRef("Phone", "+8613800137777")
    now, said = NOW, (REMOVED, None)
    for hours, value, lasts in steps:
        now += timedelta(hours=hours, milliseconds=5)
        until = now + timedelta(hours=lasts) if value == LISTED and lasts is not None else None
        facts += stated(facts, about, value, "a reason", source="user:sue", now=now, until=until)
        said = (value, until)
    for hours in range(-1, 100):
        moment = now + timedelta(hours=hours, milliseconds=3)
        if moment >= now:
            expected = said[0] == LISTED and (said[1] is None or moment < said[1])
            assert is_listed(facts, moment) == expected
            naive = max((f for f in facts if f.at <= moment), key=lambda f: (f.at, f.value))
            assert (naive.value == LISTED) == expected


def test_listed_by_mistake_taken_off_and_listed_after_all_within_one_moment(case: Case) -> None:
    store, names = case
    device = names.ids["device1"]
    first = blocklist.add_node(store, SUE, device, reason="used by a ring", expires_at=None, now=NOW)
    off = blocklist.remove(store, SUE, device, reason="another device", now=NOW)
    until = NOW + DAY
    entry = blocklist.add_node(store, SUE, device, reason="it was this one", expires_at=until, now=NOW)
    assert (first.listed, off.listed) == (True, False)
    assert (entry.listed, entry.reason, entry.expires_at) == (True, "it was this one", until)
    assert listed(store, device, NOW + timedelta(seconds=1)) and not listed(store, device, until)
    gone = blocklist.remove(store, SUE, device, reason="sold on", now=entry.since)
    assert not gone.listed and not listed(store, device, NOW + timedelta(seconds=1))


def test_the_list_is_paged_by_time_and_told_by_type(case: Case) -> None:
    store, names = case
    order = ["phone1", "device1", "phone2", "user1", "phone3"]
    for place, name in enumerate(order):
        blocklist.add_node(store, SUE, names.ids[name], reason="part of a ring", expires_at=None, now=NOW + place * DAY)
    blocklist.add_node(store, SUE, names.ids["phone4"], reason="for a day", expires_at=NOW + 2 * DAY, now=NOW)
    later = NOW + 30 * DAY
    seen: list[str] = []
    after = None
    while True:
        page = blocklist.page(store, IDA, first=2, after=after, now=later)
        seen += [entry.node.node_id for entry in page.entries]
        assert page.total == 5
        if not page.more:
            break
        after = page.places[-1]
    assert seen == [names.ids[name] for name in reversed(order)]
    phones = blocklist.page(store, IDA, label="Phone", first=10, now=later)
    assert [entry.node.node_id for entry in phones.entries] == [names.ids[n] for n in ("phone3", "phone2", "phone1")]
    assert blocklist.page(store, IDA, first=10, now=NOW - DAY).total == 0


def test_the_same_again_changes_nothing(case: Case) -> None:
    store, _ = case
    wanted = [blocklist.listing("Device", "device-of-a-ring", reason="ring", expires_at=NOW + DAY, now=NOW)] * 2
    first, _ = blocklist.add(store, SUE, wanted, now=NOW)
    before = store.facts(first.node.node_id)
    blocklist.add(store, SUE, wanted, now=NOW + timedelta(hours=1))
    assert store.facts(first.node.node_id) == before


def test_no_refusal_repeats_a_key(case: Case) -> None:
    store, names = case
    now = {"expires_at": None, "now": NOW}
    for label, key, error in (
        ("Phone", "1380013", InvalidValue),
        ("Customer", "110105199001011234", InvalidValue),
        ("BankAccount", "6222020000000000001", InvalidValue),
        ("Application", "APP-1", InvalidRequest),
        ("Phone", " ", InvalidRequest),
    ):
        with pytest.raises(error) as caught:
            blocklist.listing(label, key, reason="mule", **now)  # type: ignore[arg-type]
        assert len(key.strip()) == 0 or key not in str(caught.value)
    for code, given_ in {
        "blocklist.reason": {"reason": "x", "expires_at": None},
        "blocklist.expiry": {"reason": "mule phone", "expires_at": NOW},
    }.items():
        with pytest.raises(InvalidRequest) as refused:
            blocklist.listing("Phone", "13800137777", now=NOW, **given_)  # type: ignore[arg-type]
        assert refused.value.code == code
    with pytest.raises(Forbidden):
        blocklist.add_node(store, IDA, names.ids["phone1"], reason="mule phone", expires_at=None, now=NOW)
