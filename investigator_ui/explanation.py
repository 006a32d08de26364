"""What a score rests on, for the canvas: which nodes and relationships to light, and places for those that are not drawn yet. Pure."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from investigator_ui.client import Point
from investigator_ui.contract import Explanation
from investigator_ui.elements import LOWER, WIDER, Element, edge_element, node_element

CLEAR = 70.0  # pixels between a new node and any other
STEP = 40.0
TRIES = 60


@dataclass(frozen=True, slots=True)
class Lit:
    """`relations` are `type|start|end`; `elements` is what the canvas lacks."""

    nodes: tuple[str, ...]
    relations: tuple[str, ...]
    elements: tuple[Element, ...]


def lit(found: Explanation, *, there: Mapping[str, Point], drawn: Iterable[str]) -> Lit:
    """`there` says where each node on the canvas is now; `drawn` are the ids of the relationships on it."""
    origin = there.get(found.subject_id, (0.0, 0.0))
    places = dict(there)
    elements: list[Element] = []
    for node in found.graph.nodes:
        if node.id in there:
            continue
        element = node_element(node, parent=found.subject_id)
        offset = (node.x * WIDER, node.y * LOWER)
        place = clear_of(places.values(), (origin[0] + offset[0], origin[1] + offset[1]), origin)
        places[node.id] = place
        elements.append({**element, "position": {"x": place[0], "y": place[1]}})
    known = set(drawn)
    edges = [edge_element(edge, parent=found.subject_id) for edge in found.graph.edges]
    elements += [edge for edge in edges if edge["data"]["id"] not in known]
    return Lit(
        tuple(node.id for node in found.graph.nodes),
        tuple(f"{edge.type}|{edge.source}|{edge.target}" for edge in found.graph.edges),
        tuple(elements),
    )


def clear_of(taken: Iterable[Point], place: Point, origin: Point) -> Point:
    """The place, or the next one on a spiral away from the origin, that is clear of all that are taken."""
    others = list(taken)
    away = math.atan2(place[1] - origin[1], place[0] - origin[0])
    radius = math.hypot(place[0] - origin[0], place[1] - origin[1])
    for turn in range(TRIES):
        angle = away + 0.5 * turn
        reach = radius + STEP * turn
        spot = place if turn == 0 else (origin[0] + reach * math.cos(angle), origin[1] + reach * math.sin(angle))
        if all(math.dist(spot, other) >= CLEAR for other in others):
            break
    return (round(spot[0], 1), round(spot[1], 1))
