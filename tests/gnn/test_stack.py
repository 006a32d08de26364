"""The gated propagation stack on planted graphs: what it finds, what it may never see, and how it weighs its experts."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from benchmarks.quality import figures, read
from gnn.labelled import ALL, GraphData
from gnn.stack.gate import gate
from gnn.stack.labels import deal, label_block
from gnn.stack.propagation import label_free, mean_of_neighbours
from gnn.stack.stack import StackConfig, fit_stack
from graph_model.errors import InvalidRequest

NODES, FRAUD_SHARE = 600, 0.1
LINKED = {"x": np.eye(3), "y": np.arange(3), "edge_index": np.array([[0], [1]])}


def planted(seed: int = 1) -> GraphData:
    """Fraudsters look like anyone, but know each other; everybody has some chance links."""
    random = np.random.default_rng(seed)
    y = (np.arange(NODES) < FRAUD_SHARE * NODES).astype(np.int64)
    y = y[random.permutation(NODES)]
    fraud = np.flatnonzero(y)
    among = np.stack((random.choice(fraud, 150), random.choice(fraud, 150)))
    chance = random.integers(0, NODES, (2, 900))
    x = random.normal(size=(NODES, 4))
    device = random.integers(0, 250, NODES)
    device[fraud] = random.integers(0, 12, len(fraud))
    return GraphData.of(x, y, {ALL: np.hstack((among, chance))}, entities={"device": device})


def halves(seed: int = 5) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    part = np.random.default_rng(seed).permutation(NODES) % 4
    return part < 2, part == 2, part == 3


def test_fraud_that_only_its_company_betrays_is_found():
    graph, (train, validation, test) = planted(), halves()
    found = fit_stack(graph, train, validation, config=StackConfig(kinds=("boosted", "forest")))
    precision = average_precision_score(graph.y[test], found.score[test])
    raw = average_precision_score(graph.y[test], found.experts["forest on raw"][test])
    assert precision > 0.6  # a random scorer gets 0.1
    assert precision > 2 * raw
    assert sum(found.weights.values()) == pytest.approx(1) and min(found.weights.values()) >= 0
    assert ((found.score >= 0) & (found.score <= 1)).all()


def test_labels_of_test_rows_change_no_score():
    graph, (train, validation, test) = planted(), halves()
    lied = replace(graph, y=np.where(test, 1 - graph.y, graph.y))
    config = StackConfig(kinds=("forest",))
    honest = fit_stack(graph, train, validation, config=config)
    assert (honest.score == fit_stack(lied, train, validation, config=config).score).all()


def test_the_same_seed_gives_the_same_scores_with_any_number_of_threads():
    graph, (train, validation, _) = planted(), halves()
    one, two = (
        fit_stack(graph, train, validation, config=StackConfig(threads=threads, kinds=("extra",))) for threads in (1, 2)
    )
    assert (one.score == two.score).all() and one.weights == two.weights


def test_a_training_row_never_sees_its_own_label_nor_those_of_its_fold():
    graph, (train, _, _) = planted(), halves()
    fold = deal(graph.y, train, seed=3)
    before = label_block(graph, fold, 0.1)
    row = int(np.flatnonzero(train & (graph.y == 1))[0])
    changed = graph.y.copy()
    changed[row] = 0
    after = label_block(replace(graph, y=changed), fold, 0.1)
    assert (before[fold == fold[row]] == after[fold == fold[row]]).all()
    assert (before != after).any()


def test_folds_hold_training_rows_only_and_each_some_fraud():
    graph, (train, _, _) = planted(), halves()
    fold = deal(graph.y, train, seed=3)
    assert ((fold >= 0) == train).all()
    assert all(graph.y[fold == number].sum() > 0 for number in range(5))


def test_bands_of_a_path_are_what_the_paper_says():
    # 0 - 1 - 2: the normalised Laplacian is written out by hand.
    graph = GraphData.of(np.array([[1.0], [2.0], [6.0]]), np.array([0, 1, 0]), {ALL: np.array([[0, 1], [1, 2]])})
    x = (graph.x - graph.x.mean(axis=0)) / graph.x.std(axis=0)
    r = 1 / np.sqrt(2)
    laplacian = np.array([[1, -r, 0], [-r, 1, -r], [0, -r, 1]])
    half, rest = laplacian / 2, np.eye(3) - laplacian / 2
    free = label_free(graph)
    assert free[:, 5] == pytest.approx((rest @ rest @ x).ravel(), abs=1e-5)
    assert free[:, 6] == pytest.approx((half @ rest @ x).ravel(), abs=1e-5)
    assert free[:, 7] == pytest.approx((half @ half @ x).ravel(), abs=1e-5)


def test_a_node_without_links_has_numbers_everywhere():
    graph = GraphData.of(np.ones((5, 2)), np.array([0, 1, 0, 1, 0]), {ALL: np.array([[0, 1], [1, 2]])})
    assert np.isfinite(label_free(graph)).all()
    assert mean_of_neighbours(graph.links[ALL])[4].nnz == 0


def test_an_expert_that_knows_counts_more_than_one_that_guesses():
    random = np.random.default_rng(7)
    positive = random.random(4_000) < 0.1
    knows = np.clip(0.1 + 0.6 * positive + random.normal(0, 0.1, len(positive)), 0, 1)
    weights = gate(np.column_stack((knows, random.random(len(positive)))), positive)
    assert weights[0] > 0.8


def test_few_labels_leave_the_experts_nearly_equal():
    random = np.random.default_rng(7)
    positive = np.arange(20) < 5
    weights = gate(np.column_stack((positive * 0.9, random.random(20))), positive)
    assert weights.sum() == pytest.approx(1)
    assert 0.4 < weights[1] <= 0.5


def test_many_honest_rows_do_not_make_a_gate_sure_of_few_frauds():
    """Eight frauds among four thousand say as little about which expert is better as eight among a hundred."""
    random = np.random.default_rng(7)
    few, many = (
        gate(np.column_stack((fraud * 0.9, random.random(rows))), fraud)
        for rows, fraud in ((100, np.arange(100) < 8), (4_000, np.arange(4_000) < 8))
    )
    assert 0.4 < many[1] <= 0.5
    assert many == pytest.approx(few, abs=0.02)


def test_too_few_labels_are_refused_with_what_to_do():
    graph = planted()
    nobody = np.zeros(NODES, dtype=np.bool_)
    with pytest.raises(InvalidRequest, match="Label more") as refused:
        fit_stack(graph, nobody, nobody, config=StackConfig())
    assert refused.value.code == "train.too_few_labels"


def test_a_file_is_read_and_kinds_that_repeat_others_are_left_out(tmp_path: Path):
    edges = np.array([[0, 1, 3, 3], [1, 2, 3, 0]])
    masks = np.ones((4, 2), dtype=np.bool_)
    path = tmp_path / "data.npz"
    parts = {"train_masks": masks, "val_masks": masks, "test_masks": masks}
    np.savez(
        path, x=np.eye(4), y=np.array([0, 1, 0, 1]), edge_index=edges, rel_b=edges[:, :1], rel_c=edges[::-1], **parts
    )
    graph = GraphData.load(path)
    assert list(graph.links) == [ALL, "rel_b"]
    assert graph.links[ALL].nnz == 6  # both directions, the loop left out
    assert graph.split(1)[0].all()
    with pytest.raises(InvalidRequest, match="no split 2"):
        graph.split(2)


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"x": np.eye(3), "y": np.arange(3)}, "lacks edge_index"),
        ({"x": np.eye(3), "y": np.arange(3), "edge_index": np.array([[0], [3]])}, "positions from 0 to 2"),
        ({"x": np.full((3, 1), np.nan), "y": np.arange(3), "edge_index": np.array([[0], [1]])}, "no numbers"),
        ({"x": np.eye(2), "y": np.arange(3), "edge_index": np.array([[0], [1]])}, r"x has to be \[n, f\]"),
        ({**LINKED, "time_edge_index": np.zeros(1)}, "times of links tell nothing without time"),
        ({**LINKED, "time": np.arange(3), "time_edge_index": np.zeros(2)}, "a time for each link of edge_index"),
        ({**LINKED, "time": np.arange(3), "time_rel_calls": np.zeros(1)}, "a time for each link of rel_calls"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(tmp_path: Path, arrays: dict[str, np.ndarray], said: str):
    np.savez(tmp_path / "data.npz", **arrays)
    with pytest.raises(InvalidRequest, match=said):
        GraphData.load(tmp_path / "data.npz")


def test_events_in_time_are_described_by_earlier_ones_only():
    amounts, device = np.array([[1.0], [5.0], [3.0], [100.0]]), np.array([0, 0, 0, 0])
    edges, time = {ALL: np.zeros((2, 0), dtype=np.int64)}, np.array([10, 20, 30, 40])
    y = np.array([0, 1, 0, 1])
    whole = label_free(GraphData.of(amounts, y, edges, entities={"device": device}, time=time))
    before = label_free(GraphData.of(amounts[:3], y[:3], edges, entities={"device": device[:3]}, time=time[:3]))
    assert (whole[:3] == before).all()
    # amount; how many earlier; since the last, third last, tenth last; their mean and deviation; unlike the mean; unlike the last
    assert whole[2] == pytest.approx([3, np.log(3), 10, -1, -1, 3, 2, 0, -2])
    assert whole[0] == pytest.approx([1, 0, -1, -1, -1, -1, -1, 0, 0])


def test_the_benchmark_goes_on_where_it_was_stopped(tmp_path: Path):
    results = tmp_path / "quality.jsonl"
    results.write_text('{"task": "T", "trial": 3, "net": false, "figures": [90.0, 50.0, 40.0], "cpu_s": 1}\n')
    assert read(results, net=False) == {("T", 3): (90.0, 50.0, 40.0)}
    assert read(results, net=True) == {}
    assert figures(np.array([True, False, True, False]), np.array([0.9, 0.8, 0.7, 0.1]), f1=False) == pytest.approx(
        (75.0, 100 * (1 / 2 + 1 / 2 * 2 / 3), 50.0)
    )
