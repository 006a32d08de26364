"""Gradient-boosted trees over a feature table, by LightGBM: the same rows, configuration and thread count give the same bytes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import lightgbm
import numpy as np
from lightgbm.callback import CallbackEnv
from numpy.typing import NDArray

from gnn.features.walk import Rows

Probabilities = NDArray[np.float64]
OnRound = Callable[[int, int], None]

TREES = "trees.txt"
_FEW = 1_000  # rows


@dataclass(frozen=True, slots=True)
class TreeConfig:
    """One configuration for every portfolio; nothing is tuned per data set."""

    rounds: int = 300
    patience: int = 40
    learning_rate: float = 0.05
    leaves: int = 15
    min_rows: int = 20
    least_rounds: int = 60  # whatever few validation rows say
    column_share: float = 0.3
    row_share: float = 0.8
    l2: float = 1.0
    threads: int = 1  # more of them wait for each other on a busy machine, and other counts give other bytes
    seed: int = 3407


class Trees:
    """A fitted booster. `text` is its whole content, and is read when it is first needed: a damaged one is found by its digest before."""

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def _booster(self) -> lightgbm.Booster:
        return lightgbm.Booster(model_str=self.text)

    def files(self) -> dict[str, bytes]:
        return {TREES: self.text.encode()}

    @property
    def columns(self) -> int:
        return int(self._booster.num_feature())

    def margin(self, rows: Rows) -> Probabilities:
        """Log odds, before calibration."""
        return np.asarray(self._booster.predict(rows, raw_score=True, num_threads=threads_for(rows)), dtype=np.float64)

    def contributions(self, rows: Rows) -> NDArray[np.float64]:
        """TreeSHAP: for each row what each column adds to the log odds; the last column is the base."""
        return np.asarray(
            self._booster.predict(rows, pred_contrib=True, num_threads=threads_for(rows)), dtype=np.float64
        )


def threads_for(rows: Rows) -> int:
    """A few rows are sooner done by one thread than shared out among several that wait for each other; 0 is as many as there are."""
    return 1 if len(rows) < _FEW else 0


def fit(
    rows: Rows,
    positive: NDArray[np.bool_],
    validation: tuple[Rows, NDArray[np.bool_]] | None,
    *,
    names: Sequence[str],
    coded: Sequence[str],
    config: TreeConfig,
    weight: NDArray[np.float64] | None = None,
    rounds: int | None = None,
    on_round: OnRound | None = None,
) -> tuple[Trees, int]:
    """Fit, stopping early by the validation rows' loss where there are any; returns the trees and how many rounds they took. `on_round` is
    told how many are done, of how many at most."""
    parameters = {
        "objective": "binary",
        "metric": "binary_logloss" if validation is not None else "None",
        "learning_rate": config.learning_rate,
        "num_leaves": config.leaves,
        "min_data_in_leaf": config.min_rows,
        "feature_fraction": config.column_share,
        "bagging_fraction": config.row_share,
        "bagging_freq": 1,
        "lambda_l2": config.l2,
        "cat_smooth": 50,
        "min_data_per_group": 100,
        "max_bin": 127,
        "num_threads": config.threads,
        "seed": config.seed,
        "deterministic": True,
        "force_col_wise": True,  # the sums of a column are one thread's: any number of threads gives the same trees
        "verbose": -1,
    }
    learn = lightgbm.Dataset(
        rows,
        label=positive.astype(np.float32),
        weight=weight,
        feature_name=list(names),
        categorical_feature=list(coded),
        free_raw_data=True,
    )
    checks = []
    if validation is not None:
        checks.append(lightgbm.Dataset(validation[0], label=validation[1].astype(np.float32), reference=learn))
    booster = lightgbm.train(
        parameters,
        learn,
        num_boost_round=rounds if rounds is not None else config.rounds,
        valid_sets=checks,
        callbacks=[
            *([lightgbm.early_stopping(config.patience, verbose=False)] if checks else []),
            *([_teller(on_round)] if on_round is not None else []),
        ],
    )
    taken = max(int(booster.best_iteration), config.least_rounds) if checks else int(booster.num_trees())
    return Trees(booster.model_to_string(num_iteration=taken)), taken


def _teller(on_round: OnRound) -> Callable[[CallbackEnv], None]:
    def tell(at: CallbackEnv) -> None:
        on_round(at.iteration + 1, at.end_iteration)

    return tell
