"""Scoring a real store from end to end: what is written back, what is never read, what happens without labels."""

import csv
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from gnn.arrays.export import export
from gnn.arrays.graph import GraphArrays
from gnn.features.build import FeatureConfig, describe, vocabulary_of
from gnn.features.questions import at_application
from gnn.policy import load_policy
from gnn.reasons import render
from gnn.registry.registry import Registry
from gnn.score import ScoreSummary, score
from gnn.train import TrainConfig, train
from gnn.warm import warm
from gnn.write_back import write_back
from graph_model.columns import AssessmentColumns
from graph_model.errors import InvalidRequest
from graph_model.moments import to_ms
from graph_model.predicates import AllOf, Compare, Missing, Not, Operator
from graph_model.records import (
    AsOf,
    AuditRecord,
    EdgeRecord,
    Fact,
    Grade,
    GraphBatch,
    Node,
    NodeRecord,
    NodeRef,
    ScoreSource,
    Scoring,
)
from graph_model.services.unfinished import take_back_unfinished
from graph_model.store import GraphStore, OnProgress
from graph_model.stores import open_store
from tests.gnn.conftest import AFTERWARDS, Portfolio

EARLIER = datetime(2026, 5, 1, tzinfo=UTC)


def run(
    store: GraphStore, models: Path, *, as_of: datetime = AFTERWARDS, later: float = 0, retrain: bool = False
) -> ScoreSummary:
    return score(store, as_of=as_of, scored_at=AFTERWARDS + timedelta(hours=later), models=models, retrain=retrain)


def everyone(store: GraphStore) -> list[Node]:
    return store.select("Customer", limit=20_000)


def fraudulent(portfolio: Portfolio) -> set[str]:
    with (portfolio.files / "truth" / "customers.csv").open(encoding="utf-8") as file:
        return {row["id_number"] for row in csv.DictReader(file) if row["is_fraud"] == "1"}


def test_a_portfolio_is_scored_graded_and_explained(store: GraphStore, portfolio: Portfolio, tmp_path: Path):
    summary = run(store, tmp_path / "models")
    assert summary.source is ScoreSource.MODEL
    assert summary.trained
    assert (summary.customers, sum(summary.grades.values())) == (5_000, 5_000)
    assert summary.policy_version == load_policy().version

    people = everyone(store)
    guilty = fraudulent(portfolio)
    scores = np.array([node.score if node.score is not None else np.nan for node in people])
    truth = np.array([node.key in guilty for node in people])
    assert np.all((scores >= 0) & (scores <= 1))
    assert roc_auc_score(truth, scores) > 0.85
    assert {node.grade for node in people} == set(Grade)

    told = 0
    for node in store.select("Customer", Compare("grade", Operator.EQ, "D"), limit=200):
        newest = store.assessments(node.node_id)[0]
        assert newest.model_version == summary.model_version
        assert len(newest.reasons) <= 5
        told += len(newest.reasons) > 0
        for reason in newest.reasons:
            assert "{" not in render(reason, "en")
    assert told > 0.9 * min(200, summary.grades["D"])

    for label in ("Device", "Phone", "Application", "IpAddress"):
        assert store.count(label, Missing("grade")) == 0


def test_customers_who_were_never_found_out_stand_out_too(store: GraphStore, portfolio: Portfolio, tmp_path: Path):
    run(store, tmp_path / "models")
    people = [n for n in everyone(store) if store.assessments(n.node_id)[0].source is ScoreSource.MODEL]
    guilty = fraudulent(portfolio)
    truth = np.array([node.key in guilty for node in people])
    scores = np.array([node.score or 0.0 for node in people])
    assert average_precision_score(truth, scores) > 4 * truth.mean()


