"""Changes: which nodes each write touched, for whoever holds a part of the graph in memory and has to hear of every write, of any process.

One row per write, in the write's own transaction: the nids, or NULL where they are too many to be told one by one. The oldest rows go. A write of
nothing but consents and contacts leaves none: no score reads them, and they come by the hundred thousand.
"""

import sqlite3
from collections.abc import Collection

import numpy as np
import orjson

from graph_model.columns import Changes

MOST = 2_000  # nodes of one write that are told one by one
KEPT = 5_000  # writes
UNTOLD = frozenset({"consent", "contact"})  # kinds of facts that touch nobody

# What version 5 added.
CHANGES = "CREATE TABLE change (version INTEGER PRIMARY KEY, nids TEXT) STRICT"

_NEWEST = "SELECT coalesce(max(version), 0) FROM change"
_NOTE = "INSERT INTO change (version, nids) VALUES (?, ?)"
_FORGET = "DELETE FROM change WHERE version <= ?"
_SINCE = "SELECT version, nids FROM change WHERE version > ? ORDER BY version"


def note_change(connection: sqlite3.Connection, nids: Collection[int] | None) -> None:
    """In the transaction that wrote them; None are more than `MOST`."""
    version = connection.execute(_NEWEST).fetchone()[0] + 1
    told = orjson.dumps(sorted(set(nids))).decode() if nids is not None and len(nids) <= MOST else None
    connection.execute(_NOTE, (version, told))
    connection.execute(_FORGET, (version - KEPT,))


def changes(connection: sqlite3.Connection, after: int | None) -> Changes:
    if after is None:
        return Changes(connection.execute(_NEWEST).fetchone()[0], None)
    rows = connection.execute(_SINCE, (after,)).fetchall()
    if len(rows) == 0:
        # A version that never was belongs to another file.
        newest = connection.execute(_NEWEST).fetchone()[0]
        return Changes(newest, np.empty(0, dtype=np.int64) if newest == after else None)
    newest = rows[-1][0]
    if rows[0][0] != after + 1 or any(nids is None for _, nids in rows):
        return Changes(newest, None)
    touched = {nid for _, nids in rows for nid in orjson.loads(nids)}
    return Changes(newest, np.array(sorted(touched), dtype=np.int64))
