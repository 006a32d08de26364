"""The full graph (显示全图) of a subject: its ring and what the ring shares, else its component; by community where it is too big to draw."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import numpy as np

from graph_model.errors import InvalidRequest
from graph_model.predicates import Compare, Operator
from graph_model.principal import Principal, Right
from graph_model.records import AsOf, Edge, Grade, Node, Subgraph
from graph_model.schema import SCHEMA
from graph_model.services.layout import communities
from graph_model.services.layout.arrange import arrange
from graph_model.services.layout.geometry import Ints, adjacency
from graph_model.services.links import SOURCE_TYPES, is_human
from graph_model.services.lookup import by_node_id
from graph_model.services.masking import caption
from graph_model.services.relation_graph import asked_types, drawn, grade_of
from graph_model.services.views import CanvasEdge, CanvasNode, Member, NodeKind, RelationGraph, overview
from graph_model.store import GraphStore

MAX_DRAWN_NODES = 1_500
MAX_DRAWN_ELEMENTS = 15_000  # nodes and edges together
MAX_NODES = 20_000
SHARED_CAP = 50  # neighbours of one member that are looked at, per relationship type


def full_graph(
    store: GraphStore,
    principal: Principal,
    subject_id: str,
    *,
    limit: int = 5_000,
    source_only: bool = False,
    as_of: AsOf | None = None,
) -> RelationGraph:
    """`source_only` leaves out what people drew. Raises NotFound, or InvalidRequest where `limit` is not within 1..MAX_NODES."""
    principal.require(Right.SEE_GRAPH)
    if not 1 <= limit <= MAX_NODES:
        raise InvalidRequest(f"limit is between 1 and {MAX_NODES}.")
    subject = by_node_id(store, subject_id, as_of=as_of)
    found: Subgraph | None = None
    if subject.ring_id is not None and principal.may(Right.SEE_RISK):
        types = asked_types(None, source_only=source_only)
        found = _ring_graph(store, subject, limit=limit, types=types, as_of=as_of)
        if found is not None and source_only:
            found = _from_sources(found)
    if found is None:
        found = store.component(subject_id, limit=limit, as_of=as_of)
        if source_only:
            found = _holding(_from_sources(found), subject_id)
    if len(found.nodes) <= MAX_DRAWN_NODES and len(found.nodes) + len(found.edges) <= MAX_DRAWN_ELEMENTS:
        return drawn(store, principal, subject_id, found, source_only=source_only, as_of=as_of)
    return _aggregated(principal, subject_id, found)


def _from_sources(graph: Subgraph) -> Subgraph:
    """The same nodes, without what people drew."""
    return replace(
        graph,
        edges=[edge for edge in graph.edges if not is_human(edge)],
        omissions=[omission for omission in graph.omissions if omission.type in SOURCE_TYPES],
    )


def _holding(graph: Subgraph, subject_id: str) -> Subgraph:
    """What the edges tie to the subject; the rest is left out."""
    tied: dict[str, list[str]] = {}
    for edge in graph.edges:
        tied.setdefault(edge.start, []).append(edge.end)
        tied.setdefault(edge.end, []).append(edge.start)
    reached, waiting = {subject_id}, [subject_id]
    while waiting:
        new = [other for other in tied.get(waiting.pop(), ()) if other not in reached]
        reached.update(new)
        waiting += new
    return Subgraph(
        [node for node in graph.nodes if node.node_id in reached],
        [edge for edge in graph.edges if edge.start in reached],
        {node_id: hop for node_id, hop in graph.hops.items() if node_id in reached},
        [omission for omission in graph.omissions if omission.node_id in reached],
    )


def _ring_graph(
    store: GraphStore, subject: Node, *, limit: int, types: Sequence[str] | None, as_of: AsOf | None
) -> Subgraph | None:
    """The subject, its ring's customers, and every node that at least two of them touch. None where the ring is the subject alone."""
    assert subject.ring_id is not None
    ring: Sequence[Node] = store.select("Customer", Compare("ring_id", Operator.EQ, subject.ring_id), limit=limit)
    if as_of is not None:
        # Who is in the ring today but was not known, or not in it, at that moment is no part of the answer.
        then = store.get_by_id([node.node_id for node in ring], as_of=as_of)
        ring = [node for node in then if node.ring_id == subject.ring_id]
    customers = list(dict.fromkeys([subject.node_id, *(node.node_id for node in ring)]))[:limit]
    if len(customers) < 2:
        return None
    touched: Counter[str] = Counter()
    for customer in customers:
        around = store.neighbourhood(customer, hops=1, cap=SHARED_CAP, limit=1_000, types=types, as_of=as_of)
        touched.update(node.node_id for node in around.nodes if node.node_id != customer)
    shared = [node_id for node_id, times in touched.items() if times >= 2]
    chosen = dict.fromkeys([*customers, *shared])
    return store.induced(list(chosen)[:limit], as_of=as_of)


