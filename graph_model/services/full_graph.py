"""The full graph (显示全图) of a subject: its ring and what the ring shares, else its component; by community where it is too big to draw."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from math import sqrt

import numpy as np

from graph_model.errors import InvalidRequest, NotFound
from graph_model.principal import Principal, Right
from graph_model.records import AsOf, Edge, Grade, Node, Subgraph
from graph_model.schema import SCHEMA
from graph_model.services.layout import arrange_discs, communities
from graph_model.services.layout.geometry import Ints, adjacency
from graph_model.services.links import SOURCE_TYPES, is_human
from graph_model.services.lookup import by_node_id
from graph_model.services.masking import caption
from graph_model.services.relation_graph import RISKY, drawn, grade_of
from graph_model.services.ring_graph import ring_graph
from graph_model.services.views import CanvasEdge, CanvasNode, Member, NodeKind, RelationGraph, overview
from graph_model.store import GraphStore

MAX_DRAWN = 15_000  # elements: nodes and edges together, or a few nodes with very many edges would freeze a page
MAX_NODES = 20_000
MAX_OUTSIDE = 25  # nodes of other communities that are shown with one that is opened


def full_graph(
    store: GraphStore,
    principal: Principal,
    subject_id: str,
    *,
    limit: int = 5_000,
    community: str | None = None,
    source_only: bool = False,
    as_of: AsOf | None = None,
    now: datetime | None = None,
) -> RelationGraph:
    """`source_only` leaves out what people drew. `community` is a node: of a graph too big to draw, the community that holds it is opened.
    `now` as in `relation_graph`. Raises NotFound, or InvalidRequest where `limit` is not within 1..MAX_NODES."""
    principal.require(Right.SEE_GRAPH)
    if not 1 <= limit <= MAX_NODES:
        raise InvalidRequest(f"limit is between 1 and {MAX_NODES}.")
    found = _found(store, principal, subject_id, limit=limit, source_only=source_only, as_of=as_of)
    if len(found.nodes) + len(found.edges) <= MAX_DRAWN:
        return drawn(store, principal, subject_id, found, source_only=source_only, as_of=as_of, now=now)
    parts = _Parts.of(found)
    if community is None:
        return _aggregated(principal, subject_id, parts)
    opened = parts.opened(community)
    home = subject_id in {node.node_id for node in opened.nodes}
    middle = None if home else opened.nodes[0].node_id
    shown = drawn(store, principal, subject_id, opened, middle=middle, source_only=source_only, as_of=as_of, now=now)
    return replace(shown, total=len(found.nodes))


def _found(
    store: GraphStore, principal: Principal, subject_id: str, *, limit: int, source_only: bool, as_of: AsOf | None
) -> Subgraph:
    """The ring and what it shares, else the component."""
    subject = by_node_id(store, subject_id, as_of=as_of)
    found: Subgraph | None = None
    if subject.ring_id is not None and principal.may(Right.SEE_RISK):
        found = ring_graph(store, subject, limit=limit, source_only=source_only, as_of=as_of)
        if found is not None and source_only:
            found = _from_sources(found)
    if found is None:
        found = store.component(subject_id, limit=limit, as_of=as_of)
        if source_only:
            found = _holding(_from_sources(found), subject_id)
    return found


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


@dataclass(frozen=True, slots=True)
class _Parts:
    """A graph and the community number of each of its nodes. A community is known by its first node."""

    graph: Subgraph
    index: Mapping[str, int]
    pairs: Ints  # the ends of each edge, as places among the nodes
    labels: Ints

    @classmethod
    def of(cls, graph: Subgraph) -> "_Parts":
        index = {node.node_id: i for i, node in enumerate(graph.nodes)}
        pairs = np.asarray([(index[e.start], index[e.end]) for e in graph.edges], dtype=np.int64).reshape(-1, 2)
        return cls(graph, index, pairs, communities(adjacency(len(graph.nodes), pairs)))

    def opened(self, node_id: str) -> Subgraph:
        """The community that holds a node, and what of the others at least two of its members touch. Raises NotFound."""
        if node_id not in self.index:
            raise NotFound(
                f"There is no node {node_id} in this graph. Open the graph again and choose a community of it."
            )
        inside = self.labels == self.labels[self.index[node_id]]
        crossing = self.pairs[inside[self.pairs[:, 0]] != inside[self.pairs[:, 1]]]
        outside = np.where(inside[crossing[:, 0]], crossing[:, 1], crossing[:, 0])
        touched, times = np.unique(outside, return_counts=True)
        order = np.argsort(-times, kind="stable")
        shared = touched[order][times[order] >= 2][:MAX_OUTSIDE]
        chosen = {self.graph.nodes[i].node_id for i in [*np.flatnonzero(inside).tolist(), *shared.tolist()]}
        return replace(
            self.graph,
            nodes=[node for node in self.graph.nodes if node.node_id in chosen],
            edges=[edge for edge in self.graph.edges if edge.start in chosen and edge.end in chosen],
            hops={},
            omissions=[omission for omission in self.graph.omissions if omission.node_id in chosen],
        )


def _aggregated(principal: Principal, subject_id: str, parts: _Parts) -> RelationGraph:
    """One canvas node per community, one edge per pair of communities that are tied."""
    graph, labels = parts.graph, parts.labels
    names = [f"community~{graph.nodes[int(i)].node_id}" for i in np.unique(labels, return_index=True)[1]]
    edges = _edges_between(graph.edges, parts.pairs, labels, names)
    home = int(labels[parts.index[subject_id]])
    place_of = {name: i for i, name in enumerate(names)}
    sizes = np.bincount(labels, minlength=len(names))
    ties = {(place_of[edge.source], place_of[edge.target]): edge.weight for edge in edges}
    placement = arrange_discs([diameter(int(size)) / 2 for size in sizes], ties, subject=home)
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


def diameter(size: int) -> float:
    """Of the circle that stands for so many nodes: its area grows with their number, and the smallest holds a caption."""
    return min(64 + 6 * sqrt(size), 190.0)


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
        risky=sum(node.grade in RISKY for node in parts) if risk else 0,
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
