"""One application scored as it comes: as batch would score it, whatever the graph around it, and honest about what it could not see."""

import random
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gnn import ego
from gnn.arrays.export import export
from gnn.arrays.graph import GraphArrays
from gnn.decision_policy import load_decision_policy
from gnn.ego import ego_of
from gnn.features.build import SNAPSHOT_MS, FeatureConfig, describe, people_of, ring_view, vocabulary_of
from gnn.features.questions import QuestionSet, at_present
from gnn.features.vocabulary import Vocabulary
from gnn.models.model import save
from gnn.online import Assessed, Scorer
from gnn.policy import load_policy
from gnn.rings.detect import RingConfig
from gnn.rings.snapshot import nobody
from gnn.score import score
from graph_model.errors import NotFound
from graph_model.records import AsOf, EdgeRecord, Fact, Grade, GraphBatch, NodeRecord, NodeRef, ScoreSource
from graph_model.store import GraphStore
from graph_model.stores import open_store
from tests.gnn.conftest import AFTERWARDS, Scored
from tests.gnn.test_score import plant_the_future

MINUTE = timedelta(minutes=1)
NOW = AFTERWARDS + MINUTE


def assess(
    scored: Scored, application: str | NodeRef, *, as_of: datetime = AFTERWARDS, write: bool = False
) -> Assessed:
    return Scorer(scored.store, scored.models).assess(application, as_of=as_of, scored_at=NOW, write=write)


def some_applications(store: GraphStore, count: int) -> list[str]:
    """Of random customers, their latest applications; one each."""
    arrays = export(store, as_of=AsOf.at(AFTERWARDS))
    order = arrays.application_order
    latest = dict(zip(arrays.applications.customer[order].tolist(), order.tolist(), strict=True))
    chosen = random.Random(7).sample(sorted(latest.values()), count)
    return store.node_ids(arrays.applications.handles[chosen].tolist())


def check_against_batch(scored: Scored, count: int) -> None:
    """Feature rows, scores, grades, reasons and rings of some customers, online and in batch."""
    store = scored.store
    scorer = Scorer(store, scored.models)
    applications = some_applications(store, count)
    arrays = export(store, as_of=AsOf.at(AFTERWARDS))
    asked = at_present(arrays)
    table = scorer.look(applications[0], as_of=AFTERWARDS).judge.describe(arrays, asked)
    row_of = dict(zip(store.node_ids(arrays.applications.handles.tolist()), range(len(table.values)), strict=False))
    rings = 0
    for application in applications:
        seen = scorer.look(application, as_of=AFTERWARDS)
        batch_row = table.values[row_of[application]]
        assert np.array_equal(seen.table.values[0], batch_row, equal_nan=True), store.get_by_id([application])
        found = seen.judged(store, as_of=AFTERWARDS, scored_at=NOW)
        assert found.degraded == ()
        for one in (found.application, found.customer):
            (then,) = store.assessments(one.node_id)
            assert one == replace(then, scored_at=NOW)
        rings += found.customer.ring_id is not None
    assert rings > 0


def test_a_customer_is_scored_as_in_batch(scored: Scored):
    check_against_batch(scored, 60)


@pytest.mark.long
def test_a_thousand_customers_are_scored_as_in_batch(scored: Scored):
    check_against_batch(scored, 1_000)


@pytest.mark.slow
def test_what_happens_or_is_learnt_later_is_not_seen(scored: Scored):
    applications = some_applications(scored.store, 15)
    before = [assess(scored, application) for application in applications]
    plant_the_future(scored.store, AFTERWARDS)
    assert [assess(scored, application) for application in applications] == before
    later = [assess(scored, application, as_of=AFTERWARDS + timedelta(days=40)) for application in applications]
    assert [one.customer.score for one in later] != [one.customer.score for one in before]


# --- graphs of every shape -------------------------------------------------------------------------------------------

_DAY = datetime(2025, 3, 1, tzinfo=UTC)
_USES = (("USES_DEVICE", "Device", ""), ("USES_PHONE", "Phone", ""), ("HAS_ADDRESS", "Address", "home"))
_PEOPLE = st.integers(0, 9)


