"""Files as older versions wrote them: what later ones changed, taken back."""

import sqlite3

_EDGES_6 = """
ALTER TABLE edge RENAME TO newer;
CREATE TABLE edge (
  triple INTEGER NOT NULL, start INTEGER NOT NULL, finish INTEGER NOT NULL, qualifier TEXT NOT NULL,
  first_seen INTEGER NOT NULL, last_seen INTEGER NOT NULL, recorded_at INTEGER NOT NULL, source TEXT NOT NULL, properties TEXT,
  PRIMARY KEY (triple, start, finish, qualifier)
) STRICT, WITHOUT ROWID;
INSERT INTO edge SELECT triple, start, finish, qualifier, first_seen, last_seen, recorded_at, s.name, properties
FROM newer JOIN source s ON s.code = newer.source_code;
DROP TABLE newer;
DROP TABLE source;
PRAGMA user_version = 6;
"""
_ROWS_6 = """
ALTER TABLE adjacency DROP COLUMN source_code;
ALTER TABLE adjacency DROP COLUMN properties;
"""


def as_version_6(connection: sqlite3.Connection) -> None:
    """Of a graph that is loaded, or whose first load was broken off."""
    connection.executescript(_EDGES_6)
    if connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'adjacency'").fetchone() is not None:
        connection.executescript(_ROWS_6)
