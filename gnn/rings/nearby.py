"""Nearby: the projection with its customers renumbered so that those who are linked lie close in memory, and the order to go through them."""

import numpy as np

from gnn.arrays.compiled import kernel
from gnn.arrays.csr import Index, Pointer, Weights
from gnn.rings.projection import Projection

Room = tuple[Index, Weights]

_PASSES = 2
_LARGE = 1 << 22  # bytes; for a piece of that size numpy asks the system for large pages


def rooms(count: int, links: int) -> list[Room]:
    """Room for the ends and weights of so many links each, filled by nobody yet. All of it is one large piece: the system takes as long to hand
    over memory in small pages as it takes to fill it, and what is not written to takes none."""
    ends = count * links * np.dtype(np.float64).itemsize
    piece = np.empty(max(ends + count * links * np.dtype(np.int32).itemsize, _LARGE), dtype=np.uint8)
    weights = piece[:ends].view(np.float64)
    indices = piece[ends : ends + ends // 2].view(np.int32)
    parts = [slice(number * links, (number + 1) * links) for number in range(count)]
    return [(indices[part], weights[part]) for part in parts]


def brought_near(graph: Projection, order: Index, room: Room) -> tuple[Projection, Index]:
    """The customers who have links, breadth first, beginning in this order, with their links, which are written into the room; and who each of
    them was."""
    indptr, listing = _breadth_first(graph.indptr, graph.indices, graph.weights, order, *room)
    links = len(graph.indices)
    return Projection(indptr, room[0][:links], room[1][:links]), listing


def in_passes(nodes: int, random: np.random.Generator) -> Index:
    """All nodes in an order that goes through memory a few times from end to end and looks at a random part of them each time. A random order waits for
    memory at each node, and finds no better communities; one pass over all finds worse ones, for whoever comes first is joined by all around."""
    return np.argsort(random.integers(0, _PASSES, nodes, dtype=np.uint8), kind="stable").astype(np.int32)


@kernel
def _breadth_first(
    indptr: Pointer, indices: Index, weights: Weights, order: Index, near: Index, carried: Weights
) -> tuple[Pointer, Index]:
    """Row pointers of the customers as they are listed, whose links come to lie in `near` and `carried`; and the customers in that order. Each
    row is read once, when its customer's turn comes."""
    rows = len(indptr) - 1
    start = indptr.view(np.uint64)
    neighbour, renumbered = indices.view(np.uint32), near.view(np.uint32)
    place = np.full(rows, -1, dtype=np.int32)
    listing = np.empty(rows, dtype=np.int32)
    pointer = np.zeros(rows + 1, dtype=np.int64)
    found = 0
    head = 0
    entries = 0
    for first in order:
        if place[first] >= 0 or indptr[first] == indptr[first + 1]:
            continue
        place[first] = found
        listing[found] = first
        found += 1
        while head < found:
            node = listing[head]
            head += 1
            for position in range(start[node], start[node + 1]):
                other = neighbour[position]
                renumbered[entries] = other
                carried[entries] = weights[position]
                entries += 1
                if place[other] < 0:
                    place[other] = found
                    listing[found] = other
                    found += 1
            pointer[head] = entries
    for entry in range(entries):
        renumbered[entry] = place[renumbered[entry]]
    return pointer[: found + 1].copy(), listing[:found].copy()
