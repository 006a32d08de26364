"""A stack that was trained on a labelled graph: kept, read again, gone on with, and scoring whoever is new."""

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from gnn.labelled import ALL, GraphData
from gnn.models.files import write_whole
from gnn.models.metrics import brier
from gnn.stack.files import FORMAT, files_of, read, shelf_name, version_of, write
from gnn.stack.propagation import Frame, label_free
from gnn.stack.shelf import Shelf
from gnn.stack.stack import StackConfig, learn
from gnn.stack.training import OTHER, Parts, train_on
from graph_model.errors import InvalidRequest
from tests.gnn.test_stack import NODES, halves, planted

CONFIG = StackConfig(kinds=("forest",))


def grown(newcomers: int = 4) -> GraphData:
    """The planted graph, and behind it newcomers nobody knows anything of: the first half in the fraudsters' company, the others in that of others."""
    graph = planted()
    fraud, others = np.flatnonzero(graph.y == 1), np.flatnonzero(graph.y == 0)
    random = np.random.default_rng(8)
    start = np.repeat(NODES + np.arange(newcomers), 5)
    company = [random.choice(fraud if who < newcomers / 2 else others, 5, replace=False) for who in range(newcomers)]
    old = np.stack(graph.links[ALL].nonzero())
    links = np.hstack((old, np.stack((start, np.concatenate(company)))))
    device = graph.entities["device"]
    devices = [device[fraud[0]] if who < newcomers / 2 else -1 for who in range(newcomers)]
    return GraphData.of(
        np.vstack((graph.x, random.normal(size=(newcomers, 4)))),
        np.append(graph.y, np.full(newcomers, -1)),
        {ALL: links},
        entities={"device": np.append(device, devices)},
    )


def test_a_stack_that_was_kept_scores_as_it_did_and_the_same_training_gives_the_same_bytes(tmp_path: Path):
    graph, (train, validation, _) = planted(), halves()
    stack, found = learn(graph, train, validation, config=CONFIG)
    folder = write(stack, tmp_path)
    assert folder.name == version_of(files_of(learn(graph, train, validation, config=CONFIG)[0]))
    again = read(tmp_path, folder.name)
    assert (again.apply(graph).score == found.score).all()
    assert (again.probability(found) == stack.probability(found)).all()
    assert all(path.suffix in (".txt", ".json", ".safetensors") for path in folder.iterdir())


def test_newcomers_are_scored_by_their_company_like_anyone():
    graph, (train, validation, _) = planted(), halves()
    stack, found = learn(graph, train, validation, config=CONFIG)
    after = stack.apply(grown())
    assert after.score[NODES : NODES + 2].min() > 2 * after.score[NODES + 2 :].max()
    # Those who were there before are not turned upside down by four newcomers, and training rows stay out-of-fold.
    assert np.corrcoef(after.score[:NODES], found.score)[0, 1] > 0.95


def test_what_the_file_says_of_rows_that_were_not_learnt_from_changes_no_score():
    graph, (train, validation, test) = planted(), halves()
    stack, _ = learn(graph, train, validation, config=CONFIG)
    lied = replace(grown(), y=np.append(np.where(test, 1 - graph.y, graph.y), [0, 0, 1, 1]))
    assert (stack.apply(lied).score == stack.apply(grown()).score).all()


def test_a_graph_it_has_never_seen_is_scored_by_that_graphs_own_labels_out_of_fold():
    stack, _ = learn(planted(), *halves()[:2], config=CONFIG)
    other, (known, _, unknown) = planted(seed=77), halves(seed=6)
    hidden = replace(other, y=np.where(unknown, -1, other.y))
    assert (
        average_precision_score(other.y[unknown], stack.apply(hidden).score[unknown]) > 0.5
    )  # a random scorer gets 0.1
    row = int(np.flatnonzero(known & (other.y == 1))[0])
    lied = replace(hidden, y=np.where(np.arange(NODES) == row, 0, hidden.y))
    fair = stack.apply(hidden).score[row] - stack.apply(lied).score[row]
    assert abs(fair) < 0.2  # its own label is not what it is judged by
    nothing_known = stack.apply(replace(other, y=np.full(NODES, -1)))
    assert np.isfinite(nothing_known.score).all()


