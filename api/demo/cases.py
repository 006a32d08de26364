"""Three customers worth searching, chosen from the store by what they are: a clean one, a member of a ring, one on a hub."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from graph_model.predicates import AllOf, Compare, Missing, Operator
from graph_model.records import Grade, Node
from graph_model.schema import SCHEMA
from graph_model.store import GraphStore

LOOKED_AT = 200  # candidates per case
DRAWN = range(8, 60)  # nodes of a neighbourhood that makes a good first picture


@dataclass(frozen=True, slots=True)
class Case:
    """`why` is for the reader of the demo's output."""

    name: str
    why: str
    id_number: str


def worth_searching(store: GraphStore) -> list[Case]:
    """In this order, leaving out what the portfolio doesn't have."""
    found = (_clean(store), _ring_member(store), _on_a_hub(store))
    return [case for case in found if case is not None]


def _clean(store: GraphStore) -> Case | None:
    """Grade A, in no ring, and nothing worse than A around."""
    lowest = AllOf((Compare("grade", Operator.EQ, Grade.A.value), Missing("ring_id")))
    for customer in store.select("Customer", lowest, order="score", limit=LOOKED_AT):
        around = store.neighbourhood(customer.node_id, hops=2, cap=25, limit=100)
        if len(around.nodes) in DRAWN and all(node.grade in (Grade.A, None) for node in around.nodes):
            return Case("clean customer", f"grade A, {len(around.nodes)} nodes around, all A", customer.key)
    return None


def _ring_member(store: GraphStore) -> Case | None:
    """The riskiest member of the ring with most known fraud that still draws well."""
    for ring in store.rings(limit=LOOKED_AT):
        members = store.select(
            "Customer", Compare("ring_id", Operator.EQ, ring.ring_id), order="score", descending=True, limit=1
        )
        if members and 4 <= ring.size <= 60:
            why = (
                f"grade {members[0].grade}, in a ring of {ring.size} customers, {ring.known_fraud} of them known fraud"
            )
            return Case("ring member", why, members[0].key)
    return None


def _on_a_hub(store: GraphStore) -> Case | None:
    """A customer of low risk on one of the busiest shared identifiers: a campus, a call centre, public Wi-Fi."""
    for hub, customers in _busiest(store):
        around = store.neighbourhood(hub, hops=1, cap=50, limit=200)
        harmless = sorted((n for n in around.nodes if n.label == "Customer"), key=_risk)
        if harmless:
            label = SCHEMA.node(around.nodes[0].label).caption.en
            why = f"shares one {label} with {customers:,} customers; the graph shows a part and says so"
            return Case("customer on a hub", why, harmless[0].key)
    return None


def _risk(node: Node) -> tuple[float, str]:
    return (node.score if node.score is not None else 1.0, node.key)


def _busiest(store: GraphStore) -> Iterator[tuple[str, int]]:
    """Identifiers with most customers, busiest first: (node_id, customers)."""
    counted: list[tuple[int, int]] = []
    for start, name, end in SCHEMA.triples:
        if start == "Customer" and end in SCHEMA.identifiers and not SCHEMA.relationship(name).human:
            ends = store.scan_edges(name, start, end).end
            if len(ends) > 0:
                handles, times = np.unique(ends, return_counts=True)
                top = np.argsort(-times, kind="stable")[:3]
                counted += [(int(times[i]), int(handles[i])) for i in top]
    counted.sort(reverse=True)
    ids = store.node_ids([handle for _, handle in counted[:LOOKED_AT]])
    yield from ((node_id, times) for node_id, (times, _) in zip(ids, counted, strict=False))
