"""Merging of facts: a set, in which the earliest recording of a fact stands, with the note that it was first told with."""

from collections.abc import Sequence
from typing import Any

from graph_model.errors import InvalidRequest
from graph_model.moments import to_ms
from graph_model.records import Fact
from graph_model.schema import SCHEMA
from graph_model.stores.neo4j.connections import Transaction
from graph_model.stores.neo4j.names import fact_label
from graph_model.stores.neo4j.queries import query
from graph_model.stores.neo4j.upsert_slot import Slots, require

_Identity = tuple[int, str, int, str, str, str]  # nid, kind, at, topic, value, source
_NAMES = ("nid", "kind", "at", "topic", "value", "source")


def write_facts(transaction: Transaction, slots: Slots, facts: Sequence[Fact]) -> tuple[list[bool], bool]:
    """For each fact whether it is new, and whether anything changed."""
    told: list[tuple[_Identity, int]] = []
    notes: dict[_Identity, str] = {}
    known_subjects: set[int] = set()
    for fact in facts:
        kind = SCHEMA.fact(fact.kind)
        if fact.about.label not in kind.about:
            raise InvalidRequest(f"A {fact.kind} is about a {' or '.join(kind.about)}, not about a {fact.about.label}.")
        slot = require(slots, fact.about, f"A {fact.kind}")
        identity = (slot.nid, fact.kind, to_ms(fact.at), fact.topic, fact.value, fact.source)
        told.append((identity, to_ms(fact.recorded_at)))
        notes.setdefault(identity, fact.note)
        if not slot.is_new:
            known_subjects.add(slot.nid)
    stored: dict[_Identity, int] = {}
    for nid, kind_name, at, topic, value, source, recorded_at in transaction.pieces(
        query("upsert_known_facts"), sorted(known_subjects)
    ):
        stored[nid, kind_name, at, topic, value, source] = recorded_at
    merged = dict(stored)
    created = []
    for identity, recorded_at in told:
        known = merged.get(identity)
        created.append(known is None)
        merged[identity] = recorded_at if known is None else min(known, recorded_at)
    new: dict[str, list[dict[str, Any]]] = {}
    earlier = []
    for identity, recorded_at in sorted(merged.items()):
        if identity not in stored:
            row = dict(zip(_NAMES, identity, strict=True)) | {"recorded_at": recorded_at, "note": notes[identity]}
            new.setdefault(identity[1], []).append(row)
        elif recorded_at < stored[identity]:
            earlier.append([*identity, recorded_at])
    for kind_name, rows in new.items():
        transaction.pieces(query("upsert_create_facts", LABEL=fact_label(kind_name)), rows)
    transaction.pieces(query("upsert_change_facts"), earlier)
    return created, len(new) > 0 or len(earlier) > 0
