"""Backups: a copy that opens as the same graph, taken while others read and write; of whole batches, by whatever means the engine has."""

import sqlite3
from contextlib import closing
from pathlib import Path
from threading import Event, Thread

import pytest

from graph_model.errors import InvalidRequest
from graph_model.records import GraphBatch
from graph_model.store import GraphStore
from graph_model.stores import open_store
from graph_model.stores.sqlite.backup import backup
from tests.stores import portrait
from tests.stores.scenarios import customer, device_farm, node, referral_circle


def test_a_backup_opens_as_the_same_graph(store: GraphStore, tmp_path: Path) -> None:
    store.upsert(referral_circle())
    target = tmp_path / "backups" / "monday.db"
    store.backup(target)

    copied = open_store(f"sqlite:///{target}")
    assert portrait.of_everything(copied) == portrait.of_everything(store)
    copied.check(thorough=True)
    copied.close()
    assert [path.name for path in target.parent.iterdir()] == ["monday.db"]


def test_a_backup_never_overwrites(store: GraphStore, tmp_path: Path) -> None:
    target = tmp_path / "precious.db"
    target.write_text("last week's backup")
    with pytest.raises(InvalidRequest, match="exists"):
        store.backup(target)
    assert target.read_text() == "last week's backup"


def test_progress_is_told_to_the_end(store: GraphStore, tmp_path: Path) -> None:
    store.upsert(device_farm(2000))
    seen: list[tuple[str, int, int]] = []
    store.backup(tmp_path / "copy.db", on_progress=lambda *step: seen.append(step))
    assert seen[-1][1] == seen[-1][2] > 0
    assert [done for _, done, _ in seen] == sorted(done for _, done, _ in seen)


def test_a_cancelled_backup_leaves_nothing_behind(store: GraphStore, tmp_path: Path) -> None:
    def cancel(stage: str, done: int, total: int) -> None:
        raise KeyboardInterrupt

    folder = tmp_path / "backups"
    with pytest.raises(KeyboardInterrupt):
        store.backup(folder / "copy.db", on_progress=cancel)
    assert list(folder.iterdir()) == []
    store.upsert(referral_circle())


def test_writers_go_on_during_a_backup_which_is_of_one_moment(store: GraphStore, tmp_path: Path) -> None:
    store.upsert(device_farm(1000))
    wrote, stop = Event(), Event()

    def keep_writing() -> None:
        number = 0
        while not stop.is_set():
            store.upsert(GraphBatch([node(customer(f"new{number}-{i}")) for i in range(7)]))
            number += 1
            wrote.set()

    writer = Thread(target=keep_writing)
    writer.start()
    wrote.wait(10)
    try:
        for number in range(3):
            store.backup(tmp_path / f"copy{number}.db")
    finally:
        stop.set()
        writer.join()

    for number in range(3):
        copied = open_store(f"sqlite:///{tmp_path}/copy{number}.db")
        copied.check(thorough=True)
        assert (copied.statistics().nodes["Customer"] - 1000) % 7 == 0  # whole batches only
        copied.close()


def test_a_sqlite_file_is_copied_in_many_steps_between_which_others_write_and_none_is_done_again(
    tmp_path: Path,
) -> None:
    path, target = tmp_path / "graph.db", tmp_path / "copy.db"
    store = open_store(f"sqlite:///{path}", create=True)
    store.upsert(device_farm(1000))
    before = portrait.of_everything(store)
    copied: list[int] = []

    def write(stage: str, done: int, total: int) -> None:
        store.upsert(GraphBatch([node(customer(f"new{len(copied)}-{i}")) for i in range(7)]))
        copied.append(done)
        assert copied == sorted(set(copied))  # or it began again

    with closing(sqlite3.connect(path, isolation_level=None)) as source:
        source.execute("BEGIN")
        backup(source, target, write, pages_a_step=10)
    assert len(copied) > 5
    assert store.statistics().nodes["Customer"] == 1000 + 7 * len(copied)
    pages = copied[-1]
    assert copied == [*range(10, pages, 10), pages]

    whole = open_store(f"sqlite:///{target}")
    assert portrait.of_everything(whole) == before
    whole.check(thorough=True)
    whole.close()
    store.close()
