"""Tags of single nodes: values that are given, what nodes have and had, and the numbers that stand for tags and runs in a file."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from datetime import date

import orjson

from graph_model.errors import NotFound
from graph_model.moments import to_ms
from graph_model.records import AsOf
from graph_model.stores.sqlite.hydration import nids_of
from graph_model.stores.tag_runs import changes, past, run_of, shown
from graph_model.tagging import TagCell, TagChange, TagRun, TagValue

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


def code_of(connection: sqlite3.Connection, code: str) -> int:
    """The number that stands for a tag in this file."""
    found = connection.execute("SELECT code FROM vocabulary WHERE kind = 'tag' AND name = ?", (code,)).fetchone()
    if found is not None:
        return int(found[0])
    connection.execute(
        "INSERT INTO vocabulary SELECT 'tag', ?, coalesce(max(code), -1) + 1 FROM vocabulary WHERE kind = 'tag'",
        (code,),
    )
    return code_of(connection, code)


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
        run_number(connection, code_of(connection, run.code), run)


def keep_values(connection: sqlite3.Connection, values: Sequence[TagValue]) -> None:
    """Those of one node and tag come by rising run."""
    nids = nids_of(connection, {value.node_id for value in values})
    runs: dict[TagRun, tuple[int, int]] = {}
    for value in values:
        if value.run not in runs:
            code = code_of(connection, value.run.code)
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
