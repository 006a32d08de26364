"""Segments on every engine: a marketer's filter, who is in it on which day, who of them may be written to, and what nobody may read from it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from graph_model.errors import Forbidden, GuanxiError, InvalidRequest, NotFound
from graph_model.principal import Principal, Role
from graph_model.records import EdgeRecord, GraphBatch, NodeRecord, NodeRef
from graph_model.services.segments import computing, dictionary, editions, members, reading
from graph_model.services.segments.counting import count
from graph_model.services.segments.definition import Segment
from graph_model.services.segments.dictionary import Draft
from graph_model.services.segments.editions import Edition
from graph_model.services.tags import dictionary as tags
from graph_model.services.tags.computing import base_date_of
from graph_model.services.tags.computing import compute as compute_tags
from graph_model.services.tags.definition import ConsentClass, Schedule
from graph_model.services.tags.runs import RunStatus
from graph_model.store import GraphStore
from graph_model.tagging import TagRule, TagRun
from tests.services.people import GATE, NOW, START, arrive, assess, consent, person, said, score

MEI, WU = Principal("mei", Role.MARKETER), Principal("wu", Role.SUPERVISOR)
DAY = timedelta(days=1)
PEOPLE = [person(number) for number in range(60)]


@pytest.fixture
def book(store: GraphStore) -> GraphStore:
    """Sixty customers who agree to messages, all of grade A: forty women, every third went to university, the first thirty applied."""
    arrive(store, PEOPLE)
    women = [NodeRecord(ref, START, START, "crm", {"sex": "female"}) for ref in PEOPLE[:40]]
    learned = [NodeRecord(ref, START, START, "crm", {"education": "bachelor"}) for ref in PEOPLE[::3]]
    store.upsert(GraphBatch([*women, *learned]))
    applications = [NodeRef("Application", f"X{number}") for number in range(30)]
    store.upsert(
        GraphBatch(
            [NodeRecord(ref, START, START, "core") for ref in applications],
            [
                EdgeRecord("APPLIED", who, what, START, START, START, "core")
                for who, what in zip(PEOPLE, applications, strict=False)
            ],
        )
    )
    consent(store, PEOPLE)
    score(store, dict.fromkeys(PEOPLE, "A"))
    return store


class Clock:
    """Stands at a moment, and moves by a second with every look."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


def define(store: GraphStore, code: str, rule: str, by: Principal = MEI, **more: object) -> Segment:
    return dictionary.define(store, by, replace(Draft(code, "用户群", rule), **more), now=NOW)  # type: ignore[arg-type]


def compute(store: GraphStore, *codes: str, clock: Callable[[], datetime] | None = None) -> list[Edition]:
    done = computing.compute(
        store, GATE.policy, codes=codes or None, by="test", clock=clock or Clock(), on_progress=lambda *_: None
    )
    assert [outcome.code for outcome in done if outcome.failed] == []
    return [outcome.edition for outcome in done if outcome.edition is not None]


def handed(store: GraphStore, code: str, of: Edition, now: datetime = NOW + DAY / 2, by: Principal = MEI) -> list[str]:
    segment = dictionary.find(store, by, code)
    pieces = members.handed_out(store, GATE, by, segment, of, "sms", piece=7, now=now)
    return [node_id for piece in pieces for node_id in piece]


def ids(store: GraphStore, people: list[NodeRef]) -> set[str]:
    found = (store.get(ref) for ref in people)
    return {node.node_id for node in found if node is not None}


def test_a_waterfall_sums_to_the_last_person_and_tells_a_marketer_round_numbers(book: GraphStore) -> None:
    rule = "sex = '女' and education is known and degree(APPLIED) >= 1"
    counted = count(book, WU, rule=rule, now=NOW)
    assert [(step.kept, step.dropped) for step in counted.steps] == [(40, 20), (14, 26), (10, 4)]
    assert counted.population == 60 == (counted.count or 0) + sum(step.dropped or 0 for step in counted.steps)
    told = count(book, MEI, rule=rule, now=NOW)
    assert (told.population, [(step.kept, step.dropped) for step in told.steps]) == (60, [(40, 20), (15, 25), (10, 5)])
    few = count(book, MEI, rule=f"{rule} and education = 'doctor'", now=NOW)
    assert few.count is None and few.steps[-1].dropped is None


