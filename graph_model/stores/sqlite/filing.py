"""Filing: the rows of `adjacency` of a first load are made in one go after it, sorted, instead of one by one at pages all over the file.

From the beginning of a first load to the end of its filing a file has no table `adjacency`, so that whoever walks is refused (`StoreLoading`) and
never sees a part; relationships are in `edge` alone. While there is a table `filing`, which grows by ascending nid in short transactions and
becomes `adjacency` in the last, relationships can't be written either. A process that dies leaves one of these two states, and the next goes on.
"""

# ruff: noqa: S608 - statements are made of fixed fragments; values are always parameters

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

from graph_model.errors import StoreError, StoreFull, StoreLoading
from graph_model.store import OnProgress
from graph_model.stores.sqlite.ddl import ADJACENCY
from graph_model.stores.sqlite.names import Names

AT_ONCE = 100_000  # rows of one transaction: others who write wait for no more

_TABLES = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name IN ('adjacency', 'filing')"
_BEGUN = "SELECT EXISTS (SELECT 1 FROM node) OR EXISTS (SELECT 1 FROM edge)"
_KINDS = "CREATE TEMP TABLE kind (triple INTEGER PRIMARY KEY, type, begins, ends, repeats, back)"
# Of several relationships of one type between two nodes one counts as the neighbourhood, the others are `again`: within one triple all but the
# first in the order of the table, and those from the greater to the lesser nid where there is one the other way.
_AGAIN = """
CASE WHEN NOT k.repeats THEN 0 WHEN e.start = e.finish THEN 1 ELSE
  EXISTS (SELECT 1 FROM edge f WHERE f.triple = e.triple AND f.start = e.start AND f.finish = e.finish AND f.qualifier < e.qualifier)
  OR e.start > e.finish AND EXISTS (SELECT 1 FROM edge f WHERE f.triple = k.back AND f.start = e.finish AND f.finish = e.start)
END
"""
_SORTED = f"""
CREATE TEMP TABLE row AS
SELECT e.start AS nid, k.type, e.last_seen, e.triple, e.finish AS other, 1 AS outgoing, e.qualifier, e.first_seen, e.recorded_at, {_AGAIN} AS again,
e.source_code, e.properties
FROM temp.kind k CROSS JOIN edge e ON e.triple = k.triple AND e.start >= :least
UNION ALL
SELECT e.finish, k.type, e.last_seen, e.triple, e.start, 0, e.qualifier, e.first_seen, e.recorded_at, {_AGAIN}, e.source_code, e.properties
FROM temp.kind k CROSS JOIN edge e ON e.triple = k.triple WHERE e.finish >= :least AND e.finish <> e.start
ORDER BY 1, 2, 3 DESC, 4, 5, 6, 7
"""
_FILE = "INSERT INTO filing SELECT * FROM temp.row WHERE rowid > ? AND rowid <= ?"
_HUBS = """
CREATE TEMP TABLE counted AS
SELECT a.nid, a.type, CASE WHEN a.outgoing THEN k.ends ELSE k.begins END AS label, count(*) AS edges, sum(1 - a.again) AS neighbours
FROM node n CROSS JOIN filing a ON a.nid = n.nid JOIN temp.kind k ON k.triple = a.triple WHERE n.degree > ? GROUP BY 1, 2, 3
"""
_COUNT_HUBS = (
    "INSERT INTO hub (nid, type, label, edges, neighbours) SELECT nid, type, label, edges, neighbours FROM temp.counted"
)

Writing = Callable[[], AbstractContextManager[object]]


def begin_load(connection: sqlite3.Connection) -> None:
    """In an empty graph, rows of `adjacency` are put off until `file_rows`. Where relationships are there already nothing changes."""
    if is_filed(connection) and not connection.execute(_BEGUN).fetchone()[0]:
        connection.execute("DROP TABLE adjacency")


def is_filed(connection: sqlite3.Connection) -> bool:
    return ("adjacency",) in connection.execute(_TABLES).fetchall()


def is_being_filed(connection: sqlite3.Connection) -> bool:
    return ("filing",) in connection.execute(_TABLES).fetchall()


def forget_filing(connection: sqlite3.Connection) -> None:
    """What was filed before a break; all of it is made anew."""
    connection.execute("DROP TABLE IF EXISTS filing")


def takes_rows(connection: sqlite3.Connection) -> bool:
    """Whether relationships that are written now have rows of `adjacency`, or get them later. Raises StoreLoading while those of all are made."""
    if is_being_filed(connection):
        raise StoreLoading
    return is_filed(connection)


def file_rows(
    connection: sqlite3.Connection, names: Names, writing: Writing, on_progress: OnProgress | None = None
) -> None:
    """Make the rows of a graph that has none yet, or go on. `connection` sorts on disk and is in no transaction; `writing` puts it into a short one."""
    with writing():
        if not is_being_filed(connection):
            connection.execute(f"CREATE TABLE filing {ADJACENCY}")
        # The last node may have a part of its rows.
        least = connection.execute("SELECT coalesce(max(nid), 0) FROM filing").fetchone()[0]
        connection.execute("DELETE FROM filing WHERE nid = ?", (least,))
    connection.execute(_KINDS)
    connection.executemany("INSERT INTO temp.kind VALUES (?, ?, ?, ?, ?, ?)", _kinds(names))
    connection.execute(_SORTED, {"least": least})
    rows = connection.execute("SELECT coalesce(max(rowid), 0) FROM temp.row").fetchone()[0]
    for after in range(0, rows, AT_ONCE):
        with writing():
            connection.execute(_FILE, (after, after + AT_ONCE))
        if on_progress is not None:
            on_progress("filing", min(after + AT_ONCE, rows), rows)
    connection.execute(_HUBS, (names.hub_degree,))
    with writing():
        connection.execute(_COUNT_HUBS)
        connection.execute("ALTER TABLE filing RENAME TO adjacency")


def no_room(where: str) -> StoreError:
    """What is told of a full disk, which may be another than the graph's own."""
    return StoreError(
        f"There is no room to file the relationships of {where}: on its own disk, or where temporary files are. Free some (250 bytes a relationship) "
        "or set SQLITE_TMPDIR to another folder, and run the command again: what was loaded is safe.",
        code=StoreFull.code,
    )


def _kinds(names: Names) -> Iterator[tuple[int | None, ...]]:
    for triple in names.by_code.values():
        if not triple.human:
            back = names.by_codes.get((triple.end, triple.type, triple.start))
            yield (
                triple.code,
                triple.type,
                triple.start,
                triple.end,
                triple.repeats,
                None if back is None else back.code,
            )
