"""Rules: the score where nothing can be learnt, for want of confirmed fraud. A documented sum of points, no fitted model.

Points are log odds. They are set by judgement, not by any portfolio, and say what every investigator would: confirmed fraud around
somebody weighs most, then refusals, then means that are shared with strangers, then bursts.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from gnn.features.build import FeatureTable

RULES_VERSION = "rules-1"
BASE = -5.0  # well below 1 %: the share of fraud where nothing at all points to it

# Points for each doubling of (1 + the feature). Strength is damped by degree, so a public Wi-Fi adds next to nothing.
POINTS: Mapping[str, float] = {
    "near_fraud": 0.5,
    "strangers_strength": 1.3,
    "strangers_applied_30d": 0.3,
    "strangers_fraud": 0.4,
    "own_refused": 0.2,
    "changed": 0.2,
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