def test_segments_are_joined_met_and_taken_from_each_other(book: GraphStore) -> None:
    define(book, "women", "sex = 'female'")
    define(book, "applied", "degree(APPLIED) >= 1")
    for rule, number in (
        ("segment(women) or segment(applied)", 40),
        ("segment(women) and segment(applied)", 30),
        ("segment(women) and not segment(applied)", 10),
        ("not (segment(women) or segment(applied))", 20),
    ):
        assert count(book, WU, rule=rule, now=NOW).count == number
    asked = count(book, WU, tree={"all": [{"segment": "women"}, {"segment": "applied"}]}, now=NOW)
    assert (asked.rule, asked.count, list(asked.segments)) == (
        "segment(women) and segment(applied)",
        30,
        ["applied", "women"],
    )
    define(book, "both", "segment(women) and segment(applied)")
    with pytest.raises(InvalidRequest, match="named by both") as refused:
        dictionary.delete(book, MEI, "women")
    assert refused.value.code == "segment.in_use"
    with pytest.raises(InvalidRequest, match="names the segment itself"):
        dictionary.change(book, MEI, Draft("women", "女", "not segment(both)"), now=NOW)
    changed = dictionary.change(book, MEI, Draft("women", "女", "sex = 'male'"), now=NOW)
    assert (changed.version, count(book, WU, rule="segment(both)", now=NOW).count) == (2, 0)


def test_an_edition_stays_what_it_was_and_the_next_says_who_came_and_went(book: GraphStore) -> None:
    clock = Clock()
    define(book, "women", "sex = 'female'", schedule=Schedule.DAILY)
    (first,) = compute(book, clock=clock)
    assert (first.number, first.members, first.population) == (1, 40, 60)
    assert compute(book, clock=clock) == [first]  # nothing changed, so nothing is computed
    before = book.tagged_by(first.run)
    book.upsert(GraphBatch([NodeRecord(PEOPLE[50], START, NOW + DAY, "crm", {"sex": "female"})]))
    dictionary.change(
        book, MEI, Draft("women", "女", "sex = 'female' and degree(APPLIED) = 0", schedule=Schedule.DAILY), now=NOW
    )
    (second,) = compute(book, clock=Clock(NOW + DAY))
    assert (second.number, second.version, second.members) == (2, 2, 11)
    assert book.tagged_by(first.run) == before and set(before) == ids(book, PEOPLE[:40])
    segment = dictionary.find(book, WU, "women")
    told = members.difference(book, WU, segment, 1, 2)
    assert (told.stayed, told.left, told.joined) == (10, 30, 1)
    assert members.difference(book, MEI, segment, 1, 2).joined is None
    assert [view.edition.number for view in reading.edition_views(book, MEI, segment, limit=5, now=NOW)] == [2, 1]


def test_a_computation_that_was_killed_leaves_no_edition_and_is_made_good(book: GraphStore) -> None:
    define(book, "women", "sex = 'female'")
    (first,) = compute(book, "women")

    book.upsert(GraphBatch([NodeRecord(PEOPLE[50], START, NOW + DAY, "crm", {"sex": "female"})]))
    half = TagRun(editions.tag_of("women"), 1, (NOW + DAY).date(), NOW + DAY, "test")
    (ended,) = next(book.tag("Customer", [TagRule(half)], limit=20))
    assert ended.changed == 20  # it took twenty out, and was seen no more
    assert reading.view(book, MEI, "women", now=NOW).newest == reading.EditionView(first, 40, 60, True)
    (second,) = compute(book, "women", clock=Clock(NOW + DAY))
    assert (second.number, second.members) == (2, 41) and len(book.tagged_by(first.run)) == 40


