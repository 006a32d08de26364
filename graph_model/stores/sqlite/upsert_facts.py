"""Merging of facts: a set, in which the earliest recording of a fact stands, with the note that it was first told with."""

import sqlite3
from collections.abc import Sequence

import orjson

from graph_model.errors import InvalidRequest
from graph_model.records import Fact
from graph_model.schema import SCHEMA
from graph_model.stores.sqlite.names import Names
from graph_model.stores.sqlite.upsert_slot import Slots
from graph_model.stores.sqlite.values import Milliseconds

_FIND = "SELECT recorded_at FROM fact WHERE nid = ? AND kind = ? AND at = ? AND topic = ? AND value = ? AND source = ?"
_TOLD = "SELECT w.value FROM json_each(?) w WHERE EXISTS (SELECT 1 FROM fact WHERE nid = w.value)"
_INSERT = "INSERT INTO fact (nid, kind, at, topic, value, source, recorded_at, note) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_UPDATE = """
UPDATE fact SET recorded_at = ? WHERE nid = ? AND kind = ? AND at = ? AND topic = ? AND value = ? AND source = ?
"""

_Identity = tuple[int, int, int, str, str, str]


def write_facts(
    connection: sqlite3.Connection, names: Names, slots: Slots, moments: Milliseconds, facts: Sequence[Fact]
) -> tuple[list[bool], bool]:
    """For each fact whether it is new, and whether anything changed."""
    slots.load(fact.about for fact in facts)
    told = _told(connection, slots, facts)
    stored: dict[_Identity, int] = {}
    merged: dict[_Identity, int] = {}
    notes: dict[_Identity, str] = {}  # of the new ones
    created = []
    codes: dict[tuple[str, str], int] = {}  # (kind, label) → code of the kind
    by_label = slots.by_label
    for fact in facts:
        about = fact.about
        code = codes.get((fact.kind, about.label))
        if code is None:
            code = codes[fact.kind, about.label] = _code(names, fact)
        slot = by_label[about.label].get(about.key) or slots.require(about, f"A {fact.kind}")
        recorded_at = moments[fact.recorded_at]
        identity = (slot.nid, code, moments[fact.at], fact.topic, fact.value, fact.source)
        known = merged.get(identity)
        if known is None and slot.nid in told:
            found = connection.execute(_FIND, identity).fetchone()
            if found is not None:
                known = stored[identity] = found[0]
        created.append(known is None)
        if known is None:
            notes[identity] = fact.note
            merged[identity] = recorded_at
        else:
            merged[identity] = min(known, recorded_at)
    new = sorted((*identity, merged[identity], note) for identity, note in notes.items())
    earlier = [(merged[identity], *identity) for identity, was in stored.items() if merged[identity] < was]
    connection.executemany(_INSERT, new)
    connection.executemany(_UPDATE, earlier)
    return created, len(new) > 0 or len(earlier) > 0


def _code(names: Names, fact: Fact) -> int:
    """Of its kind. Raises InvalidRequest where that is not about such a node."""
    kind = SCHEMA.fact(fact.kind)
    if fact.about.label not in kind.about:
        raise InvalidRequest(f"A {fact.kind} is about a {' or '.join(kind.about)}, not about a {fact.about.label}.")
    return names.facts[fact.kind]


def _told(connection: sqlite3.Connection, slots: Slots, facts: Sequence[Fact]) -> set[int]:
    """Nids of the subjects that the store has facts about: only those are looked up one by one."""
    known = {slot.nid for fact in facts if (slot := slots.by_label[fact.about.label].get(fact.about.key)) is not None}
    return {nid for (nid,) in connection.execute(_TOLD, (orjson.dumps(sorted(known)).decode(),))}
