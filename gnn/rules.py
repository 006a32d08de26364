"""Rules: the score where nothing can be learnt, for want of confirmed fraud. A documented sum of points, no fitted model.

Points are log odds. They are set by judgement, not by any portfolio, and say what every investigator would: confirmed fraud around
somebody weighs most, then refusals, then means that are shared with strangers, then bursts.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from gnn.features.build import FeatureTable

RULES_VERSION = "rules-1"
BASE = -4.6  # 1 %: the usual share of fraud where nothing is known

# Points for each doubling of (1 + the feature).
POINTS: Mapping[str, float] = {
    "near_fraud": 1.2,
    "far_fraud": 0.3,
    "near_refused": 0.3,
    "strangers": 0.45,
    "strangers_applied_30d": 0.3,
    "uses_device_recent_30d": 0.3,
    "has_account_pay_out_others": 0.3,
    "ring_fraud": 0.3,
    "own_refused": 0.2,
    "changed": 0.15,
}


class Rules:
    """The rules, in the form that a fitted model has."""

    version = RULES_VERSION

    def probability(self, table: FeatureTable) -> NDArray[np.float64]:
        return np.asarray(1.0 / (1.0 + np.exp(-self.margin(table))))

    def margin(self, table: FeatureTable) -> NDArray[np.float64]:
        return np.asarray(self.contributions(table).sum(axis=1))

    def contributions(self, table: FeatureTable) -> NDArray[np.float64]:
        """Points by column, the base last."""
        points = np.zeros((len(table.values), len(table.names) + 1))
        points[:, -1] = BASE
        for name, each in POINTS.items():
            points[:, table.names.index(name)] = each * np.log2(1.0 + np.nan_to_num(table.column(name)))
        return points
