"""Reliability: of those given a probability, how many were it. The edges are fixed, so that two models' tables stand beside each other."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from gnn.models.bootstrap import LEVEL, Scores

EDGES = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9, 1.0)


@dataclass(frozen=True, slots=True)
class Bin:
    """Rows with a probability from `low` up to `high`: what was expected of them, and what became true, with its interval (Wilson's)."""

    low: float
    high: float
    rows: int
    expected: float
    actual: float
    actual_low: float
    actual_high: float


def reliability(positive: NDArray[np.bool_], probability: Scores) -> Sequence[Bin]:
    """The bins that hold any row, by rising probability."""
    place = np.clip(np.searchsorted(EDGES, probability, side="right") - 1, 0, len(EDGES) - 2)
    found = []
    for number in np.unique(place).tolist():
        inside = place == number
        rows, frauds = int(inside.sum()), int(positive[inside].sum())
        low, high = _wilson(frauds, rows)
        expected = float(probability[inside].mean())
        numbers = (round(value, 6) for value in (expected, frauds / rows, low, high))
        found.append(Bin(EDGES[number], EDGES[number + 1], rows, *numbers))
    return found


def _wilson(frauds: int, rows: int) -> tuple[float, float]:
    z = float(ndtri((1 + LEVEL) / 2))
    share = frauds / rows
    middle = (share + z * z / (2 * rows)) / (1 + z * z / rows)
    half = z / (1 + z * z / rows) * float(np.sqrt(share * (1 - share) / rows + z * z / (4 * rows * rows)))
    return max(0.0, middle - half), min(1.0, middle + half)
