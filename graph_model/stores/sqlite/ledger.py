"""What the store keeps beside the graph: the audit chain, small named texts, and when the graph last changed."""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import orjson

from graph_model.audit import GENESIS, digest
from graph_model.errors import InvalidRequest
from graph_model.records import AuditEntry
from graph_model.schema import SCHEMA
from graph_model.store import MAX_LIMIT, Statistics
from graph_model.stores.sqlite.tally import read_tally
from graph_model.stores.sqlite.values import from_ms, to_ms

_LAST = "SELECT sequence, digest FROM audit ORDER BY sequence DESC LIMIT 1"
_APPEND = """
INSERT INTO audit (sequence, at, actor, role, operation, subjects, result, detail, digest) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_READ = """
SELECT sequence, at, actor, role, operation, subjects, result, detail, digest FROM audit WHERE sequence > ? ORDER BY sequence LIMIT ?
"""
_PUT = "INSERT INTO state (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value"
_CHANGED_AT = "changed_at"


def append_audit(
    connection: sqlite3.Connection,
    *,
    at: datetime,
    actor: str,
    role: str,
    operation: str,
    subjects: Sequence[str],
    result: str,
    detail: Mapping[str, Any],
) -> AuditEntry:
    sequence, previous = connection.execute(_LAST).fetchone() or (0, GENESIS)
    # The digest is taken of what will be read back: moments to the millisecond, JSON's own types.
    kept_subjects, kept_detail = orjson.dumps(list(subjects)), orjson.dumps(dict(detail))
    entry = AuditEntry(
        sequence=sequence + 1,
        at=from_ms(to_ms(at)),
        actor=actor,
        role=role,
        operation=operation,
        subjects=tuple(orjson.loads(kept_subjects)),
        result=result,
        detail=orjson.loads(kept_detail),
        digest="",
    )
    entry = replace(entry, digest=digest(previous, entry))
    row = (entry.sequence, to_ms(at), actor, role, operation, kept_subjects.decode(), result, kept_detail.decode())
    connection.execute(_APPEND, (*row, entry.digest))
    return entry


def audit(connection: sqlite3.Connection, *, after: int, limit: int) -> list[AuditEntry]:
    if not 1 <= limit <= MAX_LIMIT:
        raise InvalidRequest(f"Ask for 1 to {MAX_LIMIT} lines.")
    return [
        AuditEntry(
            sequence=sequence,
            at=from_ms(at),
            actor=actor,
            role=role,
            operation=operation,
            subjects=tuple(orjson.loads(subjects)),
            result=result,
            detail=orjson.loads(detail),
            digest=kept_digest,
        )
        for sequence, at, actor, role, operation, subjects, result, detail, kept_digest in connection.execute(
            _READ, (after, limit)
        )
    ]


def put_state(connection: sqlite3.Connection, entries: Mapping[str, str]) -> None:
    connection.executemany(_PUT, entries.items())


def state(connection: sqlite3.Connection, name: str) -> str | None:
    found = connection.execute("SELECT value FROM state WHERE name = ?", (name,)).fetchone()
    return None if found is None else str(found[0])


def mark_changed(connection: sqlite3.Connection, now: datetime) -> None:
    connection.execute("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)", (_CHANGED_AT, str(to_ms(now))))


def statistics(connection: sqlite3.Connection) -> Statistics:
    amounts = read_tally(connection)
    changed_at = connection.execute("SELECT value FROM meta WHERE name = ?", (_CHANGED_AT,)).fetchone()
    return Statistics(
        nodes={n.label: amounts.get(f"label {n.label}", 0) for n in SCHEMA.nodes},
        edges={r.name: amounts.get(f"type {r.name}", 0) for r in SCHEMA.relationships},
        facts={f.name: amounts.get(f"fact {f.name}", 0) for f in SCHEMA.facts},
        assessments=amounts.get("assessment all", 0),
        changed_at=None if changed_at is None else from_ms(int(changed_at[0])),
    )
