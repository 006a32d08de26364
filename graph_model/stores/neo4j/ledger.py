"""What the store keeps beside the graph: the audit chain, small named texts, counts, and when the graph last changed."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from graph_model.audit import GENESIS, require_following
from graph_model.errors import InvalidRequest
from graph_model.moments import from_ms, to_ms
from graph_model.records import AuditEntry, AuditRecord
from graph_model.schema import SCHEMA
from graph_model.store import MAX_LIMIT, Statistics
from graph_model.stores.audit_lines import COLUMNS, cells, chained, entry_of
from graph_model.stores.neo4j.connections import Transaction
from graph_model.stores.neo4j.names import fact_label
from graph_model.stores.neo4j.queries import query


def append_audit(transaction: Transaction, records: Sequence[AuditRecord]) -> list[AuditEntry]:
    if len(records) == 0:
        return []
    sequence, previous = transaction.one(query("audit_last")) or (0, GENESIS)
    entries = chained(records, sequence=sequence, previous=previous)
    _append(transaction, entries)
    return entries


def keep_audit(transaction: Transaction, entries: Sequence[AuditEntry]) -> None:
    """Lines of another store's chain as they are. Raises InvalidRequest where they do not follow from the last one here."""
    if len(entries) == 0:
        return
    sequence, previous = transaction.one(query("audit_last")) or (0, GENESIS)
    require_following(entries, sequence, previous)
    _append(transaction, entries)


def _append(transaction: Transaction, entries: Sequence[AuditEntry]) -> None:
    rows = [dict(zip(COLUMNS, cells(entry), strict=True)) for entry in entries]
    transaction.pieces(query("audit_append"), rows, last=entries[-1].sequence)


def audit(transaction: Transaction, *, after: int, limit: int) -> list[AuditEntry]:
    if not 1 <= limit <= MAX_LIMIT:
        raise InvalidRequest(f"Ask for 1 to {MAX_LIMIT} lines.")
    return [entry_of(kept) for kept in transaction.rows(query("audit"), after=after, limit=limit)]


def put_state(transaction: Transaction, entries: Mapping[str, str]) -> None:
    transaction.pieces(query("put_state"), [[name, value] for name, value in entries.items()])


def state(transaction: Transaction, name: str) -> str | None:
    found = transaction.one(query("state"), name=name)
    return None if found is None else str(found[0])


def swap_state(transaction: Transaction, name: str, *, expected: str | None, value: str | None) -> bool:
    """Writers take turns, so what is read here stays true until it is written."""
    if state(transaction, name) != expected:
        return False
    if value is None:
        transaction.rows(query("drop_state"), name=name)
    else:
        put_state(transaction, {name: value})
    return True


def states(transaction: Transaction, prefix: str, *, limit: int) -> dict[str, str]:
    if not 1 <= limit <= MAX_LIMIT:
        raise InvalidRequest(f"Ask for 1 to {MAX_LIMIT} texts.")
    return dict(map(tuple, transaction.rows(query("states"), prefix=prefix, limit=limit)))


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
