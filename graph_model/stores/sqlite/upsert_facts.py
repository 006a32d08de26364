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

_FIND = """
SELECT f.nid, f.kind, f.at, f.topic, f.value, f.source, f.recorded_at
FROM json_each(?2) wanted CROSS JOIN fact f ON f.nid = wanted.value AND f.kind = ?1
"""
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
    stored = _stored(connection, names, slots, facts)
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
        if known is None:
            known = stored.get(identity)
        created.append(known is None)
        if known is None:
            notes[identity] = fact.note
            merged[identity] = recorded_at
        else:
            merged[identity] = min(known, recorded_at)
    new = sorted((*identity, merged[identity], note) for identity, note in notes.items())
    earlier = [(at, *identity) for identity, was in stored.items() if (at := merged.get(identity, was)) < was]
    connection.executemany(_INSERT, new)
    connection.executemany(_UPDATE, earlier)
    return created, len(new) > 0 or len(earlier) > 0


def _code(names: Names, fact: Fact) -> int:
    """Of its kind. Raises InvalidRequest where that is not about such a node."""
    kind = SCHEMA.fact(fact.kind)
    if fact.about.label not in kind.about:
        raise InvalidRequest(f"A {fact.kind} is about a {' or '.join(kind.about)}, not about a {fact.about.label}.")
    return names.facts[fact.kind]


def _stored(connection: sqlite3.Connection, names: Names, slots: Slots, facts: Sequence[Fact]) -> dict[_Identity, int]:
    """What the store has of these kinds about these nodes, and when it was recorded: read in the order of the table, not one by one."""
    subjects: dict[int, set[int]] = {}
    for fact in facts:
        slot = slots.by_label[fact.about.label].get(fact.about.key)
        if slot is not None and not slot.is_new and fact.kind in names.facts:
            subjects.setdefault(names.facts[fact.kind], set()).add(slot.nid)
    return {
        (nid, code, at, topic, value, source): recorded_at
        for kind, nids in sorted(subjects.items())
        for nid, code, at, topic, value, source, recorded_at in connection.execute(
            _FIND, (kind, orjson.dumps(sorted(nids)).decode())
        )
    }
