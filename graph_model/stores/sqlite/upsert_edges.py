"""Merging of relationships: each is one row of `edge` and a row of `adjacency` at either end, written together here; after a first load `filing.py`
makes the latter. One of a human type is a row of `drawn` at either end instead.

New relationships are handed to SQLite once, in a table of this connection alone, and sorted into both tables by it.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from operator import itemgetter

from graph_model.errors import InvalidRequest
from graph_model.moments import to_ms
from graph_model.records import EdgeRecord
from graph_model.schema import SCHEMA
from graph_model.stores.sqlite.edge_properties import encode_properties
from graph_model.stores.sqlite.filing import takes_rows
from graph_model.stores.sqlite.names import Names, Triple
from graph_model.stores.sqlite.upsert_hubs import AddedEnd, count_hubs
from graph_model.stores.sqlite.upsert_slot import Slot, Slots
from graph_model.stores.sqlite.upsert_stored_edges import Ends, Identity, StoredEdges, Times
from graph_model.stores.sqlite.values import FOREVER, Milliseconds

_FRESH = """
CREATE TEMP TABLE IF NOT EXISTS fresh_edge (
  triple INTEGER, start INTEGER, finish INTEGER, qualifier TEXT, type INTEGER, again INTEGER,
  first_seen INTEGER, last_seen INTEGER, recorded_at INTEGER, source_code INTEGER, properties TEXT
)
"""
# No properties are an empty text there: Python looks long for what NULL may be adapted to.
_INSERT_FRESH = "INSERT INTO temp.fresh_edge VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
# OR ROLLBACK, so that SQLite keeps no copy of each page that one of these touches, to take the statement alone back: none of the keys is there.
_SORT_INTO_EDGE = """
INSERT OR ROLLBACK INTO edge (triple, start, finish, qualifier, first_seen, last_seen, recorded_at, source_code, properties)
SELECT triple, start, finish, qualifier, first_seen, last_seen, recorded_at, source_code, nullif(properties, '') FROM temp.fresh_edge
ORDER BY triple, start, finish
"""
_SORT_INTO_ADJACENCY = """
INSERT OR ROLLBACK INTO adjacency (nid, type, last_seen, triple, other, outgoing, qualifier, first_seen, recorded_at, again, source_code, properties)
SELECT start, type, last_seen, triple, finish, 1, qualifier, first_seen, recorded_at, again, source_code, nullif(properties, '') FROM temp.fresh_edge
UNION ALL
SELECT finish, type, last_seen, triple, start, 0, qualifier, first_seen, recorded_at, again, source_code, nullif(properties, '') FROM temp.fresh_edge
WHERE finish <> start ORDER BY 1, 2
"""
_FIND_SOURCE = "SELECT code FROM source WHERE name = ?"
_INSERT_SOURCE = "INSERT INTO source (name) VALUES (?) RETURNING code"
_EMPTY_FRESH = "DELETE FROM temp.fresh_edge"
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

# Of a new one: source, properties, and `again`, or `ended_at` of one drawn by hand.
_Rest = tuple[str, str | None, int]


class EdgeMerge:
    """Takes the records of a batch and writes what they come to."""

    def __init__(self, connection: sqlite3.Connection, names: Names, slots: Slots, moments: Milliseconds) -> None:
        self._connection = connection
        self._names = names
        self._slots = slots
        self._moments = moments
        self._times: dict[Identity, Times] = {}
        self._stored = StoredEdges(connection, names)
        self._new: dict[Identity, _Rest] = {}
        self._paired: set[tuple[int, int, int]] = set()  # (type, lesser nid, greater nid) of new repeating edges
        self.created: Counter[str] = Counter()

    def add(self, records: Sequence[EdgeRecord], ends: Sequence[Ends]) -> list[bool]:
        """For each record whether it creates its relationship. Its ends, which `ends` tells, have their nids by now."""
        self._stored.load(ends)
        created = []
        moments, all_times = self._moments, self._times
        for record, (triple, start, end) in zip(records, ends, strict=True):
            first_seen, recorded_at = moments[record.first_seen], moments[record.recorded_at]
            last_seen = first_seen if record.last_seen is record.first_seen else moments[record.last_seen]
            # Whoever sees the edge sees its ends.
            if first_seen < start.first_seen or recorded_at < start.recorded_at:
                start.widen(first_seen, start.last_seen, recorded_at)
            if first_seen < end.first_seen or recorded_at < end.recorded_at:
                end.widen(first_seen, end.last_seen, recorded_at)
            identity = (triple.code, start.nid, end.nid, record.qualifier)
            known = all_times.get(identity)
            if known is None and not (start.is_new or end.is_new):
                known = self._stored.known(identity, triple, start, end)
                if known is not None:
                    all_times[identity] = known
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

    def ends(self, records: Sequence[EdgeRecord]) -> list[Ends]:
        """What each record joins. New nodes learn who brought them along. Raises InvalidRequest for a record that the schema does not allow."""
        triples, by_label, require = self._names.triples, self._slots.by_label, self._slots.require
        ends = []
        for record in records:
            start_ref, end_ref = record.start, record.end
            triple = triples.get((start_ref.label, record.type, end_ref.label))
            if triple is None or (record.qualifier and not triple.qualified):
                raise _refusal(record)
            start = by_label[start_ref.label].get(start_ref.key) or require(start_ref, f"A {record.type}")
            end = by_label[end_ref.label].get(end_ref.key) or require(end_ref, f"A {record.type}")
            if start.is_new and end.is_new:
                start.brings(end)
            ends.append((triple, start, end))
        return ends

    def _create(self, identity: Identity, triple: Triple, record: EdgeRecord, start: Slot, end: Slot) -> None:
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
        return int(self._stored.are_neighbours(triple, start, end))

    def write(self) -> bool:
        """Write what changed; whether anything did."""
        ends = len(self._times) > 0 and takes_rows(self._connection)
        self._write_new(ends)
        changed = [
            (identity, times, was)
            for identity, was in self._stored.times.items()
            if (times := self._times.get(identity, was)) != was
        ]
        edges, rows, drawn = [], [], []
        for identity, times, (_, was, _) in changed:
            code, start, end, qualifier = identity
            type = self._names.by_code[code].type
            if self._names.by_code[code].human:
                drawn.append((*times, start, type, code, end, 1, qualifier))
                drawn.append((*times, end, type, code, start, 0, qualifier))  # none where the two are one
                continue
            edges.append((*times, *identity))
            rows.append((*times, start, type, was, code, end, 1, qualifier))
            if start != end:
                rows.append((*times, end, type, was, code, start, 0, qualifier))
        rows.sort(key=itemgetter(3, 4))  # as the table is
        self._connection.executemany(_UPDATE_EDGE, edges)
        if ends:
            self._connection.executemany(_UPDATE_ADJACENCY, rows)
        self._connection.executemany(_UPDATE_DRAWN, drawn)
        return len(self._new) > 0 or len(changed) > 0

    def _write_new(self, ends: bool) -> None:
        """`ends`: whether there are rows of `adjacency`."""
        if len(self._new) == 0:
            return
        connection = self._connection
        connection.execute(_FRESH)
        connection.executemany(_INSERT_FRESH, self._fresh())
        connection.execute(_SORT_INTO_EDGE)
        if ends:
            connection.execute(_SORT_INTO_ADJACENCY)
        connection.execute(_EMPTY_FRESH)
        connection.executemany(_INSERT_DRAWN, self._drawn())
        if ends:
            count_hubs(connection, self._names, self._slots, self._added_ends())

    def _fresh(self) -> Iterator[tuple[int | str | None, ...]]:
        by_code, times = self._names.by_code, self._times
        stated = {rest[0] for identity, rest in self._new.items() if not by_code[identity[0]].human}
        codes = _source_codes(self._connection, stated)
        for identity, (source, properties, again) in self._new.items():
            triple = by_code[identity[0]]
            if not triple.human:
                yield (*identity, triple.type, again, *times[identity], codes[source], properties or "")

    def _drawn(self) -> Iterator[tuple[int | str | None, ...]]:
        for identity, (source, properties, ended_at) in self._new.items():
            code, start, end, qualifier = identity
            triple = self._names.by_code[code]
            if triple.human:
                rest = (qualifier, *self._times[identity], ended_at, source, properties)
                yield (start, triple.type, code, end, 1, *rest)
                if start != end:
                    yield (end, triple.type, code, start, 0, *rest)

    def _added_ends(self) -> Iterator[AddedEnd]:
        for (code, start, end, _), (_, _, again) in self._new.items():
            triple = self._names.by_code[code]
            if not triple.human:
                yield start, triple.type, triple.end, again
                if start != end:
                    yield end, triple.type, triple.start, again


def _source_codes(connection: sqlite3.Connection, names: Iterable[str]) -> dict[str, int]:
    """What stands for these sources in this file, new ones included."""
    codes = {}
    for name in sorted(names):
        found = connection.execute(_FIND_SOURCE, (name,)).fetchone()
        (codes[name],) = found or connection.execute(_INSERT_SOURCE, (name,)).fetchone()
    return codes


def _expiry(record: EdgeRecord) -> int:
    expires_at = record.properties.get("expires_at")
    return to_ms(expires_at) if isinstance(expires_at, datetime) else FOREVER


def _refusal(record: EdgeRecord) -> InvalidRequest:
    SCHEMA.relationship(record.type)
    if record.qualifier and SCHEMA.relationship(record.type).qualifier is None:
        return InvalidRequest(f"{record.type} has no qualifier.")
    return InvalidRequest(f"The schema allows no {record.type} from {record.start.label} to {record.end.label}.")