def test_confirmed_fraud_is_the_policys_and_its_rings_hold_customers_and_identifiers(store: GraphStore, tmp_path: Path):
    summary = run(store, tmp_path / "models")
    ring = store.rings(limit=1)[0]
    assert ring.known_fraud >= 1
    assert ring.size >= 3
    of_ring = Compare("ring_id", Operator.EQ, ring.ring_id)
    members = store.select("Customer", of_ring)
    assert len(members) == ring.size
    assert set(ring.facts["key_members"]) <= {node.node_id for node in members}
    held = sum(store.count(label, of_ring) for label in ("Device", "Phone", "BankAccount", "IpAddress", "Address"))
    assert held > 0
    confirmed = [n for n in members if store.assessments(n.node_id)[0].source is ScoreSource.RULES]
    assert len(confirmed) == ring.known_fraud
    for node in confirmed:
        assert node.score is not None
        assert node.score >= load_policy().confirmed
        assert store.assessments(node.node_id)[0].reasons[0].code == "CONFIRMED_FRAUD"
    assert store.count("Customer", Not(Missing("ring_id"))) == sum(r.size for r in store.rings(limit=summary.rings))


def test_scoring_again_uses_the_same_model_and_rings_keep_their_ids(store: GraphStore, tmp_path: Path):
    first = run(store, tmp_path / "models")
    before = {n.node_id: (n.score, n.ring_id) for n in everyone(store)}
    again = run(store, tmp_path / "models", later=1)
    assert not again.trained
    assert again.model_version == first.model_version
    assert {n.node_id: (n.score, n.ring_id) for n in everyone(store)} == before
    retrained = run(store, tmp_path / "models", later=2, retrain=True)
    assert retrained.trained
    assert retrained.model_version == first.model_version  # the same data, the same bytes


@pytest.mark.long
def test_a_stack_that_serves_is_not_replaced_by_trees_when_it_is_trained_anew(store: GraphStore, tmp_path: Path):
    models = tmp_path / "models"
    stack = train(export(store, as_of=AsOf.at(AFTERWARDS)), config=TrainConfig(contenders=("stack",)))
    assert stack is not None
    Registry(models).adopt(stack, policy=load_policy(), by="wei", reason="for the test", now=AFTERWARDS)
    again = run(store, models, later=2, retrain=True)
    assert again.trained and again.model_version.startswith("stack-")


def test_without_labels_rules_score_and_say_so(empty_store: GraphStore, tmp_path: Path):
    nothing = run(empty_store, tmp_path / "models")
    assert (nothing.source, nothing.customers, nothing.rings) == (ScoreSource.RULES, 0, 0)
    load(empty_store, farm("T", 8, datetime(2026, 3, 1, tzinfo=UTC)))
    few = run(empty_store, tmp_path / "models", later=1)
    assert few.source is ScoreSource.RULES
    assert few.model_version == "rules-1"
    assert not (tmp_path / "models").exists()
    members = everyone(empty_store)
    assert max(n.score or 0 for n in members) > min(n.score or 0 for n in members) or len(members) == 8
    assert all(empty_store.assessments(n.node_id)[0].source is ScoreSource.RULES for n in members)


def farm(name: str, members: int, when: datetime) -> list[GraphBatch]:
    """Customers who apply one day after the other from one device."""
    nodes, edges, facts = [], [], []
    device = NodeRef("Device", f"farm-{name}")
    for number in range(members):
        at = when + timedelta(days=number)
        person, application = NodeRef("Customer", f"P:{name}{number:04}"), NodeRef("Application", f"{name}{number:04}")
        nodes.append(NodeRecord(person, at, at, "test"))
        nodes.append(NodeRecord(application, at, at, "test", {"applied_at": at, "amount": 9_000.0, "product": "cash"}))
        nodes.append(NodeRecord(device, at, at, "test"))
        edges.append(EdgeRecord("APPLIED", person, application, at, at, at, "test"))
        edges.append(EdgeRecord("USES_DEVICE", person, device, at, at, at, "test"))
        edges.append(EdgeRecord("USES_DEVICE", application, device, at, at, at, "test"))
        facts.append(Fact(application, "status", "refused", at + timedelta(hours=1), at + timedelta(hours=1), "test"))
    return [GraphBatch(nodes, edges, facts)]


