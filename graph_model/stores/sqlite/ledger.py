"""What the store keeps beside the graph: the audit chain, small named texts, and when the graph last changed."""

import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime

from graph_model.audit import GENESIS, require_following
from graph_model.errors import InvalidRequest
from graph_model.moments import from_ms, to_ms
from graph_model.records import AuditEntry, AuditRecord
from graph_model.schema import SCHEMA
from graph_model.store import MAX_LIMIT, Statistics
from graph_model.stores.audit_lines import cells, chained, entry_of
from graph_model.stores.sqlite.tally import read_tally

_LAST = "SELECT sequence, digest FROM audit ORDER BY sequence DESC LIMIT 1"
_APPEND = """
INSERT INTO audit (sequence, at, actor, role, operation, subjects, result, detail, digest) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_READ = """
SELECT sequence, at, actor, role, operation, subjects, result, detail, digest FROM audit WHERE sequence > ? ORDER BY sequence LIMIT ?
"""
_PUT = "INSERT INTO state (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value"
_SWAP = "UPDATE state SET value = ? WHERE name = ? AND value = ?"
_PUT_NEW = "INSERT OR IGNORE INTO state (name, value) VALUES (?, ?)"
_DROP = "DELETE FROM state WHERE name = ? AND value = ?"
# The names that begin with a prefix are those from it up to the prefix followed by the last of all characters.
_STATES = """
SELECT name, value FROM state WHERE name >= ?1 AND name < ?1 || char(0x10FFFF) ORDER BY name DESC LIMIT ?2
"""
_CHANGED_AT = "changed_at"


def append_audit(connection: sqlite3.Connection, records: Sequence[AuditRecord]) -> list[AuditEntry]:
    sequence, previous = connection.execute(_LAST).fetchone() or (0, GENESIS)
    entries = chained(records, sequence=sequence, previous=previous)
    connection.executemany(_APPEND, map(cells, entries))
    return entries


def keep_audit(connection: sqlite3.Connection, entries: Sequence[AuditEntry]) -> None:
    """Lines of another store's chain as they are. Raises InvalidRequest where they do not follow from the last one here."""
    sequence, previous = connection.execute(_LAST).fetchone() or (0, GENESIS)
    require_following(entries, sequence, previous)
    connection.executemany(_APPEND, map(cells, entries))


def audit(connection: sqlite3.Connection, *, after: int, limit: int) -> list[AuditEntry]:
    if not 1 <= limit <= MAX_LIMIT:
        raise InvalidRequest(f"Ask for 1 to {MAX_LIMIT} lines.")
    return [entry_of(kept) for kept in connection.execute(_READ, (after, limit))]


def put_state(connection: sqlite3.Connection, entries: Mapping[str, str]) -> None:
    connection.executemany(_PUT, entries.items())


def state(connection: sqlite3.Connection, name: str) -> str | None:
    found = connection.execute("SELECT value FROM state WHERE name = ?", (name,)).fetchone()
    return None if found is None else str(found[0])


def swap_state(connection: sqlite3.Connection, name: str, *, expected: str | None, value: str | None) -> bool:
    if value is None:
        if expected is None:
            return state(connection, name) is None
        return connection.execute(_DROP, (name, expected)).rowcount == 1
    if expected is None:
        return connection.execute(_PUT_NEW, (name, value)).rowcount == 1
    return connection.execute(_SWAP, (value, name, expected)).rowcount == 1


def states(connection: sqlite3.Connection, prefix: str, *, limit: int) -> dict[str, str]:
    if not 1 <= limit <= MAX_LIMIT:
        raise InvalidRequest(f"Ask for 1 to {MAX_LIMIT} texts.")
    return dict(connection.execute(_STATES, (prefix, limit)))


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
