"""Assessments and rings: append-only. What a node shows as its score is a copy of its newest assessment."""

# ruff: noqa: S608 - statements are made of fixed fragments and names of the schema; values are always parameters

import sqlite3
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import orjson

from graph_model.columns import AssessmentColumns, GradeColumns, worn
from graph_model.errors import InvalidRequest
from graph_model.moments import from_ms, to_ms
from graph_model.records import AsOf, Ring, RiskAssessment, ScoreSource, Scoring
from graph_model.store import MAX_LIMIT
from graph_model.stores.assessment_columns import GRADES, assessment_of, check
from graph_model.stores.sqlite import ledger
from graph_model.stores.sqlite.collector import without_collector
from graph_model.stores.sqlite.joined import Column, Parameters, read
from graph_model.stores.sqlite.scope import as_json
from graph_model.stores.sqlite.tally import add_to_tally
from graph_model.stores.sqlite.values import bounds
from graph_model.stores.unfinished import STATE, dump, hidden_moments

_PIECE = 50_000

_GREATEST = "SELECT coalesce(max(nid), 0) FROM node"
_RUN = """
SELECT run FROM scoring WHERE source = ? AND model_version = ? AND policy_version = ? AND as_of = ? AND scored_at = ?
"""
_NEW_RUN = "INSERT INTO scoring (source, model_version, policy_version, as_of, scored_at) VALUES (?, ?, ?, ?, ?)"
_IN_RUN = """
SELECT a.nid FROM json_each(?2) wanted CROSS JOIN assessment a ON a.nid = wanted.value AND a.run = ?1
"""
_APPEND = "INSERT INTO assessment (nid, score, grade, ring_id, reasons, run) VALUES (?, ?, ?, ?, ?, ?)"
# Of two scorings of one as_of the one that was made later stands, of two made at once the one appended later.
_SHOW = """
UPDATE node SET score = ?, grade = ?, ring_id = ?, scoring = ?
WHERE nid = ?
AND NOT EXISTS (SELECT 1 FROM scoring s WHERE s.run = node.scoring AND (s.as_of, s.scored_at, s.run) > (?, ?, ?))
"""
_OF_NODE = """
SELECT a.score, a.grade, a.ring_id, a.reasons, s.source, s.model_version, s.policy_version, s.as_of, s.scored_at
FROM node n JOIN assessment a ON a.nid = n.nid JOIN scoring s ON s.run = a.run
WHERE n.node_id = ? AND s.as_of <= ? AND s.scored_at <= ? ORDER BY s.as_of DESC, s.scored_at DESC, s.run DESC LIMIT ?
"""
_WORN = """
SELECT n.nid, instr('ABCD', n.grade) - 1 AS grade, coalesce(n.ring_id, '') AS ring
FROM json_each(:among) wanted CROSS JOIN node n ON n.nid = wanted.value WHERE n.grade IS NOT NULL
"""
# Of each node's history one row leaves the engine, however often it was scored.
_WORN_THEN = """
SELECT a.nid, instr('ABCD', a.grade) - 1 AS grade, coalesce(a.ring_id, '') AS ring
FROM json_each(:among) wanted CROSS JOIN assessment a ON a.nid = wanted.value AND a.run = (
    SELECT s.run FROM assessment before JOIN scoring s ON s.run = before.run
    WHERE before.nid = wanted.value AND s.as_of <= :event AND s.scored_at <= :recorded
    ORDER BY s.as_of DESC, s.scored_at DESC, s.run DESC LIMIT 1
)
"""
_ADD_RING = """
INSERT OR IGNORE INTO ring (ring_id, as_of, scored_at, model_version, size, known_fraud, facts) VALUES (?, ?, ?, ?, ?, ?, ?)
"""
_RING_COLUMNS = "ring_id, size, known_fraud, as_of, scored_at, model_version, facts"
_RING = f"""
SELECT {_RING_COLUMNS} FROM ring WHERE ring_id = ? AND as_of <= ? AND scored_at <= ? AND (as_of, scored_at) IS NOT (?, ?)
ORDER BY as_of DESC, scored_at DESC, model_version DESC LIMIT 1
"""
_NEWEST_WITH_RINGS = """
SELECT as_of, scored_at FROM ring WHERE as_of <= ? AND scored_at <= ? AND (as_of, scored_at) IS NOT (?, ?) ORDER BY as_of DESC, scored_at DESC LIMIT 1
"""
_LATEST = """
SELECT source, model_version, policy_version, as_of, scored_at FROM whole_scoring
WHERE as_of <= ? AND scored_at <= ? ORDER BY as_of DESC, scored_at DESC, model_version DESC, policy_version DESC, source DESC LIMIT 1
"""
_COMPLETE = """
INSERT OR IGNORE INTO whole_scoring (source, model_version, policy_version, as_of, scored_at) VALUES (?, ?, ?, ?, ?)
"""
_RINGS = f"""
SELECT {_RING_COLUMNS} FROM ring WHERE as_of = ? AND scored_at = ?
ORDER BY known_fraud DESC, size DESC, ring_id, model_version LIMIT ? OFFSET ?
"""