@st.composite
def graphs(draw: st.DrawFn) -> GraphBatch:
    """Ten customers and their applications, some with two applicants or none, in knots of shared identifiers, referrals and guarantees."""
    nodes = {NodeRef("Customer", f"c{n}") for n in range(10)}
    edges: list[EdgeRecord] = []
    facts: list[Fact] = []

    def join(type: str, start: NodeRef, end: NodeRef, qualifier: str = "") -> None:
        at = _DAY + timedelta(days=draw(st.integers(0, 40)))
        nodes.update((start, end))
        edges.append(EdgeRecord(type, start, end, at, at, at, "test", qualifier))

    for name in range(draw(st.integers(1, 14))):
        application = NodeRef("Application", f"a{name}")
        nodes.add(application)
        for person in draw(st.lists(_PEOPLE, max_size=2, unique=True)):
            join("APPLIED", NodeRef("Customer", f"c{person}"), application)
        for told in draw(
            st.lists(st.sampled_from(["refused", "confirmed_fraud", "good", "early_default"]), max_size=2)
        ):
            at = _DAY + timedelta(days=draw(st.integers(0, 80)))
            facts.append(Fact(application, "status" if told == "refused" else "label", told, at, at, "test"))
        for type, label, qualifier in draw(st.lists(st.sampled_from(_USES), max_size=3)):
            join(type, application, NodeRef(label, f"{label}{draw(st.integers(0, 3))}"), qualifier)
    for person in range(10):
        for type, label, qualifier in draw(st.lists(st.sampled_from(_USES), max_size=4)):
            join(
                type, NodeRef("Customer", f"c{person}"), NodeRef(label, f"{label}{draw(st.integers(0, 3))}"), qualifier
            )
    for type in ("REFERRED", "GUARANTEES"):
        for start, end in draw(st.lists(st.tuples(_PEOPLE, _PEOPLE), max_size=5)):
            join(type, NodeRef("Customer", f"c{start}"), NodeRef("Customer", f"c{end}"))
    records = [NodeRecord(ref, _DAY, _DAY, "test", _properties(draw, ref)) for ref in sorted(nodes)]
    return GraphBatch(records, edges, facts)


def _properties(draw: st.DrawFn, ref: NodeRef) -> dict[str, str | float | datetime]:
    if ref.label != "Application":
        return {}
    product = draw(st.sampled_from(["cash", "car"]))
    return {"amount": 1_000.0, "product": product, "applied_at": _DAY + timedelta(days=draw(st.integers(0, 60)))}


@settings(max_examples=40, deadline=None)
@given(graph=graphs(), hub_cap=st.integers(2, 5), after=st.integers(10, 70))
def test_whatever_the_graph_the_surroundings_hold_all_that_is_looked_at(graph: GraphBatch, hub_cap: int, after: int):
    as_of = AsOf.at(_DAY + timedelta(days=after))
    config = FeatureConfig(RingConfig(hub_cap=hub_cap))
    with TemporaryDirectory() as folder:
        store = open_store(f"sqlite:///{folder}/graph.db", create=True)
        store.upsert(graph)
        whole = export(store, as_of=as_of)
        asked = at_present(whole)
        words = vocabulary_of(whole, asked)
        rows = describe(whole, asked, words, config=config, rings=lambda mark: nobody(10, mark)).values
        for place, handle in enumerate(whole.applications.handles.tolist()):
            around = ego_of(store, handle, as_of=as_of, hub_cap=hub_cap)
            assert around is not None
            assert not around.hub_truncated
            part = export(around, as_of=as_of)
            assert np.array_equal(row_alone(part, handle, words, config), rows[place], equal_nan=True)
        store.close()


