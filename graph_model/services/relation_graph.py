"""The relation graph (关系图) of a subject: its neighbourhood with places, the overview of the same nodes, and what was left out."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from graph_model.errors import InvalidRequest
from graph_model.principal import Principal, Right
from graph_model.records import AsOf, Edge, Grade, Node, Omission, Subgraph
from graph_model.schema import SCHEMA
from graph_model.services.blocklist import blocked
from graph_model.services.layout import arrange, fan
from graph_model.services.links import SOURCE_TYPES, HumanLink, is_human, links_of
from graph_model.services.masking import caption
from graph_model.services.views import CanvasEdge, CanvasNode, Expansion, Member, NodeKind, RelationGraph, overview
from graph_model.store import GraphStore

MAX_HOPS = 4
MAX_NODES = 1_500
MAX_CAP = 200
MAX_KNOWN = 2_000
RISKY = frozenset({Grade.C, Grade.D})


def relation_graph(
    store: GraphStore,
    principal: Principal,
    subject_id: str,
    *,
    hops: int = 2,
    limit: int = 150,
    cap: int = 25,
    types: Sequence[str] | None = None,
    source_only: bool = False,
    as_of: AsOf | None = None,
    now: datetime | None = None,
) -> RelationGraph:
    """`source_only` leaves out what people drew. `now` is when the blocklist is looked at where `as_of` names no moment; without either it
    is not looked at. Raises NotFound, or InvalidRequest outside 1..MAX_HOPS, 1..MAX_CAP, 1..MAX_NODES."""
    principal.require(Right.SEE_GRAPH)
    _within("hops", hops, MAX_HOPS)
    _within("limit", limit, MAX_NODES)
    _within("cap", cap, MAX_CAP)
    followed = asked_types(types, source_only=source_only)
    found = store.neighbourhood(subject_id, hops=hops, cap=cap, limit=limit, types=followed, as_of=as_of)
    return drawn(store, principal, subject_id, found, source_only=source_only, as_of=as_of, now=now)


def asked_types(types: Sequence[str] | None, *, source_only: bool) -> Sequence[str] | None:
    """The relationship types to follow, None for all. Raises UnknownName."""
    if not source_only:
        return types
    asked = SOURCE_TYPES if types is None else [SCHEMA.relationship(name).name for name in types]
    return [name for name in asked if name in SOURCE_TYPES]


def drawn(
    store: GraphStore,
    principal: Principal,
    subject_id: str,
    graph: Subgraph,
    *,
    middle: str | None = None,
    source_only: bool = False,
    as_of: AsOf | None,
    now: datetime | None = None,
) -> RelationGraph:
    """A sub-graph as a canvas shows it: every node with its place. It holds the subject, or else another node that stands in its `middle`."""
    index = {node.node_id: i for i, node in enumerate(graph.nodes)}
    placement = arrange(
        len(graph.nodes),
        [(index[edge.start], index[edge.end]) for edge in graph.edges],
        subject=index[middle or subject_id],
        order=[SCHEMA.labels.index(node.label) for node in graph.nodes],
    )
    degrees = total_degrees(store, [node.node_id for node in graph.nodes], source_only=source_only, as_of=as_of)
    links = links_of(store, graph.edges, as_of=as_of)
    listed = _listed(store, principal, list(index), as_of=as_of, now=now)
    nodes = tuple(
        canvas_node(
            node,
            principal,
            place=(float(x), float(y)),
            hop=int(hop) if hop >= 0 else None,
            degree=degrees.get(node.node_id, 0),
            is_subject=node.node_id == subject_id,
            blocklisted=node.node_id in listed,
        )
        for node, (x, y), hop in zip(graph.nodes, placement.positions, placement.hops, strict=True)
    )
    return RelationGraph(
        subject_id=subject_id,
        nodes=nodes,
        edges=tuple(canvas_edge(edge, links) for edge in graph.edges),
        overview=overview(members(nodes)),
        omissions=tuple(graph.omissions),
        aggregated=False,
        total=len(nodes),
        simplified=placement.cut_short,
    )


def expansion(
    store: GraphStore,
    principal: Principal,
    node_id: str,
    *,
    known: Sequence[str] = (),
    positions: Sequence[float] = (),
    type: str | None = None,
    cap: int = 25,
    source_only: bool = False,
    as_of: AsOf | None = None,
    now: datetime | None = None,
) -> Expansion:
    """A node's neighbours that are not among `known`, the most recently seen first, at most `cap` in all, and every edge among them, the node and `known`.

    `positions` holds x and y of each known node in turn; the new ones are then set down clear of them. Without it the new places are
    offsets from the node. Raises NotFound, or InvalidRequest for bad bounds or where `positions` does not match `known`.
    """
    principal.require(Right.SEE_GRAPH)
    _within("cap", cap, MAX_CAP)
    if len(known) > MAX_KNOWN:
        raise InvalidRequest(f"known holds at most {MAX_KNOWN} ids.")
    if len(positions) not in (0, 2 * len(known)):
        raise InvalidRequest("positions holds x and y for each id of known, or nothing.")
    asked = None if type is None else [SCHEMA.relationship(type).name]
    types = asked_types(asked, source_only=source_only)
    drawn_already = {node_id, *known}
    # Known neighbours count against the store's cap, so it is asked for that many more.
    wide = min(cap + len(drawn_already), 5_000)
    around = store.neighbourhood(node_id, hops=1, cap=wide, limit=min(wide * 4, 20_000), types=types, as_of=as_of)
    new = [node for node in around.nodes if node.node_id not in drawn_already][:cap]
    new_ids = {node.node_id for node in new}
    whole = store.induced([*drawn_already, *new_ids], as_of=as_of)
    all_edges = [edge for edge in whole.edges if not (source_only and is_human(edge))]
    places = dict(zip(known, zip(positions[::2], positions[1::2], strict=True), strict=True)) if positions else {}
    parent = places.get(node_id, (0.0, 0.0))
    spots = fan(len(new), parent=parent, known=list(places.values()))
    degrees = total_degrees(store, list(new_ids), source_only=source_only, as_of=as_of)
    listed = _listed(store, principal, list(new_ids), as_of=as_of, now=now)
    nodes = tuple(
        canvas_node(
            node,
            principal,
            place=(float(x), float(y)),
            hop=None,
            degree=degrees.get(node.node_id, 0),
            is_subject=False,
            blocklisted=node.node_id in listed,
        )
        for node, (x, y) in zip(new, spots, strict=True)
    )
    edges = [edge for edge in all_edges if edge.start in new_ids or edge.end in new_ids]
    links = links_of(store, edges, as_of=as_of)
    shown = _shown_by_type(store, node_id, all_edges, types, as_of=as_of)
    return Expansion(nodes, tuple(canvas_edge(edge, links) for edge in edges), shown)


def _shown_by_type(
    store: GraphStore, node_id: str, edges: Sequence[Edge], types: Sequence[str] | None, *, as_of: AsOf | None
) -> tuple[Omission, ...]:
    """For the expanded node: of each relationship type that has more neighbours than are now on the canvas, how many are shown."""
    totals: dict[str, int] = {}
    for degree in store.degrees([node_id], as_of=as_of).get(node_id, []):
        totals[degree.type] = totals.get(degree.type, 0) + degree.count
    shown: dict[str, int] = {}
    for edge in edges:
        if node_id in (edge.start, edge.end):
            shown[edge.type] = shown.get(edge.type, 0) + 1
    return tuple(
        Omission(node_id, name, shown.get(name, 0), total)
        for name, total in totals.items()
        if total > shown.get(name, 0) and (types is None or name in types)
    )


def total_degrees(
    store: GraphStore, node_ids: Sequence[str], *, source_only: bool = False, as_of: AsOf | None
) -> dict[str, int]:
    """Relationships of each node in the whole store."""
    counted = store.degrees(node_ids, as_of=as_of)
    return {
        node_id: sum(degree.count for degree in parts if not source_only or degree.type in SOURCE_TYPES)
        for node_id, parts in counted.items()
    }


def _listed(
    store: GraphStore, principal: Principal, node_ids: Sequence[str], *, as_of: AsOf | None, now: datetime | None
) -> set[str]:
    """Those on the blocklist, for whoever may know it."""
    moment = now if as_of is None else as_of.event
    if moment is None or not principal.may(Right.SEE_RISK):
        return set()
    return blocked(store, node_ids, moment=moment)


def canvas_node(
    node: Node,
    principal: Principal,
    *,
    place: tuple[float, float],
    hop: int | None,
    degree: int,
    is_subject: bool,
    blocklisted: bool,
) -> CanvasNode:
    risk = principal.may(Right.SEE_RISK)
    return CanvasNode(
        id=node.node_id,
        kind=NodeKind.NODE,
        type=node.label,
        caption=caption(node, principal),
        grade=node.grade if risk else None,
        score=node.score if risk else None,
        ring_id=node.ring_id if risk else None,
        x=place[0],
        y=place[1],
        hop=hop,
        degree=degree,
        is_subject=is_subject,
        risky=int(risk and node.grade in RISKY),
        blocklisted=blocklisted,
    )


def canvas_edge(edge: Edge, links: Mapping[str, HumanLink]) -> CanvasEdge:
    """`links` holds those that people drew; a link's id is no qualifier to show."""
    human = is_human(edge)
    return CanvasEdge(
        id=edge.edge_id,
        source=edge.start,
        target=edge.end,
        type=edge.type,
        qualifier="" if human else edge.qualifier,
        first_seen=edge.first_seen,
        last_seen=edge.last_seen,
        human=human,
        link=links.get(edge.qualifier) if human else None,
    )


def members(nodes: Sequence[CanvasNode]) -> list[Member]:
    """What an overview counts, for nodes that stand for themselves."""
    return [Member(node.id, node.type, node.grade, node.is_subject) for node in nodes]


def grade_of(node: Node, principal: Principal) -> Grade | None:
    return node.grade if principal.may(Right.SEE_RISK) else None


def _within(name: str, value: int, most: int) -> None:
    if not 1 <= value <= most:
        raise InvalidRequest(f"{name} is between 1 and {most}.")