def append_assessments(
    connection: sqlite3.Connection,
    columns: AssessmentColumns,
    *,
    source: str,
    model_version: str,
    policy_version: str,
    as_of: datetime,
    scored_at: datetime,
) -> bool:
    """Whether anything was appended that was not there."""
    check(columns, source, greatest=connection.execute(_GREATEST).fetchone()[0])
    moments = (to_ms(as_of), to_ms(scored_at))
    scoring = (source, model_version, policy_version, *moments)
    found = connection.execute(_RUN, scoring).fetchone()
    run = connection.execute(_NEW_RUN, scoring).lastrowid if found is None else found[0]
    appended = 0
    with without_collector(len(columns.handles)):
        for first in range(0, len(columns.handles), _PIECE):
            rows = _rows(columns, slice(first, first + _PIECE))
            if found is not None:
                wanted = orjson.dumps([row[0] for row in rows]).decode()
                kept = {nid for (nid,) in connection.execute(_IN_RUN, (run, wanted))}
                rows = [row for row in rows if row[0] not in kept]
            connection.executemany(_APPEND, [(*row, run) for row in rows])
            connection.executemany(_SHOW, [(*row[1:4], run, row[0], *moments, run) for row in rows])
            appended += len(rows)
    add_to_tally(connection, "assessment", {"all": appended})
    return appended > 0


def _rows(columns: AssessmentColumns, piece: slice) -> list[tuple[int, float, str, str | None, str]]:
    """(nid, score, grade, ring id, reasons) of some of the nodes."""
    return list(
        zip(
            columns.handles[piece].tolist(),
            columns.score[piece].tolist(),
            [GRADES[grade] for grade in columns.grade[piece].tolist()],
            [None if ring < 0 else columns.rings[ring] for ring in columns.ring[piece].tolist()],
            columns.reasons[piece],
            strict=True,
        )
    )


def assessments(
    connection: sqlite3.Connection, node_id: str, *, as_of: AsOf | None, limit: int
) -> list[RiskAssessment]:
    if not 1 <= limit <= MAX_LIMIT:
        raise InvalidRequest(f"Ask for 1 to {MAX_LIMIT} assessments.")
    found = connection.execute(_OF_NODE, (node_id, *bounds(as_of), limit))
    return [assessment_of(node_id, kept) for kept in found]


def grades_at(connection: sqlite3.Connection, handles: Sequence[int], *, as_of: AsOf | None) -> GradeColumns:
    event, recorded = bounds(as_of)
    parameters: Parameters = {"among": as_json(map(int, handles)), "event": event, "recorded": recorded}
    columns = [Column("nid", int), Column("grade", int), Column("ring", str)]
    about, grade, ring = read(connection, _WORN if as_of is None else _WORN_THEN, columns, parameters)
    return worn(handles, about, grade, ring)


def append_rings(connection: sqlite3.Connection, rings: Iterable[Ring]) -> None:
    connection.executemany(
        _ADD_RING,
        [
            (
                ring.ring_id,
                to_ms(ring.as_of),
                to_ms(ring.scored_at),
                ring.model_version,
                ring.size,
                ring.known_fraud,
                orjson.dumps(dict(ring.facts)).decode(),
            )
            for ring in rings
        ],
    )


def begin_run(connection: sqlite3.Connection, scoring: Scoring) -> None:
    """The scoring as one that has assessments, which are still to come."""
    moments = (to_ms(scoring.as_of), to_ms(scoring.scored_at))
    row = (ScoreSource(scoring.source), scoring.model_version, scoring.policy_version, *moments)
    if connection.execute(_RUN, row).fetchone() is None:
        connection.execute(_NEW_RUN, row)


def append_scoring(connection: sqlite3.Connection, scoring: Scoring) -> bool:
    """Whether it was not there yet."""
    ledger.swap_state(connection, STATE, expected=dump(scoring), value=None)
    moments = (to_ms(scoring.as_of), to_ms(scoring.scored_at))
    row = (ScoreSource(scoring.source), scoring.model_version, scoring.policy_version, *moments)
    return connection.execute(_COMPLETE, row).rowcount > 0


def latest_scoring(connection: sqlite3.Connection, as_of: AsOf | None) -> Scoring | None:
    found = connection.execute(_LATEST, bounds(as_of)).fetchone()
    if found is None:
        return None
    source, model_version, policy_version, spoken_of, scored_at = found
    return Scoring(ScoreSource(source), model_version, policy_version, from_ms(spoken_of), from_ms(scored_at))


def ring(connection: sqlite3.Connection, ring_id: str, as_of: AsOf | None) -> Ring | None:
    hidden = hidden_moments(ledger.state(connection, STATE))
    found = connection.execute(_RING, (ring_id, *bounds(as_of), *hidden)).fetchone()
    return None if found is None else _ring(found)


def rings(connection: sqlite3.Connection, *, as_of: AsOf | None, limit: int, offset: int) -> list[Ring]:
    if not 1 <= limit <= MAX_LIMIT or offset < 0:
        raise InvalidRequest(f"Ask for 1 to {MAX_LIMIT} rings from an offset of 0 or more.")
    hidden = hidden_moments(ledger.state(connection, STATE))
    newest = connection.execute(_NEWEST_WITH_RINGS, (*bounds(as_of), *hidden)).fetchone()
    complete = connection.execute(_LATEST, bounds(as_of)).fetchone()
    if newest is None or (complete is not None and complete[3:] > newest):
        return []  # nobody looked for rings yet, or who looked last found none
    return [_ring(row) for row in connection.execute(_RINGS, (*newest, limit, offset))]


def _ring(row: tuple[Any, ...]) -> Ring:
    ring_id, size, known_fraud, as_of, scored_at, model_version, facts = row
    return Ring(ring_id, size, known_fraud, from_ms(as_of), from_ms(scored_at), model_version, orjson.loads(facts))