def row_alone(part: GraphArrays, handle: int, words: Vocabulary, config: FeatureConfig) -> np.ndarray:
    mine = np.flatnonzero(part.applications.handles == handle).astype(np.int32)
    question = QuestionSet(part.applications.customer[mine], mine, np.array([part.as_of + 1], dtype=np.int64))
    customers = len(part.customers.handles)
    return describe(part, question, words, config=config, rings=lambda mark: nobody(customers, mark)).values[0]


# --- newcomers -------------------------------------------------------------------------------------------------------


def newcomer(store: GraphStore, name: str, identifiers: Sequence[tuple[str, NodeRef]] = ()) -> NodeRef:
    """Somebody nobody has heard of sends a form a minute after the last scoring."""
    at = AFTERWARDS + MINUTE / 2
    person, application = NodeRef("Customer", f"P:{name}"), NodeRef("Application", f"NEW-{name}")
    form = {"applied_at": at, "amount": 9_000.0, "product": "cash", "channel": "app", "term_months": 12}
    nodes = [NodeRecord(person, at, at, "test"), NodeRecord(application, at, at, "test", form)]
    edges = [EdgeRecord("APPLIED", person, application, at, at, at, "test")]
    for type, identifier in identifiers:
        nodes.append(NodeRecord(identifier, at, at, "test"))
        edges.append(EdgeRecord(type, application, identifier, at, at, at, "test"))
    store.upsert(GraphBatch(nodes, edges))
    return application


def devices_of_worst_ring(store: GraphStore) -> tuple[str, list[NodeRef]]:
    """The ring with most known fraud among those that devices hold together, and these: in other rings each device is one person's own."""
    for ring in store.rings(limit=50):
        around = [node for key in ring.facts["key_members"] for node in store.neighbourhood(key, hops=1).nodes]
        held = [node.ref for node in around if node.label == "Device" and node.ring_id == ring.ring_id]
        if ring.facts["motif"] == "device_farm" and ring.known_fraud >= 3 and len(held) > 0:
            return ring.ring_id, held
    raise AssertionError("The portfolio has no such ring.")


def test_of_somebody_unknown_only_the_form_is_looked_at(scored: Scored):
    application = newcomer(scored.store, "ALONE")
    found = assess(scored, application, as_of=NOW)
    assert found.customer.source is ScoreSource.MODEL
    assert found.customer.ring_id is None
    assert found.customer.grade in (Grade.A, Grade.B)
    assert found.degraded == ()


def test_somebody_unknown_on_the_handset_of_a_ring_is_of_that_ring_and_a_risk(scored: Scored):
    ring_id, devices = devices_of_worst_ring(scored.store)
    alone = assess(scored, newcomer(scored.store, "ALONE"), as_of=NOW)
    caught = assess(
        scored, newcomer(scored.store, "CAUGHT", [("USES_DEVICE", device) for device in devices]), as_of=NOW
    )
    assert caught.customer.ring_id == caught.application.ring_id == ring_id
    assert caught.customer.score > 2 * alone.customer.score
    assert {reason.code for reason in caught.customer.reasons} & {"SHARED_DEVICE", "STRANGERS", "NEAR_FRAUD", "RING"}


@pytest.mark.slow
def test_a_newcomer_is_scored_as_the_next_batch_would(scored: Scored):
    """The ring is batch's to find again; all else is the same."""
    _, devices = devices_of_worst_ring(scored.store)
    application = newcomer(scored.store, "NEXT", [("USES_DEVICE", devices[0])])
    online = assess(scored, application, as_of=NOW)
    score(scored.store, as_of=NOW, scored_at=NOW, models=scored.models)
    (batch,) = scored.store.assessments(online.application.node_id)
    assert replace(online.application, ring_id=None) == replace(batch, ring_id=None)


# --- what is written -------------------------------------------------------------------------------------------------


def test_what_was_assessed_is_kept_of_application_and_customer(scored: Scored):
    application = newcomer(scored.store, "KEPT")
    found = assess(scored, application, as_of=NOW, write=True)
    assert scored.store.assessments(found.application.node_id) == [found.application]
    assert scored.store.assessments(found.customer.node_id) == [found.customer]
    (shown,) = scored.store.get_by_id([found.customer.node_id])
    assert (shown.score, shown.grade) == (found.customer.score, found.customer.grade)
    again = assess(scored, application, as_of=NOW, write=True)
    assert again == found
    assert len(scored.store.assessments(found.customer.node_id)) == 1


