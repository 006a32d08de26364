"""Mimic: boosted trees that were fitted to say what a net says, so that reasons can be told of its score, and without asking it again.

They learn the net's log odds of rows, not their labels, from the feature columns; how much alike the two are on months that they have not seen is
told beside them. What they don't catch is nobody's reason: it goes to the base, so that contributions still add up to the score.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import lightgbm
import numpy as np
from numpy.typing import NDArray

from gnn.features.walk import Rows
from gnn.models.trees import Trees

_FILE = "mimic.txt"
_ROUNDS, _LEAVES, _RATE, _LEAST_ROWS = 150, 15, 0.1, 20
_HIGH_SHARE = 0.5  # of all weight: the highest rows', for they are the ones that are explained
_HIGH = 0.95  # the share of rows that are not


class Mimic:
    """`likeness` is the share (R²) of how the net's log odds vary that the mimic tells, in months that it has not seen; the high rows, which are
    explained, count half."""

    def __init__(self, text: str, columns: int, likeness: float) -> None:
        self.text, self._columns, self.likeness = text, columns, likeness
        self._trees = Trees(text)

    @property
    def file(self) -> str:
        return _FILE

    def contributions(self, rows: Rows, margin: NDArray[np.float64]) -> NDArray[np.float64]:
        """What each column adds [n, columns of `rows` + 1]; with the last, the base, it adds up to `margin`."""
        found = np.zeros((len(rows), rows.shape[1] + 1))
        found[:, : self._columns] = self._trees.contributions(rows[:, : self._columns])[:, :-1]
        found[:, -1] = margin - found.sum(axis=1)
        return found

    def told(self) -> dict[str, Any]:
        return {"file": _FILE, "columns": self._columns, "likeness": self.likeness}

    @classmethod
    def read(cls, told: Mapping[str, Any], content: Callable[[str], bytes]) -> "Mimic":
        return cls(content(str(told["file"])).decode(), int(told["columns"]), float(told["likeness"]))


def fit_mimic(
    rows: Rows,
    margin: NDArray[np.float64],
    later: NDArray[np.bool_],
    *,
    names: Sequence[str],
    coded: Sequence[str],
    seed: int,
    threads: int,
) -> Mimic:
    """From rows [n, names] and the net's log odds of them. It is fitted on all but the `later` ones, which say how much alike they are."""
    high = margin >= np.quantile(margin[~later], _HIGH)
    weight = np.empty(len(margin))
    for part in (~later, later):
        for rows_of, share in ((high & part, _HIGH_SHARE), (~high & part, 1 - _HIGH_SHARE)):
            weight[rows_of] = share * part.sum() / max(1, rows_of.sum())
    parameters = {
        "objective": "regression",
        "metric": "None",
        "learning_rate": _RATE,
        "num_leaves": _LEAVES,
        "min_data_in_leaf": _LEAST_ROWS,
        "feature_fraction": 0.3,
        "cat_smooth": 50,
        "min_data_per_group": 100,
        "max_bin": 127,
        "num_threads": threads,
        "seed": seed,
        "deterministic": True,
        "force_col_wise": True,
        "verbose": -1,
    }
    learn = lightgbm.Dataset(
        rows[~later],
        label=margin[~later],
        weight=weight[~later],
        feature_name=list(names),
        categorical_feature=list(coded),
        free_raw_data=True,
    )
    text = lightgbm.train(parameters, learn, num_boost_round=_ROUNDS).model_to_string()
    return Mimic(text, rows.shape[1], _likeness(Trees(text).margin(rows[later]), margin[later], weight[later]))


def _likeness(found: NDArray[np.float64], margin: NDArray[np.float64], weight: NDArray[np.float64]) -> float:
    if len(margin) == 0:
        return 0.0
    spread = float((weight * (margin - np.average(margin, weights=weight)) ** 2).sum())
    return round(1.0 - float((weight * (margin - found) ** 2).sum()) / spread, 4) if spread > 0 else 0.0
