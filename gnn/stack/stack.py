"""Stack: fit every expert on every view out-of-fold, weigh them by the gate, score all nodes of the graph.

Views: raw features alone (neighbours mislead on some graphs), all label-free columns, and these with the label block. Each expert is fitted
five times, each time without one fold; the held-out fold's scores and those of validation rows teach the gate, the mean of the five scores
whoever is in neither. Nothing of a test row's label is read. A net is one more expert where torch is installed and asked for.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gnn.labelled import Features, GraphData, Mask
from gnn.stack.experts import KINDS, Kind, fit_expert, predict
from gnn.stack.gate import gate, mix
from gnn.stack.labels import deal, label_block
from gnn.stack.propagation import label_free
from graph_model.errors import InvalidRequest

Scores = NDArray[np.float64]
# Of a graph: fits on the training rows, stops by the validation rows, scores all nodes [n].
Net = Callable[[GraphData, Features, Mask, Mask, int], Scores]


@dataclass(frozen=True, slots=True)
class StackConfig:
    """What is the same for every graph."""

    seed: int = 3407
    threads: int = 2  # fits at once; it changes no score
    kinds: Sequence[Kind] = KINDS
    net: Net | None = None


@dataclass(frozen=True, slots=True)
class Stacked:
    """Scores in 0..1 of all nodes [n], those of each expert, and the experts' weights. Training rows' are out-of-fold."""

    score: Scores
    experts: Mapping[str, Scores]
    weights: Mapping[str, float]


def fit_stack(
    graph: GraphData, train: Mask, validation: Mask, *, config: StackConfig, free: Features | None = None
) -> Stacked:
    """Learn from `train` bool [n], stop and weigh with `validation` bool [n], score everybody. `free` is `label_free(graph)` where that is at hand.
    Raises InvalidRequest (`train.too_few_labels`) without two training rows of each class."""
    counts = np.bincount(graph.y[train & (graph.y >= 0)], minlength=2)
    if min(counts[:2]) < 2:
        raise InvalidRequest(
            "A stack needs two labelled training rows of fraud and two of others. Label more, or choose another split.",
            code="train.too_few_labels",
        )
    train, validation = train & _labelled(graph), validation & _labelled(graph)
    free = label_free(graph) if free is None else free
    fold = deal(graph.y, train, seed=config.seed)
    known = label_block(graph, fold)
    views = {"raw": graph.x, "label-free": free, "all": np.hstack((free, known))}
    with ThreadPoolExecutor(config.threads) as pool:
        jobs = {
            f"{kind} on {view}": [
                pool.submit(_one, kind, x, graph.y, fold, held, config.seed + held)
                for held in range(int(fold.max()) + 1)
            ]
            for view, x in views.items()
            for kind in config.kinds
        }
        experts = {name: _assemble(fold, [part.result() for part in parts]) for name, parts in jobs.items()}
    if config.net is not None:
        experts["net"] = _net(config.net, graph, free, fold, validation, config.seed)
    rows = train | validation
    told = np.column_stack(list(experts.values()))
    weights = gate(told[rows], graph.y[rows] == 1)
    return Stacked(mix(told, weights), experts, {name: float(w) for name, w in zip(experts, weights, strict=True)})


def _labelled(graph: GraphData) -> Mask:
    return np.asarray((graph.y == 0) | (graph.y == 1))


def _one(kind: Kind, x: Features, y: NDArray[np.int64], fold: NDArray[np.int64], held: int, seed: int) -> Scores:
    rows = (fold >= 0) & (fold != held)
    return predict(fit_expert(kind, x[rows], y[rows] == 1, seed=seed), x)


def _assemble(fold: NDArray[np.int64], parts: Sequence[Scores]) -> Scores:
    """The mean of all fits; for a training row that of the fit without it."""
    score = np.mean(parts, axis=0)
    for held, part in enumerate(parts):
        score[fold == held] = part[fold == held]
    return np.asarray(score)


def _net(net: Net, graph: GraphData, free: Features, fold: NDArray[np.int64], validation: Mask, seed: int) -> Scores:
    """Two fits, each without half of the folds: nets are slow, and this is enough for an honest weight."""
    half = np.where(fold >= 0, fold % 2, -1)
    return _assemble(half, [net(graph, free, (half >= 0) & (half != held), validation, seed + held) for held in (0, 1)])
