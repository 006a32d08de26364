"""Tags: a run compares what its rule says with what is kept, in two temporary tables, and writes what differs. No value passes through Python."""

# ruff: noqa: S608 - statements are made of fixed fragments and names of the schema; values are always parameters

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from datetime import date

import orjson

from graph_model.errors import NotFound
from graph_model.moments import to_ms
from graph_model.predicates import Predicate
from graph_model.records import AsOf
from graph_model.schema import SCHEMA
from graph_model.stores.sqlite.ddl import property_table
from graph_model.stores.sqlite.hydration import nids_of
from graph_model.stores.sqlite.names import Names
from graph_model.stores.sqlite.predicate_sql import compile_predicate
from graph_model.stores.sqlite.values import Cell
from graph_model.stores.tag_runs import changes, past, run_of, shown
from graph_model.tagging import TagCell, TagChange, TagDifference, TagRun, TagStep, TagValue

AT_ONCE = 50_000  # handles of one step, of all types: others wait for it to write

_TEMPORARY = (
    "CREATE TEMP TABLE IF NOT EXISTS tag_wanted (nid INTEGER PRIMARY KEY, value ANY NOT NULL) STRICT",
    "CREATE TEMP TABLE IF NOT EXISTS tag_changed (nid INTEGER PRIMARY KEY, value ANY) STRICT",
    "DELETE FROM tag_wanted",
    "DELETE FROM tag_changed",
)
_NEW = """
INSERT INTO tag_changed SELECT w.nid, w.value FROM tag_wanted w LEFT JOIN tagged t ON t.tag = ? AND t.nid = w.nid WHERE t.value IS NOT w.value
"""
_ENDED = """
INSERT INTO tag_changed SELECT t.nid, NULL FROM tagged t LEFT JOIN tag_wanted w ON w.nid = t.nid
WHERE t.tag = ? AND t.nid > ? AND t.nid <= ? AND w.nid IS NULL
"""
# What one run says of one node is the last that it said.
_KEEP = """
INSERT INTO tag_value (tag, nid, run, value) SELECT ?, nid, ?, value FROM tag_changed WHERE true
ON CONFLICT (tag, nid, run) DO UPDATE SET value = excluded.value
"""
_SHOW = """
INSERT INTO tagged (tag, nid, run, value) SELECT ?, nid, ?, value FROM tag_changed WHERE value IS NOT NULL
ON CONFLICT (tag, nid) DO UPDATE SET run = excluded.run, value = excluded.value
"""
_HIDE = "DELETE FROM tagged WHERE tag = ? AND nid IN (SELECT nid FROM tag_changed WHERE value IS NULL)"
_NOW = """
SELECT n.node_id, t.value, c.name, r.version, r.base_date, r.computed_at, r.source
FROM json_each(?1) wanted CROSS JOIN node n ON n.node_id = wanted.value CROSS JOIN vocabulary c ON c.kind = 'tag'
CROSS JOIN tagged t ON t.tag = c.code AND t.nid = n.nid CROSS JOIN tag_run r ON r.run = t.run
ORDER BY c.name
"""
_THEN = """
SELECT n.node_id, t.value, c.name, r.version, r.base_date, r.computed_at, r.source
FROM json_each(?1) wanted CROSS JOIN node n ON n.node_id = wanted.value CROSS JOIN vocabulary c ON c.kind = 'tag'
CROSS JOIN tag_value t ON t.tag = c.code AND t.nid = n.nid CROSS JOIN tag_run r ON r.run = t.run
ORDER BY c.name, t.run
"""