def test_a_dry_run_writes_nothing(scored: Scored):
    application = newcomer(scored.store, "DRY")
    before = scored.store.statistics()
    found = assess(scored, application, as_of=NOW)
    assert scored.store.assessments(found.customer.node_id) == []
    assert scored.store.statistics() == before


def test_confirmed_fraud_is_the_policys_and_an_honest_application_of_the_same_person_is_not(scored: Scored):
    arrays = export(scored.store, as_of=AsOf.at(AFTERWARDS))
    applications = arrays.applications
    confirmed = applications.fraud_known < AFTERWARDS.timestamp() * 1000
    times = np.bincount(applications.customer, minlength=len(arrays.customers.handles))
    once = confirmed & (times[applications.customer] == 1)
    (guilty,) = scored.store.node_ids(applications.handles[once][:1].tolist())
    found = assess(scored, guilty, write=True)
    for one in (found.application, found.customer):
        assert one.score >= load_policy().confirmed
        assert one.source is ScoreSource.RULES
        assert one.reasons[0].code == "CONFIRMED_FRAUD"


# --- what can be missing ---------------------------------------------------------------------------------------------


def test_without_a_model_rules_score_and_it_is_said(scored: Scored, tmp_path: Path):
    application = newcomer(scored.store, "RULES")
    found = Scorer(scored.store, tmp_path / "none").assess(application, as_of=NOW, scored_at=NOW, write=False)
    assert found.degraded == ("rules_only",)
    assert (found.customer.source, found.customer.model_version) == (ScoreSource.RULES, "rules-1")


def test_a_damaged_model_is_no_reason_to_answer_nothing(scored: Scored):
    application = newcomer(scored.store, "DAMAGED")
    version = (scored.models / "current").read_text().strip()
    trees = scored.models / version / "trees.txt"
    whole = trees.read_bytes()
    trees.write_text("tree\n")
    scorer = Scorer(scored.store, scored.models)
    found = scorer.assess(application, as_of=NOW, scored_at=NOW, write=False)
    assert (found.degraded, found.application.model_version) == (("model_damaged",), "rules-1")
    assert load_decision_policy().review_degraded >= set(
        found.degraded
    )  # rules alone approve nobody who has had a model
    trees.write_bytes(whole)
    mended = scorer.assess(application, as_of=NOW, scored_at=NOW, write=False)
    assert (mended.degraded, mended.application.model_version) == ((), version)


def test_rings_that_are_missing_or_not_of_this_store_are_owned_to(scored: Scored):
    application = newcomer(scored.store, "RINGLESS")
    (file,) = (scored.models / "rings").iterdir()
    whole = file.read_bytes()
    file.write_bytes(whole[:-1] + b"x")
    assert assess(scored, application, as_of=NOW).degraded == ("no_ring_snapshot",)
    file.unlink()
    assert assess(scored, application, as_of=NOW).degraded == ("no_ring_snapshot",)


@pytest.mark.slow
def test_rings_of_an_earlier_mark_serve_until_the_next_scoring(scored: Scored):
    application = newcomer(scored.store, "LATER")
    much_later = AFTERWARDS + timedelta(milliseconds=SNAPSHOT_MS)
    assert assess(scored, application, as_of=much_later).degraded == ("ring_snapshot_old",)
    score(scored.store, as_of=much_later, scored_at=much_later, models=scored.models)
    assert assess(scored, application, as_of=much_later).degraded == ()


@pytest.mark.slow
def test_a_scoring_of_the_past_does_not_take_the_place_of_todays_rings(scored: Scored):
    before = {path.name: path.read_bytes() for path in (scored.models / "rings").iterdir()}
    earlier = AFTERWARDS - timedelta(days=1)
    assert int(earlier.timestamp() * 1000) // SNAPSHOT_MS == int(AFTERWARDS.timestamp() * 1000) // SNAPSHOT_MS
    score(scored.store, as_of=earlier, scored_at=NOW, models=scored.models)
    assert {path.name: path.read_bytes() for path in (scored.models / "rings").iterdir()} == before


