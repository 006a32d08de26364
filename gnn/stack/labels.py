"""Labels: how much fraud is known around a node, without ever telling a training row its own label.

Training rows are dealt into folds. The labels of a row's own fold are unknown to it (out-of-fold); leave-one-out rates would give the row's
own label away through the group's count. Whoever is no training row sees all of the training labels, and no others. Where rows are events and the
split is one in time, every row sees the training labels of earlier rows, so never its own.
"""

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedKFold

from gnn.labelled import Features, GraphData, Mask, Sparse
from gnn.stack.events import known_before, known_near
from gnn.stack.propagation import incidence, mean_of_neighbours

Counts = NDArray[np.float64]

FOLDS = 5
_ROUNDS, _DAMPING = 10, 0.85
_NEAR = (3, 30)  # rows of an entity on either side of an event: fraud comes in bursts
_PRIOR = 1.0  # a rate counts as if one average neighbour were known, too


def deal(y: NDArray[np.int64], train: Mask, *, folds: int = FOLDS, seed: int) -> NDArray[np.int64]:
    """The fold of each training row, int64 [n], -1 for others. Each fold has its share of the positives; where there are fewer positives
    (or negatives) than folds, there are as many folds as there are of these, two at least."""
    rows = np.flatnonzero(train)
    least = int(min((y[rows] == 1).sum(), (y[rows] == 0).sum()))
    parts = StratifiedKFold(max(2, min(folds, least)), shuffle=True, random_state=seed)
    fold = np.full(len(y), -1, dtype=np.int64)
    for number, (_, held) in enumerate(parts.split(rows, y[rows])):
        fold[rows[held]] = number
    return fold


def label_block(graph: GraphData, fold: NDArray[np.int64], base: float, *, earlier: bool = False) -> Features:
    """Fraud around each node among the training rows (those with a fold), float32 [n, c]: for each kind of link seven columns (rate, frauds
    and known within one step; rate, frauds and mean rate within two; rate along random walks), for each kind of entity two (rate and frauds), and
    of events four more (rate and known among the rows of the entity that are next in time, of a few and of some more).
    `base` is the rate where nothing is known; with `earlier`, of events only, each row is told those of earlier rows, and none by nearness."""
    known = fold >= 0
    if earlier:
        return _earlier_block(graph, known, base)
    means = {name: mean_of_neighbours(links) for name, links in graph.links.items()}
    groups = {name: incidence(codes) for name, codes in graph.entities.items()}
    block: Features | None = None
    for number in range(-1, int(fold.max()) + 1):
        told = known & (fold != number)
        seen = np.column_stack((told & (graph.y == 1), told)).astype(np.float64)
        columns = [c for name, links in graph.links.items() for c in _around(links, means[name], seen, base)]
        columns += [c for members in groups.values() for c in _within(members, seen, base)]
        columns += _near(graph, seen, base)
        table = np.column_stack(columns).astype(np.float32)
        block = np.zeros_like(table) if block is None else block
        block[fold == number] = table[fold == number]
    assert block is not None  # the loop runs at least once
    return block


def _earlier_block(graph: GraphData, known: Mask, base: float) -> Features:
    assert graph.time is not None  # for mypy: only events have earlier ones
    seen = np.column_stack((known & (graph.y == 1), known)).astype(np.float64)
    columns: list[NDArray[np.float64]] = []
    for links in graph.earlier.values():
        columns.extend(_around(links, mean_of_neighbours(links), seen, base))
    for codes in graph.entities.values():
        columns.extend(_told(known_before(codes, graph.time, seen), base))
    return np.column_stack(columns).astype(np.float32)


def _around(links: Sparse, mean: Sparse, seen: Counts, base: float) -> list[NDArray[np.float64]]:
    once = links @ seen
    twice = links @ once
    degree = np.maximum(np.asarray(links.sum(axis=1)), 1)
    spread = mean @ (once / degree)
    return [
        _rate(once, base, _PRIOR),
        once[:, 0],
        once[:, 1],
        _rate(twice, base, _PRIOR),
        np.log1p(twice[:, 0]),
        _rate(spread, base, 1e-3),
        _rate(_walked(mean, seen), base, 1e-3),
    ]


def _walked(mean: Sparse, seen: Counts) -> Counts:
    """What a random walk that stops with 15 % a step meets within ten steps: for few labels, which two steps seldom reach."""
    reached = met = seen
    for _ in range(_ROUNDS):
        reached = _DAMPING * (mean @ reached)
        met = met + reached
    return met - seen


def _within(members: Sparse, seen: Counts, base: float) -> list[NDArray[np.float64]]:
    return _told(members @ (members.T @ seen), base)


def _near(graph: GraphData, seen: Counts, base: float) -> list[NDArray[np.float64]]:
    """Nothing where rows are no events. Not of earlier rows only: those to come are far from what was labelled, training rows are not."""
    if graph.time is None:
        return []
    columns: list[NDArray[np.float64]] = []
    for codes in graph.entities.values():
        for reach in _NEAR:
            group = known_near(codes, graph.time, seen, reach)
            columns.extend((_rate(group, base, _PRIOR), group[:, 1]))
    return columns


def _told(group: Counts, base: float) -> list[NDArray[np.float64]]:
    return [_rate(group, base, _PRIOR), np.log1p(group[:, 0])]


def _rate(counts: NDArray[np.float64], base: float, prior: float) -> NDArray[np.float64]:
    return np.asarray((counts[:, 0] + prior * base) / (counts[:, 1] + prior))
