"""What the store keeps beside the graph: the audit chain, small named texts, counts, and when the graph last changed."""

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
from graph_model.stores.neo4j.connections import Transaction
from graph_model.stores.neo4j.names import fact_label
from graph_model.stores.neo4j.queries import query
from graph_model.stores.neo4j.values import from_ms, to_ms


def append_audit(
    transaction: Transaction,
    *,
    at: datetime,
    actor: str,
    role: str,
    operation: str,
    subjects: Sequence[str],
    result: str,
    detail: Mapping[str, Any],
) -> AuditEntry:
    sequence, previous = transaction.one(query("audit_last")) or (0, GENESIS)
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
    line = {
        "sequence": entry.sequence,
        "at": to_ms(at),
        "actor": actor,
        "role": role,
        "operation": operation,
        "subjects": kept_subjects.decode(),
        "result": result,
        "detail": kept_detail.decode(),
        "digest": entry.digest,
    }
    transaction.rows(query("audit_append"), line=line)
    return entry


def audit(transaction: Transaction, *, after: int, limit: int) -> list[AuditEntry]:
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
        for sequence, at, actor, role, operation, subjects, result, detail, kept_digest in transaction.rows(
            query("audit"), after=after, limit=limit
        )
    ]


def put_state(transaction: Transaction, entries: Mapping[str, str]) -> None:
    transaction.pieces(query("put_state"), [[name, value] for name, value in entries.items()])


def state(transaction: Transaction, name: str) -> str | None:
    found = transaction.one(query("state"), name=name)
    return None if found is None else str(found[0])


def mark_changed(transaction: Transaction, now: datetime) -> None:
    transaction.rows(query("mark_changed"), now=to_ms(now))


def _counts() -> str:
    """One query of counts, each of which the server keeps and need not count."""
    counted = [("node", n.label, f"(x:{n.label})") for n in SCHEMA.nodes]
    counted += [("edge", r.name, f"()-[x:{r.name}]->()") for r in SCHEMA.relationships]
    counted += [("fact", f.name, f"(x:{fact_label(f.name)})") for f in SCHEMA.facts]
    counted += [("assessment", "all", "(x:Assessment)")]
    parts = [
        f"MATCH {what} WITH count(x) AS n RETURN '{kind}' AS kind, '{name}' AS name, n" for kind, name, what in counted
    ]
    return "\nUNION ALL\n".join(parts)


_COUNTS = _counts()


def statistics(transaction: Transaction) -> Statistics:
    amounts = {(kind, name): amount for kind, name, amount in transaction.rows(_COUNTS)}
    changed_at = transaction.rows(query("changed_at"))[0][0]
    return Statistics(
        nodes={n.label: amounts["node", n.label] for n in SCHEMA.nodes},
        edges={r.name: amounts["edge", r.name] for r in SCHEMA.relationships},
        facts={f.name: amounts["fact", f.name] for f in SCHEMA.facts},
        assessments=amounts["assessment", "all"],
        changed_at=None if changed_at is None else from_ms(changed_at),
    )
