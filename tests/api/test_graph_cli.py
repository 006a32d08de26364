"""`guanxi train --data` and `evaluate --data` as somebody meets them who has a labelled graph in a file and no portfolio."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tests.api.test_cli import guanxi, refused
from tests.api.test_models_cli import said

NODES = 240


def write_graph(path: Path, *, newcomers: int = 0, masks: bool = True) -> Path:
    """Fraudsters know each other; newcomers know three of them."""
    random = np.random.default_rng(4)
    y = (np.arange(NODES) % 6 == 0).astype(np.int64)
    fraud = np.flatnonzero(y)
    links = np.hstack((random.choice(fraud, (2, 160)), random.integers(0, NODES, (2, 200))))
    x = random.normal(size=(NODES, 3)).astype(np.float32)
    part = random.permutation(NODES) % 4
    cut = {"train_masks": part < 2, "val_masks": part == 2, "test_masks": part == 3} if masks else {}
    more = np.zeros((newcomers, 3), dtype=np.float32)
    joined = np.stack((np.repeat(NODES + np.arange(newcomers), 3), random.choice(fraud, 3 * newcomers)))
    np.savez(
        path,
        x=np.vstack((x, more)),
        y=np.append(y, np.full(newcomers, -1)),
        edge_index=np.hstack((links, joined)),
        **{name: np.append(mask, np.zeros(newcomers, dtype=bool))[:, None] for name, mask in cut.items()},
    )
    return path


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which a stack was trained on the graph."""
    home = tmp_path_factory.mktemp("home")
    graph = write_graph(home / "graph.npz")
    told = said(guanxi("train", "--data", graph, "--split", "0", "--no-net", home=home))
    assert "stack, test" in told and " alone, test" in told
    return home


def test_training_on_a_file_leaves_a_model_its_card_and_the_score_of_every_node(home: Path) -> None:
    (model,) = (home / "models" / "graphs").glob("stack-*")
    card = json.loads((model / "card.json").read_text("utf-8"))
    assert card["metrics"]["test"]["stack"]["average_precision"] > 0.5  # a random scorer gets 0.17
    assert (card["file"], card["split"], card["parts"]["training"]["nodes"]) == ("graph.npz", 0, 120)
    assert "average precision" in (model / "card.md").read_text("utf-8")
    scores = pl.read_parquet(model / "scores.parquet")
    assert scores.columns == ["node", "score", "part"] and len(scores) == NODES
    assert scores["part"].value_counts().sort("part")["count"].to_list() == [60, 120, 60]
    assert not list((home / "models" / "graphs").glob(".*"))  # nothing of the work is left
    again = said(guanxi("train", "--data", home / "graph.npz", "--no-net", home=home))
    assert model.name in again  # the same bytes


def test_a_file_with_newcomers_is_scored_and_measured(home: Path, tmp_path: Path) -> None:
    larger, scores = write_graph(tmp_path / "later.npz", newcomers=3), tmp_path / "scores.csv"
    told = json.loads(said(guanxi("evaluate", "--data", larger, "--scores", scores, "--json", home=home)))
    assert told["newcomers"] == 3 and told["metrics"]["test"]["stack"]["rows"] == 60
    table = pl.read_csv(scores)
    assert table["part"][-1] == "other"
    assert table["score"][NODES:].min() > table["score"][:NODES].median()
    bare = write_graph(tmp_path / "bare.npz", masks=False)
    parts = json.loads(said(guanxi("evaluate", "--data", bare, "--json", home=home)))["metrics"]
    # What was learnt from is not measured as if it were new because a file doesn't say so.
    assert [parts[name]["stack"]["rows"] for name in ("training", "validation", "test")] == [120, 60, 60]


def test_what_makes_no_sense_is_one_line_with_what_to_do(home: Path, tmp_path: Path) -> None:
    graph = home / "graph.npz"
    refused(guanxi("train", "--data", graph, "--as-of", "2026-01-01", home=home), "invalid_request", 2)
    refused(guanxi("train", "--split", "1", home=home), "invalid_request", 2)
    refused(guanxi("train", "--data", graph, "--scores", "scores.txt", home=home), "invalid_request", 2)
    refused(guanxi("train", "--data", graph, "--split", "5", home=home), "graph_file.split", 2)
    refused(guanxi("train", "--data", home / "none.npz", home=home), "graph_file.invalid", 2)
    refused(guanxi("evaluate", "--data", graph, "--model", "stack-none", home=home), "models.unknown", 3)
    refused(guanxi("evaluate", "--data", graph, home=tmp_path), "models.unknown", 3)
    np.savez(tmp_path / "other.npz", x=np.eye(5), y=np.arange(5) % 2, edge_index=np.array([[0], [1]]))
    refused(guanxi("evaluate", "--data", tmp_path / "other.npz", home=home), "graph_file.other", 2)
    (model,) = (home / "models" / "graphs").glob("stack-*")
    (model / "forest-on-raw-0.txt").write_text("tree")
    refused(guanxi("evaluate", "--data", graph, home=home), "model_damaged", 5)
    (model / "stack.json").write_text('{"format": 2, "nets"')
    refused(guanxi("evaluate", "--data", graph, home=home), "model_damaged", 5)
