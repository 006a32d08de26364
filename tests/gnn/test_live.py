"""The graph in memory: whatever is written, by whatever process, an answer from it is the one that the store's own surroundings give."""

import subprocess
import sys
import time
import weakref
from collections.abc import Iterator, Sized
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from tempfile import TemporaryDirectory
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from gnn.arrays.export import export
from gnn.features.build import FeatureConfig, describe, vocabulary_of
from gnn.features.questions import at_present
from gnn.live import live as live_module
from gnn.live.facing import facing
from gnn.live.graph import LiveGraph
from gnn.live.live import Live, bytes_for
from gnn.online import Assessed, Scorer
from gnn.rings.detect import RingConfig
from gnn.rings.snapshot import nobody
from gnn.score import score
from graph_model.errors import StoreTimeout
from graph_model.predicates import Missing, Not
from graph_model.records import AsOf, EdgeRecord, Fact, GraphBatch, NodeRecord, NodeRef
from graph_model.store import GraphStore
from graph_model.stores import open_store
from tests.gnn.conftest import AFTERWARDS, Scored
from tests.gnn.test_online import (
    _DAY,
    MINUTE,
    NOW,
    devices_of_worst_ring,
    graphs,
    newcomer,
    some_applications,
)
from tests.gnn.test_score import plant_the_future


@pytest.fixture
def moments() -> list[datetime]:
    """What the clock of `live` shows: the first."""
    return [AFTERWARDS]


@pytest.fixture
def live(scored: Scored, moments: list[datetime]) -> Iterator[Live]:
    """Read, as of the moment of the scoring."""
    held = Live(scored.store, most=10**9, clock=lambda: moments[0])
    assert held.wait(60)
    yield held
    held.close()


def assessed(scored: Scored, application: str | NodeRef, live: Live | None, as_of: datetime = NOW) -> Assessed:
    scorer = Scorer(scored.store, scored.models, live=live)
    if live is not None:  # or else it was not answered from memory
        scorer.look = None  # type: ignore[method-assign, assignment]
    return scorer.assess(application, as_of=as_of, scored_at=as_of, write=False)


def check_equal(scored: Scored, live: Live, count: int) -> None:
    scorer, remembering = Scorer(scored.store, scored.models), Scorer(scored.store, scored.models, live=live)
    remembering.look = None  # type: ignore[method-assign, assignment]
    for application in some_applications(scored.store, count):
        told = remembering._remembered(application, AFTERWARDS)
        assert told is not None
        seen = scorer.look(application, as_of=AFTERWARDS)
        assert np.array_equal(told.table.values, seen.table.values, equal_nan=True)
        found = remembering.assess(application, as_of=AFTERWARDS, scored_at=NOW, write=False)
        assert found == seen.judged(scored.store, as_of=AFTERWARDS, scored_at=NOW)
        (then,) = scored.store.assessments(found.customer.node_id)
        assert found.customer == replace(then, scored_at=NOW)


def test_a_customer_is_scored_from_memory_as_in_batch(scored: Scored, live: Live):
    check_equal(scored, live, 60)


@pytest.mark.long
def test_a_thousand_customers_are_scored_from_memory_as_in_batch(scored: Scored, live: Live):
    check_equal(scored, live, 1_000)


def test_whoever_comes_is_seen_at_once(scored: Scored, live: Live):
    ring_id, devices = devices_of_worst_ring(scored.store)
    names = ["ONE", "TWO", "THREE"]
    for name in names:  # each is a further neighbour of those before
        application = newcomer(scored.store, name, [("USES_DEVICE", device) for device in devices])
        remembered = assessed(scored, application, live)
        assert remembered == assessed(scored, application, None)
        assert remembered.customer.ring_id == ring_id
    for name in names:
        application = NodeRef("Application", f"NEW-{name}")
        assert assessed(scored, application, live) == assessed(scored, application, None)


def test_fraud_that_is_confirmed_next_door_raises_the_next_answer(scored: Scored, live: Live):
    first = newcomer(scored.store, "FIRST", [("USES_PHONE", NodeRef("Phone", "+8613800009999"))])
    second = newcomer(scored.store, "SECOND", [("USES_PHONE", NodeRef("Phone", "+8613800009999"))])
    before = assessed(scored, second, live)
    told = Fact(first, "label", "confirmed_fraud", NOW, NOW, "test")
    scored.store.upsert(GraphBatch(facts=[told]))
    after = assessed(scored, second, live)
    assert after == assessed(scored, second, None)
    assert after.customer.score > before.customer.score
    assert assessed(scored, first, live) == assessed(scored, first, None)


