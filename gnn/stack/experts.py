"""Experts: three ways of growing trees, all by LightGBM: boosted, a random forest (Breiman 2001), extremely random trees (Geurts et al. 2006).

LightGBM's histograms make forests some ten times as quick as exact splits, and its text is a model file without pickle. One configuration
for every graph; one thread per fit, so that the same rows and seed give the same trees.
"""

from typing import Any, Literal

import lightgbm
import numpy as np
from numpy.typing import NDArray

from gnn.labelled import Features

Kind = Literal["boosted", "forest", "extra"]
KINDS: tuple[Kind, ...] = ("boosted", "forest", "extra")
_TREES = 60  # per fold: five folds make 300
_ROUNDS = 150
LEAVES = 512
_FEW = 500  # rows under which boosted trees are stumps of a kind


def fit_expert(
    kind: Kind,
    x: Features,
    positive: NDArray[np.bool_],
    *,
    seed: int,
    weight: NDArray[np.float64] | None = None,
    leaves: int = LEAVES,
) -> lightgbm.Booster:
    """Fit on rows [m, c]; `leaves` is how many a tree of a forest may have."""
    parameters = {
        "verbose": -1,
        "num_threads": 1,
        "deterministic": True,
        "force_row_wise": True,
        "seed": seed,
        "max_bin": 63,
        "bagging_freq": 1,
        "feature_pre_filter": False,
        **_parameters(kind, x.shape[0], x.shape[1], leaves),
    }
    rounds = _TREES if kind != "boosted" else (_ROUNDS // 2 if len(x) < _FEW else _ROUNDS)
    rows = lightgbm.Dataset(x, positive.astype(np.float32), weight=weight)
    return lightgbm.train(parameters, rows, num_boost_round=rounds)


def settings(rows: int, columns: int) -> list[object]:
    """All that decides what is fitted on so many rows and columns, beside them and the seed."""
    return [_TREES, _ROUNDS, LEAVES, *({"kind": kind, **_parameters(kind, rows, columns, LEAVES)} for kind in KINDS)]


def predict(model: lightgbm.Booster, x: Features) -> NDArray[np.float64]:
    """Scores in 0..1, float64 [n]."""
    return np.clip(np.asarray(model.predict(x, num_threads=1), dtype=np.float64), 0, 1)


def _parameters(kind: Kind, rows: int, columns: int, leaves: int) -> dict[str, Any]:
    if kind == "boosted":
        few = rows < _FEW
        return {
            "objective": "binary",
            "learning_rate": 0.05,
            "num_leaves": 4 if few else 20,
            "min_data_in_leaf": 5 if few else 20,
            "feature_fraction": 0.3,
            "bagging_fraction": 0.8,
            "lambda_l2": 1.0,
        }
    return {
        # Squared error: a leaf is the share of fraud in it, a forest their mean.
        "objective": "regression",
        "boosting": "rf",
        "num_leaves": leaves,
        "min_data_in_leaf": 3 if rows >= _FEW else 1,
        "min_data_in_bin": 1,
        "bagging_fraction": 0.632,
        "extra_trees": kind == "extra",
        "feature_fraction_bynode": columns**-0.5 if kind == "forest" else max(columns**-0.5, 0.3),
    }