# Of each node the last run up to one, doubled, and one more where it left a value.
_BY_RUN = """
SELECT n.node_id FROM (
  SELECT nid, max(2 * run + (value IS NOT NULL)) & 1 AS has FROM tag_value
  WHERE tag = (SELECT code FROM vocabulary WHERE kind = 'tag' AND name = ?) AND run <= ? GROUP BY nid
) v CROSS JOIN node n ON n.nid = v.nid
WHERE v.has AND n.node_id > ? ORDER BY n.node_id LIMIT ?
"""
_DIFFERENCE = """
SELECT count(*) FILTER (WHERE had AND has), count(*) FILTER (WHERE had AND NOT has), count(*) FILTER (WHERE has AND NOT had) FROM (
  SELECT coalesce(max(2 * run + (value IS NOT NULL)) FILTER (WHERE run <= :before), 0) & 1 AS had,
    coalesce(max(2 * run + (value IS NOT NULL)) FILTER (WHERE run <= :after), 0) & 1 AS has
  FROM tag_value WHERE tag = (SELECT code FROM vocabulary WHERE kind = 'tag' AND name = :tag) GROUP BY nid
)
"""


def tag(
    connection: sqlite3.Connection,
    names: Names,
    label: str,
    cases: Sequence[tuple[TagCell, Predicate]],
    run: TagRun,
    *,
    after: int,
    limit: int | None,
) -> TagStep:
    code = _code_of(connection, run.code)
    number = run_number(connection, code, run)
    (last,) = connection.execute("SELECT coalesce(max(nid), 0) FROM node").fetchone()
    upto = min(after + (limit or AT_ONCE), last)
    for statement in _TEMPORARY:
        connection.execute(statement)
    if len(cases) > 0:
        text, parameters = _valued(label, cases)
        connection.execute(f"INSERT INTO tag_wanted {text}", (*parameters, names.labels[label], after, upto))
    counts = dict(connection.execute("SELECT value, count(*) FROM tag_wanted GROUP BY value"))
    (looked_at,) = connection.execute(
        "SELECT count(*) FROM node WHERE label = ? AND nid > ? AND nid <= ?", (names.labels[label], after, upto)
    ).fetchone()
    connection.execute(_NEW, (code,))
    connection.execute(_ENDED, (code, after, upto))
    connection.execute(_KEEP, (code, number))
    connection.execute(_SHOW, (code, number))
    connection.execute(_HIDE, (code,))
    (changed,) = connection.execute("SELECT count(*) FROM tag_changed").fetchone()
    return TagStep(None if upto >= last else upto, looked_at, changed, counts)


def _valued(label: str, cases: Sequence[tuple[TagCell, Predicate]]) -> tuple[str, list[Cell]]:
    """The SELECT of the nodes that get a value, and its parameters before those of label and handles."""
    all_parameters: list[Cell] = []
    choices = []
    for value, predicate in cases:
        condition, parameters = compile_predicate(label, predicate)
        choices.append(f"WHEN {condition} THEN ?")
        all_parameters += [*parameters, value]
    join = ""
    if len(SCHEMA.node(label).properties) > 0:
        join = f" LEFT JOIN {property_table(label)} p ON p.nid = n.nid"
    # NOT INDEXED: the handles of a step are a range of the table itself.
    valued = f"SELECT n.nid AS nid, CASE {' '.join(choices)} END AS value FROM node n NOT INDEXED{join}"
    text = f"SELECT nid, value FROM ({valued} WHERE n.label = ? AND n.nid > ? AND n.nid <= ?) WHERE value IS NOT NULL"
    return text, all_parameters


def give_tag(connection: sqlite3.Connection, run: TagRun, values: Mapping[str, TagCell | None]) -> list[TagChange]:
    missing = next(iter(values.keys() - nids_of(connection, values)), None)
    if missing is not None:
        raise NotFound(f"There is no node {missing}. Search for it again.")
    found = changes(run, values, tags_of(connection, list(values), None, None))
    keep_values(connection, [TagValue(change.node_id, change.now, run) for change in found])
    return found


def tags_of(
    connection: sqlite3.Connection, node_ids: Sequence[str], on: date | None, as_of: AsOf | None
) -> dict[str, list[TagValue]]:
    return shown(_values(connection, _NOW if on is None and as_of is None else _THEN, node_ids), on, as_of)


def tag_history(connection: sqlite3.Connection, node_id: str, code: str) -> list[TagValue]:
    return [value for value in _values(connection, _THEN, [node_id]) if value.run.code == code]


