"""Words in which the suite tells its stories: short names for days, nodes and relationships, and a few small frauds."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from graph_model.records import EdgeRecord, Fact, GraphBatch, Node, NodeRecord, NodeRef, Subgraph
from graph_model.schema import Value
from graph_model.store import GraphStore

START = datetime(2025, 1, 1, tzinfo=UTC)
SOURCE = "core"


def day(number: float) -> datetime:
    return START + timedelta(days=number)


def customer(key: str) -> NodeRef:
    return NodeRef("Customer", key)


def device(key: str) -> NodeRef:
    return NodeRef("Device", key)


def phone(key: str) -> NodeRef:
    return NodeRef("Phone", key)


def address(key: str) -> NodeRef:
    return NodeRef("Address", key)


def application(key: str) -> NodeRef:
    return NodeRef("Application", key)


def employer(key: str) -> NodeRef:
    return NodeRef("Employer", key)


def node(
    ref: NodeRef, seen: float = 1, *, recorded: float | None = None, source: str = SOURCE, **properties: Value
) -> NodeRecord:
    return NodeRecord(ref, day(seen), day(seen if recorded is None else recorded), source, properties)


def edge(
    type: str,
    start: NodeRef,
    end: NodeRef,
    seen: float = 1,
    *,
    last: float | None = None,
    recorded: float | None = None,
    qualifier: str = "",
    source: str = SOURCE,
    **properties: Value,
) -> EdgeRecord:
    return EdgeRecord(
        type=type,
        start=start,
        end=end,
        first_seen=day(seen),
        last_seen=day(seen if last is None else last),
        recorded_at=day(seen if recorded is None else recorded),
        source=source,
        qualifier=qualifier,
        properties=properties,
    )


def fact(
    about: NodeRef,
    kind: str,
    value: str,
    at: float,
    *,
    recorded: float | None = None,
    topic: str = "",
    source: str = SOURCE,
) -> Fact:
    return Fact(about, kind, value, day(at), day(at if recorded is None else recorded), source, topic)


def batch(*edges: EdgeRecord, nodes: Sequence[NodeRecord] = (), facts: Sequence[Fact] = ()) -> GraphBatch:
    """These edges with a record for every end that `nodes` doesn't describe."""
    described = {record.ref for record in nodes}
    ends: dict[NodeRef, NodeRecord] = {}
    for relationship in edges:
        for ref in (relationship.start, relationship.end):
            if ref not in described and (ref not in ends or ends[ref].seen > relationship.first_seen):
                ends[ref] = NodeRecord(ref, relationship.first_seen, relationship.recorded_at, SOURCE)
    return GraphBatch([*nodes, *ends.values()], edges, facts)


def known(store: GraphStore, ref: NodeRef) -> Node:
    found = store.get(ref)
    assert found is not None, f"{ref} is not in the store"
    return found


def id_of(store: GraphStore, ref: NodeRef) -> str:
    return known(store, ref).node_id


def keys(subgraph: Subgraph) -> list[str]:
    return [found.key for found in subgraph.nodes]


def device_farm(customers: int, hub: str = "farm") -> GraphBatch:
    """One handset behind many applicants, one a day; the last came last."""
    return batch(*(edge("USES_DEVICE", customer(f"c{i:05}"), device(hub), i) for i in range(customers)))


def referral_circle() -> GraphBatch:
    """c1 refers c2, c2 refers c3, c3 refers c1; c1 and c3 live together."""
    return batch(
        edge("REFERRED", customer("c1"), customer("c2"), 1),
        edge("REFERRED", customer("c2"), customer("c3"), 2),
        edge("REFERRED", customer("c3"), customer("c1"), 3),
        edge("HAS_ADDRESS", customer("c1"), address("home"), 4, qualifier="home"),
        edge("HAS_ADDRESS", customer("c3"), address("home"), 5, qualifier="home"),
    )
