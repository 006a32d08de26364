"""Split: which applications a model may learn from as of a moment, and which of them it is fitted, stopped and calibrated on. By time only.

An application is *mature* when its outcome would most likely be known by now: it is older than the delay within which three fifths of this
portfolio's fraud was confirmed (waiting for more costs more in rows than it gains in certainty). Younger ones are left out whole, the fraud
that happens to be known among them too: to keep only that would teach the model that recent applications are fraudulent. A mature application
without a label of fraud counts as honest; one with an early default is left out, for nobody said whether that was fraud, unless somebody did.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gnn.arrays.graph import NEVER, GraphArrays
from gnn.features.walk import DAY_MS

FIT_SHARE, VALIDATION_SHARE = 0.6, 0.2  # of the positives, in time order; the rest calibrates
_DELAY_QUANTILE = 0.6
_LEAST_DELAYS = 30  # confirmed frauds from which the delay's distribution is read
_LEAST_DELAY, _MOST_DELAY = 30 * DAY_MS, 240 * DAY_MS

Positions = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Split:
    """Positions of applications, each part later than the one before. `mature_before` is the moment (exclusive) up to which rows are used."""

    fit: Positions
    validation: Positions
    calibration: Positions
    mature_before: int

    @property
    def learning(self) -> Positions:
        """Fit and validation together."""
        return np.concatenate((self.fit, self.validation))


def is_positive(arrays: GraphArrays, applications: Positions) -> NDArray[np.bool_]:
    """Confirmed fraud, as far as the arrays' moment knows."""
    return np.asarray(arrays.applications.fraud_known[applications] < NEVER)


def label_delay(arrays: GraphArrays) -> int:
    """Milliseconds from application to confirmation within which most fraud was confirmed, over the fraud that is known."""
    applications = arrays.applications
    known = applications.fraud_known < NEVER
    if not known.any():
        return _MOST_DELAY
    delay = np.quantile(applications.fraud_known[known] - applications.applied_at[known], _DELAY_QUANTILE)
    return int(np.clip(delay, _LEAST_DELAY, _MOST_DELAY))


def unseen_fraud(arrays: GraphArrays, applications: Positions) -> NDArray[np.float64]:
    """For each application, how many frauds one that is confirmed by now stands for: 1 / the share of fraud that is confirmed within the time
    that has passed since, as it was among applications old enough to tell. At most 2; 1 where too few can tell."""
    told = arrays.applications
    complete = (told.fraud_known < NEVER) & (told.applied_at < arrays.as_of - _MOST_DELAY)
    delays = np.sort(told.fraud_known[complete] - told.applied_at[complete])
    if len(delays) < _LEAST_DELAYS:
        return np.ones(len(applications))
    passed = np.searchsorted(delays, arrays.as_of - told.applied_at[applications], side="right") / len(delays)
    return np.asarray(1.0 / np.maximum(passed, 0.5))


def dealt(group: NDArray[np.integer], positive: NDArray[np.bool_], *, folds: int = 5, seed: int) -> NDArray[np.int64]:
    """The fold of each row, by chance; rows of one group (a customer) are in one, and each fold has its share of the groups with fraud."""
    groups, of_row = np.unique(group, return_inverse=True)
    order = np.random.default_rng(seed).permutation(len(groups))
    fraud = np.bincount(of_row[positive], minlength=len(groups)) > 0
    fold = np.empty(len(groups), dtype=np.int64)
    fold[order[np.argsort(~fraud[order], kind="stable")]] = np.arange(len(groups)) % folds
    return np.asarray(fold[of_row])


def mature(arrays: GraphArrays) -> Positions:
    """The applications whose outcome would most likely be known by now, in order of time."""
    applications = arrays.applications
    said = (applications.fraud_known < NEVER) | (applications.good_known < NEVER)
    unclear = (applications.default_known < NEVER) & ~said
    rows = np.flatnonzero((applications.applied_at < arrays.as_of - label_delay(arrays)) & ~unclear)
    return rows[np.argsort(applications.applied_at[rows], kind="stable")]


def split_by_time(arrays: GraphArrays) -> Split:
    """Mature applications, cut where the given shares of the positives lie before."""
    rows = mature(arrays)
    seen = np.cumsum(is_positive(arrays, rows))
    total = seen[-1] if len(seen) > 0 else 0
    first = int(np.searchsorted(seen, FIT_SHARE * total))
    second = int(np.searchsorted(seen, (FIT_SHARE + VALIDATION_SHARE) * total))
    return Split(rows[:first], rows[first:second], rows[second:], arrays.as_of - label_delay(arrays))
