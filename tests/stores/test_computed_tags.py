"""Tags computed by a job, on every engine: who spreads the word, who applied long ago, and, for investigators alone, who hangs together with whom."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph_model.errors import InvalidRequest
from graph_model.principal import Principal, Role
from graph_model.records import EdgeRecord, GraphBatch, NodeRecord, NodeRef, Ring
from graph_model.services.referrals import influence
from graph_model.services.tags import computed, dictionary, reading
from graph_model.services.tags.computed import CATALOGUE
from graph_model.services.tags.computed_columns import FEW_USE, Book, stepped
from graph_model.services.tags.computing import base_date_of, compute
from graph_model.services.tags.definition import ConsentClass, TagDefinition, TagKind, ValueType
from graph_model.services.tags.dictionary import Draft
from graph_model.services.tags.runs import RunStatus, last_run, remember
from graph_model.store import GraphStore
from tests.services.people import NOW, START, arrive, person, refer, score

MEI, WU = Principal("mei", Role.MARKETER), Principal("wu", Role.SUPERVISOR)
TODAY = base_date_of(NOW)
DAY = timedelta(days=1)
PEOPLE = 90
CROWD = range(60, 60 + FEW_USE + 1)


@pytest.fixture
def town(store: GraphStore) -> GraphStore:
    """0 brought in 1 to 12, 1 brought in 20, 30 brought in 31, 32 and 33 refer each other; 40 to 42 hang together, a crowd shares an address."""
    arrive(store, [person(number) for number in range(PEOPLE)])
    refer(store, [(person(0), person(number)) for number in range(1, 13)])
    refer(
        store,
        [(person(1), person(20)), (person(30), person(31)), (person(32), person(33)), (person(33), person(32))],
        at=START + DAY,
    )
    for number, day in ((1, 10), (2, 20), (2, 40), (20, 0), (50, 140)):
        applies(store, number, day)
    uses(store, "USES_DEVICE", NodeRef("Device", "d1"), 40, 41)
    uses(store, "USES_PHONE", NodeRef("Phone", "+8613911110000"), 41, 42)
    uses(store, "USES_PHONE", NodeRef("Phone", "+8613911110001"), 0, 5)
    uses(store, "HAS_ADDRESS", NodeRef("Address", "square 1"), *CROWD, qualifier="home")
    return store


def applies(store: GraphStore, number: int, day: int) -> None:
    at, ref = START + day * DAY, NodeRef("Application", f"a{number}-{day}")
    made = EdgeRecord("APPLIED", person(number), ref, at, at, at, "core")
    store.upsert(GraphBatch([NodeRecord(ref, at, at, "core", {"applied_at": at})], [made]))


def uses(store: GraphStore, type: str, ref: NodeRef, *numbers: int, qualifier: str = "") -> None:
    ties = [EdgeRecord(type, person(number), ref, START, START, START, "core", qualifier) for number in numbers]
    store.upsert(GraphBatch([NodeRecord(ref, START, START, "core")], ties))


def define(
    store: GraphStore, computation: str, code: str = "told", by: Principal = WU, **more: object
) -> TagDefinition:
    draft = Draft(code, "标签", "tag", "社交", "推荐", kind=TagKind.COMPUTED, computation=computation)
    return dictionary.define(store, by, replace(draft, **more), now=NOW)  # type: ignore[arg-type]


def computed_now(store: GraphStore, on: date = TODAY) -> dict[str, int | None]:
    done = compute(store, base_date=on, by="test", clock=lambda: NOW, on_progress=lambda *_: None)
    assert not any(outcome.failed for outcome in done), [outcome.run for outcome in done]
    return {outcome.code: None if outcome.run is None else outcome.run.changed for outcome in done}


def told(store: GraphStore, code: str = "told", on: date | None = None) -> dict[int, str]:
    """What the tag says, by number of the person."""
    people = {store.get(person(number)).node_id: number for number in range(PEOPLE)}  # type: ignore[union-attr]
    found = store.tags_of(list(people), on=on)
    kind = dictionary.everything(store)[code].value_type
    return {
        people[node_id]: reading.value_of(kind, each.value)
        for node_id, tags in found.items()
        for each in tags
        if each.run.code == code and each.value is not None
    }


STAR = dict.fromkeys(range(1, 13), "1")
EXPECTED: Mapping[str, Mapping[int, str]] = {
    "referral.brought_in": {0: "10", 1: "1", 30: "1", 32: "1"},
    "referral.brought_applicants": {0: "2"},
    "referral.reach": {0: "10", 1: "1", 30: "1", 32: "1"},
    "referral.depth": {0: "0", **STAR, 20: "2", 30: "0", 31: "1", 32: "0", 33: "1"},
    "referral.role": {
        0: "first", 1: "carrier", **dict.fromkeys(range(2, 13), "last"), 20: "last", 30: "first", 31: "last", 32: "first", 33: "last",
    },
    "referral.circle_size": dict.fromkeys([*range(13), 20], "15"),
    "activity.months_since_application": {1: "4", 2: "3", 20: "5", 50: "0"},
    "relations.component_size": {40: "3", 41: "3", 42: "3", 0: "2", 5: "2"},
    "referral.suspect_referrals": {0: "1", 32: "1", 33: "1"},
}  # fmt: skip


@pytest.mark.parametrize("computation", EXPECTED)
def test_a_computation_says_this_of_these_and_nothing_of_others(town: GraphStore, computation: str) -> None:
    risk = CATALOGUE[computation].reads.risk
    more = {"code": "risk_told", "consent": ConsentClass.RISK} if risk else {}
    made = define(town, computation, **more)  # type: ignore[arg-type]
    expected = EXPECTED[computation]
    assert computed_now(town) == {made.code: len(expected)}
    assert told(town, made.code) == expected
    run = last_run(town, made.code)
    assert run is not None and (run.coverage, run.population) == (len(expected), PEOPLE)


def test_influence_is_page_rank_in_tenths_of_the_average_and_of_who_brought_somebody_in(town: GraphStore) -> None:
    define(town, "referral.influence")
    computed_now(town)
    people = Book(town, TODAY).referrals
    ranks = dict(zip(people.handles.tolist(), (influence(people.parent) * len(people.handles)).tolist(), strict=True))
    handles = {number: town.handles([town.get(person(number)).node_id])[0] for number in (0, 1, 30, 32)}  # type: ignore[union-attr]
    assert told(town) == {
        number: reading.value_of(ValueType.NUMBER, round(ranks[at], 1)) for number, at in handles.items()
    }
    assert float(told(town)[0]) > float(told(town)[30]) > 1


def test_the_size_of_a_ring_ends_with_the_ring(town: GraphStore) -> None:
    define(town, "relations.ring_size", "risk_ring", consent=ConsentClass.RISK)
    at = NOW - 2 * DAY
    town.append_rings([Ring("r1", 2, 1, at, at, "m1")])
    score(town, {person(40): "D", person(41): "C", person(1): "A"}, at=at, rings={person(40): "r1", person(41): "r1"})
    assert computed_now(town, TODAY - DAY) == {"risk_ring": 2}
    assert told(town, "risk_ring") == {40: "2", 41: "2"}
    score(town, {person(40): "D", person(41): "C", person(1): "A"}, at=NOW - DAY / 2)
    assert computed_now(town) == {"risk_ring": 2}
    assert told(town, "risk_ring") == {} and told(town, "risk_ring", on=TODAY - DAY) == {40: "2", 41: "2"}


def test_the_same_day_again_changes_nothing_and_what_was_killed_goes_on(town: GraphStore) -> None:
    define(town, "referral.reach")
    computed_now(town)
    assert computed_now(town) == {"told": None}
    half = last_run(town, "told")
    assert half is not None
    remember(town, "told", replace(half, status=RunStatus.RUNNING))  # as a process leaves it that died
    assert computed_now(town) == {"told": 0}
    refer(town, [(person(31), person(34))], at=START + 5 * DAY)
    assert computed_now(town) == {"told": 2}  # 31 brought in one, 30 now reaches two
    assert told(town)[30] == "2" and told(town)[31] == "1"


def test_nothing_later_than_the_base_date_is_in_it(town: GraphStore) -> None:
    before = TODAY - 30 * DAY
    define(town, "referral.reach")
    define(town, "activity.months_since_application", "months")
    computed_now(town, before)
    was = told(town), told(town, "months")
    late = NOW - 10 * DAY
    refer(town, [(person(30), person(35))], at=late)
    applies(town, 31, 145)
    told_late = EdgeRecord(
        "REFERRED", person(30), person(36), START, START, late, "core"
    )  # long ago, and recorded since
    town.upsert(GraphBatch(edges=[told_late]))
    assert computed_now(town, before) == {"told": 0, "months": 0}
    assert (told(town), told(town, "months")) == was
    computed_now(town)
    assert told(town)[30] == "3" and told(town, "months")[31] == "0"


def test_rules_read_it_and_make_bands_and_it_is_not_deleted_under_them(town: GraphStore) -> None:
    define(town, "referral.reach", by=MEI)
    band = Draft(
        "band",
        "档",
        "band",
        "社交",
        "推荐",
        'when tag(told) >= 10 then "many" when tag(told) >= 1 then "some"',
        value_type=ValueType.TEXT,
    )
    dictionary.define(town, MEI, band, now=NOW)
    assert list(computed_now(town)) == ["told", "band"]
    assert told(town, "band") == {0: "many", 1: "some", 30: "some", 32: "some"}
    (_, view) = reading.market(town, MEI, now=NOW)
    assert view.dependants == ["band"] and view.tag.reads.everything == ["REFERRED"]
    with pytest.raises(InvalidRequest) as used:
        dictionary.delete(town, MEI, "told")
    assert used.value.code == "tag.in_use"


def test_what_says_something_of_risk_is_not_there_for_a_marketer_and_of_class_risk_for_others(town: GraphStore) -> None:
    risky = {name for name, each in CATALOGUE.items() if each.reads.risk}
    assert risky == {"relations.component_size", "relations.ring_size", "referral.suspect_referrals"}
    assert {each.name for each in computed.catalogue(MEI)} == CATALOGUE.keys() - risky
    assert {each.name for each in computed.catalogue(WU)} == CATALOGUE.keys()
    for name in (*risky, "relations.nothing"):
        with pytest.raises(InvalidRequest) as unknown:
            define(town, name, by=MEI)
        assert unknown.value.code == "tag.computation" and not any(each in unknown.value.message for each in risky)
    for name in risky:
        with pytest.raises(InvalidRequest) as refused:
            define(town, name)
        assert refused.value.code == "tag.risk"


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"computation": "referral.reech"}, "tag.computation"),
        ({"computation": ""}, "tag.computation"),
        ({"label": "Phone"}, "tag.computation"),
        ({"value_type": ValueType.TEXT}, "tag.value_type"),
        ({"rule": "sex is known"}, "tag.kind"),
        ({"kind": TagKind.RULE, "rule": "sex is known"}, "tag.kind"),
        ({"kind": TagKind.MANUAL}, "tag.kind"),
    ],
)
def test_a_definition_that_makes_no_sense_is_refused(town: GraphStore, more: dict[str, object], code: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        define(town, **{"computation": "referral.reach", **more})  # type: ignore[arg-type]
    assert refused.value.code == code


def test_a_tag_keeps_its_computation(town: GraphStore) -> None:
    draft = Draft("told", "标签", "tag", "社交", "推荐", kind=TagKind.COMPUTED, computation="referral.reach")
    made = dictionary.define(town, MEI, draft, now=NOW)
    assert (made.value_type, made.reads.relationships) == (ValueType.NUMBER, ("REFERRED",))
    assert TagDefinition.parse(made.dump()) == made
    assert dictionary.change(town, MEI, draft, now=NOW) == made
    assert dictionary.change(town, MEI, replace(draft, name_zh="触达"), now=NOW).version == 2
    with pytest.raises(InvalidRequest) as fixed:
        dictionary.change(town, MEI, replace(draft, computation="referral.brought_in"), now=NOW)
    assert fixed.value.code == "tag.fixed"
    with pytest.raises(InvalidRequest) as other:
        computed_values = replace(draft, code="rule_tag", kind=TagKind.IMPORTED, computation="")
        dictionary.define(town, MEI, computed_values, now=NOW)
        compute(town, base_date=TODAY, codes=["rule_tag"], by="t", clock=lambda: NOW, on_progress=lambda *_: None)
    assert other.value.code == "tag.kind"


@given(st.lists(st.integers(0, 2_000_000), min_size=1, max_size=50))
def test_numbers_of_people_come_in_few_steps_and_never_tell_more_than_there_are(numbers: list[int]) -> None:
    steps = stepped(np.array(numbers, dtype=np.int64)).tolist()
    for number, step in zip(numbers, steps, strict=True):
        assert step <= number and (step == number if number < 10 else step % 5 == 0)
        assert number < 100 or ((number - step) / number < 0.1 and len(str(step).rstrip("0")) <= 2)
    assert sorted(steps) == stepped(np.array(sorted(numbers), dtype=np.int64)).tolist()
    assert len(set(stepped(np.arange(100_000)).tolist())) < 400
