"""Scores: appended, never changed; the newest shows on the node, and an older day shows what was thought then."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from graph_model.columns import AssessmentColumns
from graph_model.errors import InvalidRequest
from graph_model.predicates import EVERYTHING, Compare, Operator
from graph_model.records import AsOf, Grade, GraphBatch, NodeRef, Reason, Ring, ScoreSource, Scoring
from graph_model.store import GraphStore
from tests.stores.adapters import Opened
from tests.stores.scenarios import batch, customer, day, edge, id_of, known, node, phone


@pytest.fixture
def applicants(store: GraphStore) -> GraphStore:
    store.upsert(GraphBatch([node(customer(f"c{i}"), 0) for i in range(4)]))
    return store


def columns_of(
    store: GraphStore, scores: dict[str, tuple[float, str, str | None]], reasons: str = "[]"
) -> AssessmentColumns:
    found = store.scan_nodes("Customer")
    handle_of = dict(zip(found.keys, found.handles.tolist(), strict=True))
    rings = sorted({ring for _, _, ring in scores.values() if ring is not None})
    return AssessmentColumns(
        handles=np.array([handle_of[key] for key in scores], dtype=np.int64),
        score=np.array([score for score, _, _ in scores.values()]),
        grade=np.array(["ABCD".index(grade) for _, grade, _ in scores.values()], dtype=np.int8),
        ring=np.array([-1 if ring is None else rings.index(ring) for _, _, ring in scores.values()], dtype=np.int32),
        rings=rings,
        reasons=[reasons] * len(scores),
    )


def score(
    store: GraphStore,
    scores: dict[str, tuple[float, str, str | None]],
    as_of: float,
    scored: float | None = None,
    *,
    model: str = "m1",
    reasons: str = "[]",
    within: Scoring | None = None,
) -> None:
    store.append_assessments(
        columns_of(store, scores, reasons),
        source="model",
        model_version=model,
        policy_version="p1",
        as_of=day(as_of),
        scored_at=day(as_of if scored is None else scored),
        within=within,
    )


def shown(store: GraphStore, key: str, as_of: AsOf | None = None) -> tuple[Any, ...]:
    found = store.get(customer(key), as_of=as_of)
    assert found is not None
    return found.score, found.grade, found.ring_id


def test_the_newest_score_shows_on_the_node(applicants: GraphStore) -> None:
    score(applicants, {"c1": (0.9, "D", "r1"), "c2": (0.1, "A", None)}, 10)
    assert shown(applicants, "c1") == (0.9, Grade.D, "r1")
    assert shown(applicants, "c2") == (0.1, Grade.A, None)
    assert shown(applicants, "c3") == (None, None, None)

    score(applicants, {"c1": (0.4, "B", None)}, 20)
    assert shown(applicants, "c1") == (0.4, Grade.B, None)
    assert shown(applicants, "c2") == (0.1, Grade.A, None)


def test_a_scoring_of_the_past_does_not_replace_a_later_one(applicants: GraphStore) -> None:
    score(applicants, {"c1": (0.9, "D", None)}, 20)
    score(applicants, {"c1": (0.1, "A", None)}, 10, 30, model="backtest")
    assert shown(applicants, "c1") == (0.9, Grade.D, None)


def test_of_two_scorings_of_one_day_the_one_made_later_stands(applicants: GraphStore) -> None:
    score(applicants, {"c1": (0.9, "D", None)}, 10, 12)
    score(applicants, {"c1": (0.1, "A", None)}, 10, 11, model="m2")
    assert shown(applicants, "c1") == (0.9, Grade.D, None)
    score(applicants, {"c1": (0.5, "C", None)}, 10, 13, model="m3")
    assert shown(applicants, "c1") == (0.5, Grade.C, None)


def test_an_older_day_shows_what_was_thought_then(applicants: GraphStore) -> None:
    score(applicants, {"c1": (0.1, "A", None)}, 10)
    score(applicants, {"c1": (0.9, "D", "r1")}, 20)
    score(applicants, {"c1": (0.5, "C", "r2")}, 15, 40, model="hindsight")

    assert shown(applicants, "c1", AsOf.at(day(9))) == (None, None, None)
    assert shown(applicants, "c1", AsOf.at(day(10))) == (0.1, Grade.A, None)
    assert shown(applicants, "c1", AsOf.at(day(17))) == (0.1, Grade.A, None)
    assert shown(applicants, "c1", AsOf(day(17), None)) == (0.5, Grade.C, "r2")
    assert shown(applicants, "c1", AsOf.at(day(20))) == (0.9, Grade.D, "r1")


def test_a_graph_of_an_older_day_wears_the_grades_of_that_day(applicants: GraphStore) -> None:
    applicants.upsert(batch(edge("USES_PHONE", customer("c1"), phone("p1"), 1)))
    score(applicants, {"c1": (0.1, "A", None)}, 10)
    score(applicants, {"c1": (0.9, "D", None)}, 20)
    around = applicants.neighbourhood(id_of(applicants, phone("p1")), as_of=AsOf.at(day(12)))
    assert [(n.key, n.grade) for n in around.nodes] == [("p1", None), ("c1", Grade.A)]


def test_the_history_of_a_node_reads_backwards_with_its_reasons(applicants: GraphStore) -> None:
    why = '[{"code":"SHARED_DEVICE","weight":0.6,"values":{"count":4,"label":"设备"}},{"code":"YOUNG","weight":0.1}]'
    score(applicants, {"c1": (0.9, "D", "r1")}, 10, 11, reasons=why)
    score(applicants, {"c1": (0.2, "B", None)}, 20, model="m2")
    c1 = id_of(applicants, customer("c1"))

    newest, oldest = applicants.assessments(c1)
    assert (newest.model_version, newest.score, newest.grade, newest.reasons) == ("m2", 0.2, Grade.B, ())
    assert oldest.node_id == c1
    assert oldest.reasons == (
        Reason("SHARED_DEVICE", 0.6, {"count": 4, "label": "设备"}),
        Reason("YOUNG", 0.1, {}),
    )
    assert (oldest.source, oldest.policy_version) == (ScoreSource.MODEL, "p1")
    assert (oldest.as_of, oldest.scored_at, oldest.ring_id) == (day(10), day(11), "r1")
    assert applicants.assessments(c1, limit=1) == [newest]
    assert applicants.assessments(c1, as_of=AsOf(day(19), None)) == [oldest]
    assert applicants.assessments(c1, as_of=AsOf.at(day(10.5))) == []


def test_the_same_scoring_twice_changes_nothing(applicants: GraphStore) -> None:
    score(applicants, {"c1": (0.9, "D", None)}, 10)
    score(applicants, {"c1": (0.9, "D", None), "c2": (0.2, "B", None)}, 10)
    before = applicants.statistics()
    assert before.assessments == 2
    score(applicants, {"c2": (0.2, "B", None)}, 10)
    assert applicants.statistics() == before  # not even the moment of the last change
    assert len(applicants.assessments(id_of(applicants, customer("c1")))) == 1
    assert shown(applicants, "c2") == (0.2, Grade.B, None)


def test_what_was_once_scored_can_not_be_rewritten(applicants: GraphStore) -> None:
    score(applicants, {"c1": (0.9, "D", None)}, 10)
    score(applicants, {"c1": (0.1, "A", None)}, 10)
    assert shown(applicants, "c1") == (0.9, Grade.D, None)
    assert [a.score for a in applicants.assessments(id_of(applicants, customer("c1")))] == [0.9]


def test_risky_customers_are_selected_by_score_grade_and_ring(applicants: GraphStore) -> None:
    score(applicants, {"c0": (0.7, "C", "r1"), "c1": (0.9, "D", "r1"), "c2": (0.1, "A", None)}, 10)
    assert [n.key for n in applicants.select("Customer", Compare("ring_id", Operator.EQ, "r1"))] == ["c0", "c1"]
    assert [n.key for n in applicants.select("Customer", Compare("grade", Operator.EQ, Grade.D))] == ["c1"]
    by_risk = applicants.select("Customer", EVERYTHING, order="score", descending=True)
    assert [n.key for n in by_risk] == ["c1", "c0", "c2", "c3"]
    pages = [applicants.select("Customer", order="score", descending=True, limit=2, offset=n) for n in (1, 3)]
    assert [[n.key for n in page] for page in pages] == [["c0", "c2"], ["c3"]]


def test_new_records_do_not_wipe_a_score(applicants: GraphStore) -> None:
    score(applicants, {"c1": (0.9, "D", "r1")}, 10)
    applicants.upsert(GraphBatch([node(customer("c1"), 30, name="张伟")]))
    assert shown(applicants, "c1") == (0.9, Grade.D, "r1")


def _spoil(columns: AssessmentColumns, what: str) -> AssessmentColumns:
    match what:
        case "handle":
            return replace(columns, handles=columns.handles + 10**6)
        case "twice":
            return replace(columns, handles=np.full_like(columns.handles, columns.handles[0]))
        case "score":
            return replace(columns, score=columns.score + 1)
        case "nan":
            return replace(columns, score=np.full_like(columns.score, np.nan))
        case "grade":
            return replace(columns, grade=columns.grade + np.int8(4))
        case "ring":
            return replace(columns, ring=columns.ring + np.int32(9))
        case _:
            return replace(columns, reasons=columns.reasons[:1])


@pytest.mark.parametrize("what", ["handle", "twice", "score", "nan", "grade", "ring", "length"])
def test_a_scoring_that_makes_no_sense_is_refused_whole(applicants: GraphStore, what: str) -> None:
    columns = _spoil(columns_of(applicants, {"c1": (0.9, "D", "r1"), "c2": (0.8, "D", "r1")}), what)
    with pytest.raises(InvalidRequest):
        applicants.append_assessments(
            columns, source="model", model_version="m", policy_version="p", as_of=day(1), scored_at=day(1)
        )
    assert shown(applicants, "c1") == (None, None, None)
    assert applicants.statistics().assessments == 0


def test_an_unknown_source_is_refused_and_an_empty_scoring_is_none(applicants: GraphStore) -> None:
    moments = {"as_of": day(1), "scored_at": day(1)}
    with pytest.raises(InvalidRequest):
        applicants.append_assessments(
            columns_of(applicants, {}), source="oracle", model_version="m", policy_version="p", **moments
        )
    applicants.append_assessments(
        columns_of(applicants, {}), source="rules", model_version="m", policy_version="p", **moments
    )
    assert applicants.statistics().assessments == 0


def ring(name: str, as_of: float, size: int = 5, fraud: int = 1, scored: float | None = None, **facts: object) -> Ring:
    return Ring(name, size, fraud, day(as_of), day(as_of if scored is None else scored), "m1", facts)


def names(rings: Sequence[Ring]) -> list[str]:
    return [found.ring_id for found in rings]


def test_rings_of_the_newest_scoring_are_listed_worst_first(store: GraphStore) -> None:
    store.append_rings([ring("gone", 10, fraud=99), ring("kept", 10)])
    store.append_rings(
        [ring("kept", 20, size=6), ring("big", 20, size=9), ring("bad", 20, fraud=4), ring("also", 20, size=9)]
    )
    assert names(store.rings()) == ["bad", "also", "big", "kept"]
    assert names(store.rings(limit=2, offset=1)) == ["also", "big"]
    assert names(store.rings(as_of=AsOf.at(day(15)))) == ["gone", "kept"]
    assert store.rings(as_of=AsOf.at(day(9))) == []


def scoring(as_of: float, version: str = "m1", scored: float | None = None) -> Scoring:
    return Scoring(ScoreSource.MODEL, version, "p1", day(as_of), day(as_of if scored is None else scored))


def test_a_scoring_that_finds_no_ring_leaves_none_listed(store: GraphStore) -> None:
    """The farm was taken down; the ring of last week is history, and the newest scoring says so."""
    store.append_rings([ring("farm", 10)])
    store.append_scoring(scoring(10))
    assert names(store.rings()) == ["farm"]
    store.append_scoring(scoring(20))
    assert store.rings() == []
    assert names(store.rings(as_of=AsOf.at(day(15)))) == ["farm"]
    assert store.ring("farm") is not None
    store.append_rings([ring("farm", 30)])
    assert names(store.rings()) == ["farm"]


def test_the_newest_complete_scoring_is_named(opened: Opened) -> None:
    store = opened.store
    assert store.latest_scoring() is None
    for each in (scoring(20, "m2"), scoring(10, "m1"), scoring(20, "m2-again", scored=21), scoring(20, "m2")):
        store.append_scoring(each)
    assert opened.reopen().latest_scoring() == scoring(20, "m2-again", scored=21)
    assert opened.store.latest_scoring(as_of=AsOf.at(day(20))) == scoring(20, "m2")
    assert opened.store.latest_scoring(as_of=AsOf(day(19), None)) == scoring(10, "m1")
    assert opened.store.latest_scoring(as_of=AsOf.at(day(9))) is None


def half_done(store: GraphStore) -> Scoring:
    """Monday's scoring is whole; Tuesday's found a ring and got as far as c1 when it was killed."""
    monday, tuesday = replace(scoring(10), source=ScoreSource.MODEL), scoring(20, "m2")
    store.begin_scoring(monday)
    store.append_rings([ring("farm", 10)])
    score(store, {"c0": (0.9, "D", "farm"), "c1": (0.2, "A", None)}, 10)
    store.append_scoring(monday)
    store.begin_scoring(tuesday)
    store.append_rings([replace(ring("farm", 20, size=9), model_version="m2"), ring("new", 20)])
    score(store, {"c1": (0.8, "C", "new"), "c2": (0.7, "C", "new")}, 20, model="m2")
    return tuesday


def test_of_a_scoring_that_is_not_complete_no_ring_is_shown(applicants: GraphStore) -> None:
    tuesday = half_done(applicants)
    assert applicants.unfinished_scoring() == tuesday
    assert names(applicants.rings()) == ["farm"]
    farm = applicants.ring("farm")
    assert farm is not None and farm.size == 5
    assert applicants.ring("new") is None
    applicants.append_scoring(tuesday)
    assert applicants.unfinished_scoring() is None
    assert names(applicants.rings()) == ["farm", "new"]


def test_of_a_scoring_that_was_taken_back_nothing_more_is_written(applicants: GraphStore) -> None:
    """It hung so long that it was taken for dead; when it goes on, each write is refused where it would be made."""
    tuesday = half_done(applicants)
    applicants.append_rings([replace(ring("late", 20), model_version="m2")], within=tuesday)
    score(applicants, {"c3": (0.6, "C", "late")}, 20, model="m2", within=tuesday)
    assert applicants.take_back(tuesday) is None
    before = applicants.statistics()
    for write in (
        lambda: applicants.append_rings([ring("late", 20)], within=tuesday),
        lambda: score(applicants, {"c3": (0.6, "C", "late")}, 20, model="m2", within=tuesday),
        lambda: applicants.append_scoring(tuesday, within=tuesday),
    ):
        with pytest.raises(InvalidRequest) as refused:
            write()
        assert refused.value.code == "scoring.lost"
    assert applicants.statistics() == before
    assert applicants.ring("late") is None and applicants.latest_scoring() == replace(
        scoring(10), source=ScoreSource.MODEL
    )
    applicants.begin_scoring(tuesday)
    applicants.append_scoring(tuesday, within=tuesday)
    assert applicants.latest_scoring() == tuesday


def test_a_scoring_that_was_killed_is_taken_back_and_nothing_of_it_is_left(opened: Opened) -> None:
    store = opened.store
    store.upsert(GraphBatch([node(customer(f"c{i}"), 0) for i in range(4)]))
    tuesday = half_done(store)
    with pytest.raises(InvalidRequest) as refused:
        store.begin_scoring(scoring(21, "m3"))
    assert refused.value.code == "scoring.unfinished"
    with pytest.raises(InvalidRequest):
        store.take_back(scoring(10))
    assert (after := store.take_back(tuesday, limit=2)) is not None
    store = opened.reopen()  # it is broken off too, and begins again
    after = 0
    while (following := store.take_back(tuesday, after=after, limit=2)) is not None:
        after = following
    assert [shown(store, f"c{i}")[1:] for i in range(3)] == [("D", "farm"), ("A", None), (None, None)]
    assert store.statistics().assessments == 2
    assert [len(store.assessments(id_of(store, customer(f"c{i}")))) for i in range(3)] == [1, 1, 0]
    assert store.unfinished_scoring() is None
    assert names(store.rings()) == ["farm"] and store.ring("new") is None
    store.begin_scoring(tuesday)
    score(store, {"c2": (0.6, "C", None)}, 20, model="m2")
    store.append_scoring(tuesday)
    assert shown(store, "c2") == (0.6, "C", None)


def test_one_application_assessed_online_is_no_scoring_of_the_graph(applicants: GraphStore) -> None:
    applicants.append_scoring(scoring(10, "nightly"))
    score(applicants, {"c1": (0.9, "D", None)}, 11)
    newest = applicants.latest_scoring()
    assert newest is not None and newest.model_version == "nightly"


def test_a_ring_has_versions_and_facts(store: GraphStore) -> None:
    store.append_rings([ring("r1", 10, size=3, density=0.5, motif="device farm"), ring("r1", 20, size=8)])
    newest = store.ring("r1")
    assert newest is not None and newest.size == 8
    then = store.ring("r1", as_of=AsOf(day(19), None))
    assert then == ring("r1", 10, size=3, density=0.5, motif="device farm")
    assert store.ring("r2") is None


def test_the_same_rings_twice_are_the_same(store: GraphStore) -> None:
    store.append_rings([ring("r1", 10)])
    store.append_rings([ring("r1", 10)])
    assert names(store.rings()) == ["r1"]


def test_a_ring_found_in_hindsight_was_not_known_then(store: GraphStore) -> None:
    store.append_rings([ring("r1", 10, scored=30)])
    assert store.ring("r1", as_of=AsOf.at(day(20))) is None
    assert store.ring("r1", as_of=AsOf(day(20), None)) is not None


def test_members_of_a_ring_are_those_who_wear_it(applicants: GraphStore) -> None:
    score(applicants, {"c0": (0.7, "C", "r1"), "c1": (0.9, "D", "r2")}, 10)
    assert known(applicants, NodeRef("Customer", "c1")).ring_id == "r2"
    assert applicants.count("Customer", Compare("ring_id", Operator.EQ, "r1")) == 1


def test_grades_of_many_at_once_are_those_that_nodes_show_now_and_then(applicants: GraphStore) -> None:
    score(applicants, {"c1": (0.01, "A", None), "c2": (0.4, "C", "ring-1")}, 5)
    score(applicants, {"c1": (0.9, "D", "ring-2"), "c3": (0.05, "B", None)}, 9)
    people = applicants.scan_nodes("Customer")
    asked = [*people.handles.tolist(), 10**9, int(people.handles[0])]
    ids = applicants.node_ids(people.handles.tolist())
    for as_of in (None, AsOf.at(day(4)), AsOf.at(day(6)), AsOf(day(9), None), AsOf(day(9), day(8))):
        found = applicants.grades_at(asked, as_of=as_of)
        shown = [
            (None if grade < 0 else "ABCD"[grade], None if ring < 0 else found.rings[ring])
            for grade, ring in zip(found.grade.tolist(), found.ring.tolist(), strict=True)
        ]
        nodes = applicants.get_by_id(ids, as_of=as_of)
        assert shown[:-2] == [(node.grade, node.ring_id) for node in nodes]
        assert shown[-2:] == [(None, None), shown[0]]
    assert applicants.grades_at([]).grade.tolist() == []


def test_of_a_long_history_the_last_by_then_counts_in_whatever_order_it_came(applicants: GraphStore) -> None:
    """Scored every day, and two days made up for later."""
    for number in (3, 9, 8, 5, 4):
        score(applicants, {"c1": (0.1 * number, "ABCD"[number % 4], f"ring-{number}")}, number)
    (who,) = applicants.scan_nodes(
        "Customer", among=applicants.handles([known(applicants, NodeRef("Customer", "c1")).node_id])
    ).handles
    worn = {number: applicants.grades_at([int(who)], as_of=AsOf.at(day(number))) for number in (2, 3, 4, 6, 8, 12)}
    assert [(found.grade.tolist(), list(found.rings)) for found in worn.values()] == [
        ([-1], []), ([3], ["ring-3"]), ([0], ["ring-4"]), ([1], ["ring-5"]), ([0], ["ring-8"]), ([1], ["ring-9"]),
    ]  # fmt: skip
