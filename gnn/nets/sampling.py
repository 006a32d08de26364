"""Sampling: the surroundings of some target nodes as a small TypedGraph, for graphs too big to hold in memory with their gradients.

Every hop looks at each relation that ends at a type, takes at most `most` links of every node reached in the hop before, and keeps their
direction. PyG's NeighborLoader needs compiled extensions that have no wheel here; this is one kernel and some bookkeeping.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gnn.nets.kernels import sample_links
from gnn.nets.typed import Links, TypedGraph

Positions = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Sample:
    """A part of a graph. `nodes`: type -> positions in the whole graph; the seeds come first among their type."""

    graph: TypedGraph
    nodes: dict[str, Positions]


def sample(graph: TypedGraph, kind: str, seeds: Positions, *, fanout: Sequence[int], seed: int) -> Sample:
    """The surroundings of the nodes `seeds` of type `kind`, `len(fanout)` hops deep, at most `fanout[h]` links of a node and relation in hop h.
    The same seed gives the same sample. Hops that reach a node again don't look at its links twice."""
    place = {name: np.full(count, -1, dtype=np.int32) for name, count in graph.counts().items()}
    nodes = {name: [np.empty(0, dtype=np.int64)] for name in place}
    size = dict.fromkeys(place, 0)
    fresh = {kind: seeds.astype(np.int64)}
    _place(place, nodes, size, fresh)
    source: dict[tuple[str, str, str], list[NDArray[np.int32]]] = {r: [] for r in graph.relations}
    target: dict[tuple[str, str, str], list[NDArray[np.int32]]] = {r: [] for r in graph.relations}
    for hop, most in enumerate(fanout):
        met: dict[str, list[Positions]] = {name: [] for name in place}
        for number, (relation, links) in enumerate(graph.relations.items()):
            wanted = fresh.get(relation[2], np.empty(0, dtype=np.int64))
            pointer, found = sample_links(links.indptr, links.indices, wanted, most, seed * 8191 + hop * 127 + number)
            source[relation].append(found)
            target[relation].append(np.repeat(place[relation[2]][wanted], np.diff(pointer)))
            met[relation[0]].append(found.astype(np.int64))
        fresh = {name: _new(np.concatenate(parts), place[name]) for name, parts in met.items() if len(parts) > 0}
        _place(place, nodes, size, fresh)
    taken = {name: np.concatenate(parts) for name, parts in nodes.items()}
    relations = {
        r: Links.of(
            place[r[0]][np.concatenate(source[r])], np.concatenate(target[r]), sources=size[r[0]], targets=size[r[2]]
        )
        for r in graph.relations
        if len(fanout) > 0
    }
    features = {name: graph.features[name][rows] for name, rows in taken.items()}
    return Sample(TypedGraph(features, relations), taken)


def _new(found: Positions, place: NDArray[np.int32]) -> Positions:
    return np.unique(found[place[found] < 0])


def _place(
    place: dict[str, NDArray[np.int32]],
    nodes: dict[str, list[Positions]],
    size: dict[str, int],
    fresh: dict[str, Positions],
) -> None:
    for name, rows in fresh.items():
        place[name][rows] = np.arange(size[name], size[name] + len(rows), dtype=np.int32)
        nodes[name].append(rows)
        size[name] += len(rows)
