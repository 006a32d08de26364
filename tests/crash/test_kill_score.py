"""The machine dies in the middle of scoring: nobody is shown half of a scoring as a whole, and scoring again gives what nothing disturbed."""

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graph_model.columns import AssessmentColumns
from graph_model.principal import Principal, Role
from graph_model.records import ScoreSource, Scoring
from graph_model.schema import SCHEMA
from graph_model.services.risk import Degraded, Looker, scores_by_id_number
from graph_model.services.unfinished import take_back_unfinished
from graph_model.store import GraphStore
from graph_model.stores import open_store
from ingest.portfolio import generate
from tests.api.processes import Home, held_for_writing, serving_process
from tests.api.test_cli import guanxi
from tests.crash.killing import Ended, chance, run

MONDAY, TUESDAY = "2026-11-02T00:00:00+00:00", "2026-11-03T00:00:00+00:00"
WRITING = "scoring 2"  # what a scoring says before it writes the first assessment
ENGINE = Principal("key:engine", Role.RISK_ENGINE)
Scored = dict[str, Any]  # by node id


def opened(file: Path) -> GraphStore:
    return open_store(f"sqlite:///{file}", read_only=True)


def latest(store: GraphStore) -> Scored:
    """What everybody shows; of customers the whole newest assessment, without the moment at which it was made."""
    found: Scored = {}
    for label in SCHEMA.labels:
        for node in store.select(label, limit=20_000):
            if node.score is not None:
                found[node.node_id] = shown = (node.score, node.grade, node.ring_id)
            if node.score is not None and label == "Customer":
                (newest,) = store.assessments(node.node_id, limit=1)
                assert shown == (newest.score, newest.grade, newest.ring_id)
                found[node.node_id] = replace(newest, scored_at=newest.as_of)
    return found


def rings(store: GraphStore) -> list[Any]:
    return [replace(ring, scored_at=ring.as_of) for ring in store.rings(limit=1_000)]


def scored(file: Path) -> tuple[Scored, list[Any]]:
    store = opened(file)
    try:
        store.check(thorough=True)
        assert store.unfinished_scoring() is None
        return latest(store), rings(store)
    finally:
        store.close()


def scored_on_monday(files: Path, folder: Path) -> Path:
    graph = folder / "graph.db"
    run("ingest", f"sqlite:///{graph}", files, folder / "quarantine", "2026-11-01T00:00:00+00:00", "5000")
    run("score", f"sqlite:///{graph}", folder / "models", MONDAY, MONDAY, "20000")
    return graph


