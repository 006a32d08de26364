"""Which layout for which graph, and the subject at the origin. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import breadth_first_order

from graph_model.services.layout.communities import communities
from graph_model.services.layout.concentric import concentric
from graph_model.services.layout.force import spread_communities
from graph_model.services.layout.geometry import Floats, Ints, adjacency
from graph_model.services.layout.packing import pack

CONCENTRIC_LIMIT = 150
SECONDS = 4.0  # of forces; what is not done by then is placed without them


@dataclass(frozen=True, slots=True)
class Placement:
    """Positions, shape [n, 2], and each node's distance from the subject (-1: not connected with it)."""

    positions: Floats
    hops: Ints
    cut_short: bool = False  # there was no time for all of the forces


def arrange(
    count: int,
    edges: Sequence[tuple[int, int]],
    *,
    subject: int = 0,
    order: Sequence[int] = (),
    seconds: float = SECONDS,
) -> Placement:
    """Places `count` nodes. `order` ranks siblings (types side by side); equal ranks keep the nodes' own order."""
    if count == 0:
        return Placement(np.zeros((0, 2)), np.zeros(0, dtype=np.int64))
    pairs = np.asarray(edges, dtype=np.int64).reshape(-1, 2)
    matrix = adjacency(count, pairs)
    hops = _hops(count, matrix, subject)
    cut_short = False
    if count <= CONCENTRIC_LIMIT:
        rings = np.where(hops < 0, hops.max() + 1, hops)
        rank = np.asarray(order, dtype=np.int64) if len(order) == count else np.zeros(count, dtype=np.int64)
        positions = concentric(matrix, rings, rank)
    else:
        positions, cut_short = spread_communities(matrix, communities(matrix), subject=subject, seconds=seconds)
    return Placement(np.round(positions - positions[subject], 1), hops, cut_short)


def arrange_discs(radii: Sequence[float], ties: Mapping[tuple[int, int], int], *, subject: int = 0) -> Placement:
    """Places discs side by side, none over another: the subject's in the middle, the others near those they have most ties with."""
    count = len(radii)
    pairs = np.asarray(list(ties), dtype=np.int64).reshape(-1, 2)
    weights = np.asarray(list(ties.values()), dtype=np.float64)
    rows, cols = np.concatenate([pairs[:, 0], pairs[:, 1]]), np.concatenate([pairs[:, 1], pairs[:, 0]])
    matrix = csr_array((np.concatenate([weights, weights]), (rows, cols)), shape=(count, count))
    positions = pack(np.asarray(radii, dtype=np.float64), matrix, first=subject)
    return Placement(np.round(positions, 1), _hops(count, matrix, subject))


def _hops(count: int, matrix: csr_array, subject: int) -> Ints:
    found, before = breadth_first_order(matrix, subject, directed=False)
    hops = np.full(count, -1, dtype=np.int64)
    hops[subject] = 0
    for node in found[1:]:
        hops[node] = hops[before[node]] + 1
    return hops
