"""What the store has of the relationships of a batch: read by the nodes that they begin at, in the order of the table, not one by one."""

import sqlite3
from collections.abc import Sequence

import orjson

from graph_model.stores.sqlite.names import Names, Triple
from graph_model.stores.sqlite.upsert_slot import Slot

_FIND = """
SELECT first_seen, last_seen, recorded_at FROM edge WHERE triple = ? AND start = ? AND finish = ? AND qualifier = ?
"""
_FIND_FROM = """
SELECT e.start, e.finish, e.qualifier, e.first_seen, e.last_seen, e.recorded_at
FROM json_each(?2) wanted CROSS JOIN edge e ON e.triple = ?1 AND e.start = wanted.value
"""
_FIND_DRAWN = """
SELECT first_seen, last_seen, recorded_at FROM drawn
WHERE triple = ?1 AND nid = ?2 AND other = ?3 AND qualifier = ?4 AND type = ?5 AND outgoing
"""
_JOINED = "SELECT 1 FROM edge WHERE triple = ? AND start = ? AND finish = ? LIMIT 1"

# Relationships are the most of a batch, so they are kept as plain tuples while it is merged.
Identity = tuple[int, int, int, str]  # triple, start, end, qualifier: the primary key of `edge`
Times = tuple[int, int, int]  # first_seen, last_seen, recorded_at
Ends = tuple[Triple, Slot, Slot]


class StoredEdges:
    """`times` holds what was met, and what lies beside it; `load` comes first."""

    __slots__ = ("_connection", "_joined", "_names", "times")

    def __init__(self, connection: sqlite3.Connection, names: Names) -> None:
        self._connection = connection
        self._names = names
        self.times: dict[Identity, Times] = {}
        self._joined: set[tuple[int, int, int]] = set()  # (triple, start, end), of types that may repeat

    def load(self, ends: Sequence[Ends]) -> None:
        """Read what begins at the starts of edges that the store may have. Hubs have too many there: theirs are looked up one by one."""
        wanted: dict[int, set[int]] = {}
        for triple, start, end in ends:
            if triple.human or not _may_be_stored(triple, start, end):
                continue
            if not self._is_hub(start):
                wanted.setdefault(triple.code, set()).add(start.nid)
            back = self._back(triple) if triple.repeats else None
            if back is not None and not self._is_hub(end):
                wanted.setdefault(back.code, set()).add(end.nid)
        for code, nids in sorted(wanted.items()):
            repeats = self._names.by_code[code].repeats
            found = self._connection.execute(_FIND_FROM, (code, orjson.dumps(sorted(nids)).decode()))
            for start_nid, finish, qualifier, first_seen, last_seen, recorded_at in found:
                self.times[code, start_nid, finish, qualifier] = (first_seen, last_seen, recorded_at)
                if repeats:
                    self._joined.add((code, start_nid, finish))

    def _is_hub(self, slot: Slot) -> bool:
        return slot.stored_degree > self._names.hub_degree

    def _back(self, triple: Triple) -> Triple | None:
        """The same type the other way round, where the schema has that."""
        return self._names.by_codes.get((triple.end, triple.type, triple.start))

    def known(self, identity: Identity, triple: Triple, start: Slot, end: Slot) -> Times | None:
        """The stored one, which the batch has not met yet."""
        if not _may_be_stored(triple, start, end):
            return None
        if not (triple.human or self._is_hub(start)):
            return self.times.get(identity)
        find = (_FIND_DRAWN, (*identity, triple.type)) if triple.human else (_FIND, identity)
        found: Times | None = self._connection.execute(*find).fetchone()
        if found is not None:
            self.times[identity] = found
        return found

    def are_neighbours(self, triple: Triple, start: Slot, end: Slot) -> bool:
        """Whether the two are neighbours by this type, in either direction."""
        if not _may_be_stored(triple, start, end):
            return False
        back = self._back(triple)
        return self._are_joined(triple, start, end) or (back is not None and self._are_joined(back, end, start))

    def _are_joined(self, triple: Triple, start: Slot, end: Slot) -> bool:
        way = (triple.code, start.nid, end.nid)
        if not self._is_hub(start):
            return way in self._joined
        return self._connection.execute(_JOINED, way).fetchone() is not None


def _may_be_stored(triple: Triple, start: Slot, end: Slot) -> bool:
    """Whether the store can have an edge between the two: not if either is new, or had none. (Drawn links are in no degree.)"""
    if triple.human:
        return not (start.is_new or end.is_new)
    return start.stored_degree > 0 and end.stored_degree > 0
