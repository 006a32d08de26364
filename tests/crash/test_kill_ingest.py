"""The machine dies in the middle of loading, again and again: the same command goes on, and the graph is the one that nothing disturbed."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from api.doctor.graph import ages
from graph_model.errors import StoreLoading
from graph_model.services.unfinished import take_back_unfinished
from graph_model.stores import open_store
from tests.crash.killing import chance, run
from tests.ingest.files import read
from tests.stores import portrait
from tests.stores.neo4j_database import DATABASE

NOW = "2026-11-01T00:00:00+00:00"
BATCH = "20"  # rows; many commits, so that there are as many moments between two of them


def graph_of(url: str) -> tuple[Any, ...]:
    """All of the graph by natural keys, what the engine counts, and every word of a sound file."""
    store = open_store(url, read_only=True)
    try:
        store.check(thorough=True)
        counted = store.statistics()
        degrees = {
            node.ref: store.degrees([node.node_id])[node.node_id] for node in store.select("Customer", limit=1_000)
        }
        return portrait.of_everything(store), counted.nodes, counted.edges, counted.facts, degrees
    finally:
        store.close()


def refused_rows(quarantine: Path) -> list[tuple[str, ...]]:
    return sorted(
        {(row["_file"], row["_line"], row["_reason"]) for file in quarantine.glob("*.csv") for row in read(file)}
    )


def require_whole_batches(database: Path) -> None:
    """What the graph counts as it goes along is what is there, and every relationship lies at both of its ends."""
    if not database.exists() or database.stat().st_size == 0:
        return
    connection = sqlite3.connect(database)
    try:
        if connection.execute("SELECT count(*) FROM sqlite_schema").fetchone() == (0,):
            return
        counted = dict(
            connection.execute("SELECT substr(name, 1, instr(name, ' ') - 1), sum(amount) FROM tally GROUP BY 1")
        )
        there = {
            kind: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for kind, table in (("label", "node"), ("type", "edge"), ("fact", "fact"))
        }
        assert {kind: counted.get(kind, 0) for kind in there} == there
        if connection.execute(
            "SELECT 1 FROM sqlite_schema WHERE name = 'adjacency'"
        ).fetchone():  # a first load makes it last
            assert connection.execute("SELECT count(*) FROM adjacency").fetchone()[0] == 2 * there["type"]
    finally:
        connection.close()


def killed_again_and_again(
    fresh: Callable[[], str],
    files: Path,
    folder: Path,
    kills: int,
    look: Callable[[str], None] = lambda _: None,
    batch: str = BATCH,
) -> None:
    """Kills so often, each time at another moment of what is left; whatever got to its end is compared with the undisturbed."""
    moments = chance()
    url = fresh()
    undisturbed = run("ingest", url, files, folder / "undisturbed", NOW, batch)
    expected, rows = graph_of(url), refused_rows(folder / "undisturbed")
    assert len(rows) > 0
    killed = graphs = 0
    while killed < kills:
        graphs += 1
        url, quarantine = fresh(), folder / f"quarantine-{graphs}"
        while True:
            wait = moments.uniform(0.0, undisturbed.seconds / 5) if killed < kills else None
            if not run("ingest", url, files, quarantine, NOW, batch, kill_after=wait).killed:
                break
            killed += 1
            look(url)
        assert graph_of(url) == expected
        assert refused_rows(quarantine) == rows


def files_of(folder: Path) -> Callable[[], str]:
    names = iter(range(1_000))
    return lambda: f"sqlite:///{folder / f'{next(names)}.db'}"


def look(url: str) -> None:
    require_whole_batches(Path(url.removeprefix("sqlite:///")))


def test_an_ingest_that_was_killed_while_it_filed_is_found_and_goes_on(files: Path, tmp_path: Path) -> None:
    fresh = files_of(tmp_path)
    url = fresh()
    assert not run("ingest", url, files, tmp_path / "undisturbed", NOW, "500").killed
    expected = graph_of(url)

    url = fresh()
    assert run("ingest", url, files, tmp_path / "killed", NOW, "500", "1").killed
    with closing(open_store(url)) as store:
        found = {finding.name: finding for finding in ages(store, now=datetime.fromisoformat(NOW))}
        with pytest.raises(StoreLoading, match="guanxi ingest"):
            store.neighbourhood(store.select("Customer", limit=1)[0].node_id, hops=1)
    assert "guanxi serve" in found["loading"].advice
    assert not run("ingest", url, files, tmp_path / "killed", NOW, "500").killed
    assert graph_of(url) == expected

    url = fresh()
    assert run("ingest", url, files, tmp_path / "again", NOW, "500", "1").killed
    with closing(open_store(url)) as store, store.writing("what a server does first"):
        take_back_unfinished(store)
    assert graph_of(url) == expected


@pytest.mark.long
def test_an_ingest_that_was_killed_twenty_times_ends_in_the_same_graph(files: Path, tmp_path: Path) -> None:
    killed_again_and_again(files_of(tmp_path), files, tmp_path, 20, look)


@pytest.mark.long
def test_an_ingest_into_neo4j_that_was_killed_ends_in_the_same_graph(files: Path, tmp_path: Path) -> None:
    """The client dies, the server goes on: whatever it was told last is there whole or not at all."""
    killed_again_and_again(DATABASE.empty, files, tmp_path, 2, batch="150")
