"""Rows that are events in time: whatever comes later, rows, links or labels, changes nothing of how an event is described and scored."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score

from gnn.labelled import ALL, GraphData
from gnn.stack.events import known_before, known_near, split_in_time
from gnn.stack.files import read, write
from gnn.stack.gate import gate
from gnn.stack.labels import deal, label_block
from gnn.stack.propagation import Frame, label_free
from gnn.stack.stack import StackConfig, learn
from graph_model.errors import InvalidRequest

PAYMENTS, LATER = 500, 80
CONFIG = StackConfig(kinds=("forest",))


def payments(rows: int = PAYMENTS) -> GraphData:
    """Payments in the order of time; one in eight is fraud, and fraudsters pay from a few handsets and by each other's accounts."""
    random = np.random.default_rng(4)
    total = PAYMENTS + LATER
    fraud = random.random(total) < 0.125
    handset = np.where(fraud, random.integers(0, 6, total), random.integers(0, 120, total))
    time = np.sort(random.integers(0, 1_000, total))
    x = random.normal(size=(total, 3))
    guilty = np.flatnonzero(fraud)
    pairs = np.hstack((random.choice(guilty, (2, 200)), random.integers(0, total, (2, 900))))
    calls = random.integers(0, total, (2, 400))
    kept, known = (pairs < rows).all(axis=0), (calls < rows).all(axis=0)
    return GraphData.of(
        x[:rows],
        fraud[:rows].astype(np.int64),
        {ALL: pairs[:, kept], "rel_calls": calls[:, known]},
        entities={"handset": handset[:rows]},
        time=time[:rows],
    )


