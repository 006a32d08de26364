"""TypedGraph: what the nets read. Nodes of several types with features, and relations between types as CSR over positions. No torch here."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gnn.arrays.csr import Index, Pointer, build_csr

Features = NDArray[np.float32]
Relation = tuple[str, str, str]  # type at the source, name, type at the target: as in PyG's HeteroData


@dataclass(frozen=True, slots=True)
class Links:
    """Of each target node the sources: `indices[indptr[i]:indptr[i + 1]]`. `sources` is how many nodes there are on the other side."""

    indptr: Pointer
    indices: Index
    sources: int

    @classmethod
    def of(cls, source: NDArray[np.integer], target: NDArray[np.integer], *, sources: int, targets: int) -> "Links":
        built = build_csr(target, source, targets)
        return cls(built.indptr, built.indices, sources)

    @property
    def targets(self) -> int:
        return len(self.indptr) - 1

    def target(self) -> Index:
        """The target of each link, so that (indices, target) is PyG's `edge_index`."""
        return np.repeat(np.arange(self.targets, dtype=np.int32), np.diff(self.indptr))

    def reversed(self) -> "Links":
        """The same links, by source."""
        return Links.of(self.target(), self.indices, sources=self.targets, targets=self.sources)


@dataclass(frozen=True, slots=True)
class TypedGraph:
    """Features float32 [n_t, f_t] of each type, and links of each relation. A node is known by its features and links alone: whoever is new is
    described, and scored, like anyone."""

    features: Mapping[str, Features]
    relations: Mapping[Relation, Links]

    def counts(self) -> dict[str, int]:
        return {name: len(rows) for name, rows in self.features.items()}
