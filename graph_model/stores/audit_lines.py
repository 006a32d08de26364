"""Lines of the audit chain on their way into a store and out of it: the same for every adapter, so that their chains have the same digests. Pure."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import orjson

from graph_model.audit import digest
from graph_model.moments import from_ms, to_ms
from graph_model.records import AuditEntry, AuditRecord

# A line as it is kept: the moment in milliseconds, subjects and detail as JSON.
COLUMNS = ("sequence", "at", "actor", "role", "operation", "subjects", "result", "detail", "digest")


def chained(records: Sequence[AuditRecord], *, sequence: int, previous: str) -> list[AuditEntry]:
    """The records as lines that go on from line `sequence`, whose digest is `previous`. The digest is taken of what will be read back: moments to
    the millisecond, JSON's own types."""
    entries = []
    for number, record in enumerate(records, start=sequence + 1):
        told = (record.actor, record.role, record.operation)
        subjects, detail = _json(list(record.subjects)), _json(dict(record.detail))
        entry = entry_of((number, to_ms(record.at), *told, subjects, record.result, detail, ""))
        previous = digest(previous, entry)
        entries.append(replace(entry, digest=previous))
    return entries


def cells(entry: AuditEntry) -> tuple[Any, ...]:
    """A line by COLUMNS."""
    told = (entry.actor, entry.role, entry.operation)
    subjects, detail = _json(list(entry.subjects)), _json(dict(entry.detail))
    return (entry.sequence, to_ms(entry.at), *told, subjects, entry.result, detail, entry.digest)


def entry_of(kept: Sequence[Any]) -> AuditEntry:
    """What was kept by COLUMNS, as a line."""
    sequence, at, actor, role, operation, subjects, result, detail, kept_digest = kept
    return AuditEntry(
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


def _json(value: object) -> str:
    return orjson.dumps(value).decode()
