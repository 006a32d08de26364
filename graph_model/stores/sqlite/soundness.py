"""Soundness: a look for damage, quick or of everything, and what was found by the names of tables. No value of a row is told."""

# ruff: noqa: S608 - statements are made of fixed fragments and names of the schema; values are always parameters

import re
import sqlite3
from pathlib import Path

from graph_model.errors import StoreCorrupt
from graph_model.stores.sqlite.failures import CORRUPT
from graph_model.stores.sqlite.filing import is_filed
from graph_model.stores.sqlite.latest import outrun
from graph_model.stores.sqlite.migrations import is_current
from graph_model.stores.sqlite.write_ahead_log import lost_commits

# Up to this size reading everything takes less than a second or two.
_SMALL_BYTES = 32 * 1024**2
_TOLD = 3  # findings; one damaged page has hundreds
_NAMED = 8  # tables
_TABLES = "SELECT name FROM sqlite_schema WHERE type = 'table' AND sql NOT LIKE '%VIRTUAL%'"
_NAMELESS = "SELECT EXISTS (SELECT 1 FROM {table} WHERE source_code NOT IN (SELECT code FROM source))"
_WORDS = "CREATE VIRTUAL TABLE temp.words USING fts5vocab(main, gram, 'instance')"


def check(connection: sqlite3.Connection, path: Path, where: str, *, thorough: bool) -> None:
    """Raises StoreCorrupt. A quick look reads the root of every table and both ends of the graph; a thorough one reads everything, compares
    every index with its table and what is kept of moments and sources with what they are kept of, and looks whether the log beside the file
    can be read to its end."""
    is_current(connection, where)
    if thorough:
        looked_at = (_of_file, _of_search, _of_latest, _of_sources)
        findings = [finding for look in looked_at for finding in look(connection)] + _of_log(path)
        if len(findings) > 0:
            raise StoreCorrupt(where, findings)
        return
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    page_size = connection.execute("PRAGMA page_size").fetchone()[0]
    if pages * page_size <= _SMALL_BYTES:
        findings = _complaints(connection, "PRAGMA quick_check(1)")
        if len(findings) > 0:
            raise StoreCorrupt(where, findings)
        return
    for (table,) in connection.execute(_TABLES).fetchall():
        connection.execute(f'SELECT * FROM "{table}" LIMIT 1').fetchone()
    for end in ("ASC", "DESC"):
        connection.execute(f"SELECT * FROM node ORDER BY nid {end} LIMIT 1").fetchone()
        if is_filed(connection):
            connection.execute(f"SELECT * FROM adjacency ORDER BY nid {end} LIMIT 1").fetchone()


def _of_file(connection: sqlite3.Connection) -> list[str]:
    found = _complaints(connection, f"PRAGMA integrity_check({_TOLD})")
    if len(found) == 0:
        return []
    tables = [table for (table,) in _rows(connection, _TABLES)]
    named = [table for table in tables if len(_complaints(connection, f'PRAGMA integrity_check("{table}")')) > 0]
    told = (
        f"; tables: {', '.join(named[:_NAMED])}{' and more' if len(named) > _NAMED else ''}" if len(named) > 0 else ""
    )
    return [f"the file: {', '.join(found)}{told}"]


def _of_search(connection: sqlite3.Connection) -> list[str]:
    """SQLite's own check doesn't look into the search index: every word of every text is read, and the texts are counted."""
    try:
        connection.execute(_WORDS)
        try:
            indexed = connection.execute("SELECT count(DISTINCT doc) FROM temp.words").fetchone()[0]
            texts = connection.execute("SELECT count(*) FROM searchable").fetchone()[0]
        finally:
            connection.execute("DROP TABLE temp.words")
    except sqlite3.DatabaseError as exc:
        if not _is_damage(exc):
            raise
        return ["the search index can't be read"]
    return [] if indexed == texts else [f"the search index holds {indexed:,} texts instead of {texts:,}"]


def _of_latest(connection: sqlite3.Connection) -> list[str]:
    try:
        types = outrun(connection)
    except sqlite3.DatabaseError as exc:
        if not _is_damage(exc):
            raise
        return []  # said of the file
    return [f"what is kept of the latest moments is too early ({types} of the types of nodes)"] if types > 0 else []


def _of_sources(connection: sqlite3.Connection) -> list[str]:
    tables = ["edge", *(["adjacency"] if is_filed(connection) else [])]
    try:
        nameless = [name for name in tables if connection.execute(_NAMELESS.format(table=name)).fetchone()[0]]
    except sqlite3.DatabaseError as exc:
        if not _is_damage(exc):
            raise
        return []  # said of the file
    return [f"nothing says which source stated some relationships of {name}" for name in nameless]


def _of_log(path: Path) -> list[str]:
    log = path.with_name(f"{path.name}-wal")
    lost = lost_commits(log)
    lost = lost and min(lost, lost_commits(log))  # what was being written at the first look is whole at the second
    return [f"the log beside the file: {lost} of its last writes can't be read"] if lost > 0 else []


def _complaints(connection: sqlite3.Connection, statement: str) -> list[str]:
    rows = _rows(connection, statement, "can't be read")
    lines = [line.strip() for (text,) in rows for line in str(text).splitlines()]
    return [
        re.sub(r"\*+ ?in database \w+ ?\*+", "", line) for line in lines if line not in ("", "ok") and "***" not in line
    ]


def _rows(connection: sqlite3.Connection, statement: str, otherwise: str = "") -> list[tuple[str]]:
    """The answer, or `otherwise` in its place where the damage is too bad for one."""
    try:
        return connection.execute(statement).fetchall()
    except sqlite3.DatabaseError as exc:
        if not _is_damage(exc):
            raise
        return [(otherwise,)] if otherwise else []


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in CORRUPT
