"""From the API's graph to Cytoscape elements: pure, no texts of ours, no masking (the server has masked). Positions are the server's."""

import json
import math
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
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
# What a drawing says of every element, and what it leaves out where it is as usual (`packed`).
NODE_FIELDS = ("id", "type", "caption", "grade", "score", "hop", "degree", "diameter", "ring")
EDGE_FIELDS = ("id", "type", "first", "last")
NODE_USUAL: Element = {"kind": "NODE", "members": 1, "risky": 0, "subject": False}
EDGE_USUAL: Element = {"qualifier": None, "human": False, "weight": 1, "width": 1.2}
_EDGE_KNOWN = frozenset({*EDGE_FIELDS, "source", "target"})
HUB_HIDES = (
    10  # a node that hides fewer neighbours is the edge of the picture, not a hub: its hover card says what is shown
)
COMMUNITY_GAP = 14
# The server lays a graph out in a circle; screens are wide and captions are written across. So places are drawn wider than high.
WIDER, LOWER = 1.5, 0.84
WINDOW = (980, 520)  # pixels that a canvas shows on a common screen


@dataclass(frozen=True, slots=True)
class Shown:
    """How much of a node's neighbourhood is on the canvas: "50 of 3,412"."""

    shown: int
    total: int


def to_elements(graph: RelationGraph, names: Mapping[str, tuple[str, str]] = MappingProxyType({})) -> list[Element]:
    """The whole graph, nodes first. The order is the API's, so that the same answer gives the same canvas. `names` are the captions of
    relationship types in Chinese and English, for edges that come without."""
    hubs = hubs_of(graph.omissions)
    room = room_for_communities(graph.nodes) if graph.aggregated else 1.0
    scale = (WIDER * room, LOWER * room)
    nodes = [node_element(node, omitted=hubs.get(node.id), scale=scale) for node in graph.nodes]
    edges = [edge_element(edge, names=names.get(edge.type, ("", ""))) for edge in graph.edges]
    if graph.aggregated:
        for edge in edges:
            edge["data"]["tie"] = True
    elif len(nodes) + len(edges) > READ_ONLY:
        for place, edge in enumerate(edges):  # nothing is added to an overview, so a short id will do
            if "author" not in edge["data"]:
                edge["data"]["id"] = f"e{place}"
    return nodes + edges


def packed(elements: Sequence[Element], names: Mapping[str, tuple[str, str]], style: object) -> str:
    """A drawing as one text, which assets/10-canvas.js unpacks: as a structure, thousands of elements would be walked through by every layer of
    the page. An element is a row of values; what is unusual about it is the row's last value, and captions of relationships are sent once per type."""
    nodes = [element for element in elements if "position" in element]
    place = {node["data"]["id"]: at for at, node in enumerate(nodes)}
    edges = [element["data"] for element in elements if "position" not in element]
    return json.dumps(
        {
            "nodeFields": NODE_FIELDS,
            "edgeFields": EDGE_FIELDS,
            "nodes": [_node_row(node) for node in nodes],
            "edges": [_edge_row(edge, place, names) for edge in edges],
            "nodeUsual": NODE_USUAL,
            "edgeUsual": EDGE_USUAL,
            "names": names,
            "style": style,
        },
        ensure_ascii=False,
        separators=(",", ":"),
    )


def _node_row(node: Element) -> list[object]:
    data, at = node["data"], node["position"]
    row: list[object] = [at["x"], at["y"], *(data[name] for name in NODE_FIELDS)]
    more = _unusual(data, NODE_FIELDS, NODE_USUAL)
    if more.get("label") == data["caption"]:
        del more["label"]
    return [*row, more] if more else row


def _edge_row(data: Element, place: Mapping[str, int], names: Mapping[str, tuple[str, str]]) -> list[object]:
    row: list[object] = [place[data["source"]], place[data["target"]], *(data[name] for name in EDGE_FIELDS)]
    more = _unusual(data, _EDGE_KNOWN, EDGE_USUAL)
    if (more["zh"], more["en"]) == names.get(data["type"]):
        del more["zh"], more["en"]
    return [*row, more] if more else row


def _unusual(data: Element, known: Collection[str], usual: Element) -> Element:
    return {
        name: value for name, value in data.items() if name not in known and (name not in usual or usual[name] != value)
    }


def pixel(graph: RelationGraph) -> float:
    """How much of the drawing one pixel of the screen shows when all of a read-only overview is in the window; 1 for what is worked in.
    What must be seen there, such as the subject, is drawn so much larger."""
    if graph.aggregated or len(graph.nodes) + len(graph.edges) <= READ_ONLY:
        return 1.0
    width = (max(n.x for n in graph.nodes) - min(n.x for n in graph.nodes)) * WIDER
    height = (max(n.y for n in graph.nodes) - min(n.y for n in graph.nodes)) * LOWER
    return round(max(width / WINDOW[0], height / WINDOW[1], 1.0), 2)


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
        "risky": node.risky,
        "ring": node.ring_id,
        "subject": node.is_subject,
    }
    if node.blocklisted:
        data["listed"] = True
    if parent is not None:
        data["from"] = parent
    if omitted is not None:
        data["shown"], data["total"] = omitted.shown, omitted.total
    return {"data": data, "position": {"x": round(node.x * scale[0], 1), "y": round(node.y * scale[1], 1)}}


def element_id(edge: GraphEdge) -> str:
    """A link drawn by hand is known by its own id, so that one just drawn and one read later are the same element."""
    return edge.id if edge.link is None else edge.link.id


def edge_element(edge: GraphEdge, *, parent: str | None = None, names: tuple[str, str] = ("", "")) -> Element:
    data: Element = {
        "id": element_id(edge),
        "source": edge.source,
        "target": edge.target,
        "type": edge.type,
        "zh": edge.caption_zh or names[0],
        "en": edge.caption_en or names[1],
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
    """Whose it is, how many nodes, and how many of them are of grade C or D."""
    risky = f"\nC·D {node.risky:,}" if node.risky > 0 else ""
    return f"{shorten(node.caption, 8)}\n{node.size:,}{risky}"


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
        return round(min(64 + 6 * math.sqrt(node.size), 190))  # as the API packs them
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
