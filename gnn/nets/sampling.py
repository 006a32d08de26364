"""Sampling: the surroundings of some target nodes as a small TypedGraph, for graphs too big to hold in memory with their gradients.

Every hop looks at each relation that ends at a type, takes at most `most` links of every node reached in the hop before, and keeps their
direction. PyG's NeighborLoader needs compiled extensions that have no wheel here; this is one kernel and some bookkeeping.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gnn.nets.kernels import sample_links
from gnn.nets.typed import Links, Relation, TypedGraph

Positions = NDArray[np.int64]
Ends = dict[Relation, list[NDArray[np.int32]]]


@dataclass(frozen=True, slots=True)
class Sample:
    """A part of a graph. `nodes`: type -> positions in the whole graph; the seeds come first among their type."""

    graph: TypedGraph
    nodes: dict[str, Positions]


class Sampler:
    """Samples of one graph. What is as long as the graph is taken once, and after each sample only what it touched is put back, so that a batch
    costs what it reaches. Not for two threads at once."""

    def __init__(self, graph: TypedGraph) -> None:
        self._graph = graph
        self._place = {name: np.full(count, -1, dtype=np.int32) for name, count in graph.counts().items()}

    def sample(self, kind: str, seeds: Positions, *, fanout: Sequence[int], seed: int) -> Sample:
        """The surroundings of the nodes `seeds` of type `kind`, `len(fanout)` hops deep, at most `fanout[h]` links of a node and relation in hop h.
        The same seed gives the same sample. Hops that reach a node again don't look at its links twice."""
        nodes: dict[str, list[Positions]] = {name: [np.empty(0, dtype=np.int64)] for name in self._place}
        try:
            source, target, size = self._walk(nodes, kind, seeds, fanout, seed)
            taken = {name: np.concatenate(parts) for name, parts in nodes.items()}
            relations = {
                r: Links.of(
                    self._place[r[0]][np.concatenate(source[r])],
                    np.concatenate(target[r]),
                    sources=size[r[0]],
                    targets=size[r[2]],
                )
                for r in self._graph.relations
                if len(fanout) > 0
            }
        finally:
            for name, parts in nodes.items():
                for rows in parts:
                    self._place[name][rows] = -1
        features = {name: self._graph.features[name][rows] for name, rows in taken.items()}
        return Sample(TypedGraph(features, relations), taken)

    def _walk(
        self, nodes: dict[str, list[Positions]], kind: str, seeds: Positions, fanout: Sequence[int], seed: int
    ) -> tuple[Ends, Ends, dict[str, int]]:
        """Fills `nodes`, and `_place` with where they come in the sample. Sources in the graph and targets in the sample of each relation; how
        many nodes of each type."""
        place = self._place
        size = dict.fromkeys(place, 0)
        fresh = {kind: seeds.astype(np.int64)}
        _put(place, nodes, size, fresh)
        source: Ends = {r: [] for r in self._graph.relations}
        target: Ends = {r: [] for r in self._graph.relations}
        for hop, most in enumerate(fanout):
            met: dict[str, list[Positions]] = {name: [] for name in place}
            for number, (relation, links) in enumerate(self._graph.relations.items()):
                wanted = fresh.get(relation[2], np.empty(0, dtype=np.int64))
                chance = seed * 8191 + hop * 127 + number
                pointer, found = sample_links(links.indptr, links.indices, wanted, most, chance)
                source[relation].append(found)
                target[relation].append(np.repeat(place[relation[2]][wanted], np.diff(pointer)))
                met[relation[0]].append(found.astype(np.int64))
            fresh = {name: _new(np.concatenate(parts), place[name]) for name, parts in met.items() if len(parts) > 0}
            _put(place, nodes, size, fresh)
        return source, target, size


def _new(found: Positions, place: NDArray[np.int32]) -> Positions:
    return np.unique(found[place[found] < 0])


def _put(
    place: dict[str, NDArray[np.int32]],
    nodes: dict[str, list[Positions]],
    size: dict[str, int],
    fresh: dict[str, Positions],
) -> None:
    for name, rows in fresh.items():
        place[name][rows] = np.arange(size[name], size[name] + len(rows), dtype=np.int32)
        nodes[name].append(rows)
        size[name] += len(rows)
