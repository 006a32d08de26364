"""Blend: the gated stack over the rows of a feature table. Experts on views of its columns, mixed as log odds by non-negative weights.

Views: the tabular columns alone; those that tell of no outcome, neither of the customer nor of anyone around; and all. Rows come from a
moment each, and what they tell of others' fraud was known then, so no row tells its own label; what an expert was fitted on lies before
what the gate is chosen on. Boosted trees are those that serve alone, on each view; forests are smaller than on labelled graphs. The typed net may
be one more expert, or the only one: its log odds are the column behind all others, which whoever describes a row for it fills.

What a column adds to a blend is told by its boosted trees, for Shapley values of all its forests take longer than an answer may, and by trees
that mimic the net (`gnn.models.mimic`), which has none.
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
from gnn.models.mimic import Mimic
from gnn.models.split import dealt
from gnn.models.trees import Probabilities, TreeConfig, fit, threads_for
from gnn.nets.served import ServedNet
from gnn.stack.experts import KINDS, Kind, fit_expert
from gnn.stack.gate import log_odds, vote

OUTCOMES = ("fraud", "refused", "default", "good")  # words of columns that tell what became of an application
NET = "net"
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
class NetExpert:
    """The typed net, which has answered in a column of its own; the mimic tells what other columns add to it."""

    net: ServedNet
    column: int
    mimic: Mimic

    name, file, kind = NET, "net.safetensors", NET

    @property
    def view(self) -> View:
        return View("surroundings", (self.column,))

    def odds(self, rows: Rows) -> Probabilities:
        return rows[:, self.column].astype(np.float64)

    def contributions(self, rows: Rows) -> NDArray[np.float64]:
        """As of an expert on columns; nothing of the column of the net's own."""
        return self.mimic.contributions(rows, self.odds(rows))


@dataclass(frozen=True)
class Blend:
    """Experts with their weights, which add up to one."""

    experts: Sequence[Expert | NetExpert]
    weights: Sequence[float]

    @property
    def net(self) -> ServedNet | None:
        return next((expert.net for expert in self.experts if isinstance(expert, NetExpert)), None)

    def margin(self, rows: Rows) -> Probabilities:
        """Log odds, before calibration."""
        return np.asarray(sum(w * expert.odds(rows) for w, expert in self._weighed()))

    def contributions(self, rows: Rows) -> NDArray[np.float64]:
        """What each column adds to the log odds [n, columns + 1], the base last; they add up to the margin. Told by boosted trees and the net, weighed
        among themselves; by the forests, which take ten times as long, where there are no others."""
        told = [(w, expert) for w, expert in self._weighed() if isinstance(expert, NetExpert) or expert.boosted]
        return self._told(rows, told or self._weighed())

    def exact_contributions(self, rows: Rows) -> NDArray[np.float64]:
        """As `contributions`, told by all experts."""
        return self._told(rows, self._weighed())

    def _told(self, rows: Rows, tellers: Sequence[tuple[float, "Expert | NetExpert"]]) -> NDArray[np.float64]:
        found = np.asarray(sum(w * expert.contributions(rows) for w, expert in tellers))
        found /= sum(w for w, _ in tellers)
        found[:, -1] = self.margin(rows) - found[:, :-1].sum(axis=1)
        return found

    def files(self) -> dict[str, bytes]:
        found: dict[str, bytes] = {}
        for expert in self.experts:
            if isinstance(expert, NetExpert):
                found |= {expert.file: expert.net.content, expert.mimic.file: expert.mimic.text.encode()}
            else:
                found[expert.file] = expert.text.encode()
        return found

    def told(self) -> list[dict[str, Any]]:
        """All that `read` needs beside the files."""
        return [
            {"kind": e.kind, "view": e.view.name, "columns": list(e.view.columns), "weight": w, "file": e.file}
            | ({"mimic": e.mimic.told()} if isinstance(e, NetExpert) else {})
            for w, e in self._weighed()
        ]

    @classmethod
    def read(cls, told: Sequence[Mapping[str, Any]], content: Callable[[str], bytes]) -> "Blend":
        experts: list[Expert | NetExpert] = []
        for one in told:
            kept, columns = content(one["file"]), tuple(one["columns"])
            if one["kind"] == NET:
                experts.append(NetExpert(ServedNet(kept), columns[0], Mimic.read(one["mimic"], content)))
            else:
                experts.append(Expert(cast(Kind, one["kind"]), View(one["view"], columns), kept.decode()))
        return cls(experts, [float(one["weight"]) for one in told])

    def _weighed(self) -> list[tuple[float, Expert | NetExpert]]:
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


def kept_weights(odds: Probabilities, positive: NDArray[np.bool_]) -> Sequence[float]:
    """The weight of each expert by their log odds [rows, k] of rows that none was fitted on, adding up to one; 0 for those who hardly count, who are
    left out."""
    weights = vote(odds, positive)
    weights[weights < LEAST_WEIGHT] = 0.0
    return [round(float(weight), 6) for weight in weights / weights.sum()]


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
