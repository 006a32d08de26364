"""Bootstrap: how sure a measure is. Customers are drawn anew with all their applications, and every score is measured on the same draws.

What is drawn is the customer, because applications of one person go together. Members of one ring do too, and no draw knows of that: the
intervals are somewhat too narrow where most fraud is that of few rings.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gnn.models.metrics import ALERT_SHARE

DRAWS = 200
LEVEL = 0.95
MEASURES = ("average_precision", "auc", "recall_at_1_percent", "brier")
_AT_ONCE = 2_000_000  # weights held at a time
FEW_POSITIVES = (
    20  # below which no interval tells two scores apart: the draws know only the frauds that there happen to be
)

Scores = NDArray[np.float64]
Drawn = NDArray[np.float64]  # [draws, measures]


@dataclass(frozen=True, slots=True)
class Interval:
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Difference:
    """Of a measure of two scores on the same rows: the first's minus the second's, and where it lies in LEVEL of all draws."""

    value: float
    low: float
    high: float
    positives: int

    @property
    def told_apart(self) -> bool:
        return self.positives >= FEW_POSITIVES and (self.low > 0 or self.high < 0)


def intervals(
    positive: NDArray[np.bool_], scores: Mapping[str, Scores], *, group: NDArray[np.integer], seed: int = 0
) -> Mapping[str, Mapping[str, Interval]]:
    """For each score each measure's interval; none where there is nothing to rank. `group` says which rows are drawn together."""
    if positive.all() or not positive.any():
        return {name: {} for name in scores}
    drawn = {
        name: np.vstack([_measured(positive, score, w) for w in _draws(group, seed)]) for name, score in scores.items()
    }
    return {name: dict(zip(MEASURES, _bounds(values), strict=True)) for name, values in drawn.items()}


def intervals_of(
    positive: NDArray[np.bool_], scores: Mapping[str, Scores], *, group: NDArray[np.integer], seed: int = 0
) -> dict[str, dict[str, list[float]]]:
    """The same as a card keeps them: [low, high]."""
    found = intervals(positive, scores, group=group, seed=seed)
    return {name: {key: [one.low, one.high] for key, one in of.items()} for name, of in found.items()}


def differences(
    positive: NDArray[np.bool_], first: Scores, second: Scores, *, group: NDArray[np.integer], seed: int = 0
) -> Mapping[str, Difference]:
    """Paired: both are measured on each draw. Nothing where there is nothing to rank."""
    if positive.all() or not positive.any():
        return {}
    once = np.ones((1, len(positive)))
    whole = (_measured(positive, first, once) - _measured(positive, second, once))[0]
    drawn = np.vstack([_measured(positive, first, w) - _measured(positive, second, w) for w in _draws(group, seed)])
    return {
        name: Difference(float(value), bounds.low, bounds.high, int(positive.sum()))
        for name, value, bounds in zip(MEASURES, whole, _bounds(drawn), strict=True)
    }


def _draws(group: NDArray[np.integer], seed: int) -> list[NDArray[np.float64]]:
    """Weights of the rows, some draws at a time: how often each one's group was drawn."""
    random = np.random.default_rng(seed)
    groups, of_row = np.unique(group, return_inverse=True)
    at_once = max(1, _AT_ONCE // max(1, len(group)))
    found: list[NDArray[np.float64]] = []
    for first in range(0, DRAWS, at_once):
        count = min(at_once, DRAWS - first)
        taken = random.integers(0, len(groups), size=(count, len(groups)))
        weight = np.stack([np.bincount(one, minlength=len(groups)) for one in taken])
        found.append(weight[:, of_row].astype(np.float64))
    return found


def _bounds(drawn: Drawn) -> list[Interval]:
    """A draw without any positive has no measures and is left out."""
    kept = drawn[~np.isnan(drawn).any(axis=1)]
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(kept, [tail, 1 - tail], axis=0)
    return [Interval(round(float(a), 6), round(float(b), 6)) for a, b in zip(low, high, strict=True)]


def _measured(positive: NDArray[np.bool_], score: Scores, weight: NDArray[np.float64]) -> Drawn:
    """The measures of `metrics`, with row weights, for each draw (row of `weight`) at once."""
    order = np.argsort(-score, kind="stable")
    ranked, truth = score[order], positive[order].astype(np.float64)
    ends = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))
    weights = weight[:, order]
    through = np.cumsum(weights, axis=1)
    hits = np.cumsum(weights * truth, axis=1)
    total, frauds = through[:, -1:], hits[:, -1:]
    with np.errstate(divide="ignore", invalid="ignore"):
        alerts = np.maximum(1.0, np.round(ALERT_SHARE * total))
        taken = np.clip(alerts - (through - weights), 0.0, weights)
        recall = (taken * truth).sum(axis=1) / frauds[:, 0]
        brier = (weights * (ranked - truth) ** 2).sum(axis=1) / total[:, 0]
        at, right = through[:, ends], hits[:, ends]
        wrong = at - right
        gained = np.diff(right, axis=1, prepend=0.0)
        precision = np.where(at > 0, right / at, 0.0)
        average = (gained * precision).sum(axis=1) / frauds[:, 0]
        area = np.diff(wrong, axis=1, prepend=0.0) * (right - gained / 2)
        auc = area.sum(axis=1) / (frauds[:, 0] * (total - frauds)[:, 0])
    return np.stack((average, auc, recall, brier), axis=1)