def load(store: GraphStore, batches: Sequence[GraphBatch]) -> None:
    for batch in batches:
        store.upsert(batch)


def plant_the_future(store: GraphStore, after: datetime) -> None:
    """Everything that could give away what comes: shared devices, confirmed frauds, refusals; later in event time, or learnt later only."""
    people = store.select("Customer", AllOf(()), limit=400)
    applications = store.select("Application", Compare("applied_at", Operator.LT, after), limit=3_000)
    device = NodeRef("Device", "of-the-future")
    later, just_before = after + timedelta(days=3), after - timedelta(days=3)
    nodes = [NodeRecord(device, later, later, "test")]
    edges = [EdgeRecord("USES_DEVICE", n.ref, device, later, later, later, "test") for n in people]
    # It happened before, but nobody knew before: what was recorded later must not be seen either.
    old_device = NodeRef("Device", "learnt-late")
    nodes.append(NodeRecord(old_device, just_before, later, "test"))
    edges += [EdgeRecord("USES_DEVICE", n.ref, old_device, just_before, just_before, later, "test") for n in people]
    facts = [Fact(n.ref, "label", "confirmed_fraud", later, later, "test") for n in applications[::2]]
    facts += [Fact(n.ref, "label", "confirmed_fraud", just_before, later, "test") for n in applications[1::2]]
    facts += [Fact(n.ref, "status", "refused", later, later, "test") for n in applications]
    store.upsert(GraphBatch(nodes, edges, facts))
    load(store, farm("F", 30, later))


def features(arrays: GraphArrays) -> np.ndarray:
    asked = at_application(arrays)
    return describe(arrays, asked, vocabulary_of(arrays, asked), config=FeatureConfig()).values


def test_nothing_that_happens_or_is_learnt_later_changes_a_feature_a_label_or_a_score(
    store: GraphStore, tmp_path: Path
):
    as_of = AsOf.at(EARLIER)
    before = export(store, as_of=as_of)
    scored = run(store, tmp_path / "before", as_of=EARLIER)
    scores = {n.node_id: n.score for n in everyone(store) if n.score is not None}
    plant_the_future(store, EARLIER)
    after = export(store, as_of=as_of)
    assert np.array_equal(features(before), features(after), equal_nan=True)
    for name in ("fraud_known", "default_known", "good_known", "refused_at"):
        assert np.array_equal(getattr(before.applications, name), getattr(after.applications, name))
    again = run(store, tmp_path / "after", as_of=EARLIER, later=1)
    assert again.model_version == scored.model_version
    assert {n.node_id: n.score for n in everyone(store) if n.score is not None} == scores
    # The same planting is seen, and changes scores, once its time has come.
    assert len(export(store, as_of=AsOf.at(EARLIER + timedelta(days=40))).uses.customer) > len(before.uses.customer)


def test_a_row_of_the_past_is_the_same_whether_it_is_computed_then_or_now(store: GraphStore):
    """Features of an application as of the moment it was made do not depend on how much of the future is in the arrays."""
    then = export(store, as_of=AsOf(EARLIER, None))
    now = export(store, as_of=AsOf(AFTERWARDS, None))
    asked_then, asked_now = at_application(then), at_application(now)
    words = vocabulary_of(then, asked_then)
    config = FeatureConfig()
    rows_then = describe(then, asked_then, words, config=config).values
    old = np.isin(now.applications.handles, then.applications.handles)
    rows_now = describe(now, asked_now[np.flatnonzero(old)], words, config=config).values
    assert np.array_equal(rows_then, rows_now, equal_nan=True)