def test_a_hub_that_is_not_read_whole_is_owned_to(scored: Scored, monkeypatch: pytest.MonkeyPatch):
    at = AFTERWARDS + MINUTE / 2
    wifi = NodeRef("IpAddress", "10.9.9.9")
    people = scored.store.select("Customer", limit=80)
    scored.store.upsert(
        GraphBatch(
            [NodeRecord(wifi, at, at, "test")],
            [EdgeRecord("USES_IP", person.ref, wifi, at, at, at, "test") for person in people],
        )
    )
    application = newcomer(scored.store, "WIFI", [("USES_IP", wifi)])
    assert assess(scored, application, as_of=NOW).degraded == ()
    monkeypatch.setattr(ego, "OWN_CAP", 60)
    assert assess(scored, application, as_of=NOW).degraded == ("hub_truncated",)


def test_what_is_not_there_is_not_assessed(scored: Scored):
    with pytest.raises(NotFound):
        assess(scored, "no-such-id")
    with pytest.raises(NotFound):
        assess(scored, NodeRef("Application", "no-such-application"))
    (person,) = scored.store.select("Customer", limit=1)
    with pytest.raises(NotFound):
        assess(scored, person.node_id)
    early = newcomer(scored.store, "EARLY")
    with pytest.raises(NotFound):
        assess(scored, early, as_of=AFTERWARDS)
    at = AFTERWARDS - MINUTE
    orphan = NodeRef("Application", "ORPHAN")
    scored.store.upsert(GraphBatch([NodeRecord(orphan, at, at, "test", {"applied_at": at})]))
    with pytest.raises(NotFound, match="who applied"):
        assess(scored, orphan)


# --- serving ---------------------------------------------------------------------------------------------------------


def test_a_new_model_is_taken_up_with_the_next_application(scored: Scored):
    scorer = Scorer(scored.store, scored.models)
    application = newcomer(scored.store, "RELOAD")
    first = scorer.assess(application, as_of=NOW, scored_at=NOW, write=False)
    model = scorer.look(application, as_of=NOW).judge.model
    assert model is not None
    save(replace(model, card={**model.card, "told": "another"}), scored.models)
    second = scorer.assess(application, as_of=NOW, scored_at=NOW, write=False)
    assert second.customer.model_version != first.customer.model_version
    assert second.customer.score == first.customer.score


def test_many_threads_get_the_answers_that_one_gets(scored: Scored):
    applications = some_applications(scored.store, 12)
    scorer = Scorer(scored.store, scored.models)

    def one(application: str) -> Assessed:
        return scorer.assess(application, as_of=AFTERWARDS, scored_at=NOW, write=False)

    alone = [one(application) for application in applications]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(one, applications * 3)) == alone * 3


def test_scoring_online_does_not_load_torch():
    asked = "import sys, gnn.online, gnn.decision; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", asked], check=False).returncode == 0


def test_the_rings_of_the_snapshot_are_those_that_batch_sees(scored: Scored):
    scorer = Scorer(scored.store, scored.models)
    arrays = export(scored.store, as_of=AsOf.at(AFTERWARDS))
    judge = scorer.look(some_applications(scored.store, 1)[0], as_of=AFTERWARDS).judge
    mark = (arrays.as_of + 1) // SNAPSHOT_MS * SNAPSHOT_MS
    whole = ring_view(arrays, people_of(arrays), mark, judge.features.rings)
    snapshot = scorer._snapshots.newest(mark=mark, as_of=arrays.as_of, config=judge.features.rings)
    assert snapshot is not None
    view = snapshot.view(scored.store.node_ids(arrays.customers.handles.tolist()))
    for one, other in zip(view, whole, strict=True):
        assert np.array_equal(one, other)
