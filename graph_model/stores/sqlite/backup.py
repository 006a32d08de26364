"""Backup and soundness: a byte copy of one moment while others read and write, and a look for damage."""

# ruff: noqa: S608 - statements are made of fixed fragments and names of the schema; values are always parameters

import os
import sqlite3
from pathlib import Path

from graph_model.errors import StoreCorrupt
from graph_model.store import OnProgress
from graph_model.stores.finished_file import finished_file
from graph_model.stores.sqlite.failures import translated
from graph_model.stores.sqlite.migrations import is_current

_PAGES_A_STEP = 2_048
# Up to this size reading everything takes less than a second or two.
_SMALL_BYTES = 32 * 1024**2


def backup(source: sqlite3.Connection, target: Path, on_progress: OnProgress | None) -> None:
    """Copy what `source` sees. It is in a read transaction, so that writers neither wait for the copy nor make it begin again."""

    def report(_: int, remaining: int, total: int) -> None:
        if on_progress is not None:
            on_progress("backup", total - remaining, total)

    with finished_file(target) as partial:
        source.execute("SELECT 1 FROM meta").fetchone()  # the snapshot is taken by the first read
        os.close(os.open(partial, os.O_CREAT | os.O_RDWR, 0o600))  # personal data, like the graph itself
        with translated(str(target)):
            copy = sqlite3.connect(partial, isolation_level=None)
            try:
                copy.execute("PRAGMA synchronous = OFF")  # flushed once, when it is whole
                source.backup(copy, pages=_PAGES_A_STEP, progress=report)
            finally:
                copy.close()


def check(connection: sqlite3.Connection, path: Path, where: str, *, thorough: bool) -> None:
    """Raises StoreCorrupt. A quick look reads the root of every table and both ends of the graph; a thorough one reads everything."""
    is_current(connection, where)
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    page_size = connection.execute("PRAGMA page_size").fetchone()[0]
    if thorough or pages * page_size <= _SMALL_BYTES:
        findings = connection.execute("PRAGMA quick_check(1)").fetchall()
        if findings != [("ok",)]:
            raise StoreCorrupt(where)
        return
    for (table,) in connection.execute(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND sql NOT LIKE '%VIRTUAL%'"
    ).fetchall():
        connection.execute(f'SELECT * FROM "{table}" LIMIT 1').fetchone()
    for end in ("ASC", "DESC"):
        connection.execute(f"SELECT * FROM node ORDER BY nid {end} LIMIT 1").fetchone()
        connection.execute(f"SELECT * FROM adjacency ORDER BY nid {end} LIMIT 1").fetchone()
