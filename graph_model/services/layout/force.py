"""Force layout by community: each community is drawn by itself in a disc, and the discs are packed. Pure, and deterministic within its time."""

import time

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import breadth_first_order
from scipy.spatial import cKDTree

from graph_model.services.layout.geometry import CLEAR, Floats, Ints
from graph_model.services.layout.packing import pack

GOLDEN_ANGLE = np.pi * (3 - np.sqrt(5))
STEPS = 25
LARGEST_FORCED = 400  # all pairs of a community are looked at; a larger one is laid as a sunflower, its centre first
REST = 1.25 * CLEAR  # the unit of length of the forces
GRAVITY = 0.05  # towards the middle, for parts that nothing ties together


def spread_communities(matrix: csr_array, labels: Ints, *, subject: int, seconds: float) -> tuple[Floats, bool]:
    """Positions, shape [n, 2]. The subject's community comes first, in the middle; the others near those they are tied to.

    Communities that are reached after so many seconds are laid as a sunflower, without forces; then the second value is True.
    """
    end, cut_short = time.monotonic() + seconds, False
    count = len(labels)
    discs = int(labels.max()) + 1
    positions = np.zeros((count, 2))
    radii = np.zeros(discs)
    by_label = np.split(np.argsort(labels, kind="stable"), np.cumsum(np.bincount(labels, minlength=discs))[:-1])
    for label, members in enumerate(by_label):
        late = time.monotonic() > end
        cut_short = cut_short or late
        inside = _place(matrix[members][:, members], forced=not late)
        inside -= (inside.max(axis=0) + inside.min(axis=0)) / 2
        positions[members] = inside
        radii[label] = np.hypot(inside[:, 0], inside[:, 1]).max() + CLEAR / 2
    edges = matrix.tocoo()
    between = csr_array((edges.data, (labels[edges.row], labels[edges.col])), shape=(discs, discs))
    between.sum_duplicates()
    centres = pack(radii, between, first=int(labels[subject]))
    return positions + centres[labels], cut_short


def _place(graph: csr_array, *, forced: bool) -> Floats:
    count = graph.shape[0]
    if count == 1:
        return np.zeros((1, 2))
    positions = _sunflower(graph)
    if forced and count <= LARGEST_FORCED and graph.nnz > 0:
        positions = _evened(_force(graph, positions))
    return _keep_apart(positions)


def _sunflower(graph: csr_array) -> Floats:
    """Breadth first from the node of highest degree, outwards along a sunflower's seeds: evenly spaced, neighbours near each other."""
    count = graph.shape[0]
    degrees = np.diff(graph.indptr)
    order: list[int] = []
    seen = np.zeros(count, dtype=bool)
    for start in np.argsort(-degrees, kind="stable"):
        if degrees[start] == 0:
            order.append(int(start))
        elif not seen[start]:
            found = breadth_first_order(graph, int(start), directed=False, return_predecessors=False)
            seen[found] = True
            order.extend(int(node) for node in found)
    seeds = np.arange(count)
    radius = CLEAR * np.sqrt(seeds)
    positions = np.zeros((count, 2))
    positions[order] = np.column_stack([radius * np.cos(seeds * GOLDEN_ANGLE), radius * np.sin(seeds * GOLDEN_ANGLE)])
    return positions


def _force(graph: csr_array, positions: Floats) -> Floats:
    """Fruchterman and Reingold's forces over all pairs, in matrix form, with a step that cools; then drawn as tight as nodes may stand."""
    count = len(positions)
    places = positions / REST
    pull = graph.toarray()
    # A node's pulls are averaged over a part of its degree, or a hub would swing from side to side.
    pull /= np.sqrt(np.maximum(pull.sum(axis=1), 1.0))[:, None]
    np.fill_diagonal(pull, -pull.sum(axis=1) - GRAVITY)
    diagonal = np.arange(count)
    for step in range(STEPS):
        squares = np.einsum("ij,ij->i", places, places)
        push = squares[:, None] + squares[None, :] - 2 * (places @ places.T)
        np.maximum(push, 1e-3, out=push)
        np.reciprocal(push, out=push)
        push[diagonal, diagonal] = 0.0
        push[diagonal, diagonal] = -push.sum(axis=1)
        force = (pull - push) @ places
        lengths = np.maximum(np.hypot(force[:, 0], force[:, 1]), 1e-9)
        coolest = 0.25 * np.sqrt(count) * (1 - step / STEPS) ** 2 + 0.01
        places += force * (np.minimum(lengths, coolest) / lengths)[:, None]
    nearest = _nearest(places)
    tight: Floats = places * (CLEAR / max(float(np.median(nearest)), 1e-6))
    return tight


def _evened(positions: Floats) -> Floats:
    """Nodes that the forces threw far out come halfway back to where a disc of even density would have them."""
    middle = positions - positions.mean(axis=0)
    reach = np.maximum(np.hypot(middle[:, 0], middle[:, 1]), 1e-6)
    rank = np.empty(len(reach))
    rank[np.argsort(reach, kind="stable")] = np.arange(len(reach)) + 0.5
    even: Floats = middle * ((np.minimum(reach, CLEAR * np.sqrt(rank)) + CLEAR * np.sqrt(rank)) / 2 / reach)[:, None]
    return even


def _keep_apart(positions: Floats) -> Floats:
    """Overlapping nodes push each other aside; what still overlaps in the end is cured by a larger scale."""
    places = positions + 1e-3 * np.column_stack([np.cos(np.arange(len(positions))), np.sin(np.arange(len(positions)))])
    for _ in range(30):
        pairs = cKDTree(places).query_pairs(CLEAR, output_type="ndarray")
        if len(pairs) == 0:
            return places
        delta = places[pairs[:, 0]] - places[pairs[:, 1]]
        distance = np.maximum(np.hypot(delta[:, 0], delta[:, 1]), 1e-6)
        shift = delta / distance[:, None] * ((CLEAR * 1.02 - distance) / 2)[:, None]
        np.add.at(places, pairs[:, 0], shift)
        np.add.at(places, pairs[:, 1], -shift)
    nearest = float(_nearest(places).min())
    return places * max(1.0, CLEAR / max(nearest, 1.0))


def _nearest(places: Floats) -> Floats:
    """Each point's distance to the next."""
    return np.asarray(cKDTree(places).query(places, k=2)[0], dtype=np.float64)[:, 1]