def test_only_who_consented_and_is_no_risk_is_handed_out(book: GraphStore) -> None:
    score(book, dict.fromkeys(PEOPLE, "A") | {PEOPLE[3]: "D"}, at=NOW - DAY / 2, rings={PEOPLE[4]: "ring-1"})
    book.upsert(
        GraphBatch(
            facts=[
                said(PEOPLE[0], "consent", "no", START + DAY, topic="sms"),
                said(PEOPLE[1], "blocklist", "listed", START + DAY),
                *(said(PEOPLE[2], "contact", "sent", NOW - number * DAY, topic="sms") for number in (1, 2, 3)),
            ]
        )
    )
    define(book, "women", "sex = 'female'")
    (edition,) = compute(book, "women")
    out = set(handed(book, "women", edition))
    assert out.isdisjoint(ids(book, PEOPLE[:5])) and out <= ids(book, PEOPLE[5:40])
    segment = dictionary.find(book, WU, "women")
    reach = members.reach(book, GATE, WU, segment, edition, "sms", now=NOW + DAY / 2)
    assert reach.candidates == 40 == len(out) + sum(
        number for _, number in reach.told.steps or ()
    ) and reach.members == len(out)
    rough = members.reach(book, GATE, MEI, segment, edition, "sms", now=NOW + DAY / 2)
    assert rough.told.steps is None and rough.candidates is None and (rough.members or 0) % 5 == 0
    first = members.member_page(book, GATE, MEI, segment, edition, "sms", first=9, now=NOW + DAY / 2)
    rest = members.member_page(
        book, GATE, MEI, segment, edition, "sms", first=100, after=first.node_ids[-1], now=NOW + DAY / 2
    )
    assert [*first.node_ids, *rest.node_ids] == sorted(out) and first.has_next and not rest.has_next


def test_no_two_editions_tell_by_their_difference_who_became_a_risk(book: GraphStore) -> None:
    """A marketer holds yesterday's edition, today's, and one of another segment of the same rule: at any moment all three are the same people."""
    for code in ("women", "again"):
        define(book, code, "sex = 'female'")
    (first,) = compute(book, "women")
    before = handed(book, "women", first)
    chosen, other = (ref for ref in PEOPLE[:40] if ids(book, [ref]) <= set(before[:2]))
    assess(book, {chosen: "D"}, at=NOW + DAY / 4, rings={})
    assert handed(book, "women", first) == before
    score(book, dict.fromkeys(PEOPLE, "A") | {chosen: "D"}, at=NOW + DAY / 3)
    (same_day,) = compute(book, "again", clock=Clock(NOW + DAY / 2.5))
    assert handed(book, "women", first) == handed(book, "again", same_day) == before
    (anew,) = compute(book, "women", clock=Clock(NOW + DAY))
    assert (anew.number, anew.members) == (2, 40)  # it is in the segment as before: who is in it says nothing of risk
    tomorrow = NOW + DAY * 1.1
    after = handed(book, "women", anew, tomorrow)
    assert ids(book, [chosen]).isdisjoint(after) and ids(book, [other]) <= set(after)
    assert handed(book, "women", first, tomorrow) == handed(book, "again", same_day, tomorrow) == after
    score(book, dict.fromkeys(PEOPLE, "A") | {chosen: "D", other: "D"}, at=NOW + DAY * 1.2)
    late = NOW + DAY * 1.3
    assert handed(book, "women", first, late) == handed(book, "women", anew, late) == after


