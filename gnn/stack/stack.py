"""Stack: fit every expert on every view out-of-fold, weigh them by the gate, score all nodes of a graph.

Views: raw features alone (neighbours mislead on some graphs), all label-free columns, and these with the label block. Each expert is fitted
five times, each time without one fold; the held-out fold's scores and those of validation rows teach the gate, the mean of the five scores
whoever is in neither. Nothing of a test row's label is read. Where rows are events and validation comes after training, labels around a row are
those of earlier rows, and validation rows alone teach the gate: they lie to training as the rows to come will. A net is one more expert where
torch is installed and asked for.

What was fitted scores other graphs, too. Where a graph begins with the nodes that were learnt on, the labels known around a node are those
it learnt from, and newcomers are described and scored like anyone; in a graph it has never seen, they are that graph's own, out-of-fold.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Protocol

import lightgbm
import numpy as np
from numpy.typing import NDArray

from gnn.labelled import Features, GraphData, Mask
from gnn.models.calibration import Calibration, crossed_probability, fit_calibration
from gnn.stack.events import split_in_time
from gnn.stack.experts import KINDS, Kind, fit_expert, predict
from gnn.stack.gate import gate, log_odds, mix
from gnn.stack.labels import deal, label_block
from gnn.stack.propagation import Frame, label_free
from gnn.stack.shelf import Shelf
from graph_model.errors import InvalidRequest
from graph_model.store import OnProgress

Scores = NDArray[np.float64]
NET = "net"
_HALVES = 2  # fits of a net


class GraphNet(Protocol):
    """A net that was fitted on a graph."""

    def score(self, graph: GraphData, free: Features) -> Scores:
        """All nodes [n], 0..1."""

    def to_bytes(self) -> bytes: ...


class Net(Protocol):
    """How a net is fitted on the training rows of a graph, stopping by the validation rows; and read again. `settings` are all that decides what
    is fitted beside these and the seed."""

    @property
    def settings(self) -> Mapping[str, object]: ...

    def fit(self, graph: GraphData, free: Features, train: Mask, validation: Mask, seed: int) -> GraphNet: ...

    def read(self, content: bytes) -> GraphNet: ...


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


@dataclass(frozen=True)
class FittedStack:
    """Everything that scores graphs. `fold` int64 [n], `fraud` and `checked` bool [n] are of the nodes that were learnt on: in which fold each
    training row was (-1 for others), what it was, and which rows it was stopped, weighed and calibrated with. `trees`: expert -> LightGBM's
    text of each of its fits, by the fold that was held out. `earlier`: labels around a row are those of earlier rows."""

    frame: Frame
    fold: NDArray[np.int64]
    fraud: Mask
    checked: Mask
    trees: Mapping[str, Sequence[str]]
    nets: Sequence[GraphNet]
    weights: Mapping[str, float]
    calibration: Calibration
    seed: int
    earlier: bool = False

    def apply(self, graph: GraphData, *, on_progress: OnProgress | None = None) -> Stacked:
        """Score all nodes. Raises InvalidRequest (`graph_file.other`) for a graph without what was learnt on."""
        free = label_free(graph, self.frame)
        held, views = self._described(graph, free)
        experts: dict[str, Scores] = {}
        for done, (name, texts) in enumerate(self.trees.items()):
            if on_progress is not None:
                on_progress("scoring", done, len(self.trees) + len(self.nets))
            x = views[name.partition(" on ")[2]]
            parts = [predict(lightgbm.Booster(model_str=text), x) for text in texts]
            experts[name] = _assemble(held, parts)
        if len(self.nets) > 0:
            experts[NET] = _assemble(_half(held), [net.score(graph, free) for net in self.nets])
        told = np.column_stack([experts[name] for name in self.weights])
        return Stacked(mix(told, np.array(list(self.weights.values()))), experts, self.weights)

    def probability(self, found: Stacked) -> Scores:
        """The calibrated probability of each node's score; the order stays."""
        return self.calibration(_margin(found.score))

    def seen(self, graph: GraphData) -> tuple[Mask, Mask]:
        """Which rows of a graph it was fitted on, and which it was stopped, weighed and calibrated with, bool [n] each."""
        fitted, checked = np.zeros(graph.nodes, dtype=np.bool_), np.zeros(graph.nodes, dtype=np.bool_)
        if self.frame.begins(graph):
            fitted[: len(self.fold)], checked[: len(self.fold)] = self.fold >= 0, self.checked
        return fitted, checked

    def _described(self, graph: GraphData, free: Features) -> tuple[NDArray[np.int64], Mapping[str, Features]]:
        """Which fold's fit each row has not been in (-1: none has), and the views."""
        base = float(self.fraud[self.fold >= 0].mean())
        held = np.full(graph.nodes, -1, dtype=np.int64)
        if self.frame.begins(graph):
            held[: len(self.fold)] = self.fold
            y = np.zeros(graph.nodes, dtype=np.int64)
            y[: len(self.fold)] = self.fraud
            return held, _views(replace(graph, y=y), free, held, base, self.earlier)
        known = _labelled(graph)
        counts = np.bincount(graph.y[known], minlength=2)
        fold = deal(graph.y, known, seed=self.seed) if min(counts) >= 2 else held
        return held, _views(graph, free, fold, base, self.earlier)


def fit_stack(
    graph: GraphData, train: Mask, validation: Mask, *, config: StackConfig, frame: Frame | None = None
) -> Stacked:
    """`learn`, when only the scores of this graph are wanted."""
    return learn(graph, train, validation, config=config, frame=frame)[1]


