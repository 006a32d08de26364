"""From the API's graph to Cytoscape elements: pure, no texts of ours, no masking (the server has masked). Positions are the server's."""

import math
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from investigator_ui.contract import (
    Expansion,
    GraphEdge,
    GraphNode,
    HumanLink,
    LinkMark,
    NodeKind,
    Omission,
    RelationGraph,
)
from investigator_ui.graph_schema import GraphSchema

Element = dict[str, Any]  # JSON of Cytoscape; it ends up in the browser
Scale = tuple[float, float]

RICH = 300  # up to so many elements: labels, icons, arrows
READ_ONLY = 1500  # above so many elements a view is read-only: focus, no expanding
CAPTION_WIDTH = 14  # in Latin characters; a Chinese one takes two
UNGRADED = "-"
HUB_HIDES = (
    10  # a node that hides fewer neighbours is the edge of the picture, not a hub: its hover card says what is shown
)
COMMUNITY_GAP = 14
# The server lays a graph out in a circle; screens are wide and captions are written across. So places are drawn wider than high.
WIDER, LOWER = 1.5, 0.84


@dataclass(frozen=True, slots=True)
class Shown:
    """How much of a node's neighbourhood is on the canvas: "50 of 3,412"."""

    shown: int
    total: int


def to_elements(graph: RelationGraph) -> list[Element]:
    """The whole graph, nodes first. The order is the API's, so that the same answer gives the same canvas."""
    hubs = hubs_of(graph.omissions)
    room = room_for_communities(graph.nodes) if graph.aggregated else 1.0
    scale = (WIDER * room, LOWER * room)
    nodes = [node_element(node, omitted=hubs.get(node.id), scale=scale) for node in graph.nodes]
    edges = [edge_element(edge) for edge in graph.edges]
    if graph.aggregated:
        for edge in edges:
            edge["data"]["tie"] = True
    return nodes + edges


def expansion_elements(expansion: Expansion, *, parent: str, known: Iterable[str]) -> list[Element]:
    """What an expansion adds, marked with `from`, so that collapsing finds it again. Known elements are never repeated."""
    there = set(known)
    hubs = hubs_of(expansion.omissions)
    fresh = [node for node in expansion.nodes if node.id not in there]
    drawn = there | {node.id for node in fresh}
    nodes = [node_element(node, omitted=hubs.get(node.id), parent=parent) for node in fresh]
    edges = [
        edge_element(edge, parent=parent)
        for edge in expansion.edges
        if element_id(edge) not in there and edge.source in drawn and edge.target in drawn
    ]
    return nodes + edges


def hubs_of(omissions: Sequence[Omission]) -> dict[str, Shown]:
    """The nodes that are labelled with what they hide."""
    return {
        node_id: omitted
        for node_id, omitted in omitted_by_node(omissions).items()
        if omitted.total - omitted.shown >= HUB_HIDES
    }


def omitted_by_node(omissions: Sequence[Omission]) -> dict[str, Shown]:
    """The largest omission of each node: a hub is named once, by what it hides most of."""
    largest: dict[str, Shown] = {}
    for omission in omissions:
        before = largest.get(omission.node_id)
        if before is None or omission.total - omission.shown > before.total - before.shown:
            largest[omission.node_id] = Shown(omission.shown, omission.total)
    return largest


def node_element(
    node: GraphNode, *, omitted: Shown | None = None, parent: str | None = None, scale: Scale = (1.0, 1.0)
) -> Element:
    data: Element = {
        "id": node.id,
        "kind": node.kind.value,
        "type": node.type,
        "caption": node.caption,
        "label": node_label(node.caption, omitted) if node.kind is NodeKind.NODE else community_label(node),
        "grade": node.grade.value if node.grade else UNGRADED,
        "score": node.score,
        "hop": node.hop,
        "degree": node.degree,
        "diameter": diameter(node),
        "members": node.size,
        "ring": node.ring_id,
        "subject": node.is_subject,
    }
    if parent is not None:
        data["from"] = parent
    if omitted is not None:
        data["shown"], data["total"] = omitted.shown, omitted.total
    return {"data": data, "position": {"x": round(node.x * scale[0], 1), "y": round(node.y * scale[1], 1)}}


def element_id(edge: GraphEdge) -> str:
    """A link drawn by hand is known by its own id, so that one just drawn and one read later are the same element."""
    return edge.id if edge.link is None else edge.link.id


def edge_element(edge: GraphEdge, *, parent: str | None = None) -> Element:
    data: Element = {
        "id": element_id(edge),
        "source": edge.source,
        "target": edge.target,
        "type": edge.type,
        "zh": edge.caption_zh,
        "en": edge.caption_en,
        "qualifier": edge.qualifier,
        "first": edge.first_seen.isoformat(),
        "last": edge.last_seen.isoformat(),
        "human": edge.human,
        "weight": edge.weight,
        "width": round(min(1.2 + 0.6 * math.log2(max(edge.weight, 1)), 4.5), 2),
    }
    if edge.link is not None:
        data |= _drawn_by(edge.link.author)
    if parent is not None:
        data["from"] = parent
    return {"data": data}


def link_element(link: HumanLink, schema: GraphSchema) -> Element:
    """A link just drawn, as the graph will show it when it is read again."""
    view = schema.human_type()
    return edge_element(
        GraphEdge(
            id=link.id,
            source=link.source,
            target=link.target,
            type=view.name,
            caption_zh=view.caption_zh,
            caption_en=view.caption_en,
            first_seen=link.drawn_at,
            last_seen=link.drawn_at,
            human=True,
            weight=1,
            link=LinkMark(link.id, link.author),
        )
    )


def _drawn_by(author: str) -> Element:
    return {"author": author, "mark": author[:1].upper() or "?"}


def node_label(caption: str, omitted: Shown | None) -> str:
    """The caption cut to fit; a capped hub says on a second line how much of it is shown."""
    first = shorten(caption)
    return first if omitted is None else f"{first}\n{omitted.shown:,} / {omitted.total:,}"


def community_label(node: GraphNode) -> str:
    return f"{shorten(node.caption, 12)}\n{node.size:,}"


def room_for_communities(nodes: Sequence[GraphNode]) -> float:
    """Places are given for ordinary nodes; circles of communities are wider, so all places are spread until none overlap."""
    needed = 1.0
    for place, one in enumerate(nodes):
        for other in nodes[:place]:
            apart = math.hypot((one.x - other.x) * WIDER, (one.y - other.y) * LOWER)
            needed = max(needed, (diameter(one) / 2 + diameter(other) / 2 + COMMUNITY_GAP) / max(apart, 1.0))
    return min(needed, 8.0)


def diameter(node: GraphNode) -> int:
    """Pixels: by the square root of the degree (a community: of its members), so that area follows the number."""
    if node.kind is NodeKind.COMMUNITY:
        return round(min(40 + 5 * math.sqrt(node.size), 170))
    if node.is_subject:
        return 76
    return round(min(max(26 + 3.2 * math.sqrt(node.degree), 28), 56))


def shorten(text: str, width: int = CAPTION_WIDTH) -> str:
    if sum(_columns(c) for c in text) <= width:
        return text
    kept, used = "", 1  # one column for the ellipsis
    for character in text:
        used += _columns(character)
        if used > width:
            break
        kept += character
    return kept + "…"


def _columns(character: str) -> int:
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
