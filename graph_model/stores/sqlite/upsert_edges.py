"""Merging of relationships: each is one row of `edge` and a row of `adjacency` at either end, written together here and nowhere else."""

import sqlite3
from collections import Counter

from graph_model.errors import InvalidRequest
from graph_model.records import EdgeRecord
from graph_model.schema import SCHEMA
from graph_model.stores.sqlite.edge_properties import encode_properties
from graph_model.stores.sqlite.names import Names, Triple
from graph_model.stores.sqlite.upsert_slot import Slot, Slots
from graph_model.stores.sqlite.values import to_ms

_FIND = """
SELECT first_seen, last_seen, recorded_at FROM edge WHERE triple = ? AND start = ? AND finish = ? AND qualifier = ?
"""
_JOINED = "SELECT 1 FROM edge WHERE triple = ? AND start = ? AND finish = ? LIMIT 1"
_INSERT_EDGE = """
INSERT INTO edge (triple, start, finish, qualifier, first_seen, last_seen, recorded_at, source, properties)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_INSERT_ADJACENCY = """
INSERT INTO adjacency (nid, type, last_seen, label, other, outgoing, qualifier, first_seen, recorded_at, again)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_UPDATE_EDGE = """
UPDATE edge SET first_seen = ?, last_seen = ?, recorded_at = ? WHERE triple = ? AND start = ? AND finish = ? AND qualifier = ?
"""
_UPDATE_ADJACENCY = """
UPDATE adjacency SET first_seen = ?, last_seen = ?, recorded_at = ?
WHERE nid = ? AND type = ? AND last_seen = ? AND label = ? AND other = ? AND outgoing = ? AND qualifier = ?
"""


class _Edge:
    """One relationship while the batch is merged; `stored_last_seen` is None for a new one."""

    __slots__ = (
        "again", "changed", "end", "first_seen", "last_seen", "properties", "qualifier", "recorded_at", "source", "start",
        "stored_last_seen", "triple",
    )  # fmt: skip

    def __init__(self, triple: Triple, start: Slot, end: Slot, qualifier: str) -> None:
        self.triple, self.start, self.end, self.qualifier = triple, start, end, qualifier
        self.first_seen = self.last_seen = self.recorded_at = 0
        self.stored_last_seen: int | None = None
        self.changed = False
        self.again = 0
        self.source = ""
        self.properties: str | None = None


class EdgeMerge:
    """Takes records one by one and writes them all at the end."""

    def __init__(self, connection: sqlite3.Connection, names: Names, slots: Slots) -> None:
        self._connection = connection
        self._names = names
        self._slots = slots
        self._edges: dict[tuple[int, int, int, str], _Edge] = {}
        self._paired: set[tuple[int, int, int]] = set()  # (type, lesser nid, greater nid) of new repeating edges
        self.created: Counter[str] = Counter()

    def add(self, record: EdgeRecord) -> bool:
        """Whether the record creates its relationship."""
        triple = self._triple(record)
        start = self._slots.require(record.start, f"A {record.type}")
        end = self._slots.require(record.end, f"A {record.type}")
        first_seen, last_seen = to_ms(record.first_seen), to_ms(record.last_seen)
        recorded_at = to_ms(record.recorded_at)
        # Whoever sees the edge sees its ends.
        start.observe(first_seen, start.last_seen, recorded_at)
        end.observe(first_seen, end.last_seen, recorded_at)
        identity = (triple.code, start.nid, end.nid, record.qualifier)
        edge = self._edges.get(identity)
        if edge is None:
            edge = self._edges[identity] = _Edge(triple, start, end, record.qualifier)
            if start.is_new or end.is_new or not self._load(edge):
                self._create(edge, record, first_seen, last_seen, recorded_at)
                return True
        if first_seen < edge.first_seen:
            edge.first_seen, edge.changed = first_seen, True
        if last_seen > edge.last_seen:
            edge.last_seen, edge.changed = last_seen, True
        if recorded_at < edge.recorded_at:
            edge.recorded_at, edge.changed = recorded_at, True
        return False

    def _triple(self, record: EdgeRecord) -> Triple:
        triple = self._names.triples.get((record.start.label, record.type, record.end.label))
        if triple is None:
            SCHEMA.relationship(record.type)
            raise InvalidRequest(f"The schema allows no {record.type} from {record.start.label} to {record.end.label}.")
        if record.qualifier and not triple.qualified:
            raise InvalidRequest(f"{record.type} has no qualifier.")
        return triple

    def _load(self, edge: _Edge) -> bool:
        found = self._connection.execute(
            _FIND, (edge.triple.code, edge.start.nid, edge.end.nid, edge.qualifier)
        ).fetchone()
        if found is None:
            return False
        edge.first_seen, edge.last_seen, edge.recorded_at = found
        edge.stored_last_seen = edge.last_seen
        return True

    def _create(self, edge: _Edge, record: EdgeRecord, first_seen: int, last_seen: int, recorded_at: int) -> None:
        edge.first_seen, edge.last_seen, edge.recorded_at = first_seen, last_seen, recorded_at
        edge.source = record.source
        edge.properties = encode_properties(record.type, record.properties)
        edge.again = self._is_again(edge) if edge.triple.repeats else 0
        self.created[record.type] += 1
        edge.start.degree += 1
        edge.start.changed = True
        if edge.end is not edge.start:
            edge.end.degree += 1
            edge.end.changed = True

    def _is_again(self, edge: _Edge) -> int:
        """1 where the two are neighbours by this type already, or are one node."""
        low, high = sorted((edge.start.nid, edge.end.nid))
        pair = (edge.triple.type, low, high)
        if low == high or pair in self._paired:
            return 1
        self._paired.add(pair)
        if edge.start.is_new or edge.end.is_new:
            return 0
        ways = [(edge.triple.code, edge.start.nid, edge.end.nid)]
        back = self._names.by_codes.get((edge.triple.end, edge.triple.type, edge.triple.start))
        if back is not None:
            ways.append((back.code, edge.end.nid, edge.start.nid))
        return int(any(self._connection.execute(_JOINED, way).fetchone() is not None for way in ways))

    def write(self) -> bool:
        """Write what changed; whether anything did."""
        new_edges, new_rows, changed_edges, changed_rows = [], [], [], []
        for (triple, start, end, qualifier), e in self._edges.items():
            type, last_seen = e.triple.type, e.last_seen
            times = (e.first_seen, last_seen, e.recorded_at)
            if e.stored_last_seen is None:
                new_edges.append((triple, start, end, qualifier, *times, e.source, e.properties))
                rest = (qualifier, e.first_seen, e.recorded_at, e.again)
                new_rows.append((start, type, last_seen, e.triple.end, end, 1, *rest))
                if start != end:
                    new_rows.append((end, type, last_seen, e.triple.start, start, 0, *rest))
            elif e.changed:
                changed_edges.append((*times, triple, start, end, qualifier))
                was = e.stored_last_seen
                changed_rows.append((*times, start, type, was, e.triple.end, end, 1, qualifier))
                if start != end:
                    changed_rows.append((*times, end, type, was, e.triple.start, start, 0, qualifier))
        new_edges.sort()
        new_rows.sort()
        self._connection.executemany(_INSERT_EDGE, new_edges)
        self._connection.executemany(_INSERT_ADJACENCY, new_rows)
        self._connection.executemany(_UPDATE_EDGE, changed_edges)
        self._connection.executemany(_UPDATE_ADJACENCY, changed_rows)
        return len(new_edges) > 0 or len(changed_edges) > 0