def test_what_another_process_writes_is_seen_by_the_next_question(scored: Scored, live: Live):
    _, devices = devices_of_worst_ring(scored.store)
    applications = some_applications(scored.store, 30)
    for application in applications[:3]:
        assessed(scored, application, live)
    write = (
        "import sys; from graph_model.stores import open_store; from graph_model.records import NodeRef; "
        "from tests.gnn.test_online import newcomer; store = open_store(sys.argv[1]); "
        "[newcomer(store, f'OTHER{n}', [('USES_DEVICE', NodeRef('Device', key)) for key in sys.argv[2:]]) for n in range(5)]"
    )
    keys = [device.key for device in devices]
    subprocess.run([sys.executable, "-c", write, scored.store.address, *keys], check=True)
    for application in [NodeRef("Application", "NEW-OTHER4"), *applications]:
        assert assessed(scored, application, live) == assessed(scored, application, None)


def test_many_threads_get_the_answers_that_the_store_gives(scored: Scored, live: Live):
    """Applications come in between, and each is known to whoever asks after it."""
    _, devices = devices_of_worst_ring(scored.store)
    scorer = Scorer(scored.store, scored.models, live=live)

    def one(number: int) -> Assessed:
        application = newcomer(scored.store, f"THREAD{number}", [("USES_DEVICE", device) for device in devices])
        return scorer.assess(application, as_of=NOW, scored_at=NOW, write=False)

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(one, range(12)))
    assert all(told.degraded == () for told in found)
    for number in range(12):
        application = NodeRef("Application", f"NEW-THREAD{number}")
        assert assessed(scored, application, live) == assessed(scored, application, None)


def test_what_becomes_known_later_is_seen_then_though_nobody_writes(scored: Scored):
    plant_the_future(scored.store, AFTERWARDS)
    moments = [AFTERWARDS]
    live = Live(scored.store, most=10**9, clock=lambda: moments[0])
    assert live.wait(60)
    with live.at(AFTERWARDS) as before:
        assert before is not None
    applications = some_applications(scored.store, 15)
    then = [assessed(scored, application, live, AFTERWARDS) for application in applications]
    assert then == [assessed(scored, application, None, AFTERWARDS) for application in applications]
    later = moments[0] = AFTERWARDS + timedelta(days=40)
    assert answers_again(live, later)  # much becomes known, and is taken in a piece at a time
    with live.at(later) as graph:
        assert graph is before  # not read anew
    now = [assessed(scored, application, live, later) for application in applications]
    assert now == [assessed(scored, application, None, later) for application in applications]
    assert [one.customer.score for one in now] != [one.customer.score for one in then]
    live.close()


def answers_again(live: Live, at: datetime) -> bool:
    end = time.monotonic() + 20
    while time.monotonic() < end:
        with live.at(at) as graph:
            if graph is not None:
                return True
        time.sleep(0.05)
    return False


def test_a_moment_before_what_is_known_is_the_stores_to_answer(scored: Scored, live: Live):
    application = newcomer(scored.store, "LATE")
    assessed(scored, application, live)
    with live.at(AFTERWARDS) as graph:
        assert graph is None
    with live.at(NOW) as graph:
        assert graph is not None


def test_rings_of_a_new_scoring_are_taken_up(scored: Scored, live: Live):
    application = some_applications(scored.store, 3)[1]
    assessed(scored, application, live)
    for path in (scored.models / "rings").iterdir():
        path.unlink()
    lost = assessed(scored, application, live)
    assert lost == assessed(scored, application, None)
    score(scored.store, as_of=NOW, scored_at=NOW, models=scored.models)
    again = assessed(scored, application, live)
    assert again == assessed(scored, application, None)
    assert again.degraded == ()


class Watched:
    """A store that tells how many nodes each verb was asked about."""

    def __init__(self, store: GraphStore) -> None:
        self._store = store
        self.asked: dict[str, list[int]] = {}

    def __getattr__(self, name: str) -> Any:
        verb = getattr(self._store, name)

        def watched(*args: Any, **options: Any) -> Any:
            self.asked.setdefault(name, []).append(len(args[0]) if args and isinstance(args[0], Sized) else 0)
            return verb(*args, **options)

        return watched


def test_whoever_was_in_a_ring_of_the_last_scoring_is_not_looked_up_again_for_the_next(scored: Scored, live: Live):
    member = scored.store.select("Customer", Not(Missing("ring_id")), limit=1)[0]
    made = scored.store.neighbourhood(member.node_id, hops=1, types=("APPLIED",)).nodes
    application = next(node.node_id for node in made if node.label == "Application")
    others = some_applications(scored.store, 12)
    store = Watched(scored.store)
    scorer = Scorer(cast(GraphStore, store), scored.models, live=live)
    scorer.assess(application, as_of=NOW, scored_at=NOW, write=False)
    assert max(store.asked["handles"]) > 100  # the members of all rings
    score(scored.store, as_of=NOW, scored_at=NOW, models=scored.models)
    store.asked.clear()
    again = [scorer.assess(one, as_of=NOW, scored_at=NOW, write=False) for one in (application, *others)]
    assert max(store.asked["handles"]) == 1  # the application
    assert "edges_at" not in store.asked  # by which surroundings are read: all was answered from memory
    assert again == [assessed(scored, one, None) for one in (application, *others)]
    assert again[0].customer.ring_id is not None


