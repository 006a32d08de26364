"""Gate: how much each expert counts. Non-negative weights that add up to one, chosen on scores of rows an expert has not been fitted on.

Chosen is by greedy selection with replacement (Caruana et al., "Ensemble Selection from Libraries of Models", ICML 2004): from equal weights, the
expert that raises average precision most gets another vote. Experts are mixed as log odds, so that a sure one isn't outvoted by timid ones. With
few labels a chosen gate is noise, so its weights are drawn towards equal ones: they count frauds / (frauds + 40), for it is the rarer
labels that say which expert is better.
"""

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score

Scores = NDArray[np.float64]

FEW = 40  # labels of the rarer kind
_VOTES = 20
_START = 3  # votes that all experts share to begin with
_LEAST = 0.002  # a forest's 0 is not certainty


def gate(scores: Scores, positive: NDArray[np.bool_]) -> Scores:
    """Weights [k] for the experts' scores [rows, k] in 0..1; equal ones where there is nothing to choose by."""
    return vote(log_odds(scores), positive)


def vote(odds: Scores, positive: NDArray[np.bool_]) -> Scores:
    """As `gate`, of log odds [rows, k]."""
    rows, experts = odds.shape
    equal = np.full(experts, 1 / experts)
    if rows == 0 or positive.all() or not positive.any():
        return equal
    mixed, votes = odds.mean(axis=1) * _START, equal * _START
    for _ in range(_VOTES):
        gained = [average_precision_score(positive, mixed + odds[:, expert]) for expert in range(experts)]
        best = int(np.argmax(gained))
        mixed = mixed + odds[:, best]
        votes[best] += 1
    rarer = min(int(positive.sum()), int((~positive).sum()))
    share = rarer / (rarer + FEW)
    return np.asarray(share * votes / votes.sum() + (1 - share) * equal)


def mix(scores: Scores, weights: Scores) -> Scores:
    """One score in 0..1 per row of the experts' [rows, k]."""
    return np.asarray(1 / (1 + np.exp(-log_odds(scores) @ weights)))


def log_odds(scores: Scores) -> Scores:
    kept = np.clip(scores, _LEAST, 1 - _LEAST)
    return np.asarray(np.log(kept / (1 - kept)))
