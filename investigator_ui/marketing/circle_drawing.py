"""A referral circle drawn: who brought whom around who was first, each ring one step further; places worked out here, so that a circle looks
the same every time. Pure."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from investigator_ui import icons, palette
from investigator_ui.address import Language
from investigator_ui.marketing.circle_contract import CircleGraph, Member, Referral
from investigator_ui.stylesheet import ACCENT, EDGE, FONT
from investigator_ui.texts import text

Element = dict[str, Any]  # JSON of Cytoscape
Rule = dict[str, Any]

STEP = 130.0  # between two rings
WIDE = 3  # as many places as who brought somebody takes at least, for their size and caption
LANES = 3  # a crowded ring is drawn as so many at most, one inside the other
LANE = 62.0
ROOM = 46.0  # along a ring, of one person
SMALLEST, LARGEST = 20.0, 58.0
MARKED = 30.0  # at least, of who carries a mark that is to be read
ROUND, OWN = (
    "#c0271c",
    "#b26a00",
)  # signs: referrals that go round, and of who uses the referrer's phone, device or account
TINTS = ("#1f3b63", "#2f5fd0", "#6a8fdf", "#9db7ea", "#c6d5f3")  # by steps from the beginning


def in_order(members: Sequence[Member]) -> list[Member]:
    """Everybody right after who brought them, as a tree is read."""
    below = _brought(members)
    found: list[Member] = []
    waiting = list(reversed(below[None]))
    while waiting:
        member = waiting.pop()
        found.append(member)
        waiting += reversed(below[member.node.id])
    return found


def places(members: Sequence[Member]) -> dict[str, tuple[float, float]]:
    """Each takes the part of its ring that those whom they brought need. A crowded ring has lanes, which who brought nobody stand in by turns."""
    below = _brought(members)
    leaves: dict[str, int] = {}
    for member in reversed(in_order(members)):
        brought = below[member.node.id]
        leaves[member.node.id] = max(WIDE, sum(leaves[each.node.id] for each in brought)) if brought else 1
    at: dict[str, tuple[int, float, int]] = {}  # depth, angle, turn among the siblings
    crowd: dict[int, float] = defaultdict(float)  # by depth, the radius at which everybody there has room
    waiting = [(below[None], 0, 0.0, 2 * math.pi)]
    while waiting:
        siblings, depth, begin, width = waiting.pop()
        whole = sum(leaves[each.node.id] for each in siblings)
        for turn, member in enumerate(siblings):
            part = width * leaves[member.node.id] / whole
            at[member.node.id] = depth, begin + part / 2, 0 if below[member.node.id] else turn
            crowd[depth] = max(crowd[depth], ROOM / part)
            waiting.append((below[member.node.id], depth + 1, begin, part))
            begin += part
    rings = _rings(crowd, alone=len(below[None]) == 1)
    found: dict[str, tuple[float, float]] = {}
    for node_id, (depth, angle, turn) in at.items():
        radius, lanes = rings[depth]
        radius += LANE * (turn % lanes)
        found[node_id] = round(radius * math.cos(angle), 1), round(radius * math.sin(angle), 1)
    return found


def _rings(crowd: Mapping[int, float], *, alone: bool) -> dict[int, tuple[float, int]]:
    """Each ring's radius and how many lanes it has."""
    found: dict[int, tuple[float, int]] = {}
    edge = 0.0  # where the ring before ends
    for depth in sorted(crowd):
        if depth == 0 and alone:
            found[depth] = 0.0, 1
            continue
        nearest = edge + STEP
        lanes = min(LANES, max(1, math.ceil(crowd[depth] / nearest)))
        radius = max(nearest, min(crowd[depth] / lanes, 4 * nearest))
        found[depth] = radius, lanes
        edge = radius + LANE * (lanes - 1)
    return found


def elements(graph: CircleGraph) -> list[Element]:
    at = places(graph.members)
    abusing = {referral.source for referral in graph.referrals if referral.suspicious}
    most = max((member.reach for member in graph.members), default=0)
    nodes = [
        {
            "data": {
                "id": member.node.id,
                "label": member.node.caption,
                "size": _size(member, most),
                "tint": TINTS[min(member.depth, len(TINTS) - 1)],
                "heads": 1 if member.brought_by is None else 0,
                "weighty": 1 if member.reach else 0,
                "grade": member.grade if member.grade in palette.LOUD else "",
                "fraud": 1 if member.confirmed_fraud else 0,
                "abuse": 1 if member.node.id in abusing else 0,
            },
            "position": dict(zip("xy", at[member.node.id], strict=True)),
        }
        for member in graph.members
    ]
    edges = [
        {"data": {"id": f"r{place}", "source": each.source, "target": each.target, "kind": _kind(each)}}
        for place, each in enumerate(graph.referrals)
    ]
    return [*nodes, *edges]