def test_the_arrays_hold_nothing_later_than_their_moment(store: GraphStore):
    arrays = export(store, as_of=AsOf.at(EARLIER))
    bound = to_ms(EARLIER)
    assert arrays.uses.since.max() <= bound
    assert arrays.applications.applied_at.max() <= bound
    assert arrays.customers.first_seen.max() <= bound
    for name in ("fraud_known", "default_known", "good_known", "refused_at"):
        known = getattr(arrays.applications, name)
        assert known[known < np.iinfo(np.int64).max].max() <= bound


def test_progress_is_told_and_a_policy_of_ones_own_decides_the_grades(store: GraphStore, tmp_path: Path):
    stages: list[str] = []
    strict = replace(load_policy(), version="mine", thresholds=(1e-9, 0.5, 0.9))
    summary = score(
        store,
        as_of=AFTERWARDS,
        scored_at=AFTERWARDS,
        models=tmp_path,
        policy=strict,
        on_progress=lambda stage, done, total: stages.append(stage),
    )
    assert summary.grades["A"] == 0
    assert store.assessments(everyone(store)[0].node_id)[0].policy_version == "mine"
    begun = list(dict.fromkeys(stages))
    assert begun == ["export", "rings", "features", "training", "scoring", "estimating", "explaining", "writing"]


def test_features_are_the_same_however_many_cores_share_the_work(store: GraphStore, monkeypatch: pytest.MonkeyPatch):
    arrays = export(store, as_of=AsOf.at(EARLIER))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    alone = features(arrays)
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.setattr("gnn.features.marks.PIECE", 100)
    told: list[tuple[str, int, int]] = []
    asked = at_application(arrays)
    shared = describe(
        arrays,
        asked,
        vocabulary_of(arrays, asked),
        config=FeatureConfig(),
        on_progress=lambda *at: told.append(at),
    )
    assert np.array_equal(alone, shared.values, equal_nan=True)
    assert told[-1] == ("features", len(asked), len(asked))


