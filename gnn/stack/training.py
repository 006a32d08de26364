"""Training on a labelled graph from elsewhere: parts, fit, measures, card, and the scores of all nodes. Pure but for the shelf.

Parts are a split of the file's masks; a file without masks has its labelled rows cut here, four fifths to learn from: by time where rows are
events in time, else by chance. What is measured on training rows is out-of-fold; the gate has seen validation rows, test rows nobody has.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedShuffleSplit

from gnn.labelled import GraphData, Mask
from gnn.models.bootstrap import intervals_of
from gnn.models.metrics import measures, recall_at
from gnn.models.reliability import reliability
from gnn.stack.propagation import Frame
from gnn.stack.shelf import Shelf
from gnn.stack.stack import FittedStack, Scores, StackConfig, Stacked, calibrating, crossed, learn
from graph_model.store import OnProgress

STACK = "stack"
TRAINING, VALIDATION, TEST, OTHER = "training", "validation", "test", "other"
_VALIDATION_SHARE = 0.2
_LEAST = 5  # of each class, or none are set aside to validate with


@dataclass(frozen=True, slots=True)
class Parts:
    """Rows to learn from, to weigh and calibrate with, and to measure on, bool [n] each. `split` is the file's, None for one that was made."""

    training: Mask
    validation: Mask
    test: Mask
    split: int | None

    @classmethod
    def of(cls, graph: GraphData, split: int | None, *, seed: int) -> "Parts":
        """Raises InvalidRequest (`graph_file.split`) where the file has no such split."""
        if split is not None or len(graph.masks) > 0:
            number = split or 0
            return cls(*graph.split(number), split=number)
        labelled = np.flatnonzero((graph.y == 0) | (graph.y == 1))
        if graph.time is not None:
            later = labelled[np.argsort(graph.time[labelled], kind="stable")]
            held = later[round(len(later) * (1 - _VALIDATION_SHARE)) :]
        elif min(np.bincount(graph.y[labelled], minlength=2)) < _LEAST:
            held = labelled[:0]  # too few to set any aside
        else:
            cut = StratifiedShuffleSplit(1, test_size=_VALIDATION_SHARE, random_state=seed)
            _, place = next(cut.split(labelled, graph.y[labelled]))
            held = labelled[place]
        validation = np.zeros(graph.nodes, dtype=np.bool_)
        validation[held] = True
        training = np.zeros(graph.nodes, dtype=np.bool_)
        training[labelled] = True
        return cls(training & ~validation, validation, np.zeros(graph.nodes, dtype=np.bool_), None)

    @classmethod
    def to_measure(cls, graph: GraphData, split: int | None, stack: FittedStack) -> "Parts":
        """Of a graph that is only scored: where it has no masks, all labels measure. What the stack was fitted on or weighed with is training or
        validation, whatever the file says of it."""
        fitted, checked = stack.seen(graph)
        validation, test = np.zeros(graph.nodes, dtype=np.bool_), np.ones(graph.nodes, dtype=np.bool_)
        number = None
        if split is not None or len(graph.masks) > 0:
            number = split or 0
            training, validation, test = graph.split(number)
            fitted = fitted | (training & ~checked)
        validation = (validation | checked) & ~fitted
        return cls(fitted, validation, test & ~fitted & ~validation, number)

    def named(self) -> Mapping[str, Mask]:
        return {TRAINING: self.training, VALIDATION: self.validation, TEST: self.test}

    def part(self) -> NDArray[np.str_]:
        """Of each node the part that it is in."""
        return np.select([self.training, self.validation, self.test], [TRAINING, VALIDATION, TEST], OTHER)


@dataclass(frozen=True, slots=True)
class Trained:
    """A fitted stack, the calibrated score of each node, and what is told of both."""

    stack: FittedStack
    score: Scores
    card: Mapping[str, Any]


def train_on(
    graph: GraphData, parts: Parts, *, config: StackConfig, shelf: Shelf, on_progress: OnProgress | None = None
) -> Trained:
    """Raises InvalidRequest (`train.too_few_labels`) as `learn` does."""
    stack, found = learn(graph, parts.training, parts.validation, config=config, shelf=shelf, on_progress=on_progress)
    score = stack.probability(found)
    apart, honest = calibrating(graph, parts.training, parts.validation), score.copy()
    honest[apart] = crossed(graph, found, apart, seed=config.seed)
    return Trained(stack, score, _data(graph, parts) | _how(config, stack) | measured(graph, parts, found, honest))


def measured(graph: GraphData, parts: Parts, found: Stacked, score: Scores) -> dict[str, Any]:
    """Measures of the stack, and of the expert that weighs most in it alone, on each part, with intervals; reliability of the latest part."""
    labelled = (graph.y == 0) | (graph.y == 1)
    fraud = graph.y == 1
    told: dict[str, Any] = {"metrics": {}, "intervals": {}}
    single = max(found.weights, key=lambda name: found.weights[name])
    for name, mask in parts.named().items():
        rows = mask & labelled
        if not _both(fraud, rows):
            continue
        scores = {STACK: score[rows], f"{single} alone": found.experts[single][rows]}
        told["metrics"][name] = {n: _measures(fraud[rows], s) for n, s in scores.items()}
        told["intervals"][name] = intervals_of(fraud[rows], scores, group=np.arange(int(rows.sum())))
        told["reliability_on"] = name
        told["reliability"] = [asdict(one) for one in reliability(fraud[rows], score[rows])]
    return told


def _both(fraud: Mask, rows: Mask) -> bool:
    return bool(0 < fraud[rows].sum() < rows.sum())


def _measures(fraud: Mask, score: Scores) -> dict[str, float]:
    """With the recall among as many as there are frauds, as GADBench has it."""
    found = dict(measures(fraud, score)) | {"recall_at_positives": recall_at(fraud, score, float(fraud.mean()))}
    return {name: round(value, 6) for name, value in found.items()}


def _data(graph: GraphData, parts: Parts) -> dict[str, Any]:
    return {
        "graph": {
            "nodes": graph.nodes,
            "features": int(graph.x.shape[1]),
            "links": {name: int(links.nnz // 2) for name, links in graph.links.items()},
            "entities": list(graph.entities),
            "events_in_time": graph.time is not None,
            "digest": Frame.digest_of(graph, tuple(graph.entities)),
        },
        "split": parts.split,
        "parts": {
            name: {"nodes": int(mask.sum()), "fraud": int((graph.y[mask] == 1).sum())}
            for name, mask in parts.named().items()
        },
    }


def _how(config: StackConfig, stack: FittedStack) -> dict[str, Any]:
    return {
        "seed": config.seed,
        "labels_of_earlier_rows_only": stack.earlier,
        "weights": {name: round(weight, 4) for name, weight in stack.weights.items()},
        "calibration": asdict(stack.calibration),
    }