def _size(member: Member, most: int) -> float:
    """By whom they reach."""
    size = SMALLEST + (LARGEST - SMALLEST) * math.sqrt(member.reach / most if most else 0)
    marked = member.grade in palette.LOUD or member.confirmed_fraud
    return round(max(size, MARKED) if marked else size, 1)


def stylesheet(colours: Mapping[str, str]) -> list[Rule]:
    """`colours`: of the grades."""
    base: Rule = {
        "width": "data(size)",
        "height": "data(size)",
        "background-color": "data(tint)",
        "border-width": 1.5,
        "border-color": palette.WHITE,
        "label": "data(label)",
        "font-family": FONT,
        "font-size": 13,
        "min-zoomed-font-size": 8,
        "color": "#333d4c",
        "text-valign": "bottom",
        "text-margin-y": 4,
        "text-outline-color": "#fbfcfd",
        "text-outline-width": 2,
        "overlay-opacity": 0,
    }
    line: Rule = {
        "width": 1.3,
        "line-color": EDGE,
        "curve-style": "bezier",
        "target-arrow-shape": "triangle",
        "target-arrow-color": EDGE,
        "arrow-scale": 0.7,
        "overlay-opacity": 0,
    }
    return [
        {"selector": "node", "style": base},
        {"selector": "node[weighty = 1]", "style": {"font-size": 17, "font-weight": 600, "min-zoomed-font-size": 6}},
        {"selector": "node[heads = 1]", "style": {"shape": "star", "border-color": palette.INK, "border-width": 2}},
        *({"selector": f'node[grade = "{grade}"]', "style": _graded(grade, colours)} for grade in sorted(palette.LOUD)),
        {
            "selector": "node[fraud = 1]",
            "style": {"border-style": "double", "border-color": ROUND, "border-width": 5},
        },
        {
            "selector": "node[abuse = 1]",
            "style": {
                "underlay-color": OWN,
                "underlay-opacity": 0.3,
                "underlay-padding": 9,
                "underlay-shape": "ellipse",
            },
        },
        {"selector": "edge", "style": line},
        {"selector": 'edge[kind = "later"]', "style": {"line-style": "dashed", "line-color": "#a9b3c3"}},
        *(
            {
                "selector": f'edge[kind = "{kind}"]',
                "style": {"line-color": colour, "target-arrow-color": colour, "width": 3, "z-index": 9},
            }
            for kind, colour in (("round", ROUND), ("own", OWN))
        ),
        {"selector": "node.over, node:selected", "style": {"border-color": ACCENT, "border-width": 4, "z-index": 12}},
    ]


def _graded(grade: str, colours: Mapping[str, str]) -> Rule:
    """As on the canvas of relations: filled, with its letter."""
    colour = colours.get(grade, palette.NOT_GRADED)
    letter = icons.letter(grade, ink=palette.ink_on(colour, grade))
    return {
        "background-color": palette.fill(colour, grade),
        "background-image": icons.data_uri(letter),
        "background-fit": "contain",
        "background-clip": "none",
    }


def signs_of(referral: Referral, names: Mapping[str, str], lang: Language) -> list[tuple[str, str]]:
    """What is suspicious about a referral, in words, with the tone of each."""
    found = [("problem", text("circle.goes_round", lang))] if referral.circular else []
    if referral.shared:
        told = "、" if lang == "zh" else ", "
        shared = told.join(f"{names.get(each.type, each.type)} ×{each.count}" for each in referral.shared)
        found.append(("warn", text("circle.shares", lang, what=shared)))
    return found


def _kind(referral: Referral) -> str:
    if referral.circular:
        return "round"
    if referral.shared:
        return "own"
    return "first" if referral.first else "later"


def _brought(members: Sequence[Member]) -> dict[str | None, list[Member]]:
    """Whom each brought, who reaches most first; under None who was brought by nobody that is drawn."""
    drawn = {member.node.id for member in members}
    below: dict[str | None, list[Member]] = defaultdict(list)
    for member in sorted(members, key=lambda each: (-each.reach, each.node.id)):
        below[member.brought_by if member.brought_by in drawn else None].append(member)
    return below
