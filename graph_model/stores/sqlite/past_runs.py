"""Who had a tag as one of its runs left it, page by page, and what became of them until another run; whatever was computed since."""

# ruff: noqa: S608 - statements are made of fixed fragments and names of the schema; values are always parameters

import sqlite3
from collections.abc import Mapping

from graph_model.moments import to_ms
from graph_model.tagging import TagDifference, TagRun

_PAGE = 10_000  # up to so many are a page, which is looked for where it begins
# Nodes of one batch have their ids in one place, so that a page may begin among many of other types. It takes about as long to ask so many nodes as to
# read one row of the tag's history and put it in order with all others.
_AMONG = 3
_MOST_ROWS = 200_000
_LAST = "\U0010ffff"  # follows every id

_TAG = "(SELECT code FROM vocabulary WHERE kind = 'tag' AND name = :tag)"
_ROWS = f"SELECT count(*) FROM (SELECT 1 FROM tag_value WHERE tag = {_TAG} LIMIT {_MOST_ROWS})"
_UPTO = "SELECT node_id FROM node WHERE node_id > :after ORDER BY node_id LIMIT 1 OFFSET :among"
# By rising id, each node asked whether the last run up to one left it a value.
_WALK = f"""
SELECT n.node_id FROM node n WHERE n.node_id > :after AND n.node_id <= :upto
AND (SELECT v.value IS NOT NULL FROM tag_value v WHERE v.tag = {_TAG} AND v.nid = n.nid AND v.run <= :run ORDER BY v.run DESC LIMIT 1)
ORDER BY n.node_id LIMIT :limit
"""
# Of each node the last run up to one, doubled, and one more where it left a value.
_ALL = f"""
SELECT n.node_id FROM (
  SELECT nid, max(2 * run + (value IS NOT NULL)) & 1 AS has FROM tag_value WHERE tag = {_TAG} AND run <= :run GROUP BY nid
) v CROSS JOIN node n ON n.nid = v.nid
WHERE v.has AND n.node_id > :after ORDER BY n.node_id LIMIT :limit
"""
_DIFFERENCE = f"""
SELECT count(*) FILTER (WHERE had AND has), count(*) FILTER (WHERE had AND NOT has), count(*) FILTER (WHERE has AND NOT had) FROM (
  SELECT coalesce(max(2 * run + (value IS NOT NULL)) FILTER (WHERE run <= :before), 0) & 1 AS had,
    coalesce(max(2 * run + (value IS NOT NULL)) FILTER (WHERE run <= :after), 0) & 1 AS has
  FROM tag_value WHERE tag = {_TAG} GROUP BY nid
)
"""


def tagged_by(connection: sqlite3.Connection, run: TagRun, after: str, limit: int) -> list[str]:
    asked: dict[str, str | int] = {"tag": run.code, "run": _number_of(connection, run), "after": after, "limit": limit}
    found: list[str] = []
    if limit <= _PAGE:
        (rows,) = connection.execute(_ROWS, asked).fetchone()
        upto = connection.execute(_UPTO, {"after": after, "among": _AMONG * rows}).fetchone()
        asked["upto"] = _LAST if upto is None else upto[0]
        found = _ids(connection, _WALK, asked)
        if len(found) == limit or upto is None:
            return found
        asked |= {"after": upto[0], "limit": limit - len(found)}
    return found + _ids(connection, _ALL, asked)


def _ids(connection: sqlite3.Connection, text: str, asked: Mapping[str, str | int]) -> list[str]:
    return [node_id for (node_id,) in connection.execute(text, asked)]


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
