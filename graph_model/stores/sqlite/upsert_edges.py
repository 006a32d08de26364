"""Merging of relationships: each is one row of `edge` and a row of `adjacency` at either end, written together here and nowhere else.
One of a human type is a row of `drawn` at either end instead."""

import sqlite3
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from operator import itemgetter

from graph_model.errors import InvalidRequest
from graph_model.moments import to_ms
from graph_model.records import EdgeRecord
from graph_model.schema import SCHEMA
from graph_model.stores.sqlite.edge_properties import encode_properties
from graph_model.stores.sqlite.names import Names, Triple
from graph_model.stores.sqlite.upsert_hubs import AdjacencyRow, count_hubs
from graph_model.stores.sqlite.upsert_slot import Slot, Slots
from graph_model.stores.sqlite.values import FOREVER, Milliseconds

_FIND = """
SELECT first_seen, last_seen, recorded_at FROM edge WHERE triple = ? AND start = ? AND finish = ? AND qualifier = ?
"""
_FIND_DRAWN = """
SELECT first_seen, last_seen, recorded_at FROM drawn
WHERE triple = ?1 AND nid = ?2 AND other = ?3 AND qualifier = ?4 AND type = ?5 AND outgoing
"""
_JOINED = "SELECT 1 FROM edge WHERE triple = ? AND start = ? AND finish = ? LIMIT 1"
_INSERT_EDGE = """
INSERT INTO edge (triple, start, finish, qualifier, first_seen, last_seen, recorded_at, source, properties)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_INSERT_ADJACENCY = """
INSERT INTO adjacency (nid, type, last_seen, triple, other, outgoing, qualifier, first_seen, recorded_at, again)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_UPDATE_EDGE = """
UPDATE edge SET first_seen = ?, last_seen = ?, recorded_at = ? WHERE triple = ? AND start = ? AND finish = ? AND qualifier = ?
"""
_UPDATE_ADJACENCY = """
UPDATE adjacency SET first_seen = ?, last_seen = ?, recorded_at = ?
WHERE nid = ? AND type = ? AND last_seen = ? AND triple = ? AND other = ? AND outgoing = ? AND qualifier = ?
"""
_INSERT_DRAWN = """
INSERT INTO drawn (nid, type, triple, other, outgoing, qualifier, first_seen, last_seen, recorded_at, ended_at, source, properties)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_UPDATE_DRAWN = """
UPDATE drawn SET first_seen = ?, last_seen = ?, recorded_at = ?
WHERE nid = ? AND type = ? AND triple = ? AND other = ? AND outgoing = ? AND qualifier = ?
"""

# Relationships are the most of a batch, so they are kept as plain tuples while it is merged.
_Identity = tuple[int, int, int, str]  # triple, start, end, qualifier: the primary key of `edge`
_Times = tuple[int, int, int]  # first_seen, last_seen, recorded_at
_Rest = tuple[str, str | None, int]  # of a new one: source, properties, and `again`, or `ended_at` of one drawn by hand


class EdgeMerge:
    """Takes the records of a batch and writes what they come to."""

    def __init__(self, connection: sqlite3.Connection, names: Names, slots: Slots, moments: Milliseconds) -> None:
        self._connection = connection
        self._names = names
        self._slots = slots
        self._moments = moments
        self._times: dict[_Identity, _Times] = {}
        self._stored: dict[_Identity, _Times] = {}  # of those that the store has
        self._new: dict[_Identity, _Rest] = {}
        self._paired: set[tuple[int, int, int]] = set()  # (type, lesser nid, greater nid) of new repeating edges
        self.created: Counter[str] = Counter()

    def add(self, records: Sequence[EdgeRecord]) -> list[bool]:
        """For each record whether it creates its relationship."""
        created = []
        triples, by_label, moments = self._names.triples, self._slots.by_label, self._moments
        all_times, require = self._times, self._slots.require
        for record in records:
            start_ref, end_ref = record.start, record.end
            triple = triples.get((start_ref.label, record.type, end_ref.label))
            if triple is None or (record.qualifier and not triple.qualified):
                raise _refusal(record)
            start = by_label[start_ref.label].get(start_ref.key) or require(start_ref, f"A {record.type}")
            end = by_label[end_ref.label].get(end_ref.key) or require(end_ref, f"A {record.type}")
            first_seen, recorded_at = moments[record.first_seen], moments[record.recorded_at]
            last_seen = first_seen if record.last_seen is record.first_seen else moments[record.last_seen]
            for slot in (start, end):  # whoever sees the edge sees its ends
                if first_seen < slot.first_seen or recorded_at < slot.recorded_at:
                    slot.widen(first_seen, slot.last_seen, recorded_at)
            identity = (triple.code, start.nid, end.nid, record.qualifier)
            known = all_times.get(identity)
            if known is None and _may_be_stored(triple, start, end):
                known = self._load(identity)
            created.append(known is None)
            if known is None:
                all_times[identity] = (first_seen, last_seen, recorded_at)
                self._create(identity, triple, record, start, end)
            elif first_seen < known[0] or last_seen > known[1] or recorded_at < known[2]:
                all_times[identity] = (
                    min(known[0], first_seen),
                    max(known[1], last_seen),
                    min(known[2], recorded_at),
                )
        return created

    def _load(self, identity: _Identity) -> _Times | None:
        triple = self._names.by_code[identity[0]]
        find = (_FIND_DRAWN, (*identity, triple.type)) if triple.human else (_FIND, identity)
        found: _Times | None = self._connection.execute(*find).fetchone()
        if found is not None:
            self._times[identity] = self._stored[identity] = found
        return found

    def _create(self, identity: _Identity, triple: Triple, record: EdgeRecord, start: Slot, end: Slot) -> None:
        properties = encode_properties(record.type, record.properties) if len(record.properties) > 0 else None
        self.created[record.type] += 1
        if triple.human:  # not counted in the degree of its ends, since it may end
            self._new[identity] = (record.source, properties, _expiry(record))
            return
        again = self._is_again(triple, start, end) if triple.repeats else 0
        self._new[identity] = (record.source, properties, again)
        start.degree += 1
        start.changed = True
        if end is not start:
            end.degree += 1
            end.changed = True

    def _is_again(self, triple: Triple, start: Slot, end: Slot) -> int:
        """1 where the two are neighbours by this type already, or are one node."""
        pair = (triple.type, min(start.nid, end.nid), max(start.nid, end.nid))
        if start is end or pair in self._paired:
            return 1
        self._paired.add(pair)
        if not _may_be_stored(triple, start, end):
            return 0
        ways = [(triple.code, start.nid, end.nid)]
        back = self._names.by_codes.get((triple.end, triple.type, triple.start))
        if back is not None:
            ways.append((back.code, end.nid, start.nid))
        return int(any(self._connection.execute(_JOINED, way).fetchone() is not None for way in ways))

    def write(self) -> bool:
        """Write what changed; whether anything did."""
        self._write_new()
        changed = [identity for identity, was in self._stored.items() if self._times[identity] != was]
        edges, rows, drawn = [], [], []
        for identity in changed:
            code, start, end, qualifier = identity
            type = self._names.by_code[code].type
            times, (_, was, _) = self._times[identity], self._stored[identity]
            if self._names.by_code[code].human:
                drawn.append((*times, start, type, code, end, 1, qualifier))
                drawn.append((*times, end, type, code, start, 0, qualifier))  # none where the two are one
                continue
            edges.append((*times, *identity))
            rows.append((*times, start, type, was, code, end, 1, qualifier))
            if start != end:
                rows.append((*times, end, type, was, code, start, 0, qualifier))
        self._connection.executemany(_UPDATE_EDGE, edges)
        self._connection.executemany(_UPDATE_ADJACENCY, rows)
        self._connection.executemany(_UPDATE_DRAWN, drawn)
        return len(self._new) > 0 or len(changed) > 0

    def _write_new(self) -> None:
        by_code = self._names.by_code
        edges: list[tuple[int | str | None, ...]] = []
        rows: list[AdjacencyRow] = []
        drawn: list[tuple[int | str | None, ...]] = []
        for identity, (source, properties, again) in self._new.items():
            code, start, end, qualifier = identity
            type = by_code[code].type
            first_seen, last_seen, recorded_at = self._times[identity]
            if by_code[code].human:
                rest = (qualifier, first_seen, last_seen, recorded_at, again, source, properties)
                drawn.append((start, type, code, end, 1, *rest))
                if start != end:
                    drawn.append((end, type, code, start, 0, *rest))
                continue
            edges.append((*identity, first_seen, last_seen, recorded_at, source, properties))
            rows.append((start, type, last_seen, code, end, 1, qualifier, first_seen, recorded_at, again))
            if start != end:
                rows.append((end, type, last_seen, code, start, 0, qualifier, first_seen, recorded_at, again))
        # Rows that lie together are written together, from one end of their table to the other.
        edges.sort(key=itemgetter(0, 1))
        rows.sort(key=itemgetter(0, 1))
        self._connection.executemany(_INSERT_EDGE, edges)
        self._connection.executemany(_INSERT_ADJACENCY, rows)
        self._connection.executemany(_INSERT_DRAWN, drawn)
        count_hubs(self._connection, self._names, self._slots, rows)


def _may_be_stored(triple: Triple, start: Slot, end: Slot) -> bool:
    """Whether the store can have an edge between the two: not if either is new, or had none. (Drawn links are in no degree.)"""
    if triple.human:
        return not (start.is_new or end.is_new)
    return start.stored_degree > 0 and end.stored_degree > 0


def _expiry(record: EdgeRecord) -> int:
    expires_at = record.properties.get("expires_at")
    return to_ms(expires_at) if isinstance(expires_at, datetime) else FOREVER


def _refusal(record: EdgeRecord) -> InvalidRequest:
    SCHEMA.relationship(record.type)
    if record.qualifier and SCHEMA.relationship(record.type).qualifier is None:
        return InvalidRequest(f"{record.type} has no qualifier.")
    return InvalidRequest(f"The schema allows no {record.type} from {record.start.label} to {record.end.label}.")
