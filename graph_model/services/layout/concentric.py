"""Concentric layout: one ring per hop, split into staggered sub-rings where it is crowded; nodes stand near their parent. Pure.

Each node has a parent one ring further in, so the graph has a tree; every subtree gets a sector as wide as its leaves are many. Within a
ring the wished angles are then spread to a least separation by isotonic regression, which moves nodes as little as possible and keeps their order.
"""

from collections.abc import Sequence

import numpy as np
from scipy.optimize import isotonic_regression
from scipy.sparse import csr_array

from graph_model.services.layout.geometry import CLEAR, Floats, Ints, neighbours

RING_GAP = 130.0
SLACK = 1.25  # a ring that is not quite full lets nodes stand near their parent
WIDENING = 260.0  # a ring is rather this much wider than split
MAX_SUB_RINGS = 3
TURN = 2 * np.pi
START = -np.pi / 2  # the first sector begins at the top


def concentric(matrix: csr_array, hops: Ints, order: Ints) -> Floats:
    """Positions, shape [n, 2]. `hops` is 0 for the one subject; `order` is the rank by which siblings stand side by side."""
    positions = np.zeros((len(hops), 2))
    if len(hops) < 2:
        return positions
    angles = _sector_angles(_parents(matrix, hops), hops, order)
    outer = 0.0
    for hop in range(1, int(hops.max()) + 1):
        ring = np.flatnonzero(hops == hop)
        if len(ring) == 0:
            continue
        ring = ring[np.lexsort((order[ring], angles[ring]))]
        radius, sub_rings, separation = _ring_size(len(ring), outer + RING_GAP)
        spread = _spread(angles[ring], separation, sub_rings)
        radii = radius + CLEAR * (np.arange(len(ring)) % sub_rings)
        positions[ring] = np.column_stack([radii * np.cos(spread), radii * np.sin(spread)])
        outer = float(radii.max())
    return positions


def _parents(matrix: csr_array, hops: Ints) -> Ints:
    """For each node its neighbour nearest the subject that has the fewest children so far; the subject where there is none."""
    subject = int(np.flatnonzero(hops == 0)[0])
    parents = np.full(len(hops), subject, dtype=np.int64)
    children = np.zeros(len(hops), dtype=np.int64)
    for node in np.argsort(hops, kind="stable"):
        if hops[node] < 1:
            continue
        around = neighbours(matrix, int(node))
        around = around[hops[around] < hops[node]]
        if len(around) > 0:
            nearest = around[hops[around] == hops[around].max()]
            parents[node] = nearest[np.argmin(children[nearest])]
        children[parents[node]] += 1
    return parents


def _sector_angles(parents: Ints, hops: Ints, order: Ints) -> Floats:
    subject = int(np.flatnonzero(hops == 0)[0])
    tree: list[list[int]] = [[] for _ in hops]
    for node in np.lexsort((np.arange(len(hops)), order)):
        if node != subject:
            tree[parents[node]].append(int(node))
    leaves = np.ones(len(hops))
    for node in np.argsort(-hops, kind="stable"):
        if len(tree[node]) > 0:
            leaves[node] = sum(leaves[child] for child in tree[node])
    angles = np.zeros(len(hops))
    open_sectors: list[tuple[int, float, float]] = [(subject, START, TURN)]
    while open_sectors:
        node, start, width = open_sectors.pop()
        angles[node] = start + width / 2
        for child, share in _shares(tree[node], leaves):
            open_sectors.append((child, start, width * share))
            start += width * share
    return angles


def _shares(children: Sequence[int], leaves: Floats) -> list[tuple[int, float]]:
    total = sum(leaves[child] for child in children)
    return [(child, float(leaves[child] / total)) for child in children]


def _ring_size(count: int, least: float) -> tuple[float, int, float]:
    """Radius, number of sub-rings and least angle between consecutive nodes, so that all fit with SPACING between them.
    One ring where it can be had within WIDENING, else two or three staggered ones."""
    for sub_rings in range(1, MAX_SUB_RINGS + 1):
        radius = max(least, SLACK * count * CLEAR / (TURN * sub_rings))
        if radius <= least + WIDENING:
            break
    while True:
        separation = 2 * float(np.arcsin(min(1.0, CLEAR / (2 * radius)))) / sub_rings
        if (count + sub_rings) * separation <= TURN:
            return radius, sub_rings, separation
        radius *= 1.02


def _spread(wished: Floats, separation: float, sub_rings: int) -> Floats:
    """Rising angles at least `separation` apart, around the whole turn, as near to the wished ones as can be."""
    steps = separation * np.arange(len(wished))
    slack = isotonic_regression(wished - steps).x
    # Around the turn, the last node of a sub-ring must keep clear of its first; a short last round needs more room.
    room = TURN - separation * (len(wished) + sub_rings - 1)
    middle = (slack[0] + slack[-1]) / 2
    spread: Floats = np.clip(slack, middle - room / 2, middle + room / 2) + steps
    return spread
