"""Paths between two nodes: the k that say most, and each as one plain sentence. Whatever everybody touches says little, so hubs cost.

The store finds the shortest candidates and never walks through a hub. They are ranked here by what they cost: one for each relationship, and
for each node between the doublings of its relationships beyond two. Two hops over a shop's Wi-Fi so come after three over a private phone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log2

from graph_model.errors import InvalidRequest
from graph_model.principal import Principal, Right
from graph_model.records import AsOf, Edge, Node, Path
from graph_model.schema import SCHEMA, Caption
from graph_model.services.links import is_human, links_of
from graph_model.services.lookup import by_node_id
from graph_model.services.masking import caption
from graph_model.services.relation_graph import canvas_edge, total_degrees
from graph_model.services.views import CanvasEdge
from graph_model.store import GraphStore

MAX_PATHS = 10
MAX_HOPS = 6
CANDIDATES = 60  # shortest paths among which the cheapest are chosen

# How a relationship is told, from its start {0} to its end {1}.
CLAUSES: dict[str, Caption] = {
    "APPLIED": Caption("{0} 提交 {1}", "{0} made {1}"),
    "USES_PHONE": Caption("{0} 使用{1}", "{0} uses {1}"),
    "USES_DEVICE": Caption("{0} 使用{1}", "{0} uses {1}"),
    "HAS_ADDRESS": Caption("{0} 登记了{1}", "{0} gave {1}"),
    "HAS_ACCOUNT": Caption("{0} 使用{1}", "{0} uses {1}"),
    "WORKS_AT": Caption("{0} 任职于{1}", "{0} works at {1}"),
    "HAS_SOCIAL": Caption("{0} 使用{1}", "{0} uses {1}"),
    "HAS_EMAIL": Caption("{0} 使用{1}", "{0} uses {1}"),
    "USES_IP": Caption("{0} 使用{1}", "{0} uses {1}"),
    "REFERRED": Caption("{0} 推荐了 {1}", "{0} referred {1}"),
    "GUARANTEES": Caption("{0} 为 {1} 担保", "{0} guarantees {1}"),
    "EMERGENCY_CONTACT": Caption("{0} 的紧急联系人是{1}", "{0} named {1} as an emergency contact"),
    "HUMAN_LINK": Caption("{0} 与 {1} 有人工关联", "{0} was linked by hand to {1}"),
}
_SHARED = Caption("{0} 与 {1} 共用{2}", "{0} and {1} share {2}")
_COLLEAGUES = Caption("{0} 与 {1} 同在{2}任职", "{0} and {1} both work at {2}")
_CONTACT = Caption("{0} 与 {1} 的紧急联系人同为{2}", "{0} and {1} both named {2} as an emergency contact")
_TOGETHER = {"WORKS_AT": _COLLEAGUES, "EMERGENCY_CONTACT": _CONTACT}


@dataclass(frozen=True, slots=True)
class RankedPath:
    """A path, what it costs, and its sentence with captions masked for its reader."""

    nodes: Sequence[Node]
    edges: Sequence[CanvasEdge]
    cost: float
    sentence: Caption


def ranked_paths(
    store: GraphStore,
    principal: Principal,
    start_id: str,
    end_id: str,
    *,
    k: int = 3,
    max_hops: int = 4,
    as_of: AsOf | None = None,
) -> list[RankedPath]:
    """The cheapest first; none where nothing ties the two. Raises NotFound, or InvalidRequest outside 1..MAX_PATHS, 1..MAX_HOPS, or for one node twice."""
    principal.require(Right.SEE_GRAPH)
    if not 1 <= k <= MAX_PATHS:
        raise InvalidRequest(f"k is between 1 and {MAX_PATHS}.")
    if not 1 <= max_hops <= MAX_HOPS:
        raise InvalidRequest(f"maxHops is between 1 and {MAX_HOPS}.")
    for node_id in (start_id, end_id):
        by_node_id(store, node_id, as_of=as_of)
    found = store.paths(start_id, end_id, k=CANDIDATES, max_hops=max_hops, as_of=as_of)
    between = list({node.node_id: None for path in found for node in path.nodes[1:-1]})
    degrees = total_degrees(store, between, as_of=as_of) if len(between) > 0 else {}
    costs = [cost(path, degrees) for path in found]
    cheapest = sorted(range(len(found)), key=lambda i: (costs[i], i))[:k]
    links = links_of(store, [edge for i in cheapest for edge in found[i].edges], as_of=as_of)
    return [
        RankedPath(
            nodes=found[i].nodes,
            edges=[canvas_edge(edge, links) for edge in found[i].edges],
            cost=round(costs[i], 3),
            sentence=sentence(found[i], principal),
        )
        for i in cheapest
    ]


def cost(path: Path, degrees: dict[str, int]) -> float:
    """One per relationship, and the doublings beyond two of each node between."""
    return len(path.edges) + sum(log2(max(degrees.get(node.node_id, 2), 2) / 2) for node in path.nodes[1:-1])


def sentence(path: Path, principal: Principal) -> Caption:
    """The path told from its first node to its last, two relationships of one type to one identifier as one clause."""
    zh, en = [], []
    step = 0
    while step < len(path.edges):
        pair = path.nodes[step + 1]
        if step + 1 < len(path.edges) and _shares(path.edges[step], path.edges[step + 1], pair):
            parts: tuple[Node, ...] = (path.nodes[step], path.nodes[step + 2], pair)
            told = _TOGETHER.get(path.edges[step].type, _SHARED)
            step += 2
        else:
            edge = path.edges[step]
            ends = (path.nodes[step], path.nodes[step + 1])
            parts = ends if edge.start == ends[0].node_id else (ends[1], ends[0])
            told = CLAUSES[edge.type]
            step += 1
        zh.append(told.zh.format(*(_named(node, principal, "zh") for node in parts)))
        en.append(told.en.format(*(_named(node, principal, "en") for node in parts)))
    english = "; ".join(en)
    return Caption("，".join(zh) + "。", english[:1].upper() + english[1:] + ".")


def _shares(one: Edge, other: Edge, between: Node) -> bool:
    """Whether two neighbours have the node between them in common in the same way."""
    return (
        SCHEMA.node(between.label).identifier
        and one.type == other.type
        and one.end == other.end == between.node_id
        and not is_human(one)
    )


def _named(node: Node, principal: Principal, language: str) -> str:
    """A customer goes by name, everything else by what it is and its caption."""
    text = caption(node, principal)
    if node.label == "Customer":
        return text
    return f"{SCHEMA.node(node.label).caption.text(language)} {text}"