def test_segments_that_differ_by_one_person_name_no_reason_and_few_people_are_no_segment(book: GraphStore) -> None:
    risky = PEOPLE[0]
    score(book, dict.fromkeys(PEOPLE, "A") | {risky: "D"}, at=NOW - DAY / 2)
    book.upsert(GraphBatch([NodeRecord(risky, START, NOW, "crm", {"education": "doctor"})]))
    define(book, "with_her", "sex = 'female'")
    define(book, "without", "sex = 'female' and not education = 'doctor'")
    define(book, "alone", "education = 'doctor'")
    computed = {edition.code: edition for edition in compute(book, "with_her", "without", "alone")}
    assert set(handed(book, "with_her", computed["with_her"])) == set(handed(book, "without", computed["without"]))
    told = [count(book, MEI, rule=f"segment({code})", now=NOW).count for code in ("with_her", "without", "alone")]
    assert told == [40, 40, None]
    with pytest.raises(InvalidRequest) as small:
        handed(book, "alone", computed["alone"])
    everybody_out = [said(ref, "consent", "no", START + DAY, topic="sms") for ref in PEOPLE]
    book.upsert(GraphBatch(facts=everybody_out))
    with pytest.raises(InvalidRequest) as refused:
        handed(book, "with_her", computed["with_her"])
    assert (small.value.code, small.value.message) == (refused.value.code, refused.value.message)
    assert refused.value.code == "segment.too_small"


def test_an_edition_is_handed_out_for_some_days_and_never_without_a_scoring(store: GraphStore) -> None:
    arrive(store, PEOPLE)
    consent(store, PEOPLE)
    define(store, "everybody", "first_seen is known")
    (unscored,) = compute(store, "everybody")
    with pytest.raises(InvalidRequest) as refused:
        handed(store, "everybody", unscored)
    assert refused.value.code == "segment.unscored"
    score(store, dict.fromkeys(PEOPLE, "A"))
    (scored,) = compute(store, "everybody")
    assert scored.number == 2 and len(handed(store, "everybody", scored)) >= 40
    with pytest.raises(InvalidRequest) as stopped:  # the edition is still good, the scoring is not
        handed(store, "everybody", scored, now=NOW + 7 * DAY)
    assert stopped.value.code == "segment.unscored"
    with pytest.raises(InvalidRequest) as expired:
        handed(store, "everybody", scored, now=NOW + 8 * DAY)
    assert expired.value.code == "segment.expired"


def test_what_reads_risk_is_not_there_for_a_marketer_and_is_handed_out_to_nobody(book: GraphStore) -> None:
    def refusals() -> list[tuple[str, str]]:
        told = []
        for attempt in (
            lambda: dictionary.find(book, MEI, "risk_d"),
            lambda: dictionary.delete(book, MEI, "risk_d"),
            lambda: define(book, "risk_d", "sex = 'female'"),
            lambda: count(book, MEI, rule="segment(risk_d)", now=NOW),
            lambda: count(book, MEI, rule="grade = 'D'", now=NOW),
        ):
            with pytest.raises(GuanxiError) as refused:
                attempt()
            told.append((refused.value.code, refused.value.message))
        return told

    without = refusals()
    with pytest.raises(InvalidRequest) as unnamed:
        define(book, "bad", "grade = 'D'", by=WU)
    assert unnamed.value.code == "segment.risk"
    define(book, "risk_d", "grade = 'D' or grade = 'A'", by=WU)
    with pytest.raises(InvalidRequest) as hidden:
        define(book, "hidden", "segment(risk_d)", by=WU)
    assert hidden.value.code == "segment.risk"
    assert refusals() == without and [each.segment.code for each in reading.listed(book, MEI, now=NOW)] == []
    (edition,) = compute(book, "risk_d")
    assert edition.members == 60
    with pytest.raises(InvalidRequest) as refused:
        handed(book, "risk_d", edition, by=WU)
    assert refused.value.code == "segment.risk"
    with pytest.raises(Forbidden):
        count(book, MEI, tree={"blocklisted": True}, now=NOW)


def test_a_tag_that_a_segment_reads_can_not_be_deleted(book: GraphStore) -> None:
    made = tags.Draft("learned", "学历", "learned", "人口", "学历", "education is known")
    tags.define(book, MEI, made, now=NOW)
    define(book, "graduates", "tag(learned)")
    with pytest.raises(InvalidRequest, match="read by the segment graduates") as refused:
        tags.delete(book, MEI, "learned")
    assert refused.value.code == "tag.in_use"
    assert tags.segments_reading(book, MEI) == {"learned": ["graduates"]}
    tags.define(book, WU, replace(made, code="risk_x", consent=ConsentClass.RISK), now=NOW)
    define(book, "risk_s", "tag(risk_x)", by=WU)
    assert tags.segments_reading(book, MEI) == {"learned": ["graduates"]}
    dictionary.delete(book, MEI, "graduates")
    tags.delete(book, MEI, "learned")


