"""The tag factory from rule to portrait, on every engine: a marketer's dictionary, its days, and what of it nobody may learn."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from graph_model.errors import Forbidden, InvalidRequest, NotFound, StoreError, UnknownName
from graph_model.principal import Principal, Role
from graph_model.records import NodeRecord
from graph_model.services.tags import computing, dictionary, reading
from graph_model.services.tags.computing import Outcome
from graph_model.services.tags.definition import ConsentClass, Schedule, TagDefinition, ValueType
from graph_model.services.tags.dictionary import Draft
from graph_model.services.tags.runs import LastRun, RunStatus, last_run, remember
from graph_model.store import GraphStore
from tests.stores.scenarios import application, batch, customer, device, edge, fact, id_of, node, phone

MEI = Principal("mei", Role.MARKETER)
WU = Principal("wu", Role.SUPERVISOR)
LI = Principal("li", Role.INVESTIGATOR)
PEOPLE = 30
NOW = datetime(2025, 3, 1, 4, tzinfo=UTC)  # noon here
TODAY = date(2025, 3, 1)


class Clock:
    """Stands at noon, and moves by a second with every look."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def book(store: GraphStore) -> GraphStore:
    """30 customers: every third has two phones, c01 and c02 share a device that is blocklisted, c03 asked for much, c04 is 22 years old."""
    people = [customer(f"c{i:02}") for i in range(PEOPLE)]
    seen = datetime(2025, 1, 1, tzinfo=UTC)
    store.upsert(
        batch(
            *(edge("USES_PHONE", one, phone(f"p{i:02}")) for i, one in enumerate(people)),
            *(edge("USES_PHONE", one, phone(f"q{i:02}")) for i, one in enumerate(people) if i % 3 == 0),
            edge("USES_DEVICE", people[1], device("d1")),
            edge("USES_DEVICE", people[2], device("d1")),
            edge("APPLIED", people[3], application("x1")),
            edge("APPLIED", people[3], application("x2")),
            nodes=[
                NodeRecord(application("x1"), seen, seen, "core", {"amount": 200_000.0, "outcome": "refused"}),
                NodeRecord(application("x2"), seen, seen, "core", {"amount": 50.0, "applied_at": seen}),
                NodeRecord(people[4], seen, seen, "core", {"birth_date": date(2002, 3, 2), "education": "bachelor"}),
                NodeRecord(people[5], seen, seen, "core", {"birth_date": date(2002, 3, 1), "education": "master"}),
            ],
            facts=[fact(device("d1"), "blocklist", "listed", 3)],
        )
    )
    return store


def draft(code: str, rule: str, **more: object) -> Draft:
    made = Draft(code, "标签", "tag", "行为", "联系", rule)
    return replace(made, **more)  # type: ignore[arg-type]


def define(store: GraphStore, code: str, rule: str, by: Principal = MEI, **more: object) -> TagDefinition:
    return dictionary.define(store, by, draft(code, rule, **more), now=NOW)


def compute(store: GraphStore, clock: Callable[[], datetime], on: date = TODAY, **more: object) -> dict[str, Outcome]:
    done = computing.compute(store, base_date=on, by="test", clock=clock, on_progress=lambda *_: None, **more)  # type: ignore[arg-type]
    return {outcome.code: outcome for outcome in done}


def tags(store: GraphStore, key: str, by: Principal = WU, on: date | None = None) -> dict[str, str]:
    return {e.tag.code: e.value for e in reading.portrait(store, by, id_of(store, customer(key)), on=on)}


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("degree(USES_PHONE) >= 2 and not degree(USES_PHONE) > 2", [f"c{i:02}" for i in range(0, PEOPLE, 3)]),
        ("years_since(birth_date) = 22", ["c04"]),
        ("years_since(birth_date) >= 23", ["c05"]),
        ("education in ('本科', 'doctor')", ["c04"]),
        ("education not in ('bachelor')", ["c05"]),
        ("shared(Device) >= 1", ["c01", "c02"]),
        ("degree(APPLIED to Application where amount >= 100000) = 1", ["c03"]),
        ("degree(APPLIED to Application where days_since(applied_at) = 59) >= 1", ["c03"]),
        ("degree(APPLIED to Application where applied_at is missing) = 1", ["c03"]),
        ("near(Application within 1 where applied_at = 2025-01-01)", ["c03"]),
    ],
)
def test_a_rule_reaches_exactly_these(book: GraphStore, clock: Clock, rule: str, expected: list[str]) -> None:
    define(book, "t", rule)
    outcome = compute(book, clock)["t"]
    assert outcome.run is not None and outcome.run.status is RunStatus.DONE and outcome.run.coverage == len(expected)
    have = [key for key in (f"c{i:02}" for i in range(PEOPLE)) if "t" in tags(book, key)]
    assert have == expected


