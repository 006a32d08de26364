"""Bins: features as a net likes them, each replaced by where it lies among the values of the rows that were learnt from.

A column becomes its quantile (0..1, centred) and a soft indicator of each of a few quantile bins; heavy tails and odd scales, on which nets
do badly and trees don't, are gone (Duan et al., "DGA-GNN", AAAI 2024, bins for the same reason).
"""

from dataclasses import dataclass

import numpy as np

from gnn.nets.kernels import places
from gnn.nets.typed import Features

_STEPS = 32


@dataclass(frozen=True, slots=True)
class Bins:
    """Of each column [f] the quantiles that were seen, float32 [steps, f], rising."""

    edges: Features
    groups: int = 4

    @classmethod
    def learn(cls, x: Features, *, groups: int = 4) -> "Bins":
        """From rows [m, f], m at least 1."""
        return cls(np.quantile(x, np.linspace(0, 1, _STEPS + 1), axis=0).astype(np.float32), groups)

    def __call__(self, x: Features) -> Features:
        """Rows [n, f] to [n, f * (1 + groups)]."""
        place = places(self.edges, np.ascontiguousarray(x))
        centres = (np.arange(self.groups) + 0.5) / self.groups
        soft = np.maximum(0, 1 - np.abs(place[:, :, None] - centres) * self.groups)
        return np.hstack((2 * place - 1, soft.reshape(len(x), x.shape[1] * self.groups))).astype(np.float32)