def test_a_scoring_that_is_cancelled_while_it_writes_leaves_nothing_behind(
    store: GraphStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    class Cancelled(Exception):
        pass

    def cancel(stage: str, done: int, total: int) -> None:
        if stage == "writing" and 2 * done > total:
            raise Cancelled

    monkeypatch.setattr("gnn.score.AT_ONCE", 1_000)
    with pytest.raises(Cancelled):
        score(store, as_of=EARLIER, scored_at=AFTERWARDS, models=tmp_path, on_progress=cancel)
    assert store.unfinished_scoring() is None
    assert store.statistics().assessments == 0
    assert store.count("Customer", Missing("score")) == store.count("Customer")
    # The model that was trained on the way stays, so the next scoring begins with it.
    assert not score(store, as_of=EARLIER, scored_at=AFTERWARDS, models=tmp_path).trained


def test_what_an_investigator_draws_by_hand_is_no_feature(store: GraphStore):
    first, second = everyone(store)[:2]
    at = EARLIER - timedelta(days=30)
    drawn = EdgeRecord("HUMAN_LINK", first.ref, second.ref, at, at, at, "test", properties={"reason": "a hunch"})
    before = features(export(store, as_of=AsOf.at(EARLIER)))
    store.upsert(GraphBatch(edges=[drawn]))
    assert np.array_equal(before, features(export(store, as_of=AsOf.at(EARLIER))), equal_nan=True)


def test_a_moment_of_the_past_is_never_scored_by_a_model_that_learnt_from_after_it(store: GraphStore, tmp_path: Path):
    current = run(store, tmp_path)
    past = run(store, tmp_path, as_of=EARLIER)
    assert past.trained
    assert past.model_version != current.model_version
    assert datetime.fromisoformat(str(past.card["as_of"])) <= EARLIER
    again = run(store, tmp_path, later=1)
    assert (again.trained, again.model_version) == (False, current.model_version)


def test_a_past_in_which_nobody_was_recorded_is_refused_and_says_why(store: GraphStore, tmp_path: Path):
    with pytest.raises(InvalidRequest, match="recorded_at") as refused:
        run(store, tmp_path, as_of=datetime(2001, 1, 1, tzinfo=UTC))
    assert refused.value.code == "score.nobody"


def test_a_customer_whose_fraud_was_taken_back_is_confirmed_no_more(store: GraphStore, tmp_path: Path):
    arrays = export(store, as_of=AsOf.at(AFTERWARDS))
    wronged = arrays.applications.handles[arrays.applications.fraud_known < AFTERWARDS.timestamp() * 1000][:1]
    (node,) = store.get_by_id(store.node_ids(wronged.tolist()))
    cleared = AFTERWARDS - timedelta(hours=1)
    store.upsert(GraphBatch(facts=[Fact(node.ref, "label", "good", cleared, cleared, "appeal")]))
    after = export(store, as_of=AsOf.at(AFTERWARDS))
    assert after.applications.fraud_known[after.applications.handles == wronged] == np.iinfo(np.int64).max
    before = export(store, as_of=AsOf.at(cleared - timedelta(minutes=1)))
    assert before.applications.fraud_known[before.applications.handles == wronged] < np.iinfo(np.int64).max


def test_kernels_can_be_compiled_ahead_and_nothing_else_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    warm()
    assert list(tmp_path.iterdir()) == []


def test_a_scoring_is_written_in_slices_and_once_more_changes_nothing(
    store: GraphStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """A long write would keep the audit of every look-up waiting, so others must get in between; a scoring cut off may be repeated."""
    monkeypatch.setattr("gnn.score.AT_ONCE", 700)
    sizes: list[int] = []
    between: list[str] = []
    append = type(store).append_assessments

    def sliced(self: GraphStore, columns: AssessmentColumns, **said: Any) -> None:
        append(self, columns, **said)  # type: ignore[arg-type]
        sizes.append(len(columns.handles))
        between.append(
            other.append_audit([AuditRecord(AFTERWARDS, "ida", "investigator", "look", (), "ok", {})])[0].digest
        )

    other = open_store(store.address)
    monkeypatch.setattr(type(store), "append_assessments", sliced)
    summary = run(store, tmp_path / "models")
    assert max(sizes) <= 700 and len(between) == len(sizes)
    assert sum(sizes) == summary.customers + summary.applications + summary.identifiers
    kept = store.statistics().assessments
    run(store, tmp_path / "models")
    assert store.statistics().assessments == kept
    other.close()


def test_a_scoring_that_somebody_took_back_meanwhile_is_never_complete(empty_store: GraphStore):
    people = [NodeRecord(NodeRef("Customer", f"OTHER:{n}"), AFTERWARDS, AFTERWARDS, "test") for n in range(3)]
    empty_store.upsert(GraphBatch(people))
    handles = empty_store.scan_nodes("Customer").handles
    columns = AssessmentColumns(
        handles, np.full(3, 0.5), np.zeros(3, np.int8), np.full(3, -1, np.int32), [], ["[]"] * 3
    )
    moment = AFTERWARDS + timedelta(microseconds=1_234)  # a store keeps milliseconds
    scoring = Scoring(ScoreSource.MODEL, "m", "p", moment, moment)

    def write(on_progress: OnProgress | None) -> None:
        write_back(empty_store, scoring, [], columns, np.zeros(3, np.bool_), at_once=1, on_progress=on_progress)

    def taken_back(_: str, done: int, __: int) -> None:
        if done == 2:
            take_back_unfinished(empty_store)

    with pytest.raises(InvalidRequest) as lost:
        write(taken_back)
    assert lost.value.code == "scoring.lost"
    assert empty_store.latest_scoring() is None and empty_store.statistics().assessments == 0

    def interrupted(_: str, done: int, __: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write(interrupted)
    assert empty_store.unfinished_scoring() is None and empty_store.statistics().assessments == 0
    write(None)
    assert empty_store.latest_scoring() is not None and empty_store.statistics().assessments == 3