def parts(graph: GraphData) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Three fifths learn, the next fifth weighs."""
    place = np.arange(graph.nodes)
    return place < 0.6 * PAYMENTS, (place >= 0.6 * PAYMENTS) & (place < 0.8 * PAYMENTS)


def test_later_payments_and_their_links_change_nothing_of_the_earlier_ones():
    before, after = payments(), payments(PAYMENTS + LATER)
    frame = Frame.of(before, parts(before)[0])
    assert np.array_equal(label_free(after, frame)[:PAYMENTS], label_free(before, frame))
    known = parts(before)[0].astype(np.int64) - 1  # all of one fold
    grown = np.append(known, np.full(LATER, -1))
    told = label_block(after, grown, 0.1, earlier=True)
    assert np.array_equal(told[:PAYMENTS], label_block(before, known, 0.1, earlier=True))
    assert (label_free(after, frame)[PAYMENTS:, 3:] != 0).any()  # newcomers are described by the earlier ones


def test_a_link_counts_from_the_moment_it_came_about():
    time, y = np.array([10, 20, 30, 40]), np.zeros(4, dtype=np.int64)
    pairs = np.array([[0, 0, 0, 1], [1, 2, 3, 3]])
    x = np.array([[1.0], [2.0], [4.0], [8.0]])
    graph = GraphData.of(x, y, {ALL: pairs}, time=time, since={ALL: np.array([15, 35, 40, 41])})
    assert graph.links[ALL].sum() == 8 and graph.around(ALL) is graph.earlier[ALL]
    # The second saw the first; the third no one, for its link came at 35; the fourth the first alone.
    assert [graph.earlier[ALL][row].indices.tolist() for row in range(4)] == [[], [0], [], [0]]
    late = GraphData.of(x, y, {ALL: pairs[:, :1]}, time=time, since={ALL: np.array([15])})
    frame = Frame.of(graph)
    assert np.array_equal(label_free(graph, frame)[:3], label_free(late, frame)[:3])
    whole = GraphData.of(x, y, {ALL: pairs}, time=time)
    assert [whole.earlier[ALL][row].indices.tolist() for row in range(4)] == [[], [0], [0], [0, 1]]


def test_of_two_payments_at_one_moment_the_first_in_the_file_is_the_earlier():
    graph = GraphData.of(np.zeros((3, 1)), np.zeros(3), {ALL: np.array([[0, 2], [1, 1]])}, time=np.array([5, 5, 4]))
    assert [graph.earlier[ALL][row].indices.tolist() for row in range(3)] == [[], [0, 2], []]
    seen = known_before(np.array([0, 0, 0]), np.array([5, 5, 4]), np.array([[1.0], [10.0], [100.0]]))
    assert seen.ravel().tolist() == [100, 101, 0]


def test_labels_near_in_time_are_those_of_the_same_handset_next_to_the_payment():
    handset, time = np.array([0, 1, 0, 0, -1, 0, -1]), np.array([1, 2, 3, 4, 5, 6, 7])
    seen = np.array([[1.0], [10.0], [100.0], [1e3], [1e4], [1e5], [1e6]])
    near = known_near(handset, time, seen, 1).ravel().tolist()
    assert near == [101, 10, 1101, 101_100, 1e4, 101_000, 1e6]  # each with its own, which the stack hides
    assert known_before(handset, time, seen).ravel().tolist() == [0, 0, 1, 101, 0, 1101, 0]


def test_a_training_payment_sees_no_label_of_its_own_fold_on_either_side_in_time():
    graph = payments()
    train, _ = parts(graph)
    fold = deal(graph.y, train, seed=3)
    before = label_block(graph, fold, 0.1)
    row = int(np.flatnonzero(train & (graph.y == 1))[20])
    flipped = graph.y.copy()
    flipped[row] = 0
    after = label_block(replace(graph, y=flipped), fold, 0.1)
    assert np.array_equal(before[fold == fold[row]], after[fold == fold[row]]) and (before != after).any()


def test_what_a_payment_is_told_of_labels_depends_on_how_the_file_is_split():
    graph = payments()
    train, validation = parts(graph)
    assert split_in_time(graph.time, train, validation)
    assert not split_in_time(graph.time, validation, train) and not split_in_time(None, train, validation)
    by_time = learn(graph, train, validation, config=CONFIG)[0]
    chance = np.random.default_rng(2).permutation(PAYMENTS)
    by_chance = learn(graph, train[chance], validation[chance], config=CONFIG)[0]
    assert (by_time.earlier, by_chance.earlier) == (True, False)


def test_later_payments_alone_teach_how_much_an_expert_counts():
    graph = payments()
    train, validation = parts(graph)
    chance = np.random.default_rng(2).permutation(PAYMENTS)
    for learnt, checked, taught in (
        (train, validation, validation),
        (train[chance], validation[chance], (train | validation)[chance]),
    ):
        found = learn(graph, learnt, checked, config=StackConfig(kinds=("boosted", "forest")))[1]
        scores = np.column_stack([found.experts[name] for name in found.weights])
        assert list(found.weights.values()) == gate(scores[taught], graph.y[taught] == 1).tolist()


def test_a_training_payment_is_told_neither_its_own_label_nor_a_later_one():
    graph = payments()
    train, _ = parts(graph)
    fold = np.where(train, 0, -1)
    told = label_block(graph, fold, 0.1, earlier=True)
    row = int(np.flatnonzero(train & (graph.y == 1))[20])
    flipped = graph.y.copy()
    flipped[row] = 0
    changed = (label_block(replace(graph, y=flipped), fold, 0.1, earlier=True) != told).any(axis=1)
    assert changed.any() and np.flatnonzero(changed).min() > row


def test_a_stack_of_payments_finds_the_ring_and_scores_alike_whatever_comes_later(tmp_path: Path):
    before, after = payments(), payments(PAYMENTS + LATER)
    train, validation = parts(before)
    stack, found = learn(before, train, validation, config=CONFIG)
    kept = read(tmp_path, write(stack, tmp_path).name)
    later = kept.apply(after)
    assert kept.earlier and np.array_equal(later.score[:PAYMENTS], found.score)
    test = np.arange(after.nodes) >= 0.8 * PAYMENTS
    assert average_precision_score(after.y[test], later.score[test]) > 3 * after.y[test].mean()
    lied = replace(after, y=np.where(test, 1 - after.y, after.y))
    assert np.array_equal(kept.apply(lied).score, later.score)


def test_a_stack_of_payments_scores_no_graph_without_time():
    graph = payments()
    stack, _ = learn(graph, *parts(graph), config=CONFIG)
    with pytest.raises(InvalidRequest, match="events in time, and these have no time") as refused:
        stack.apply(replace(graph, time=None, earlier={}))
    assert refused.value.code == "graph_file.other"


def test_the_scale_of_payments_is_that_of_the_rows_learnt_from():
    graph = payments()
    train, _ = parts(graph)
    rich = replace(graph, x=np.where(train[:, None], graph.x, 1e6).astype(np.float32))
    assert np.array_equal(Frame.of(rich, train).mean, Frame.of(graph, train).mean)


def test_times_of_links_are_read_from_a_file(tmp_path: Path):
    pairs, times = np.array([[0, 1], [1, 2]]), np.array([3, 9])
    arrays = {"x": np.eye(3), "y": np.array([0, 1, 0]), "time": np.array([1, 4, 8])}
    np.savez(tmp_path / "a.npz", **arrays, edge_index=pairs, time_edge_index=times, rel_calls=pairs)
    graph = GraphData.load(tmp_path / "a.npz")
    # The same pairs without times of their own are another kind of link.
    assert [graph.around(name).nnz for name in (ALL, "rel_calls")] == [1, 2]