def test_tags_are_computed_after_those_they_read_and_not_again_for_nothing(book: GraphStore, clock: Clock) -> None:
    define(book, "zz", "degree(USES_PHONE) >= 2")
    define(
        book,
        "aa",
        'when tag(zz) and education is known then "both" when tag(zz) then "phones" else "none"',
        value_type=ValueType.TEXT,
    )
    assert list(compute(book, clock)) == ["zz", "aa"]
    assert tags(book, "c00") == {"aa": "phones", "zz": "true"} and tags(book, "c04") == {"aa": "none"}
    assert [outcome.run for outcome in compute(book, clock).values()] == [None, None]
    book.upsert(batch(edge("USES_PHONE", customer("c04"), phone("q99"))))
    assert {code: o.run is not None and o.run.changed for code, o in compute(book, clock).items()} == {
        "zz": 1,
        "aa": 1,
    }
    assert tags(book, "c04") == {"aa": "both", "zz": "true"}
    assert tags(book, "c04", on=date(2025, 2, 28)) == {}


def test_a_tag_is_computed_anew_when_what_it_reads_has_been(book: GraphStore, clock: Clock) -> None:
    define(book, "zz", "degree(USES_PHONE) >= 2")
    define(book, "aa", "not tag(zz)")
    compute(book, clock)
    dictionary.change(book, MEI, draft("zz", "degree(USES_PHONE) >= 1"), now=NOW)
    compute(book, clock, codes=["zz"])  # as a nightly run that is killed after its first tag leaves it, too
    done = compute(book, clock)
    assert done["zz"].run is None and done["aa"].run is not None and done["aa"].run.coverage == 0
    assert tags(book, "c01") == {"zz": "true"}
    assert [outcome.run for outcome in compute(book, clock).values()] == [None, None]