def test_coordinates_are_those_of_the_graph_that_was_learnt_on():
    graph = planted()
    frame = Frame.of(graph)
    assert (label_free(graph) == label_free(graph, frame)).all()
    placed = frame.placed(grown())
    assert (placed[:NODES] == frame.places).all()
    assert np.abs(placed[NODES:]).max() > 0
    assert not frame.placed(planted(seed=77)).any()


@pytest.mark.parametrize(
    "other",
    [
        replace(planted(), x=np.ones((NODES, 3), dtype=np.float32)),
        replace(planted(), entities={}),
        replace(planted(), links={}),
    ],
    ids=["features", "entities", "links"],
)
def test_a_graph_of_other_columns_is_refused_with_what_is_needed(other: GraphData):
    stack, _ = learn(planted(), *halves()[:2], config=CONFIG)
    with pytest.raises(InvalidRequest, match="4 features, links all, entities device") as refused:
        stack.apply(other)
    assert refused.value.code == "graph_file.other"


def test_a_training_that_is_cut_off_goes_on_where_it_was(tmp_path: Path):
    graph, (train, validation, _) = planted(), halves()
    whole, _ = learn(graph, train, validation, config=CONFIG)
    shelf = Shelf(tmp_path / "work")

    class Cut(Exception):
        pass

    def stop(stage: str, done: int, total: int) -> None:
        if done == 6:
            raise Cut

    with pytest.raises(Cut):
        learn(graph, train, validation, config=CONFIG, shelf=shelf, on_progress=stop)
    kept = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "work").iterdir()}
    assert len(kept) >= 6
    stack, _ = learn(graph, train, validation, config=CONFIG, shelf=shelf)
    after = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "work").iterdir()}
    assert len(after) == 15 and {name: after[name] for name in kept} == kept
    assert version_of(files_of(stack)) == version_of(files_of(whole))
    shelf.clear()
    assert not (tmp_path / "work").exists()


def test_two_trainings_of_one_file_do_not_break_each_other(tmp_path: Path):
    mine, other = Shelf(tmp_path / "work"), Shelf(tmp_path / "work")

    def made_while_the_other_ends() -> bytes:
        other.take("forest, 1", lambda: b"their tree")
        other.clear()
        return b"my tree"

    assert mine.take("forest, 0", made_while_the_other_ends) == b"my tree"
    assert other.take("forest, 0", lambda: b"never made") == b"my tree"
    assert len(list((tmp_path / "work").iterdir())) == 1  # nothing half is left


def test_shelves_that_nobody_went_on_with_are_swept_after_a_month(tmp_path: Path):
    now = datetime(2026, 11, 20, tzinfo=UTC)
    for name, days in (("old", 40), ("new", 3)):
        Shelf.of(tmp_path, name).take("forest", lambda: b"tree")
        moment = (now - timedelta(days=days)).timestamp()
        os.utime(tmp_path / f".work-{name}", (moment, moment))
    Shelf.sweep(tmp_path, now=now)
    assert [path.name for path in tmp_path.iterdir()] == [".work-new"]


def test_parts_of_another_training_are_never_taken_up():
    graph, (train, validation, test) = planted(), halves()
    names = {
        shelf_name(graph, train, validation, CONFIG),
        shelf_name(graph, train, test, CONFIG),
        shelf_name(graph, train, validation, replace(CONFIG, seed=1)),
        shelf_name(replace(graph, y=1 - graph.y), train, validation, CONFIG),
        shelf_name(planted(seed=2), train, validation, CONFIG),
        shelf_name(replace(graph, entities={"phone": graph.entities["device"]}), train, validation, CONFIG),
    }
    assert len(names) == 6


def test_a_stack_that_another_guanxi_wrote_is_refused(tmp_path: Path):
    files = files_of(learn(planted(), *halves()[:2], config=CONFIG)[0])
    files["stack.json"] = files["stack.json"].replace(f'"format": {FORMAT}'.encode(), b'"format": 1')
    folder = write_whole(tmp_path, version_of(files), files)
    with pytest.raises(InvalidRequest, match="another version of Guanxi"):
        read(tmp_path, folder.name)


def featureless(seed: int) -> GraphData:
    graph = planted(seed)
    return replace(graph, x=np.ones((NODES, 1), dtype=np.float32))