def _aggregated(principal: Principal, subject_id: str, graph: Subgraph) -> RelationGraph:
    """One canvas node per community, one edge per pair of communities that are tied."""
    index = {node.node_id: i for i, node in enumerate(graph.nodes)}
    pairs = np.asarray([(index[e.start], index[e.end]) for e in graph.edges], dtype=np.int64).reshape(-1, 2)
    labels = communities(adjacency(len(graph.nodes), pairs))
    names = [f"community~{graph.nodes[int(i)].node_id}" for i in np.unique(labels, return_index=True)[1]]
    edges = _edges_between(graph.edges, pairs, labels, names)
    home = int(labels[index[subject_id]])
    position_of = {name: i for i, name in enumerate(names)}
    placement = arrange(
        len(names), [(position_of[edge.source], position_of[edge.target]) for edge in edges], subject=home
    )
    degrees = Counter(name for edge in edges for name in (edge.source, edge.target))
    nodes = tuple(
        _community(
            principal,
            name,
            [graph.nodes[int(i)] for i in np.flatnonzero(labels == number)],
            place=placement.positions[number].tolist(),
            hop=int(placement.hops[number]),
            degree=degrees[name],
            is_home=number == home,
        )
        for number, name in enumerate(names)
    )
    counted = [
        Member(names[int(label)], node.label, grade_of(node, principal), node.node_id == subject_id)
        for node, label in zip(graph.nodes, labels, strict=True)
    ]
    return RelationGraph(
        subject_id, nodes, edges, overview(counted), tuple(graph.omissions), aggregated=True, total=len(graph.nodes)
    )


def _community(
    principal: Principal,
    name: str,
    parts: Sequence[Node],
    *,
    place: Sequence[float],
    hop: int,
    degree: int,
    is_home: bool,
) -> CanvasNode:
    """A community has the middle grade of its graded nodes and its customers' mean score; its type is the most common one."""
    types = Counter(node.label for node in parts)
    grades = sorted(node.grade for node in parts if node.grade is not None)
    scores = [node.score for node in parts if node.score is not None and node.label == "Customer"]
    risk = principal.may(Right.SEE_RISK)
    rings = {node.ring_id for node in parts if node.label == "Customer"}
    lead = (
        max((n for n in parts if n.label == "Customer"), key=lambda n: n.score or 0.0, default=parts[0])
        if risk
        else parts[0]
    )
    return CanvasNode(
        id=name,
        kind=NodeKind.COMMUNITY,
        type=max(types, key=lambda label: (types[label], -SCHEMA.labels.index(label))),
        caption=caption(lead, principal),
        grade=Grade(grades[len(grades) // 2]) if risk and len(grades) > 0 else None,
        score=round(sum(scores) / len(scores), 4) if risk and len(scores) > 0 else None,
        ring_id=next(iter(rings)) if risk and len(rings) == 1 else None,
        x=place[0],
        y=place[1],
        hop=hop if hop >= 0 else None,
        degree=degree,
        is_subject=is_home,
        size=len(parts),
    )


def _edges_between(edges: Sequence[Edge], pairs: Ints, labels: Ints, names: Sequence[str]) -> tuple[CanvasEdge, ...]:
    grouped: dict[tuple[int, int], list[Edge]] = {}
    for edge, (a, b) in zip(edges, labels[pairs], strict=True):
        if a != b:
            grouped.setdefault((int(min(a, b)), int(max(a, b))), []).append(edge)
    return tuple(_tie(names[a], names[b], parts) for (a, b), parts in sorted(grouped.items()))


def _tie(source: str, target: str, parts: Sequence[Edge]) -> CanvasEdge:
    """The relationships between two communities, as one; its type is the most common."""
    kind = Counter(edge.type for edge in parts).most_common(1)[0][0]
    first: datetime = min(edge.first_seen for edge in parts)
    last: datetime = max(edge.last_seen for edge in parts)
    return CanvasEdge(f"{source}~{target}", source, target, kind, "", first, last, human=False, weight=len(parts))
