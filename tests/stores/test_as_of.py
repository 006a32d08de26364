"""The time machine: whatever is asked as of a moment, nothing that came later, or was recorded later, is in the answer."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import chain

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graph_model.columns import AssessmentColumns
from graph_model.records import AsOf, Edge, Fact, GraphBatch, Node, Subgraph
from graph_model.schema import SCHEMA
from graph_model.store import GraphStore
from tests.stores import portrait
from tests.stores.adapters import ADAPTERS, Adapter
from tests.stores.scenarios import day
from tests.stores.strategies import REFS, batches, moments

Dated = Node | Edge | Fact


def everything(store: GraphStore, ids: list[str], as_of: AsOf) -> Iterator[Dated]:
    """All that any verb gives as of a moment."""
    visible = store.get_by_id(ids, as_of=as_of)
    yield from visible
    for ref in REFS:
        found = store.get(ref, as_of=as_of)
        if found is not None:
            yield found
    for one in visible:
        yield from store.facts(one.node_id, as_of=as_of)
        for around in (
            store.neighbourhood(one.node_id, hops=3, cap=2, as_of=as_of),
            store.component(one.node_id, as_of=as_of),
        ):
            yield from chain(around.nodes, around.edges)
    among = store.induced(ids, as_of=as_of)
    yield from chain(among.nodes, among.edges)
    for other in visible[1:3]:
        for path in store.paths(visible[0].node_id, other.node_id, as_of=as_of):
            yield from chain(path.nodes, path.edges)


def moments_of(dated: Dated) -> tuple[list[datetime], datetime]:
    if isinstance(dated, Fact):
        return [dated.at], dated.recorded_at
    return [dated.first_seen, dated.last_seen], dated.recorded_at


@pytest.mark.slow
@pytest.mark.parametrize(
    "adapter",
    [
        # Neo4j plans some hundred questions first.
        pytest.param(adapter, id=name, marks=[pytest.mark.long] if name == "neo4j" else [])
        for name, adapter in ADAPTERS.items()
    ],
)
def test_nothing_later_is_ever_returned(adapter: Adapter, tmp_path_factory: pytest.TempPathFactory) -> None:
    @given(
        written=st.lists(batches(), min_size=1, max_size=3), event=moments, recorded=st.none() | moments, scored=moments
    )
    @settings(max_examples=adapter.examples(40), deadline=None, suppress_health_check=list(HealthCheck))
    def check(written: list[GraphBatch], event: datetime, recorded: datetime | None, scored: datetime) -> None:
        store = adapter.create(tmp_path_factory.mktemp("as-of")).store
        for batch in written:
            store.upsert(batch)
        columns = [store.scan_nodes(label) for label in SCHEMA.labels]
        handles = np.concatenate([c.handles for c in columns])
        ids = store.node_ids(handles)
        score_all(store, handles, scored)
        as_of = AsOf(event, recorded)

        for dated in everything(store, ids, as_of):
            happened, recorded_at = moments_of(dated)
            assert max(happened) <= event
            assert recorded is None or recorded_at <= recorded
            if isinstance(dated, Node) and dated.grade is not None:
                assert scored <= event
                assert recorded is None or scored <= recorded
        event_ms = int(event.timestamp() * 1000)
        for start, type, end in SCHEMA.triples:
            edges = store.scan_edges(type, start, end, as_of=as_of)
            assert np.all(edges.first_seen <= event_ms) and np.all(edges.last_seen <= event_ms)
        for kind in SCHEMA.facts:
            assert np.all(store.scan_facts(kind.name, as_of=as_of).at <= event_ms)
        store.close()

    check()


def score_all(store: GraphStore, handles: np.ndarray, moment: datetime) -> None:
    count = len(handles)
    store.append_assessments(
        AssessmentColumns(
            handles=handles,
            score=np.full(count, 0.5),
            grade=np.full(count, 2, dtype=np.int8),
            ring=np.full(count, -1, dtype=np.int32),
            rings=[],
            reasons=["[]"] * count,
        ),
        source="model",
        model_version="m1",
        policy_version="p1",
        as_of=moment,
        scored_at=moment,
    )


@pytest.mark.slow
def test_what_is_learnt_later_does_not_change_how_the_past_looks(
    adapter: Adapter, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Records of days 10 and later leave who and what is seen as of day 9 as it was. Only the moment of the last sighting may fall
    back to the first: between the first and the last the store keeps none."""

    @given(before=batches(), after=batches())
    @settings(max_examples=adapter.examples(30), deadline=None, suppress_health_check=list(HealthCheck))
    def check(before: GraphBatch, after: GraphBatch) -> None:
        store = adapter.create(tmp_path_factory.mktemp("past")).store
        store.upsert(before)
        then = AsOf.at(day(9))
        ids = store.node_ids(np.concatenate([store.scan_nodes(label).handles for label in SCHEMA.labels]))

        def look() -> list[object]:
            return [
                [outline(store.neighbourhood(one, hops=3, as_of=then)) for one in ids],
                [outline(store.component(one, hub=3, as_of=then)) for one in ids],
                store.degrees(ids, as_of=then),
                [store.facts(one, as_of=then) for one in ids],
            ]

        seen = look()
        store.upsert(shifted(after, 10))
        assert look() == seen
        store.close()

    check()


def outline(answer: Subgraph) -> object:
    nodes, edges, hops, omissions = portrait.of_subgraph(answer)
    return set(nodes), set(edges), hops, omissions


def shifted(batch: GraphBatch, days: int) -> GraphBatch:
    """The same records so many days later, without node properties, which have no history."""
    later = timedelta(days=days)
    return GraphBatch(
        [n._replace(seen=n.seen + later, recorded_at=n.recorded_at + later, properties={}) for n in batch.nodes],
        [
            e._replace(
                first_seen=e.first_seen + later,
                last_seen=e.last_seen + later,
                recorded_at=e.recorded_at + later,
            )
            for e in batch.edges
        ],
        [f._replace(at=f.at + later, recorded_at=f.recorded_at + later) for f in batch.facts],
    )