def test_another_graph_without_features_is_not_taken_for_the_one_that_was_learnt_on():
    """Else it would be given that one's known frauds."""
    graph = featureless(1)
    frame = Frame.of(graph)
    assert frame.begins(graph) and not frame.begins(featureless(2))
    assert not frame.begins(replace(graph, links=featureless(2).links))
    assert not frame.begins(replace(graph, entities=featureless(2).entities))
    renumbered = {"device": np.where(graph.entities["device"] < 0, -1, 9_000 - graph.entities["device"])}
    assert frame.begins(replace(graph, entities=renumbered))
    more = GraphData.of(graph.x, graph.y, {ALL: np.hstack((np.stack(graph.links[ALL].nonzero()), [[1, 5], [7, 9]]))})
    assert frame.begins(replace(graph, links=more.links))


def test_rows_that_were_learnt_from_are_not_measured_as_if_they_were_new():
    graph, (train, validation, test) = planted(), halves()
    stack, _ = learn(graph, train, validation, config=CONFIG)
    parts = Parts.to_measure(grown(), None, stack)
    assert (parts.training[:NODES] == train).all() and (parts.validation[:NODES] == validation).all()
    assert (parts.test[:NODES] == test).all() and parts.test[NODES:].all()
    turned = replace(graph, masks={"train": test[:, None], "val": validation[:, None], "test": train[:, None]})
    again = Parts.to_measure(turned, 0, stack)
    assert not again.test.any() and (again.training == train | test).all() and (again.validation == validation).all()
    assert Parts.to_measure(planted(seed=77), None, stack).test.all()


def test_probabilities_that_calibrate_are_measured_by_calibrations_that_have_not_seen_them():
    graph, (train, validation, test) = planted(), halves()
    trained = train_on(graph, Parts(train, validation, test, 0), config=CONFIG, shelf=Shelf(None))
    fraud, told = graph.y == 1, trained.card["metrics"]
    assert told["validation"]["stack"]["brier"] != pytest.approx(brier(fraud[validation], trained.score[validation]))
    assert told["test"]["stack"]["brier"] == pytest.approx(brier(fraud[test], trained.score[test]), abs=1e-5)


@pytest.mark.parametrize("spoil", ["stack.json", "graph.safetensors", "forest-on-raw-0.txt"])
def test_a_damaged_stack_is_refused(tmp_path: Path, spoil: str):
    folder = write(learn(planted(), *halves()[:2], config=CONFIG)[0], tmp_path)
    content = (folder / spoil).read_bytes()
    (folder / spoil).write_bytes(content[:-20] + b"1" * 20)
    with pytest.raises(InvalidRequest, match="damaged") as refused:
        read(tmp_path, folder.name)
    assert refused.value.code == "model_damaged"


def test_the_card_tells_each_part_with_intervals_and_training_rows_out_of_fold():
    graph, (train, validation, test) = planted(), halves()
    trained = train_on(graph, Parts(train, validation, test, 0), config=CONFIG, shelf=Shelf(None))
    metrics = {part: found["stack"] for part, found in trained.card["metrics"].items()}
    assert list(metrics) == ["training", "validation", "test"]
    for part, found in metrics.items():
        low, high = trained.card["intervals"][part]["stack"]["average_precision"]
        assert 0.3 < low <= found["average_precision"] <= high <= 1
    assert metrics["training"]["average_precision"] < 0.999  # in-sample it would be 1
    assert trained.card["reliability_on"] == "test"
    frauds = sum(one["actual"] * one["rows"] for one in trained.card["reliability"])
    assert frauds == pytest.approx(graph.y[test].sum(), abs=0.1)
    assert abs(trained.score[test].sum() - graph.y[test].sum()) < 8  # of 15: calibrated, if on few rows


def test_a_file_without_masks_is_cut_by_chance_or_where_rows_are_events_by_time():
    graph = planted()
    parts = Parts.of(graph, None, seed=1)
    assert not (parts.training & parts.validation).any() and not parts.test.any()
    assert parts.validation.sum() == NODES / 5 and graph.y[parts.validation].sum() == 12
    time = np.random.default_rng(3).permutation(NODES)
    events = replace(graph, time=time, y=np.where(np.arange(NODES) < 10, -1, graph.y))
    cut = Parts.of(events, None, seed=1)
    assert time[cut.training].max() < time[cut.validation].min()
    assert (cut.part()[:10] == OTHER).all()
    with pytest.raises(InvalidRequest, match="no split 3"):
        Parts.of(graph, 3, seed=1)
