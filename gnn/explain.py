"""Explain: from what each feature adds to a customer's score to at most five reasons of the documented list."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from gnn.features.build import FeatureTable
from gnn.reasons import MAX_REASONS, ReasonKind, reason_kinds
from graph_model.records import Reason

LEAST_WEIGHT = 0.04  # of what raises the score; what weighs less is noise


def explain(table: FeatureTable, contributions: NDArray[np.float64]) -> list[tuple[Reason, ...]]:
    """For each row its reasons, the weightiest first. `contributions` are TreeSHAP values by column, the base last."""
    kinds = tuple(reason_kinds().values())
    column_of = {name: position for position, name in enumerate(table.names)}
    shares = np.zeros((len(contributions), len(kinds)))
    for position, columns in enumerate(_columns(tuple(table.names))):
        shares[:, position] = contributions[:, columns].sum(axis=1)
    raised = np.maximum(shares, 0.0)
    weights = raised / np.maximum(raised.sum(axis=1, keepdims=True), 1e-12)
    for position, kind in enumerate(kinds):
        known = table.values[:, column_of[kind.needs]]
        weights[:, position] *= np.nan_to_num(known) >= kind.least
    ranked = np.argsort(-weights, axis=1, kind="stable")[:, :MAX_REASONS]
    return [
        tuple(
            _reason(kinds[position], float(weights[row, position]), table.values[row], column_of)
            for position in ranked[row]
            if weights[row, position] >= LEAST_WEIGHT
        )
        for row in range(len(contributions))
    ]


@lru_cache(maxsize=4)
def _columns(names: tuple[str, ...]) -> list[list[int]]:
    """The columns of each kind of reason."""
    return [[position for position, name in enumerate(names) if kind.covers(name)] for kind in reason_kinds().values()]


def _reason(kind: ReasonKind, weight: float, row: NDArray[np.float32], column_of: dict[str, int]) -> Reason:
    values = {name: _whole(float(row[column_of[column]])) for name, column in kind.values.items()}
    return Reason(kind.code, round(weight, 4), {name: value for name, value in values.items() if value is not None})


def _whole(value: float) -> int | None:
    """All numbers of the sentences are counts, days, years or yuan."""
    return None if np.isnan(value) else int(value)


def uncovered(names: Sequence[str]) -> list[str]:
    """Columns that no reason takes: their part of a score can't be told. A test wants none."""
    return [name for name in names if not any(kind.covers(name) for kind in reason_kinds().values())]
