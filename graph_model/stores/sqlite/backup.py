"""Backup: a byte copy of one moment while others read and write."""

import os
import sqlite3
from pathlib import Path

from graph_model.store import OnProgress
from graph_model.stores.finished_file import finished_file
from graph_model.stores.sqlite.failures import translated

_PAGES_A_STEP = 2_048


def backup(
    source: sqlite3.Connection, target: Path, on_progress: OnProgress | None, *, pages_a_step: int = _PAGES_A_STEP
) -> None:
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
                source.backup(copy, pages=pages_a_step, progress=report)
            finally:
                copy.close()