def test_what_is_deleted_or_changed_during_a_computation_holds_from_the_next_pass_on(
    book: GraphStore, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(computing, "AT_ONCE", 1)
    for code in ("aa", "bb", "cc"):
        define(book, code, "degree(USES_PHONE) >= 2")

    def meanwhile(_: str, done: int, __: int) -> None:
        if done == 1:
            dictionary.delete(book, MEI, "bb")
            dictionary.change(book, MEI, draft("cc", "degree(USES_PHONE) >= 1"), now=NOW)

    outcomes = computing.compute(book, base_date=TODAY, by="test", clock=clock, on_progress=meanwhile)
    assert [(o.code, o.run.version, o.run.coverage) for o in outcomes if o.run] == [("aa", 1, 10), ("cc", 2, PEOPLE)]
    assert tags(book, "c00") == {"aa": "true", "cc": "true"} and last_run(book, "bb") is None


def test_a_computation_that_is_cancelled_ends_within_a_tag(
    book: GraphStore, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    define(book, "two", "degree(USES_PHONE) >= 2")
    whole_step = book.tag
    monkeypatch.setattr(book, "tag", lambda *args, within: whole_step(*args, within=within, limit=10))
    heard: list[int] = []

    def cancelled(_: str, done: int, __: int) -> None:
        heard.append(done)
        if len(heard) == 3:
            raise KeyError("cancelled")

    with pytest.raises(KeyError):
        computing.compute(book, base_date=TODAY, by="test", clock=clock, on_progress=cancelled)
    (view,) = reading.market(book, WU, now=NOW)
    assert view.figures is not None and (view.figures.code, heard) == ("tag.ended", [0, 0, 0])
    done = compute(book, clock)["two"].run
    assert done is not None and (done.status, done.coverage) == (RunStatus.DONE, 10)


def test_how_far_it_is_is_told_in_tags_while_several_are_computed_together(
    book: GraphStore, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for code in ("aa", "bb", "cc"):
        define(book, code, "degree(USES_PHONE) >= 2")
    whole_step = book.tag
    monkeypatch.setattr(book, "tag", lambda *args, within: whole_step(*args, within=within, limit=5))
    heard: list[tuple[int, int]] = []
    computing.compute(
        book, base_date=TODAY, by="test", clock=clock, on_progress=lambda _, done, total: heard.append((done, total))
    )
    assert heard == sorted(heard) and {done for done, _ in heard} == {0, 1, 2, 3} and heard[-1] == (3, 3)


def test_a_change_that_lost_writes_over_no_version(book: GraphStore, monkeypatch: pytest.MonkeyPatch) -> None:
    define(book, "two", "degree(USES_PHONE) >= 2")
    known = dictionary.newest_version

    def then_another_wins(store: GraphStore, code: str) -> TagDefinition | None:
        found = known(store, code)
        monkeypatch.setattr(dictionary, "newest_version", known)
        dictionary.change(store, WU, draft("two", "degree(USES_PHONE) >= 4"), now=NOW)
        return found

    monkeypatch.setattr(dictionary, "newest_version", then_another_wins)
    with pytest.raises(InvalidRequest) as refused:
        dictionary.change(book, MEI, draft("two", "degree(USES_PHONE) >= 3"), now=NOW)
    assert refused.value.code == "tag.changed"
    assert [version.rule[-1] for version in dictionary.versions(book, MEI, "two")] == ["4", "2"]


def test_no_more_tags_are_defined_than_are_computed(
    book: GraphStore, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    define(book, "two", "degree(USES_PHONE) >= 2")
    define(book, "one", "degree(USES_PHONE) >= 1")
    compute(book, clock)
    monkeypatch.setattr(dictionary, "MOST_TAGS", 1)
    with pytest.raises(InvalidRequest) as refused:
        define(book, "three", "degree(USES_PHONE) >= 3")
    assert refused.value.code == "tag.too_many"
    assert computing.end_deleted(book, by="test", clock=clock) == []
    monkeypatch.undo()
    assert tags(book, "c00") == {"one": "true", "two": "true"}  # none has lost its values


def test_a_computation_that_was_killed_goes_on_and_changes_nothing_twice(book: GraphStore, clock: Clock) -> None:
    define(book, "two", "degree(USES_PHONE) >= 2")
    compute(book, clock)
    half = last_run(book, "two")
    assert half is not None
    remember(book, "two", replace(half, status=RunStatus.RUNNING))  # as a process leaves it that died
    (view,) = reading.market(book, WU, now=NOW + timedelta(hours=1))
    assert view.figures is not None and view.figures.status is RunStatus.STUCK
    again = compute(book, clock)["two"].run
    assert again is not None and (again.status, again.changed, again.coverage) == (RunStatus.DONE, 0, 10)


def test_a_tag_that_can_not_be_computed_says_why_and_stops_what_reads_it_only(book: GraphStore, clock: Clock) -> None:
    define(book, "base", "degree(USES_PHONE) >= 2")
    define(book, "upon", "tag(base)")
    define(book, "alone", "sex is known")
    broken = dictionary.find(book, WU, "base")
    book.put_state(
        "tag/base", replace(broken, rule="gone = 1").dump()
    )  # as a schema that lost a property would have it
    done = compute(book, clock)
    assert {code: outcome.failed for code, outcome in done.items()} == {"alone": False, "base": True, "upon": True}
    view = reading.view(book, MEI, "upon", now=NOW)
    assert view.figures is not None and view.figures.code == "tag.reads_failed" and "base" in view.figures.message


def test_a_tag_of_phones_is_about_those_that_somebody_uses(book: GraphStore, clock: Clock) -> None:
    """Whoever puts a phone on the blocklist that nobody uses brings it into the graph: no number of a marketer's may show that."""
    define(book, "seen", "days_since(first_seen) >= 0", label="Phone")
    before = compute(book, clock)["seen"].run
    book.upsert(batch(nodes=[node(phone("listed"))], facts=[fact(phone("listed"), "blocklist", "listed", 3)]))
    after = compute(book, clock)["seen"].run
    assert (
        before is not None and after is not None and (before.population, before.coverage) == (PEOPLE + 10, PEOPLE + 10)
    )
    assert (after.population, after.coverage, after.changed) == (PEOPLE + 10, PEOPLE + 10, 0)
    assert reading.check(book, MEI, "days_since(first_seen) >= 0", label="Phone", now=NOW).population == PEOPLE + 10


def test_one_whose_day_is_past_keeps_no_other_of_the_pass_from_its_day(book: GraphStore, clock: Clock) -> None:
    define(book, "one", "degree(USES_PHONE) >= 1")
    compute(book, clock)
    define(book, "two", "degree(USES_PHONE) >= 2")
    done = compute(book, clock, on=TODAY - timedelta(days=1))
    assert {code: (o.run.status, o.run.code) for code, o in done.items() if o.run} == {
        "one": (RunStatus.FAILED, "tag.past"),
        "two": (RunStatus.DONE, ""),
    }
    assert tags(book, "c00") == {"one": "true", "two": "true"}


def test_versions_and_days_are_kept(book: GraphStore, clock: Clock) -> None:
    define(book, "phones", "degree(USES_PHONE) >= 2")
    compute(book, clock, on=date(2025, 2, 27))
    dictionary.change(book, WU, draft("phones", "degree(USES_PHONE) >= 1", owner="mei"), now=NOW)
    compute(book, clock, on=date(2025, 2, 28))
    assert [v.version for v in dictionary.versions(book, MEI, "phones")] == [2, 1]
    assert tags(book, "c01", on=date(2025, 2, 27)) == {} and tags(book, "c01", on=date(2025, 2, 28)) == {
        "phones": "true"
    }
    (entry,) = reading.portrait(book, WU, id_of(book, customer("c00")))
    assert (entry.version, entry.since) == (1, date(2025, 2, 27))  # it has had this value since then
    assert compute(book, clock, on=date(2025, 2, 26))["phones"].run.code == "tag.past"  # type: ignore[union-attr]
    with pytest.raises(InvalidRequest):
        compute(book, clock, on=date(2025, 3, 2))
    assert dictionary.change(book, WU, draft("phones", "degree(USES_PHONE) >= 1", owner="mei"), now=NOW).version == 2


def test_deleting_is_refused_while_others_read_it(book: GraphStore, clock: Clock) -> None:
    define(book, "base", "degree(USES_PHONE) >= 2")
    define(book, "upon", "tag(base)")
    compute(book, clock)
    with pytest.raises(InvalidRequest, match="upon") as refused:
        dictionary.delete(book, MEI, "base")
    assert refused.value.code == "tag.in_use"
    assert reading.view(book, MEI, "base", now=NOW).dependants == ["upon"]
    dictionary.delete(book, MEI, "upon")
    dictionary.delete(book, MEI, "base")
    with pytest.raises(NotFound):
        dictionary.find(book, MEI, "base")
    with pytest.raises(InvalidRequest, match="was deleted"):
        define(book, "base", "sex is known")
    assert computing.end_deleted(book, by="test", clock=clock) == ["base", "upon"]
    assert tags(book, "c00", on=TODAY) == {}
    assert tags(book, "c00") == {}
    assert define(book, "base", "sex is known").version == 2  # what it meant before stays known


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"code": "Bad Code"}, "tag.code"),
        ({"code": "taken"}, "tag.exists"),
        ({"name_zh": " "}, "tag.name"),
        ({"name_en": "call 138 0013 8000"}, "text.personal"),
        ({"value_type": ValueType.NUMBER}, "tag.value_type"),
        ({"rule": "tag(t)"}, "tag.rule"),
        ({"label": "Person"}, "unknown_name"),
    ],
)
def test_what_is_no_tag_is_refused(store: GraphStore, changed: dict[str, object], code: str) -> None:
    define(store, "taken", "sex is known")
    with pytest.raises((InvalidRequest, UnknownName)) as refused:
        dictionary.define(store, MEI, replace(draft("t", "sex is known"), **changed), now=NOW)  # type: ignore[arg-type]
    assert refused.value.code == code


