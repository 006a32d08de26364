"""Nearby: the projection with its customers renumbered so that those who are linked lie close in memory, and the order to go through them."""

import numpy as np

from gnn.arrays.compiled import kernel
from gnn.arrays.csr import Index, Pointer, Weights
from gnn.rings.projection import Projection

_PASSES = 2


def brought_near(graph: Projection, order: Index) -> tuple[Projection, Index]:
    """The customers who have links, breadth first, beginning in this order, with their links; and who each of them was."""
    place, listing = _breadth_first(graph.indptr, graph.indices, order)
    return Projection(*_renumbered(graph.indptr, graph.indices, graph.weights, place, listing)), listing


def in_passes(nodes: int, random: np.random.Generator) -> Index:
    """All nodes in an order that goes through memory a few times from end to end and looks at a random part of them each time. A random order waits for
    memory at each node, and finds no better communities; one pass over all finds worse ones, for whoever comes first is joined by all around."""
    return np.argsort(random.integers(0, _PASSES, nodes, dtype=np.uint8), kind="stable").astype(np.int32)


@kernel
def _breadth_first(indptr: Pointer, indices: Index, order: Index) -> tuple[Index, Index]:
    """The new number of each customer, -1 for those without a link; and the customers in that order."""
    rows = len(indptr) - 1
    place = np.full(rows, -1, dtype=np.int32)
    listing = np.empty(rows, dtype=np.int32)
    found = 0
    for first in order:
        if place[first] >= 0 or indptr[first] == indptr[first + 1]:
            continue
        place[first] = found
        listing[found] = first
        head = found
        found += 1
        while head < found:
            node = listing[head]
            head += 1
            for position in range(indptr[node], indptr[node + 1]):
                other = indices[position]
                if place[other] < 0:
                    place[other] = found
                    listing[found] = other
                    found += 1
    return place, listing[:found].copy()


@kernel
def _renumbered(
    indptr: Pointer, indices: Index, weights: Weights, place: Index, listing: Index
) -> tuple[Pointer, Index, Weights]:
    pointer = np.zeros(len(listing) + 1, dtype=np.int64)
    renumbered = np.empty(len(indices), dtype=np.int32)
    carried = np.empty(len(indices), dtype=np.float64)
    entries = 0
    for row in range(len(listing)):
        node = listing[row]
        for position in range(indptr[node], indptr[node + 1]):
            renumbered[entries] = place[indices[position]]
            carried[entries] = weights[position]
            entries += 1
        pointer[row + 1] = entries
    return pointer, renumbered, carried
