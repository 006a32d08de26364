"""The graph as HeteroData: what is in it, and that nothing of later than its day ever is."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from gnn.arrays.export import export
from gnn.features.vocabulary import Vocabulary, learn_vocabulary
from gnn.hetero import hetero, labels, typed_graph
from graph_model.records import AsOf, EdgeRecord, Fact, GraphBatch, NodeRecord, NodeRef
from graph_model.store import GraphStore
from tests.gnn.graphs import Applied, Story, Use

DAY = datetime(2026, 3, 1, tzinfo=UTC)
BEFORE, LATER, TODAY = DAY - timedelta(days=30), DAY + timedelta(days=30), DAY
ANN, BOB, CAROL = (NodeRef("Customer", f"P:{name}") for name in ("ANN", "BOB", "CAROL"))
PHONE = NodeRef("Device", "shared")
FIRST, SECOND = NodeRef("Application", "A1"), NodeRef("Application", "A2")


def person(ref: NodeRef, seen: datetime, recorded: datetime) -> NodeRecord:
    return NodeRecord(ref, seen, recorded, "test")


def tie(kind: str, start: NodeRef, end: NodeRef, seen: datetime, recorded: datetime) -> EdgeRecord:
    return EdgeRecord(kind, start, end, seen, seen, recorded, "test")


def application(ref: NodeRef, seen: datetime, recorded: datetime) -> NodeRecord:
    return NodeRecord(ref, seen, recorded, "test", {"applied_at": seen, "amount": 9_000.0})


def known_today() -> GraphBatch:
    """Two who share a device; one applied."""
    nodes = [person(ANN, BEFORE, BEFORE), person(BOB, BEFORE, BEFORE), person(PHONE, BEFORE, BEFORE)]
    edges = [tie("USES_DEVICE", who, PHONE, BEFORE, BEFORE) for who in (ANN, BOB)]
    edges.append(tie("APPLIED", ANN, FIRST, BEFORE, BEFORE))
    return GraphBatch([*nodes, application(FIRST, BEFORE, BEFORE)], edges)


def planted() -> GraphBatch:
    """What happens after today, and what happened before but was recorded only later."""
    nodes, edges = [], []
    for ref, seen in ((CAROL, LATER), (SECOND, BEFORE)):
        nodes.append(application(ref, seen, LATER) if ref is SECOND else person(ref, seen, LATER))
    edges.append(tie("USES_DEVICE", CAROL, PHONE, LATER, LATER))
    edges.append(tie("APPLIED", BOB, SECOND, BEFORE, LATER))
    edges.append(tie("REFERRED", ANN, BOB, BEFORE, LATER))
    facts = [
        Fact(FIRST, "label", "confirmed_fraud", LATER, LATER, "test"),
        Fact(FIRST, "label", "good", BEFORE, LATER, "test"),
    ]
    return GraphBatch(nodes, edges, facts)


def test_planted_future_links_labels_and_late_records_change_nothing(empty_store: GraphStore):
    pytest.importorskip("torch_geometric", reason="HeteroData needs the extra `gnn`.")
    empty_store.upsert(known_today())
    words = Vocabulary({})
    before = hetero(export(empty_store, as_of=AsOf.at(TODAY)), words)
    empty_store.upsert(planted())
    after = hetero(export(empty_store, as_of=AsOf.at(TODAY)), words)
    assert before.node_types == after.node_types and before.edge_types == after.edge_types
    for one, other in zip(before.stores, after.stores, strict=True):
        assert list(one.keys()) == list(other.keys())
        for name in one.keys():  # noqa: SIM118 (a store of PyG's is no mapping of its keys)
            assert one[name].equal(other[name]), (name, one, other)
    assert after["Application"].y.tolist() == [-1]
    # Later all of it is there: the test would notice.
    much_later = hetero(export(empty_store, as_of=AsOf.at(LATER + timedelta(days=1))), words)
    assert much_later["Customer"].num_nodes == 3 and much_later["Application"].num_nodes == 2
    assert much_later["Customer", "USES_DEVICE", "Device"].num_edges == 3
    assert much_later["Customer", "REFERRED", "Customer"].num_edges == 1
    assert 1 in much_later["Application"].y.tolist() or 0 in much_later["Application"].y.tolist()


def test_types_come_from_the_schema_and_links_go_both_ways():
    pytest.importorskip("torch_geometric", reason="HeteroData needs the extra `gnn`.")
    story = Story(
        3,
        [Use(0, 0), Use(1, 0), Use(2, 1, since=5)],
        [Applied(0, 10, fraud_known=50), Applied(1, 20, good_known=90), Applied(2, 30)],
    )
    arrays = story.arrays()
    data = hetero(arrays, learn_vocabulary({"application_product": arrays.applications.properties["product"]}))
    assert set(data.node_types) == {"Customer", "Application", "Device"}
    forth = data["Customer", "USES_DEVICE", "Device"].edge_index
    assert forth.tolist() == [[0, 1, 2], [0, 0, 1]]
    assert data["Device", "rev_USES_DEVICE", "Customer"].edge_index.tolist() == forth.flip(0).tolist()
    assert data["Application"].y.tolist() == [1, 0, -1]
    assert all(not values.isnan().any() for values in data.x_dict.values())
    data.validate()


def test_our_own_nets_read_the_same_graph():
    story = Story(3, [Use(0, 0), Use(1, 0), Use(2, 1)], [Applied(0, 10, fraud_known=50), Applied(1, 20)])
    arrays = story.arrays()
    graph = typed_graph(arrays, Vocabulary({}))
    assert labels(arrays).tolist() == [1, -1]
    links = graph.relations["Device", "rev_USES_DEVICE", "Customer"]
    assert links.indices.tolist() == [0, 0, 1] and links.targets == 3
    assert all(np.isfinite(rows).all() for rows in graph.features.values())
