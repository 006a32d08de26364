"""Migrations: how a file of an older version, or an empty one, becomes one of today. All of it in one transaction, or nothing.

`PRAGMA user_version` counts the migrations that a file has been through; `meta.schema` is a digest of what the schema declared when it was last
brought up to date. A name added to the schema needs no migration: its code, table, column and index are added when the file is next opened for writing.
"""

# ruff: noqa: S608 - statements are made of fixed fragments and names of the schema; values are always parameters

import hashlib
import sqlite3
from collections.abc import Callable, Sequence

import structlog

from graph_model.errors import StoreCorrupt, StoreError, StoreFull, StoreNewer
from graph_model.schema import SCHEMA, Schema
from graph_model.stores.sqlite.changes import CHANGES
from graph_model.stores.sqlite.ddl import (
    CASEWORK,
    GRAPH,
    MOVE_DRAWN,
    SCORINGS,
    SOURCES,
    SOURCES_AT_ENDS,
    TAGS,
    derived,
    index,
    index_name,
    plan_statistics,
    property_columns,
    property_table,
)
from graph_model.stores.sqlite.filing import forget_filing, is_filed
from graph_model.stores.sqlite.latest import note_all
from graph_model.stores.sqlite.names import declared_names
from graph_model.stores.sqlite.search_index import Change, reindex
from graph_model.stores.sqlite.tally import read_tally

APPLICATION_ID = 0x47584952  # "GXIR": how `file` and we tell our files from others

Migration = Callable[[sqlite3.Connection], None]
log = structlog.get_logger(__name__)


def _run(connection: sqlite3.Connection, script: str) -> None:
    # Not executescript: it would commit the transaction that we are in.
    for statement in script.split(";\n"):
        if statement.strip():
            connection.execute(statement)


def _graph(connection: sqlite3.Connection) -> None:
    _run(connection, GRAPH)


def _casework(connection: sqlite3.Connection) -> None:
    _run(connection, CASEWORK)
    if read_tally(connection).get("type HUMAN_LINK", 0) > 0:
        _run(connection, MOVE_DRAWN)


def _scorings(connection: sqlite3.Connection) -> None:
    _run(connection, SCORINGS)


def _tags(connection: sqlite3.Connection) -> None:
    _run(connection, TAGS)


def _changes(connection: sqlite3.Connection) -> None:
    _run(connection, CHANGES)


def _sources(connection: sqlite3.Connection) -> None:
    _run(connection, SOURCES)
    if is_filed(connection):
        _run(connection, SOURCES_AT_ENDS)
    else:  # a first load that was broken off: its rows are made from `edge`
        forget_filing(connection)


MIGRATIONS: Sequence[Migration] = (_graph, _casework, _scorings, _tags, _changes, note_all, _sources)


def digest(schema: Schema) -> str:
    """Changes whenever something that is kept in the file's own schema does."""
    text = repr((schema.version, declared_names(schema), derived(schema)))
    return hashlib.sha256(text.encode()).hexdigest()


def version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def is_current(connection: sqlite3.Connection, where: str, migrations: Sequence[Migration] = MIGRATIONS) -> bool:
    """Whether the file can be used as it is. Raises StoreNewer, or StoreCorrupt for a file that is no graph of ours."""
    found = version(connection)
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    if application != APPLICATION_ID:
        tables = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
        if application != 0 or found != 0 or tables != 0:
            raise StoreCorrupt(where)
    if found > len(migrations):
        raise StoreNewer(where, found, len(migrations))
    if found < len(migrations):
        return False
    kept = dict(connection.execute("SELECT name, value FROM meta"))
    if int(kept.get("schema_version", "0")) > SCHEMA.version:
        raise StoreNewer(where, int(kept["schema_version"]), SCHEMA.version)
    return kept.get("schema") == digest(SCHEMA)


def is_older(connection: sqlite3.Connection, migrations: Sequence[Migration] = MIGRATIONS) -> bool:
    """Whether an older version wrote the file; an empty one was written by none."""
    return 0 < version(connection) < len(migrations)