def learn(
    graph: GraphData,
    train: Mask,
    validation: Mask,
    *,
    config: StackConfig,
    frame: Frame | None = None,
    shelf: Shelf | None = None,
    on_progress: OnProgress | None = None,
) -> tuple[FittedStack, Stacked]:
    """Learn from `train` bool [n], stop, weigh and calibrate with `validation` bool [n], score everybody. `frame` is `Frame.of(graph)` where that is
    at hand; what lies on the `shelf` from a training that was cut off isn't fitted again. Raises InvalidRequest (`train.too_few_labels`) without two
    training rows of each class."""
    train, validation = train & _labelled(graph), validation & _labelled(graph)
    if min(np.bincount(graph.y[train], minlength=2)) < 2:
        raise InvalidRequest(
            "A stack needs two labelled training rows of fraud and two of others. Label more, or choose another split.",
            code="train.too_few_labels",
        )
    shelf = Shelf(None) if shelf is None else shelf
    frame = Frame.of(graph, train | validation) if frame is None else frame
    free = label_free(graph, frame)
    fold, earlier = deal(graph.y, train, seed=config.seed), split_in_time(graph.time, train, validation)
    views = _views(graph, free, fold, float((graph.y[train] == 1).mean()), earlier)
    names = {f"{kind} on {view}": (kind, view) for view in views for kind in config.kinds}
    folds = range(int(fold.max()) + 1)
    count = len(names) * len(folds) + (0 if config.net is None else _HALVES)
    done = 0

    def tell() -> None:
        nonlocal done
        if on_progress is not None:
            on_progress("experts", done, count)
        done += 1

    def one(name: str, held: int) -> tuple[str, Scores]:
        kind, view = names[name]
        rows, x = (fold >= 0) & (fold != held), views[view]

        def fitted() -> bytes:
            seed = config.seed + held
            return fit_expert(kind, x[rows], graph.y[rows] == 1, seed=seed).model_to_string().encode()

        text = shelf.take(f"{name}, {held}", fitted).decode()
        return text, predict(lightgbm.Booster(model_str=text), x)

    fits: dict[str, list[tuple[str, Scores]]] = {}
    with ThreadPoolExecutor(config.threads) as pool:
        jobs: dict[str, list[Future[tuple[str, Scores]]]] = {
            name: [pool.submit(one, name, held) for held in folds] for name in names
        }
        try:
            for name, waiting in jobs.items():
                fits[name] = []
                for job in waiting:
                    tell()
                    fits[name].append(job.result())
        except BaseException:
            pool.shutdown(cancel_futures=True)  # what is being fitted is still kept
            raise
    experts = {name: _assemble(fold, [scores for _, scores in parts]) for name, parts in fits.items()}
    nets: list[GraphNet] = []
    if config.net is not None:
        half = _half(fold)
        for held in range(_HALVES):
            tell()
            nets.append(_net(config.net, shelf, graph, free, (half >= 0) & (half != held), validation, config, held))
        experts[NET] = _assemble(half, [net.score(graph, free) for net in nets])
    apart = calibrating(graph, train, validation)
    rows = apart if earlier else train | validation
    told = np.column_stack(list(experts.values()))
    weights = gate(told[rows], graph.y[rows] == 1)
    tell()
    found = Stacked(mix(told, weights), experts, {name: float(w) for name, w in zip(experts, weights, strict=True)})
    fitted = FittedStack(
        frame=frame,
        fold=fold,
        fraud=train & (graph.y == 1),
        checked=validation,
        trees={name: [text for text, _ in parts] for name, parts in fits.items()},
        nets=nets,
        weights=found.weights,
        calibration=fit_calibration(_margin(found.score[apart]), graph.y[apart] == 1),
        seed=config.seed,
        earlier=earlier,
    )
    return fitted, found


def calibrating(graph: GraphData, train: Mask, validation: Mask) -> Mask:
    """The rows that the calibration is fitted on: of validation, or, where these have not both kinds, of training, whose scores are out-of-fold."""
    train, validation = train & _labelled(graph), validation & _labelled(graph)
    return validation if 0 < (graph.y[validation] == 1).sum() < validation.sum() else train


def crossed(graph: GraphData, found: Stacked, apart: Mask, *, seed: int) -> Scores:
    """The probabilities of rows that the calibration is fitted on, each by one that has not seen it."""
    fraud = graph.y[apart] == 1
    return crossed_probability(_margin(found.score[apart]), fraud, group=np.arange(len(fraud)), seed=seed)


def _views(
    graph: GraphData, free: Features, fold: NDArray[np.int64], base: float, earlier: bool
) -> Mapping[str, Features]:
    known = label_block(graph, fold, base, earlier=earlier)
    return {"raw": graph.x, "label-free": free, "all": np.hstack((free, known))}


def _labelled(graph: GraphData) -> Mask:
    return np.asarray((graph.y == 0) | (graph.y == 1))


def _margin(score: Scores) -> Scores:
    return log_odds(score)


def _assemble(fold: NDArray[np.int64], parts: Sequence[Scores]) -> Scores:
    """The mean of all fits; for a training row that of the fit without it."""
    score = np.mean(parts, axis=0)
    for held, part in enumerate(parts):
        score[fold == held] = part[fold == held]
    return np.asarray(score)


def _half(fold: NDArray[np.int64]) -> NDArray[np.int64]:
    """Nets are slow: two fits, each without half of the folds, are enough for an honest weight."""
    return np.where(fold >= 0, fold % _HALVES, -1)


def _net(
    net: Net,
    shelf: Shelf,
    graph: GraphData,
    free: Features,
    train: Mask,
    validation: Mask,
    config: StackConfig,
    held: int,
) -> GraphNet:
    made = shelf.take(f"{NET}, {held}", lambda: net.fit(graph, free, train, validation, config.seed + held).to_bytes())
    return net.read(made)
