"""Measures of a score against what became true. Pure."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, roc_auc_score

ALERT_SHARE = 0.01


def recall_at(positive: NDArray[np.bool_], score: NDArray[np.float64], share: float = ALERT_SHARE) -> float:
    """The share of the positives among the highest `share` of all rows, ties broken by row."""
    alerts = max(1, round(share * len(score)))
    chosen = np.argsort(-score, kind="stable")[:alerts]
    return float(positive[chosen].sum() / max(1, positive.sum()))


def brier(positive: NDArray[np.bool_], probability: NDArray[np.float64]) -> float:
    """Mean squared error of the probability."""
    return float(np.mean((probability - positive) ** 2))


def measures(positive: NDArray[np.bool_], probability: NDArray[np.float64]) -> Mapping[str, float]:
    """All of them by name; only counts where there is nothing to rank."""
    counts = {"rows": float(len(positive)), "positives": float(positive.sum())}
    if positive.all() or not positive.any():
        return counts
    return counts | {
        "average_precision": float(average_precision_score(positive, probability)),
        "auc": float(roc_auc_score(positive, probability)),
        "recall_at_1_percent": recall_at(positive, probability),
        "brier": brier(positive, probability),
        "expected_share": float(probability.mean()),
    }
