"""Calibration: from a model's log odds to a probability, by beta calibration fitted on months that the model has not seen.

Three parameters instead of isotonic steps: with a few dozen positives a step function would tie half of the portfolio. It never turns the
order round, so ranking measures stay what they were.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from gnn.models.split import dealt
from gnn.models.trees import Probabilities

_PULL = 1.0  # towards the identity, in observations: few positives must not bend the curve
_LIMIT = 1e-6


@dataclass(frozen=True, slots=True)
class Calibration:
    """logit(p) = rise * ln(s) - fall * ln(1 - s) + shift, where s is the uncalibrated probability; rise and fall are not negative."""

    rise: float = 1.0
    fall: float = 1.0
    shift: float = 0.0

    def __call__(self, margin: NDArray[np.float64]) -> Probabilities:
        """The probability for log odds."""
        low, high = _logs(margin)
        return np.asarray(1.0 / (1.0 + np.exp(-np.clip(self.rise * low - self.fall * high + self.shift, -30, 30))))


def as_is(margin: NDArray[np.float64]) -> Probabilities:
    """The probability that log odds say by themselves."""
    return Calibration()(margin)


def fit_calibration(
    margin: NDArray[np.float64], positive: NDArray[np.bool_], weight: NDArray[np.float64] | None = None
) -> Calibration:
    """The likeliest calibration of these rows, pulled towards the identity. Without both kinds of row it is the identity."""
    if positive.all() or not positive.any():
        return Calibration()
    low, high = _logs(margin)
    truth = positive.astype(np.float64)
    weights = np.ones(len(margin)) if weight is None else weight

    def loss(values: NDArray[np.float64]) -> float:
        rise, fall, shift = values
        logit = rise * low - fall * high + shift
        likelihood = np.logaddexp(0.0, logit) - truth * logit
        return float((weights * likelihood).sum() + _PULL * ((rise - 1) ** 2 + (fall - 1) ** 2))

    best = minimize(loss, np.array([1.0, 1.0, 0.0]), bounds=[(0.05, 5), (0.0, 5), (-10, 10)], method="L-BFGS-B")
    rise, fall, shift = (float(v) for v in best.x)
    return Calibration(round(rise, 6), round(fall, 6), round(shift, 6))


def crossed_probability(
    margin: NDArray[np.float64],
    positive: NDArray[np.bool_],
    weight: NDArray[np.float64] | None = None,
    *,
    group: NDArray[np.integer],
    seed: int,
) -> Probabilities:
    """The probability of each row by a calibration that has seen neither it nor others of its group: what a calibration may be measured by on
    the rows that it is fitted on."""
    fold = dealt(group, positive, seed=seed)
    found = np.empty(len(margin))
    for held in (fold == number for number in np.unique(fold)):
        calibration = fit_calibration(margin[~held], positive[~held], None if weight is None else weight[~held])
        found[held] = calibration(margin[held])
    return found


def _logs(margin: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    score = np.clip(1.0 / (1.0 + np.exp(-np.clip(margin, -30, 30))), _LIMIT, 1 - _LIMIT)
    return np.log(score), np.log1p(-score)
