"""Contenders: the ways of scoring that are fitted on the same rows and measured on the same later ones. The best of them serves.

Each is fitted on the first part of the rows, and stops or weighs by the second; the third is seen by none. Trees are boosted on all columns,
the stack is the gated blend of experts, the net learns on the surroundings of each row as of its moment. Where both are fitted, the net is one of
the stack's experts, too. Only teaching a net needs torch: what serves is its file (`gnn.nets.served`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gnn.arrays.graph import GraphArrays
from gnn.features.build import FeatureTable
from gnn.features.questions import QuestionSet
from gnn.models.blend import Blend, Expert, Learning, NetExpert, candidates, crossed, fit_experts, kept_weights
from gnn.models.metrics import measures
from gnn.models.mimic import fit_mimic
from gnn.models.split import Positions
from gnn.models.trees import OnRound, TreeConfig, Trees, fit
from gnn.nets.rows import QUESTION, around_of, question_graph
from gnn.nets.served import ServedNet
from graph_model.errors import InvalidRequest

TREES, STACK, NET = "trees", "stack", "net"
CONTENDERS = (TREES, STACK, NET)
EPOCHS = 30  # of a net, at most
Mask = NDArray[np.bool_]
Margins = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class LearningRows:
    """Rows to learn from, application rows first; and the part of each: by time, none in two. A review that was held in the months of the next
    part is in none, and only what serves learns from it."""

    table: FeatureTable
    asked: QuestionSet
    application: Positions
    positive: Mask
    weight: NDArray[np.float64]  # what a row stands for
    review: Mask
    fit: Mask
    validation: Mask
    held: Mask
    drawn: Mask  # rows that what serves is fitted on; all that `fit` has are
    honest: float = 1.0  # the share of the honest rows that were drawn

    @property
    def fitting(self) -> NDArray[np.float64]:
        """Weights to fit with: an honest row stands for those that were not drawn too."""
        return np.where(self.positive, self.weight, self.weight / self.honest)

    @property
    def later(self) -> Mask:
        """Rows that no contender is fitted on."""
        return self.validation | self.held

    def part(self, chosen: NDArray[np.int64] | Mask) -> FeatureTable:
        return FeatureTable(self.table.names, self.table.coded, self.table.tabular, self.table.values[chosen])

    @property
    def validated(self) -> Mask:
        """Application rows to choose by."""
        return self.validation & ~self.review


@dataclass(frozen=True)
class Candidate:
    """A fitted contender: its log odds of every row to choose by and of all held (NaN elsewhere), what is told of it, and how it is fitted on
    all rows to serve."""

    name: str
    margin: Margins
    refit: Callable[[OnRound], Trees | Blend]
    told: Mapping[str, Any] = field(default_factory=dict)

    def precision(self, rows: LearningRows) -> float:
        """Average precision on the rows to choose by."""
        found = measures(rows.positive[rows.validated], self.margin[rows.validated])
        return found.get("average_precision", 0.0)


def trees(rows: LearningRows, config: TreeConfig, columns: int, on_round: OnRound) -> Candidate:
    """Boosted trees on the first columns."""
    fitted, rounds = boosted(rows, rows.fit, config, columns, on_round, stop_by=rows.validation)

    def refit(on_round: OnRound) -> Trees:
        return boosted(rows, rows.drawn, config, columns, on_round, rounds=rounds)[0]

    margin = _later(rows, fitted.margin(rows.table.values[rows.later, :columns]))
    return Candidate(TREES, margin, refit, {"rounds": rounds})


def stack(
    arrays: GraphArrays, rows: LearningRows, config: TreeConfig, on_round: OnRound, beside: Candidate | None = None
) -> Candidate:
    """The blend: experts fitted on the first part, weighed by the second's application rows, which are what is chosen by, too; there it is
    judged by gates that have not seen the row. A net that was fitted `beside` it is an expert like any."""
    table, checked = rows.table, rows.validated
    learnt = Learning(
        table.names,
        table.coded,
        table.values[rows.fit],
        rows.positive[rows.fit],
        rows.fitting[rows.fit],
        (table.values[rows.validation], rows.positive[rows.validation]),
    )
    wanted = candidates(table.names, table.tabular)
    experts = fit_experts(learnt, wanted, config=config, on_done=on_round)

    def odds(chosen: Mask) -> Margins:
        seen = table.values[chosen]
        return np.column_stack(
            [expert.odds(seen) for expert in experts] + ([] if beside is None else [beside.margin[chosen]])
        )

    mixed, positive = odds(checked), rows.positive[checked]
    weights = kept_weights(mixed, positive)
    margin = np.full(len(rows.fit), np.nan)
    customer = arrays.applications.customer[rows.application[checked]]
    margin[checked] = crossed(mixed, positive, customer, seed=config.seed)
    margin[rows.held] = odds(rows.held) @ weights
    names = [*(expert.name for expert in experts), *([] if beside is None else [beside.name])]

    def refit(on_round: OnRound) -> Blend:
        every, weight = rows.drawn, rows.fitting
        everything = Learning(table.names, table.coded, table.values[every], rows.positive[every], weight[every])
        kept = [number for number, weight in enumerate(weights[: len(experts)]) if weight > 0]
        again = [(experts[number].kind, experts[number].view, experts[number].rounds) for number in kept]
        found: list[Expert | NetExpert] = [*fit_experts(everything, again, config=config, on_done=on_round)]
        if beside is not None and weights[-1] > 0:
            found.append(_net_expert(arrays, rows, config, int(beside.told["epochs"])))
        return Blend(found, [weight for weight in weights if weight > 0])

    told = {name: weight for name, weight in zip(names, weights, strict=True) if weight > 0}
    return Candidate(STACK, margin, refit, {"weights": told})


def net(arrays: GraphArrays, rows: LearningRows, config: TreeConfig, on_round: OnRound) -> Candidate:
    """The typed net. Raises InvalidRequest (`train.no_torch`)."""
    on_round(0, 2)
    found, history = taught(arrays, rows, rows.fit, rows.validation, seed=config.seed, epochs=EPOCHS)
    on_round(1, 2)
    later = np.flatnonzero(rows.later)
    margin = _later(rows, found.answers(around_of(arrays), rows.asked[later], rows.part(later)))
    on_round(2, 2)
    epochs = int(np.argmax(history)) + 1 if len(history) > 0 else EPOCHS

    def refit(on_round: OnRound) -> Blend:
        on_round(0, 1)
        served = Blend([_net_expert(arrays, rows, config, epochs)], [1.0])
        on_round(1, 1)
        return served

    return Candidate(NET, margin, refit, {"epochs": epochs})


def _net_expert(arrays: GraphArrays, rows: LearningRows, config: TreeConfig, epochs: int) -> NetExpert:
    """Of all rows that what serves is fitted on, for as many epochs as were best when it stopped by the validation part."""
    found, _ = taught(arrays, rows, rows.drawn, np.zeros_like(rows.drawn), seed=config.seed, epochs=epochs)
    table = rows.table
    mimic = fit_mimic(
        table.values,
        found.answers(around_of(arrays), rows.asked, table),
        rows.held,
        names=table.names,
        coded=table.coded,
        seed=config.seed,
        threads=config.threads,
    )
    return NetExpert(found, len(table.names), mimic)


def torch_is_there() -> bool:
    """Whether a net can be taught here. Nothing is loaded to find out."""
    return all(find_spec(name) is not None for name in ("torch", "torch_geometric"))


def taught(
    arrays: GraphArrays, rows: LearningRows, learnt: Mask, checked: Mask, *, seed: int, epochs: int
) -> tuple[ServedNet, Sequence[float]]:
    """A net that has learnt from application rows and stops by others, and its average precision on these by epoch; without these it is taught
    for all epochs. Raises InvalidRequest (`train.no_torch`)."""
    try:
        from gnn.nets.files import to_bytes
        from gnn.nets.net import NetConfig, fit_net, one_thread
    except ImportError as exc:
        raise InvalidRequest(
            "Teaching a net needs torch. Install the extra: pip install 'guanxi[gnn]', or leave the net out of --contenders. Where a net serves, "
            "training anew (--retrain, the job TRAIN) teaches one: without torch, run `guanxi train --contenders trees,stack` and "
            "let what it gives serve: `guanxi models promote challenger --reason …`.",
            code="train.no_torch",
        ) from exc
    config = NetConfig(whole_below=0, fanout=(64, 64), epochs=epochs, every=1, patience=4, seed=seed)
    seen = np.flatnonzero((learnt | checked) & ~rows.review)
    graph = question_graph(around_of(arrays), rows.asked[seen], rows.part(seen))
    with one_thread():
        fitted = fit_net(graph, QUESTION, rows.positive[seen], learnt[seen], checked[seen], config=config)
    return ServedNet(to_bytes(fitted)), fitted.history


def _later(rows: LearningRows, margin: Margins) -> Margins:
    found = np.full(len(rows.fit), np.nan)
    found[rows.later] = margin
    return found


def boosted(
    rows: LearningRows,
    chosen: Mask,
    config: TreeConfig,
    columns: int,
    on_round: OnRound,
    *,
    stop_by: Mask | None = None,
    rounds: int | None = None,
) -> tuple[Trees, int]:
    """Trees on the chosen rows' first columns, and how many rounds they took."""
    values, names = rows.table.values[:, :columns], rows.table.names[:columns]
    return fit(
        values[chosen],
        rows.positive[chosen],
        None if stop_by is None else (values[stop_by], rows.positive[stop_by]),
        names=names,
        coded=[name for name in rows.table.coded if name in names],
        config=config,
        weight=rows.fitting[chosen],
        rounds=rounds,
        on_round=on_round,
    )
