"""What a SQLite file says of itself: versions and sizes."""

import sqlite3
from datetime import datetime
from pathlib import Path

from graph_model.store import Condition
from graph_model.stores.sqlite.migrations import MIGRATIONS, version


def condition(connection: sqlite3.Connection, path: Path, now: datetime) -> Condition:
    page_size = connection.execute("PRAGMA page_size").fetchone()[0]
    free = connection.execute("PRAGMA freelist_count").fetchone()[0]
    log = path.with_name(f"{path.name}-wal")
    sizes = {
        "file": path.stat().st_size,
        "log": log.stat().st_size if log.exists() else 0,
        "free": free * page_size,
    }
    return Condition(f"SQLite {sqlite3.sqlite_version}", version(connection), len(MIGRATIONS), sizes, now)