def test_the_first_answer_after_a_start_need_not_look_for_the_members_of_rings(scored: Scored):
    store = Watched(scored.store)
    live = Live(scored.store, most=2**30, clock=lambda: NOW)
    scorer = Scorer(cast(GraphStore, store), scored.models, live=live)
    live.start()
    try:
        assert live.wait(60)
        assert max(store.asked["handles"]) > 100
        store.asked.clear()
        (application,) = some_applications(scored.store, 1)
        found = scorer.assess(application, as_of=NOW, scored_at=NOW, write=False)
        assert store.asked["handles"] == [1]  # the application
        assert "edges_at" not in store.asked
        assert found == assessed(scored, application, None)
    finally:
        live.close()


class Preparing:
    """What is told of every graph that is read, and may fail over it."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.failure = failure
        self.told = 0

    def prepare(self, graph: LiveGraph, now: datetime) -> None:
        self.told += 1
        if self.failure is not None:
            raise self.failure


@pytest.mark.parametrize("failure", [PermissionError("rings"), StoreTimeout()])
def test_what_can_not_be_prepared_is_no_reason_to_read_the_graph_again(scored: Scored, failure: Exception):
    live = Live(scored.store, most=10**9, clock=lambda: AFTERWARDS)
    failing, other = Preparing(failure), Preparing()
    live.prepare_by(failing.prepare)
    live.prepare_by(other.prepare)
    with capture_logs() as logs:
        assert live.wait(60)
    assert (failing.told, other.told) == (1, 1)
    assert [line["event"] for line in logs] == ["live.unprepared", "live.read"]
    assert logs[0].get("error") == (None if isinstance(failure, StoreTimeout) else "PermissionError")
    assert "at" in logs[0] or "reason" in logs[0]  # where to look
    application = some_applications(scored.store, 1)[0]
    assert assessed(scored, application, live, AFTERWARDS) == assessed(scored, application, None, AFTERWARDS)
    live.close()


def test_where_much_was_written_the_store_answers_until_it_is_read_anew(
    scored: Scored, live: Live, moments: list[datetime], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("graph_model.stores.sqlite.changes.MOST", 2)
    monkeypatch.setattr(live_module, "_REST", 0)
    application = newcomer(scored.store, "MUCH", [("USES_DEVICE", NodeRef("Device", "much"))])
    scorer = Scorer(scored.store, scored.models, live=live)
    expected = assessed(scored, application, None)
    assert scorer.assess(application, as_of=NOW, scored_at=NOW, write=False) == expected
    live._not_before = 0.0
    moments[0] = NOW
    live._wake.set()
    assert live.wait(60)
    assert assessed(scored, application, live) == expected


def crowd(store: GraphStore, name: str, count: int) -> list[NodeRef]:
    """So many people nobody has heard of apply a minute after the last scoring, two by two from one handset; all are written at once."""
    at = AFTERWARDS + MINUTE / 2
    nodes, edges, applications = [], [], []
    for number in range(count):
        person, device = NodeRef("Customer", f"P:{name}{number}"), NodeRef("Device", f"{name}{number // 2}")
        application = NodeRef("Application", f"{name}-{number}")
        form = {"applied_at": at, "amount": 9_000.0, "product": "cash", "channel": "app", "term_months": 12}
        nodes += [NodeRecord(ref, at, at, "test", form if ref is application else {}) for ref in (person, application)]
        nodes.append(NodeRecord(device, at, at, "test"))
        edges.append(EdgeRecord("APPLIED", person, application, at, at, at, "test"))
        edges.append(EdgeRecord("USES_DEVICE", application, device, at, at, at, "test"))
        applications.append(application)
    store.upsert(GraphBatch(nodes, edges))
    return applications


def test_after_a_burst_of_applications_the_graph_in_memory_answers_again(
    scored: Scored, live: Live, moments: list[datetime]
):
    """It was read, and last asked, before any of them came."""
    moments[0] = NOW
    applications = crowd(scored.store, "BURST", 300)
    assert answers_again(live, NOW)
    for application in applications[::60]:
        assert assessed(scored, application, live) == assessed(scored, application, None)


def test_who_consents_and_who_was_written_to_are_nothing_to_it(
    scored: Scored, live: Live, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("graph_model.stores.sqlite.changes.MOST", 2)
    with live.at(NOW) as before:
        assert before is not None
    people = [NodeRef("Customer", key) for key in scored.store.scan_nodes("Customer").keys[:5]]
    asked = [Fact(person, "consent", "yes", NOW, NOW, "test", topic="sms") for person in people]
    written = [Fact(person, "contact", "sent", NOW, NOW, "test", topic="sms") for person in people]
    scored.store.upsert(GraphBatch(facts=asked))
    scored.store.upsert(GraphBatch(facts=written))
    with live.at(NOW) as after:
        assert after is before


def test_a_graph_that_is_let_go_is_let_go_by_whoever_asked_it(
    scored: Scored, live: Live, monkeypatch: pytest.MonkeyPatch
):
    """A scorer remembers who of it is in which ring."""
    scorer = Scorer(scored.store, scored.models, live=live)
    application = some_applications(scored.store, 1)[0]
    assert scorer._remembered(application, NOW) is not None
    with live.at(NOW) as graph:
        assert graph is not None
        held = weakref.ref(graph)
    monkeypatch.setattr("graph_model.stores.sqlite.changes.MOST", 2)
    newcomer(scored.store, "MUCH", [("USES_DEVICE", NodeRef("Device", "much"))])
    with live.at(NOW) as graph:
        assert graph is None
    assert held() is None


def test_a_graph_that_outgrows_what_it_may_take_is_let_go(scored: Scored, live: Live):
    with live.at(NOW) as graph:
        assert graph is not None
        most = live._most = graph.bytes
    for number in range(20):
        application = crowd(scored.store, f"WAVE{number}", 50)[-1]
        with live.at(NOW) as graph:
            if graph is None:
                break
            assert graph.bytes <= most
    assert graph is None
    assert not live.wait(0.5)
    told = Scorer(scored.store, scored.models, live=live).assess(application, as_of=NOW, scored_at=NOW, write=False)
    assert told == assessed(scored, application, None)


def test_more_than_it_may_take_is_not_read(scored: Scored):
    live = Live(scored.store, most=bytes_for(scored.store.statistics()) - 1, clock=lambda: AFTERWARDS)
    assert not live.wait(0.5)
    application = some_applications(scored.store, 1)[0]
    told = Scorer(scored.store, scored.models, live=live).assess(application, as_of=NOW, scored_at=NOW, write=False)
    assert told == assessed(scored, application, None)
    live.close()


def test_it_takes_about_what_is_told_before(scored: Scored, live: Live):
    with live.at(AFTERWARDS) as graph:
        assert graph is not None
        told = bytes_for(scored.store.statistics())
        assert 0.6 * told < graph.bytes < told


# --- graphs of every shape -------------------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(written=st.lists(graphs(), min_size=2, max_size=3), hub_cap=st.integers(2, 5), after=st.integers(10, 70))
def test_whatever_is_written_the_rows_are_those_of_batch(written: list[GraphBatch], hub_cap: int, after: int):
    moments = [_DAY + timedelta(days=after), _DAY + timedelta(days=after + 9), _DAY + timedelta(days=90)]
    with TemporaryDirectory() as folder:
        store = open_store(f"sqlite:///{folder}/graph.db", create=True)
        other = open_store(store.address)
        store.upsert(written[0])
        live = Live(store, most=10**9, clock=lambda: moments[0])
        assert live.wait(30)
        check_rows(store, live, moments[0], hub_cap)
        for batch in written[1:]:
            other.upsert(batch)
            check_rows(store, live, moments[0], hub_cap)
        for moment in moments[1:]:
            check_rows(store, live, moment, hub_cap)
        live.close()
        other.close()
        store.close()


def check_rows(store: GraphStore, live: Live, at: datetime, hub_cap: int) -> None:
    as_of = AsOf.at(at)
    whole = export(store, as_of=as_of)
    asked = at_present(whole)
    words = vocabulary_of(whole, asked)
    customers = len(whole.customers.handles)
    config = FeatureConfig(RingConfig(hub_cap=hub_cap))
    rows = describe(whole, asked, words, config=config, rings=lambda mark: nobody(customers, mark)).values
    for place, handle in enumerate(whole.applications.handles.tolist()):
        with live.at(at) as graph:
            assert graph is not None
            view = nobody(graph.room, 0)
            moment = whole.as_of + 1
            found = facing(graph, handle, moment=moment, vocabulary=words, view=view, hub_cap=hub_cap)
        assert found is not None
        assert np.array_equal(found.table(store, words, as_of).values[0], rows[place], equal_nan=True)