@pytest.fixture(scope="module")
def monday(files: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A graph that was scored on Monday, by rules: too little fraud is known to learn from."""
    return scored_on_monday(files, tmp_path_factory.mktemp("monday"))


@pytest.fixture(scope="module")
def large_monday(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A graph with enough confirmed fraud for a model, which Monday's scoring trained."""
    folder = tmp_path_factory.mktemp("large")
    generate(folder / "files", customers=3_000, seed=3)
    return scored_on_monday(folder / "files", folder)


def copied(monday: Path, folder: Path, name: str) -> Path:
    store = opened(monday)
    try:
        store.backup(folder / name)
    finally:
        store.close()
    return folder / name


def require_no_half(file: Path, before: tuple[Scored, list[Any]], after: tuple[Scored, list[Any]]) -> bool:
    """What a reader sees: whole scorings, or scores that say of themselves that theirs isn't complete. Whether there was any of these."""
    store = opened(file)
    try:
        left, newest = store.unfinished_scoring(), store.latest_scoring()
        assert newest is not None
        is_tuesday = newest.as_of == datetime.fromisoformat(TUESDAY)
        told, listed = after if is_tuesday else before
        assert rings(store) == listed
        seen = latest(store)
        strange = {node_id for node_id, found in seen.items() if found != told.get(node_id)}
        if left is None:
            assert len(strange) == 0 and seen.keys() == told.keys()
        people = [node for node in store.select("Customer", limit=10_000) if node.node_id in strange]
        looker = Looker(store, ENGINE, now=datetime(2026, 11, 4, tzinfo=UTC), fresh=timedelta(days=30))
        for first in range(0, len(people), 100):
            for answer in scores_by_id_number(looker, [node.key for node in people[first : first + 100]]):
                assert Degraded.SCORING_UNFINISHED in answer.degraded  # type: ignore[union-attr]  # none is refused
        return len(strange) > 0
    finally:
        store.close()


def killed_again_and_again(monday: Path, folder: Path, kills: int, at_once: int) -> int:
    """Half of the kills fall on what is computed (a model is trained first, where there is enough to learn from), half on what is written.
    How many of them left something that was flagged."""
    moments = chance()

    def score(
        graph: Path, models: str, scored_at: datetime, kill_after: float | None = None, once: str = "begun"
    ) -> Ended:
        address, at = f"sqlite:///{graph}", scored_at.isoformat()
        return run("score", address, folder / models, TUESDAY, at, str(at_once), kill_after=kill_after, once=once)

    moment = datetime.fromisoformat(TUESDAY)
    quiet, graph = copied(monday, folder, "quiet.db"), copied(monday, folder, "killed.db")
    before = scored(quiet)
    undisturbed = score(quiet, "quiet-models", moment, once=WRITING)
    after = scored(quiet)
    assert len(before[1]) > 0 and before[0] != after[0]
    killed = flagged = 0
    while killed < kills:
        moment += timedelta(seconds=1)
        once, longest = ("begun", undisturbed.seconds) if killed % 2 else (WRITING, undisturbed.after_once)
        if score(graph, "models", moment, moments.uniform(0.0, longest), once).killed:
            killed += 1
            flagged += require_no_half(graph, before, after)
        else:  # this one was whole: another night, from the beginning
            assert scored(graph) == after
            graph = copied(monday, folder, f"killed-{moment:%M%S}.db")
    assert not score(graph, "models", moment + timedelta(seconds=1)).killed
    assert scored(graph) == after
    return flagged


@pytest.mark.long
def test_a_scoring_that_was_killed_is_flagged_and_scoring_again_gives_the_same(monday: Path, tmp_path: Path) -> None:
    killed_again_and_again(monday, tmp_path, 2, at_once=40)


@pytest.mark.long
def test_a_scoring_that_was_killed_twenty_times_gives_the_same_in_the_end(large_monday: Path, tmp_path: Path) -> None:
    assert killed_again_and_again(large_monday, tmp_path, 20, at_once=300) > 0


def test_what_a_killed_scoring_left_is_taken_back_to_the_whole_one_before(monday: Path, tmp_path: Path) -> None:
    """As `guanxi serve` does at its start."""
    graph = copied(monday, tmp_path, "graph.db")
    before = scored(graph)
    store = open_store(f"sqlite:///{graph}")
    last = store.latest_scoring()
    assert last is not None
    tuesday = replace(last, as_of=datetime.fromisoformat(TUESDAY), scored_at=datetime.fromisoformat(TUESDAY))
    store.begin_scoring(tuesday)
    half_written(store, tuesday)
    assert latest(store) != before[0]
    assert "broken off" in guanxi("status", "--store", store.address, home=tmp_path).stderr
    assert take_back_unfinished(store) == tuesday
    assert take_back_unfinished(store) is None
    store.close()
    assert scored(graph) == before


@pytest.mark.long
def test_a_server_is_ready_while_it_takes_back_what_a_killed_scoring_left(own: Home) -> None:
    """In a large graph that takes a minute; here somebody else is writing, so that it can't begin yet."""
    store = open_store(f"sqlite:///{own.path}/guanxi.db")
    before = grades(store)
    moment = datetime.fromisoformat(TUESDAY) + timedelta(days=365)
    half = Scoring(ScoreSource.MODEL, "m1", "p1", moment, moment)
    store.begin_scoring(half)
    half_written(store, half)
    with held_for_writing(own), serving_process(own) as served:
        assert store.unfinished_scoring() == half
        assert len(served.events("scoring.unfinished")) == 0, "it has not given up, it is waiting"
    assert grades(store) != before
    store.close()
    with serving_process(own) as served:
        while len(served.events("scoring.taken_back")) == 0:
            assert len(served.events("scoring.unfinished")) == 0
            time.sleep(0.05)
        assert served.stop() == 0
    store = opened(own.path / "guanxi.db")
    assert grades(store) == before and store.unfinished_scoring() is None
    store.close()


def grades(store: GraphStore) -> dict[str, str | None]:
    return {node.node_id: node.grade for node in store.select("Customer", limit=1_000)}


def half_written(store: GraphStore, scoring: Scoring) -> None:
    """The first hundred customers have the new scoring's grade."""
    some = store.scan_nodes("Customer").handles[:100]
    columns = AssessmentColumns(
        handles=some,
        score=np.full(len(some), 0.99),
        grade=np.full(len(some), 3, dtype=np.int8),
        ring=np.full(len(some), -1, dtype=np.int32),
        rings=[],
        reasons=["[]"] * len(some),
    )
    store.append_assessments(
        columns,
        source=scoring.source,
        model_version=scoring.model_version,
        policy_version=scoring.policy_version,
        as_of=scoring.as_of,
        scored_at=scoring.scored_at,
    )