def test_what_reads_a_tag_of_class_service_is_counted_and_never_handed_out(book: GraphStore) -> None:
    """By itself, by way of another tag, of another segment, and of one that was changed since; what was computed without it is handed out again."""
    draft = tags.Draft(
        "learned", "学历", "learned", "人口", "学历", "first_seen is known", consent=ConsentClass.SERVICE
    )
    tags.define(book, MEI, draft, now=NOW)
    tags.define(book, MEI, replace(draft, code="open_one", consent=ConsentClass.MARKETING), now=NOW)
    through = replace(draft, code="through", rule="tag(learned)", consent=ConsentClass.MARKETING)
    tags.define(book, MEI, through, now=NOW)
    compute_tags(book, base_date=base_date_of(NOW), by="test", clock=lambda: NOW, on_progress=lambda *_: None)
    define(book, "fine", "tag(open_one)")
    define(book, "direct", "tag(learned)")
    define(book, "by_tag", "tag(through)")
    define(book, "by_segment", "segment(fine)")
    computed = {edition.code: edition for edition in compute(book, "fine", "direct", "by_tag", "by_segment")}
    assert {edition.members for edition in computed.values()} == {60}
    assert handed(book, "fine", computed["fine"]) == handed(book, "by_segment", computed["by_segment"])
    dictionary.change(book, MEI, Draft("fine", "用户群", "tag(learned) and tag(open_one)"), now=NOW)
    assert len(handed(book, "fine", computed["fine"])) > 20  # an edition goes by the rule that made it
    for code in ("direct", "by_tag", "by_segment"):
        with pytest.raises(InvalidRequest, match=r"\(learned\)") as refused:
            handed(book, code, computed[code])
        assert refused.value.code == "segment.service"
    dictionary.change(book, MEI, Draft("direct", "用户群", "tag(open_one)"), now=NOW)
    with pytest.raises(InvalidRequest, match="compute the segment anew"):
        handed(book, "direct", computed["direct"])
    (anew,) = compute(book, "direct")
    assert len(handed(book, "direct", anew)) > 20


def test_a_segment_that_was_deleted_leaves_its_history_and_nothing_of_it_to_the_next_of_its_name(
    book: GraphStore,
) -> None:
    define(book, "women", "sex = 'female'")
    (edition,) = compute(book, "women")
    dictionary.delete(book, MEI, "women")
    with pytest.raises(NotFound):
        dictionary.find(book, MEI, "women")
    again = define(book, "women", "sex = 'male'")
    view = reading.view(book, MEI, "women", now=NOW)
    assert (again.version, again.first, view.newest, view.run) == (2, 2, None, None)
    (later,) = compute(book, "women", clock=Clock(NOW + DAY))
    assert (later.number, later.members, len(book.tagged_by(edition.run))) == (2, 0, 40)
    assert [found.number for found in editions.editions(book, again)] == [2]
    assert [each.version for each in dictionary.versions(book, MEI, "women")] == [2]


def test_a_rule_that_lost_what_it_reads_fails_and_says_so(book: GraphStore) -> None:
    define(book, "women", "sex = 'female'")
    define(book, "others", "not segment(women)")
    book.swap_state("segment/women", expected=book.state("segment/women"), value=None)
    done = computing.compute(book, GATE.policy, codes=["others"], by="test", clock=Clock(), on_progress=lambda *_: None)
    assert [(outcome.code, outcome.failed, outcome.edition) for outcome in done] == [("others", True, None)]
    run = reading.view(book, MEI, "others", now=NOW).run
    assert run is not None and run.status is RunStatus.FAILED and "There is no segment women" in run.message
