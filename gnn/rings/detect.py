"""Detection: communities of at least three customers as of a moment, with their measures. Names and yesterday's ids come in `identity.py`."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gnn.arrays.compiled import kernel
from gnn.arrays.csr import Index, Pointer, Weights
from gnn.arrays.graph import Incidence
from gnn.rings.cpm import communities
from gnn.rings.projection import HUB_CAP, Projection, project

GAMMA = 0.05  # members of a ring are tied more than this on average; lower joins households to it, higher splits it
MIN_SIZE = 3


@dataclass(frozen=True, slots=True)
class RingConfig:
    """How rings are found. Part of a model's version: another configuration means other features."""

    gamma: float = GAMMA
    hub_cap: int = HUB_CAP
    min_size: int = MIN_SIZE
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Rings:
    """`ring[c]` is the ring of customer c, -1 for none. Measures have one entry per ring."""

    ring: Index
    size: NDArray[np.int64]
    density: Weights  # linked pairs among possible pairs
    weight: Weights  # of the links inside

    def __len__(self) -> int:
        return len(self.size)

    def count(self, chosen: NDArray[np.bool_]) -> NDArray[np.int64]:
        """For each ring how many of its customers are chosen."""
        return np.bincount(self.ring[(self.ring >= 0) & chosen], minlength=len(self.size))


def find_rings(incidence: Incidence, *, before: int, config: RingConfig, order: Index | None = None) -> Rings:
    """The rings that were there before a moment (epoch ms, exclusive). Where customers have been renumbered, `order` is their order before, and
    rings are found and numbered as they would have been."""
    graph = project(incidence, before=before, hub_cap=config.hub_cap)
    found = communities(graph, gamma=config.gamma, seed=config.seed, order=order)
    return measure(graph, found, min_size=config.min_size)


def measure(graph: Projection, community: Index, *, min_size: int) -> Rings:
    """Communities of at least `min_size` as rings, numbered as they are."""
    sizes = np.bincount(community)
    big = sizes >= min_size
    number = np.where(big, np.cumsum(big) - 1, -1).astype(np.int32)
    ring = number[community]
    size = sizes[big]
    links, weight = _inside(graph.indptr, graph.indices, graph.weights, ring, len(size))
    return Rings(ring, size, links / 2 / np.maximum(size * (size - 1) / 2, 1), weight / 2)


@kernel
def _inside(
    indptr: Pointer, indices: Index, weights: Weights, ring: Index, rings: int
) -> tuple[NDArray[np.int64], Weights]:
    """How many links each ring has inside, and what they weigh, from either end."""
    links = np.zeros(rings, dtype=np.int64)
    weight = np.zeros(rings, dtype=np.float64)
    for customer in range(len(ring)):
        name = ring[customer]
        if name < 0:
            continue
        for position in range(indptr[customer], indptr[customer + 1]):
            if ring[indices[position]] == name:
                links[name] += 1
                weight[name] += weights[position]
    return links, weight
