"""Blend: the gated stack over the rows of a feature table. Experts on views of its columns, mixed as log odds by non-negative weights.

Views: the tabular columns alone; those that tell of no outcome, neither of the customer nor of anyone around; and all. Rows come from a
moment each, and what they tell of others' fraud was known then, so no row tells its own label; what an expert was fitted on lies before
what the gate is chosen on. Boosted trees are those that serve alone, on each view; forests are smaller than on labelled graphs: a row has to
be explained in milliseconds.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

import lightgbm
import numpy as np
from numpy.typing import NDArray

from gnn.features.walk import Rows
from gnn.models.split import dealt
from gnn.models.trees import Probabilities, TreeConfig, fit, threads_for
from gnn.stack.experts import KINDS, Kind, fit_expert
from gnn.stack.gate import log_odds, vote

OUTCOMES = ("fraud", "refused", "default", "good")  # words of columns that tell what became of an application
LEAST_WEIGHT = 0.02  # experts below it cost time and change nothing
_LEAVES = 64
_AT_ONCE = 2  # fits; it changes no score
_NEAR = 1e-9


@dataclass(frozen=True, slots=True)
class View:
    """Columns of a table, by position."""

    name: str
    columns: tuple[int, ...]


def views_of(names: Sequence[str], tabular: int) -> tuple[View, ...]:
    free = tuple(at for at, name in enumerate(names) if not any(word in name for word in OUTCOMES))
    return (
        View("tabular", tuple(range(tabular))),
        View("label-free", free),
        View("all", tuple(range(len(names)))),
    )


class Expert:
    """One fitted way of growing trees on one view. `text` is its whole content, and is read when it is first needed."""

    def __init__(self, kind: Kind, view: View, text: str) -> None:
        self.kind, self.view, self.text = kind, view, text

    @cached_property
    def _booster(self) -> lightgbm.Booster:
        return lightgbm.Booster(model_str=self.text)

    @property
    def name(self) -> str:
        return f"{self.kind} on {self.view.name}"

    @property
    def file(self) -> str:
        return f"{self.name.replace(' ', '-')}.txt"

    @property
    def boosted(self) -> bool:
        return self.kind == "boosted"

    @property
    def rounds(self) -> int:
        return int(self._booster.num_trees())

    def odds(self, rows: Rows) -> Probabilities:
        """Log odds [n]."""
        seen = self._seen(rows)
        told = self._booster.predict(seen, raw_score=self.boosted, num_threads=threads_for(seen))
        odds = np.asarray(told, dtype=np.float64)
        return odds if self.boosted else log_odds(odds)

    def contributions(self, rows: Rows) -> NDArray[np.float64]:
        """What each column of the table adds to the log odds [n, columns + 1], the base last. A forest's are shares of fraud; they are scaled so that
        they add up to its log odds, too."""
        seen = self._seen(rows)
        told = np.asarray(
            self._booster.predict(seen, pred_contrib=True, num_threads=threads_for(seen)), dtype=np.float64
        )
        odds = self.odds(rows)
        if self.boosted:
            scale = np.ones(len(rows))
        else:
            base = log_odds(told[:, -1] / self.rounds)
            total = told[:, :-1].sum(axis=1)
            scale = np.where(np.abs(total) > _NEAR, (odds - base) / np.where(total == 0, 1, total), 0)
        found = np.zeros((len(rows), rows.shape[1] + 1))
        found[:, list(self.view.columns)] = told[:, :-1] * scale[:, None]
        found[:, -1] = odds - found[:, :-1].sum(axis=1)
        return found

    def _seen(self, rows: Rows) -> Rows:
        return np.ascontiguousarray(rows[:, list(self.view.columns)])


@dataclass(frozen=True)
class Blend:
    """Experts with their weights, which add up to one."""

    experts: Sequence[Expert]
    weights: Sequence[float]

    def margin(self, rows: Rows) -> Probabilities:
        """Log odds, before calibration."""
        return np.asarray(sum(w * expert.odds(rows) for w, expert in self._weighed()))

    def contributions(self, rows: Rows) -> NDArray[np.float64]:
        """As of the experts, weighed: they add up to the margin."""
        return np.asarray(sum(w * expert.contributions(rows) for w, expert in self._weighed()))

    def files(self) -> dict[str, str]:
        return {expert.file: expert.text for expert in self.experts}

    def told(self) -> list[dict[str, Any]]:
        """All that `read` needs beside the files."""
        return [
            {"kind": e.kind, "view": e.view.name, "columns": list(e.view.columns), "weight": w, "file": e.file}
            for w, e in self._weighed()
        ]

    @classmethod
    def read(cls, told: Sequence[Mapping[str, Any]], text: Callable[[str], str]) -> "Blend":
        experts = [Expert(cast(Kind, t["kind"]), View(t["view"], tuple(t["columns"])), text(t["file"])) for t in told]
        return cls(experts, [float(t["weight"]) for t in told])

    def _weighed(self) -> list[tuple[float, Expert]]:
        return list(zip(self.weights, self.experts, strict=True))


@dataclass(frozen=True, slots=True)
class Learning:
    """What experts are fitted on: rows of the table, `coded` being names of columns that are codes. Boosted trees stop by `validation`."""

    names: Sequence[str]
    coded: Sequence[str]
    rows: Rows
    positive: NDArray[np.bool_]
    weight: NDArray[np.float64]
    validation: tuple[Rows, NDArray[np.bool_]] | None = None


def fit_experts(
    learning: Learning,
    wanted: Sequence[tuple[Kind, View, int | None]],
    *,
    config: TreeConfig,
    on_done: Callable[[int, int], None],
) -> list[Expert]:
    """One of each kind, view and number of rounds; boosted trees without a number stop by the validation rows."""

    def one(place: int) -> Expert:
        kind, view, rounds = wanted[place]
        columns = list(view.columns)
        seen = np.ascontiguousarray(learning.rows[:, columns])
        if kind != "boosted":
            weight, seed = learning.weight, config.seed + place
            booster = fit_expert(kind, seen, learning.positive, seed=seed, weight=weight, leaves=_LEAVES)
            return Expert(kind, view, booster.model_to_string())
        names = [learning.names[column] for column in columns]
        checked = learning.validation if rounds is None else None
        fitted, _ = fit(
            seen,
            learning.positive,
            None if checked is None else (np.ascontiguousarray(checked[0][:, columns]), checked[1]),
            names=names,
            coded=[name for name in learning.coded if name in names],
            config=config,
            weight=learning.weight,
            rounds=rounds,
        )
        return Expert(kind, view, fitted.text)

    found = []
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for done, expert in enumerate(pool.map(one, range(len(wanted))), start=1):
            found.append(expert)
            on_done(done, len(wanted))
    return found


def blend(experts: Sequence[Expert], odds: Probabilities, positive: NDArray[np.bool_]) -> Blend:
    """Weigh experts by their log odds [rows, k] of rows that none was fitted on; those who hardly count are left out."""
    weights = vote(odds, positive)
    kept = weights >= LEAST_WEIGHT
    shares = weights[kept] / weights[kept].sum()
    return Blend([e for e, k in zip(experts, kept, strict=True) if k], [round(float(w), 6) for w in shares])


def crossed(
    odds: Probabilities, positive: NDArray[np.bool_], group: NDArray[np.integer], *, seed: int
) -> Probabilities:
    """The mixed log odds of each row by a gate that has not seen it, nor others of its group: what a blend may be judged by on the rows that it is
    weighed by."""
    fold = dealt(group, positive, seed=seed)
    mixed = np.empty(len(odds))
    for held in (fold == number for number in np.unique(fold)):
        mixed[held] = odds[held] @ vote(odds[~held], positive[~held])
    return mixed


def candidates(names: Sequence[str], tabular: int) -> list[tuple[Kind, View, int | None]]:
    """Every kind on every view."""
    return [(kind, view, None) for view in views_of(names, tabular) for kind in KINDS]
