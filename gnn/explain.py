"""Explain: from what each feature adds to a customer's score to at most five reasons of the documented list."""

from collections.abc import Sequence
from functools import cache, lru_cache
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from gnn.features.build import FeatureTable
from gnn.reasons import MAX_REASONS, ReasonKind, reason_kinds
from graph_model.records import Reason

LEAST_WEIGHT = 0.04  # of what raises the score; what weighs less is noise


def explain(table: FeatureTable, contributions: NDArray[np.float64]) -> list[tuple[Reason, ...]]:
    """For each row its reasons, the weightiest first. `contributions` are TreeSHAP values by column, the base last."""
    kinds = tuple(reason_kinds().values())
    column_of, columns, bounds, needed = _columns(tuple(table.names))
    shares = np.add.reduceat(contributions[:, columns], bounds, axis=1)
    raised = np.maximum(shares, 0.0)
    weights = raised / np.maximum(raised.sum(axis=1, keepdims=True), 1e-12)
    weights *= table.values[:, needed] >= _least()  # what isn't known is not
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
def _columns(names: tuple[str, ...]) -> tuple[dict[str, int], list[int], list[int], list[int]]:
    """Where each column is; the columns that the kinds of reason take, one kind after the other, where each kind's begin, and which each needs."""
    column_of = {name: position for position, name in enumerate(names)}
    taken = [[position for position, name in enumerate(names) if kind.covers(name)] for kind in reason_kinds().values()]
    empty = [kind.code for kind, columns in zip(reason_kinds().values(), taken, strict=True) if len(columns) == 0]
    if len(empty) > 0:  # `reduceat` would give each of them its neighbour's column
        raise ValueError(
            f"No column for the reasons {', '.join(empty)}. Explain the features that `column_names` lists."
        )
    bounds = np.cumsum([0, *map(len, taken[:-1])]).tolist()
    return column_of, list(chain.from_iterable(taken)), bounds, [column_of[k.needs] for k in reason_kinds().values()]


@cache
def _least() -> NDArray[np.float32]:
    return np.array([kind.least for kind in reason_kinds().values()], dtype=np.float32)


def _reason(kind: ReasonKind, weight: float, row: NDArray[np.float32], column_of: dict[str, int]) -> Reason:
    values = {name: _whole(float(row[column_of[column]])) for name, column in kind.values.items()}
    return Reason(kind.code, round(weight, 4), {name: value for name, value in values.items() if value is not None})


def _whole(value: float) -> int | None:
    """All numbers of the sentences are counts, days, years or yuan."""
    return None if np.isnan(value) else int(value)


def uncovered(names: Sequence[str]) -> list[str]:
    """Columns that no reason takes: their part of a score can't be told. A test wants none."""
    return [name for name in names if not any(kind.covers(name) for kind in reason_kinds().values())]
