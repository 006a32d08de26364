"""Assessments and rings: append-only. What a node shows as its score is a copy of its newest assessment."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import numpy as np
import orjson

from graph_model.columns import AssessmentColumns, GradeColumns, distinct, worn
from graph_model.errors import InvalidRequest
from graph_model.moments import from_ms, to_ms
from graph_model.records import AsOf, Ring, RiskAssessment, ScoreSource, Scoring
from graph_model.store import MAX_LIMIT
from graph_model.stores.assessment_columns import GRADES, assessment_of, check
from graph_model.stores.neo4j import ledger
from graph_model.stores.neo4j.connections import Transaction
from graph_model.stores.neo4j.queries import query
from graph_model.stores.unfinished import STATE, dump, hidden_moments

_PIECE = 20_000


def append_assessments(
    transaction: Transaction,
    columns: AssessmentColumns,
    *,
    source: str,
    model_version: str,
    policy_version: str,
    as_of: datetime,
    scored_at: datetime,
) -> bool:
    """Whether anything was appended that was not there."""
    check(columns, source, greatest=transaction.nid)
    moments = {"as_of": to_ms(as_of), "scored_at": to_ms(scored_at)}
    scoring = {"source": source, "model_version": model_version, "policy_version": policy_version, **moments}
    found = transaction.one(query("run_of"), **scoring)
    run = transaction.run + 1 if found is None else found[0]
    if found is None:
        transaction.rows(query("create_run"), run=run, **scoring)
    appended = 0
    for first in range(0, len(columns.handles), _PIECE):
        rows = _rows(columns, slice(first, first + _PIECE))
        if found is not None:
            kept = {nid for (nid,) in transaction.pieces(query("in_run"), [row[0] for row in rows], run=run)}
            rows = [row for row in rows if row[0] not in kept]
        transaction.pieces(query("append_assessments"), rows, run=run, **moments)
        transaction.pieces(query("show_assessments"), rows, run=run, **moments)
        appended += len(rows)
    return appended > 0


def _rows(columns: AssessmentColumns, piece: slice) -> list[list[Any]]:
    """[nid, score, grade, ring id, reasons] of some of the nodes."""
    return [
        [handle, score, GRADES[grade], None if ring < 0 else columns.rings[ring], reasons]
        for handle, score, grade, ring, reasons in zip(
            columns.handles[piece].tolist(),
            columns.score[piece].tolist(),
            columns.grade[piece].tolist(),
            columns.ring[piece].tolist(),
            columns.reasons[piece],
            strict=True,
        )
    ]


def assessments(transaction: Transaction, node_id: str, *, as_of: AsOf | None, limit: int) -> list[RiskAssessment]:
    if not 1 <= limit <= MAX_LIMIT:
        raise InvalidRequest(f"Ask for 1 to {MAX_LIMIT} assessments.")
    found = transaction.rows(query("assessments"), node_id=node_id, limit=limit, **transaction.window(as_of))
    return [assessment_of(node_id, kept) for kept in found]


def grades_at(transaction: Transaction, handles: Sequence[int], as_of: AsOf | None) -> GradeColumns:
    asked = query("grades" if as_of is None else "assessed")
    found = transaction.pieces(asked, distinct(handles), **({} if as_of is None else transaction.window(as_of)))
    about = np.array([nid for nid, *_ in found], dtype=np.int64)
    grade = np.array([GRADES.index(grade) for _, _, grade, _ in found], dtype=np.int64)
    return worn(handles, about, grade, [ring or "" for *_, ring in found])


def append_rings(transaction: Transaction, rings: Iterable[Ring]) -> None:
    rows = [
        [
            ring.ring_id,
            to_ms(ring.as_of),
            to_ms(ring.scored_at),
            ring.model_version,
            ring.size,
            ring.known_fraud,
            orjson.dumps(dict(ring.facts)).decode(),
        ]
        for ring in rings
    ]
    transaction.pieces(query("append_rings"), rows)


def ring(transaction: Transaction, ring_id: str, as_of: AsOf | None) -> Ring | None:
    found = transaction.one(query("ring"), ring_id=ring_id, **_hidden(transaction), **transaction.window(as_of))
    return None if found is None else ring_of(found)


def _hidden(transaction: Transaction) -> dict[str, int | None]:
    as_of, scored_at = hidden_moments(ledger.state(transaction, STATE))
    return {"hidden_as_of": as_of, "hidden_scored_at": scored_at}


def begin_runs(transaction: Transaction, scorings: Sequence[Scoring]) -> None:
    """The scorings as some that have assessments, which are still to come."""
    run = transaction.run
    for scoring in scorings:
        row = _row(scoring)
        if transaction.one(query("run_of"), **row) is None:
            run += 1
            transaction.rows(query("create_run"), run=run, **row)


def append_scoring(transaction: Transaction, scoring: Scoring) -> bool:
    """Whether it was not there."""
    ledger.swap_state(transaction, STATE, expected=dump(scoring), value=None)
    row = _row(scoring)
    if transaction.rows(query("whole_scoring"), **row)[0][0] > 0:
        return False
    transaction.rows(query("append_whole_scoring"), scoring=row)
    return True


def _row(scoring: Scoring) -> dict[str, str | int]:
    return {
        "source": ScoreSource(scoring.source).value,
        "model_version": scoring.model_version,
        "policy_version": scoring.policy_version,
        "as_of": to_ms(scoring.as_of),
        "scored_at": to_ms(scoring.scored_at),
    }


def latest_scoring(transaction: Transaction, as_of: AsOf | None) -> Scoring | None:
    found = transaction.one(query("latest_scoring"), **transaction.window(as_of))
    if found is None:
        return None
    source, model_version, policy_version, spoken_of, scored_at = found
    return Scoring(ScoreSource(source), model_version, policy_version, from_ms(spoken_of), from_ms(scored_at))


def rings(transaction: Transaction, *, as_of: AsOf | None, limit: int, offset: int) -> list[Ring]:
    if not 1 <= limit <= MAX_LIMIT or offset < 0:
        raise InvalidRequest(f"Ask for 1 to {MAX_LIMIT} rings from an offset of 0 or more.")
    scoring = latest_scoring(transaction, as_of)
    found = transaction.one(query("newest_with_rings"), **_hidden(transaction), **transaction.window(as_of))
    # A scoring that found no ring is known from its own line only, one that is not complete yet from its rings only.
    newest = [] if found is None else [tuple(found)]
    if scoring is not None:
        newest.append((to_ms(scoring.as_of), to_ms(scoring.scored_at)))
    if len(newest) == 0:
        return []
    spoken_of, scored_at = max(newest)
    text = query("rings")
    return [
        ring_of(row) for row in transaction.rows(text, as_of=spoken_of, scored_at=scored_at, limit=limit, offset=offset)
    ]


def ring_of(row: list[Any]) -> Ring:
    ring_id, size, known_fraud, as_of, scored_at, model_version, facts = row
    return Ring(ring_id, size, known_fraud, from_ms(as_of), from_ms(scored_at), model_version, orjson.loads(facts))