def _values(connection: sqlite3.Connection, text: str, node_ids: Sequence[str]) -> Iterator[TagValue]:
    wanted = orjson.dumps(list(dict.fromkeys(node_ids))).decode()
    for node_id, value, *row in connection.execute(text, (wanted,)):
        yield TagValue(node_id, value, run_of(row))


def tagged_by(connection: sqlite3.Connection, run: TagRun, after: str, limit: int) -> list[str]:
    number = _number_of(connection, run)
    return [node_id for (node_id,) in connection.execute(_BY_RUN, (run.code, number, after, limit))]


def tag_difference(connection: sqlite3.Connection, before: TagRun, after: TagRun) -> TagDifference:
    runs = {"tag": before.code, "before": _number_of(connection, before), "after": _number_of(connection, after)}
    return TagDifference(*connection.execute(_DIFFERENCE, runs).fetchone())


def _number_of(connection: sqlite3.Connection, run: TagRun) -> int:
    """Of a run that was; 0, which is none's, otherwise."""
    found = connection.execute(
        "SELECT r.run FROM tag_run r JOIN vocabulary c ON c.kind = 'tag' AND c.name = ? AND c.code = r.tag "
        "WHERE r.base_date = ? AND r.computed_at = ? AND r.version = ? AND r.source = ?",
        (run.code, run.base_date.isoformat(), to_ms(run.computed_at), run.version, run.source),
    ).fetchone()
    return 0 if found is None else int(found[0])


def _code_of(connection: sqlite3.Connection, code: str) -> int:
    """The number that stands for a tag in this file."""
    found = connection.execute("SELECT code FROM vocabulary WHERE kind = 'tag' AND name = ?", (code,)).fetchone()
    if found is not None:
        return int(found[0])
    connection.execute(
        "INSERT INTO vocabulary SELECT 'tag', ?, coalesce(max(code), -1) + 1 FROM vocabulary WHERE kind = 'tag'",
        (code,),
    )
    return _code_of(connection, code)


def run_number(connection: sqlite3.Connection, code: int, run: TagRun) -> int:
    """Of the run, which is begun where it is not there. Raises InvalidRequest `tag.past`."""
    key = (code, run.base_date.isoformat(), to_ms(run.computed_at), run.version, run.source)
    found = connection.execute(
        "SELECT run FROM tag_run WHERE tag = ? AND base_date = ? AND computed_at = ? AND version = ? AND source = ?",
        key,
    ).fetchone()
    if found is not None:
        return int(found[0])
    (newest,) = connection.execute("SELECT max(base_date) FROM tag_run WHERE tag = ?", (code,)).fetchone()
    if newest is not None and newest > key[1]:
        raise past(newest)
    (number,) = connection.execute("SELECT coalesce(max(run), 0) + 1 FROM tag_run").fetchone()
    connection.execute(
        "INSERT INTO tag_run (run, tag, base_date, computed_at, version, source) VALUES (?, ?, ?, ?, ?, ?)",
        (number, *key),
    )
    return int(number)


# --- moving house --------------------------------------------------------------------------------------------------


def keep_runs(connection: sqlite3.Connection, runs: Sequence[TagRun]) -> None:
    for run in runs:
        run_number(connection, _code_of(connection, run.code), run)


def keep_values(connection: sqlite3.Connection, values: Sequence[TagValue]) -> None:
    """Those of one node and tag come by rising run."""
    nids = nids_of(connection, {value.node_id for value in values})
    runs: dict[TagRun, tuple[int, int]] = {}
    for value in values:
        if value.run not in runs:
            code = _code_of(connection, value.run.code)
            runs[value.run] = code, run_number(connection, code, value.run)
        code, number = runs[value.run]
        key = (code, nids[value.node_id])
        connection.execute(
            "INSERT OR REPLACE INTO tag_value (tag, nid, run, value) VALUES (?, ?, ?, ?)", (*key, number, value.value)
        )
        if value.value is None:
            connection.execute("DELETE FROM tagged WHERE tag = ? AND nid = ?", key)
        else:
            connection.execute(
                "INSERT OR REPLACE INTO tagged (tag, nid, run, value) VALUES (?, ?, ?, ?)", (*key, number, value.value)
            )