def migrate(connection: sqlite3.Connection, where: str, migrations: Sequence[Migration] = MIGRATIONS) -> None:
    """Bring the file up to date. The caller holds a write transaction and commits it."""
    if is_current(connection, where, migrations):
        return  # another process was quicker
    if is_older(connection, migrations):
        log.warning(
            "store.upgrade", version=version(connection), to=len(migrations), hint="A large graph takes minutes."
        )
    for number, migration in enumerate(migrations[version(connection) :], start=version(connection) + 1):
        migration(connection)
        connection.execute(f"PRAGMA user_version = {number}")
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    _follow_schema(connection, SCHEMA)


def no_room(where: str) -> StoreError:
    """What is told of a full disk, which may be another than the graph's own."""
    return StoreError(
        f"There is no room to bring {where} up to date: on its own disk, or where temporary files are. Free as much as the file takes, or set "
        "SQLITE_TMPDIR to another folder, and run the command again: the file is as it was.",
        code=StoreFull.code,
    )


def refuse_old(where: str) -> StoreError:
    return StoreError(
        f"{where} was written by an older Guanxi and is opened read-only. Open it once for writing, such as by `guanxi doctor`, "
        "to bring it up to date.",
        code="store_older",
    )


def _follow_schema(connection: sqlite3.Connection, schema: Schema) -> None:
    known = set(connection.execute("SELECT kind, name FROM vocabulary"))
    is_new = len(known) == 0
    for kind, name in declared_names(schema):
        if (kind, name) not in known:
            connection.execute(
                "INSERT INTO vocabulary SELECT ?1, ?2, coalesce(max(code), -1) + 1 FROM vocabulary WHERE kind = ?1",
                (kind, name),
            )
    existing = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema")}
    for statement in derived(schema):
        if statement.split('"')[1] not in existing and statement.startswith("CREATE TABLE"):
            connection.execute(statement)
    for node_type in schema.nodes:
        table = property_table(node_type.label)
        columns = {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}
        for name, definition in property_columns(node_type).items():
            if name not in columns:
                connection.execute(f"ALTER TABLE {table} ADD COLUMN {definition}")
        for declared in node_type.properties:
            if declared.indexed and index_name(node_type.label, declared.name) not in existing:
                connection.execute(index(node_type.label, declared.name))
    if not is_new:
        _index_texts(
            connection,
            schema,
            {name for kind, name in declared_names(schema) if kind == "search"}
            - {name for kind, name in known if kind == "search"},
        )
    connection.execute("ANALYZE sqlite_schema")  # makes the table of statistics, with nothing in it
    connection.execute("DELETE FROM sqlite_stat1")
    connection.executemany("INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES (?, ?, ?)", plan_statistics(schema))
    connection.execute("ANALYZE sqlite_schema")  # and loads what it holds now
    connection.executemany(
        "INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)",
        [("schema", digest(schema)), ("schema_version", str(schema.version))],
    )


def _index_texts(connection: sqlite3.Connection, schema: Schema, names: set[str]) -> None:
    """Put into the search index what is already there of properties that have become searchable."""
    for node_type in schema.nodes:
        for declared in node_type.searchable:
            name = f"{node_type.label}.{declared.name}"
            if name not in names:
                continue
            code = connection.execute(
                "SELECT code FROM vocabulary WHERE kind = 'search' AND name = ?", (name,)
            ).fetchone()[0]
            if declared is node_type.key:
                label = "SELECT code FROM vocabulary WHERE kind = 'label' AND name = ?"
                found = connection.execute(f"SELECT nid, key FROM node WHERE label = ({label})", (node_type.label,))
            else:
                found = connection.execute(f'SELECT nid, "{declared.name}" FROM {property_table(node_type.label)}')
            while rows := found.fetchmany(10_000):
                reindex(connection, [Change(nid, code, None, text) for nid, text in rows])