def test_a_circle_of_tags_is_refused(store: GraphStore) -> None:
    define(store, "a", "sex is known")
    define(store, "b", "tag(a)")
    define(store, "c", "tag(b)")
    with pytest.raises(InvalidRequest, match="the tag itself"):
        dictionary.change(store, MEI, draft("a", "tag(c)"), now=NOW)


# --- risk ------------------------------------------------------------------------------------------------------------

RISKY = (
    "grade = 'D'",
    "score > 0.9 or sex is known",
    "ring_id is missing",
    "not blocklisted",
    "near(Device within 1 where blocklisted)",
    "degree(APPLIED to Application where outcome = 'refused') >= 1",
)


@pytest.mark.parametrize("rule", RISKY)
def test_a_marketer_reads_no_risk_by_any_rule(book: GraphStore, rule: str) -> None:
    for attempt in (
        lambda: define(book, "t", rule),
        lambda: define(book, "risk_t", rule, consent=ConsentClass.RISK),
        lambda: reading.check(book, MEI, rule, now=NOW),
    ):
        with pytest.raises(Forbidden):
            attempt()
    assert reading.market(book, MEI, now=NOW) == []


@pytest.mark.parametrize("rule", RISKY)
def test_nobody_launders_risk_into_a_tag_that_marketing_reads(book: GraphStore, clock: Clock, rule: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        define(book, "t", rule, WU)
    assert refused.value.code == "tag.risk"
    define(book, "risk_suspect", rule, WU, consent=ConsentClass.RISK)
    with pytest.raises(InvalidRequest) as refused:
        define(book, "clean", "not tag(risk_suspect)", WU)
    assert refused.value.code == "tag.risk"
    define(book, "vip", "sex is known")
    define(book, "upon", "tag(vip)")
    with pytest.raises(InvalidRequest) as refused:
        dictionary.change(book, WU, draft("vip", rule, consent=ConsentClass.RISK), now=NOW)
    assert refused.value.code == "tag.fixed"
    # To the marketer it isn't there at all, in whatever words he asks.
    compute(book, clock)
    assert [view.tag.code for view in reading.market(book, MEI, now=NOW)] == ["upon", "vip"]
    for ask in (
        lambda: reading.view(book, MEI, "risk_suspect", now=NOW),
        lambda: dictionary.versions(book, MEI, "risk_suspect"),
        lambda: dictionary.delete(book, MEI, "risk_suspect"),
        lambda: dictionary.change(book, MEI, draft("risk_suspect", "sex is known"), now=NOW),
    ):
        with pytest.raises(NotFound):
            ask()
    with pytest.raises(InvalidRequest, match="There is no tag risk_suspect"):
        reading.check(book, MEI, "tag(risk_suspect)", now=NOW)


def test_small_numbers_are_not_told_and_others_are_rounded(book: GraphStore, clock: Clock) -> None:
    define(book, "two", "degree(USES_PHONE) >= 2")
    define(book, "much", "degree(APPLIED) >= 1")
    compute(book, clock)
    seen = {view.tag.code: view.figures for view in reading.market(book, MEI, now=NOW)}
    assert seen["much"] is not None and seen["much"].coverage is None and seen["much"].distribution[0].count is None
    assert seen["two"] is not None and seen["two"].coverage == 10
    exact = {view.tag.code: view.figures for view in reading.market(book, WU, now=NOW)}
    assert exact["much"] is not None and exact["much"].coverage == 1
    assert [share.count for share in reading.check(book, MEI, "shared(Device) >= 1", now=NOW).counts] == [None]
    assert [share.count for share in reading.check(book, MEI, "not shared(Device) >= 1", now=NOW).counts] == [30]
    assert [share.count for share in reading.check(book, WU, "not shared(Device) >= 1", now=NOW).counts] == [28]


def test_a_portrait_is_for_who_may_see_people_and_its_risk_for_who_may_see_risk(book: GraphStore, clock: Clock) -> None:
    define(book, "two", "degree(USES_PHONE) >= 2")
    define(book, "risk_near", "near(Device within 1 where blocklisted)", WU, consent=ConsentClass.RISK)
    define(book, "by_hand", "sex is missing", schedule=Schedule.MANUAL)
    compute(book, clock)
    assert tags(book, "c01", LI) == {"risk_near": "true"}
    graph_only = Principal("key:partner", Role.INVESTIGATOR, frozenset(LI.rights - {"see_risk"}))
    assert tags(book, "c01", graph_only) == {}
    compute(book, clock, codes=["by_hand"])
    assert tags(book, "c01", graph_only) == {"by_hand": "true"}
    with pytest.raises(Forbidden):
        tags(book, "c01", MEI)
    nobody, someone = Principal("mia", Role.MARKETER, frozenset()), id_of(book, customer("c01"))
    for ask in (
        lambda: reading.market(book, nobody, now=NOW),
        lambda: reading.view(book, nobody, "two", now=NOW),
        lambda: reading.check(book, nobody, "sex is known", now=NOW),
        lambda: reading.portrait(book, nobody, someone),
        lambda: reading.in_short(book, nobody, someone),
        lambda: dictionary.versions(book, nobody, "two"),
        lambda: define(book, "mine", "sex is known", nobody),
        lambda: dictionary.change(book, nobody, draft("two", "sex is known"), now=NOW),
        lambda: dictionary.delete(book, nobody, "two"),
    ):
        with pytest.raises(Forbidden):
            ask()


def test_values_of_long_ago_are_told_as_stale(book: GraphStore, clock: Clock) -> None:
    define(book, "two", "degree(USES_PHONE) >= 2")
    compute(book, clock, on=date(2025, 2, 20))
    (view,) = reading.market(book, MEI, now=NOW)
    assert view.figures is not None and view.figures.stale


def test_a_store_that_fails_is_told_with_the_tag_it_failed_at(
    book: GraphStore, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    define(book, "two", "degree(USES_PHONE) >= 2")

    def full(*_: object, **__: object) -> None:
        raise StoreError("The disk is full.", code="store_full")

    monkeypatch.setattr(book, "tag", full)
    with pytest.raises(StoreError):
        compute(book, clock)
    told: LastRun | None = last_run(book, "two")
    assert told is not None and (told.status, told.code) == (RunStatus.FAILED, "store_full")
