"""One step of a walk: the neighbours of a set of nodes, how many they have, and the edges among them. Hubs are never read whole.

A node of few relationships is read whole, many in one query. Of a hub the most recently seen rows are read one by one until the cap is met, its
relationships are counted by the index (and remembered while its degree stays), and its edges into the answer are found from their other ends.
"""

# ruff: noqa: S608 - statements are made of fixed fragments and names of the schema; values are always parameters

import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import orjson

from graph_model.records import AsOf
from graph_model.stores.sqlite.hydration import Link, Row, rows
from graph_model.stores.sqlite.names import Names
from graph_model.stores.sqlite.values import bounds

# Up to this many relationships are cheaper to read in one go than to ask for type by type.
FEW = 256

_SEEN = "CASE WHEN a.last_seen <= :event THEN a.last_seen ELSE a.first_seen END"
_THERE = "a.first_seen <= :event AND a.recorded_at <= :recorded"
_OF_TYPES = "(:types IS NULL OR a.type IN (SELECT value FROM json_each(:types)))"

_ALL_NEIGHBOURS = f"""
SELECT a.other, max({_SEEN}) FROM json_each(:wanted) wanted CROSS JOIN adjacency a ON a.nid = wanted.value
WHERE {_THERE} AND {_OF_TYPES} GROUP BY a.other
"""
_PAIRS = f"""
SELECT DISTINCT a.nid, a.other FROM json_each(:wanted) wanted CROSS JOIN adjacency a ON a.nid = wanted.value
WHERE a.other <> a.nid AND {_THERE} AND {_OF_TYPES}
"""
_NEWEST = (
    "SELECT other, last_seen FROM adjacency WHERE nid = :nid AND type = :type AND other <> nid ORDER BY last_seen DESC"
)
_NEWEST_AS_OF = f"""
SELECT a.other, {_SEEN} AS seen FROM adjacency a
WHERE a.nid = :nid AND a.type = :type AND a.other <> a.nid AND {_THERE} ORDER BY seen DESC
"""
_TOTALS = f"""
SELECT a.nid, a.type, count(DISTINCT a.other) FROM json_each(:wanted) wanted CROSS JOIN adjacency a ON a.nid = wanted.value
WHERE a.other <> a.nid AND {_THERE} AND {_OF_TYPES} GROUP BY a.nid, a.type
"""
_TOTALS_NOW = f"""
SELECT a.nid, a.type, sum(1 - a.again) FROM json_each(:wanted) wanted CROSS JOIN adjacency a ON a.nid = wanted.value
WHERE {_OF_TYPES} GROUP BY a.nid, a.type
"""
_LINKS = f"""
SELECT a.type, a.nid, a.other, a.outgoing, a.qualifier, a.first_seen, {_SEEN}, a.recorded_at
FROM json_each(:wanted) wanted CROSS JOIN adjacency a ON a.nid = wanted.value
WHERE {_THERE} AND {_OF_TYPES} AND a.other IN (SELECT value FROM json_each(:among))
"""
_COUNTS = "SELECT type, label, count(*), sum(1 - again) FROM adjacency WHERE nid = ? GROUP BY type, label"
_LINKS_OF_TYPE = f"""
SELECT a.type, a.nid, a.other, a.outgoing, a.qualifier, a.first_seen, {_SEEN}, a.recorded_at
FROM adjacency a WHERE a.nid = :nid AND a.type = :type AND {_THERE} AND a.other IN (SELECT value FROM json_each(:among))
"""
_LINKS_OF_PAIR = f"""
SELECT a.qualifier, a.first_seen, {_SEEN}, a.recorded_at FROM edge a
WHERE a.triple = :triple AND a.start = :start AND a.finish = :end AND {_THERE}
"""
_DEGREES = f"""
SELECT a.nid, a.type, a.label, count(*) FROM json_each(:wanted) wanted CROSS JOIN adjacency a ON a.nid = wanted.value
WHERE {_THERE} AND {_OF_TYPES} GROUP BY a.nid, a.type, a.label
"""
_DEGREE_UP_TO = f"SELECT count(*) FROM (SELECT 1 FROM adjacency a WHERE a.nid = :nid AND {_THERE} LIMIT :most)"
_NIDS = "SELECT n.node_id, n.nid FROM json_each(?) wanted CROSS JOIN node n ON n.node_id = wanted.value"


@dataclass(frozen=True, slots=True)
class Count:
    """Relationships of one type towards one label, and the distinct neighbours that they lead to (without the node itself)."""

    edges: int
    neighbours: int


class HubCounts:
    """What was counted of hubs. Relationships are only ever added, and each adds one to `degree`: an entry of the same degree is exact."""

    _MOST = 20_000

    def __init__(self) -> None:
        self._kept: dict[int, tuple[int, Mapping[tuple[int, int], Count]]] = {}

    def of(self, connection: sqlite3.Connection, row: Row) -> Mapping[tuple[int, int], Count]:
        """(type, neighbour label) → count."""
        kept = self._kept.get(row.nid)
        if kept is not None and kept[0] == row.degree:
            return kept[1]
        counts = {(type, label): Count(n, m) for type, label, n, m in connection.execute(_COUNTS, (row.nid,))}
        if len(self._kept) >= self._MOST:
            self._kept.clear()
        self._kept[row.nid] = (row.degree, counts)
        return counts


class Walk:
    """Steps from node to node within one read transaction, along `types` (all when None), as of one moment."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        names: Names,
        hubs: HubCounts,
        types: Collection[int] | None = None,
        as_of: AsOf | None = None,
    ) -> None:
        self.connection = connection
        self.names = names
        self.as_of = as_of
        self._hubs = hubs
        self._types = types
        event, recorded = bounds(as_of)
        self._shared: dict[str, str | int | None] = {
            "event": event,
            "recorded": recorded,
            "types": None if types is None else _json(types),
        }

    def _query(self, text: str, **parameters: str | int) -> sqlite3.Cursor:
        return self.connection.execute(text, self._shared | parameters)

    def _types_of(self, row: Row) -> Sequence[int]:
        possible = self.names.types_at[row.label]
        return possible if self._types is None else [type for type in possible if type in self._types]

    # --- neighbours ------------------------------------------------------------------------------------------------

    def all_neighbours(self, frontier: Iterable[int]) -> dict[int, int]:
        """Every neighbour of these nodes, with the moment it was last seen beside one of them."""
        return dict(self._query(_ALL_NEIGHBOURS, wanted=_json(frontier)).fetchall())

    def pairs(self, frontier: Iterable[int]) -> list[tuple[int, int]]:
        """(node, neighbour) for every neighbour of these nodes."""
        return self._query(_PAIRS, wanted=_json(frontier)).fetchall()

    def neighbours(self, frontier: Sequence[Row], cap: int) -> dict[int, int]:
        """The same, at most the `cap` most recently seen of each node and type."""
        found = self.all_neighbours(row.nid for row in frontier if row.degree <= cap)
        for row in frontier:
            if row.degree > cap:
                for type in self._types_of(row):
                    for other, seen in self._newest(row.nid, type, cap).items():
                        found[other] = max(seen, found.get(other, seen))
        return found

    def _newest(self, nid: int, type: int, cap: int) -> dict[int, int]:
        found: dict[int, int] = {}
        boundary = None
        cursor = self._query(_NEWEST if self.as_of is None else _NEWEST_AS_OF, nid=nid, type=type)
        for other, seen in cursor:
            if boundary is not None and seen < boundary:
                break
            if other not in found:
                found[other] = seen
                if len(found) == cap:
                    boundary = seen
        cursor.close()  # rows are left: give back what the cursor holds
        if len(found) > cap:
            kept = self.first(found, cap)
            found = {row.nid: found[row.nid] for row in kept}
        return found

    def first(self, seen: Mapping[int, int], limit: int) -> list[Row]:
        """The first `limit` nodes by moment falling, then label and key."""
        wanted: Iterable[int] = seen
        if len(seen) > limit:
            boundary = sorted(seen.values(), reverse=True)[limit - 1]
            wanted = [nid for nid, moment in seen.items() if moment >= boundary]
        found = rows(self.connection, wanted, self.as_of).values()
        return sorted(found, key=lambda row: (-seen[row.nid], self.names.label_of[row.label], row.key))[:limit]

    # --- counts ----------------------------------------------------------------------------------------------------

    def totals(self, among: Iterable[Row]) -> dict[tuple[int, int], int]:
        """(nid, type) → how many neighbours."""
        few: list[int] = []
        totals: dict[tuple[int, int], int] = {}
        for row in among:
            if row.degree <= FEW or self.as_of is not None:
                few.append(row.nid)
                continue
            for (type, _), count in self._hubs.of(self.connection, row).items():
                if self._types is None or type in self._types:
                    totals[row.nid, type] = totals.get((row.nid, type), 0) + count.neighbours
        text = _TOTALS_NOW if self.as_of is None else _TOTALS
        for nid, type, total in self._query(text, wanted=_json(few)):
            totals[nid, type] = total
        return totals

    def is_hub(self, row: Row, hub: int) -> bool:
        """Whether a node has more than `hub` relationships."""
        if row.degree <= hub or self.as_of is None:
            return row.degree > hub
        return int(self._query(_DEGREE_UP_TO, nid=row.nid, most=hub + 1).fetchone()[0]) > hub

    def degrees(self, among: Iterable[Row]) -> dict[int, dict[tuple[int, int], int]]:
        """nid → (type, neighbour label) → how many relationships."""
        result: dict[int, dict[tuple[int, int], int]] = {}
        few: list[int] = []
        for row in among:
            if row.degree > FEW and self.as_of is None:
                counts = self._hubs.of(self.connection, row)
                result[row.nid] = {pair: count.edges for pair, count in counts.items()}
            else:
                few.append(row.nid)
                result[row.nid] = {}
        for nid, type, label, count in self._query(_DEGREES, wanted=_json(few)):
            result[nid][type, label] = count
        return result

    def nids(self, node_ids: Iterable[str]) -> dict[str, int]:
        """The nids of those that exist."""
        return dict(self.connection.execute(_NIDS, (orjson.dumps(list(node_ids)).decode(),)).fetchall())

    # --- edges -----------------------------------------------------------------------------------------------------

    def links(self, among: Mapping[int, Row]) -> list[Link]:
        """Every edge with both ends in `among`."""
        everyone = _json(among)
        found: dict[tuple[int, int, int, str], Link] = {}
        few = [nid for nid, row in among.items() if row.degree <= FEW]
        self._collect(found, self._query(_LINKS, wanted=_json(few), among=everyone))
        hubs = [row for row in among.values() if row.degree > FEW]
        if len(hubs) > 1 or len(few) < len(among):
            self._links_of_hubs(found, hubs)
        return list(found.values())

    def _collect(self, found: dict[tuple[int, int, int, str], Link], cursor: sqlite3.Cursor) -> None:
        for type, nid, other, outgoing, qualifier, first_seen, last_seen, recorded_at in cursor:
            start, end = (nid, other) if outgoing else (other, nid)
            identity = (type, start, end, qualifier)
            if identity not in found:
                found[identity] = Link(type, start, end, qualifier, first_seen, last_seen, recorded_at)

    def _links_of_hubs(self, found: dict[tuple[int, int, int, str], Link], hubs: Sequence[Row]) -> None:
        """Edges between two hubs: by the type of which one of them has few, or pair by pair where both have many."""
        of_hubs = _json(row.nid for row in hubs)
        crowded: dict[int, list[Row]] = {}
        for row in hubs:
            sizes: dict[int, int] = {}
            for (type, _), count in self._hubs.of(self.connection, row).items():
                if self._types is None or type in self._types:
                    sizes[type] = sizes.get(type, 0) + count.edges
            for type, size in sizes.items():
                if size > FEW:
                    crowded.setdefault(type, []).append(row)
                else:
                    self._collect(found, self._query(_LINKS_OF_TYPE, nid=row.nid, type=type, among=of_hubs))
        for type, many in crowded.items():
            for start in many:
                for end in many:
                    self._links_of_pair(found, type, start, end)

    def _links_of_pair(self, found: dict[tuple[int, int, int, str], Link], type: int, start: Row, end: Row) -> None:
        triple = self.names.by_codes.get((start.label, type, end.label))
        if triple is None:
            return
        for qualifier, *times in self._query(_LINKS_OF_PAIR, triple=triple.code, start=start.nid, end=end.nid):
            found[type, start.nid, end.nid, qualifier] = Link(type, start.nid, end.nid, qualifier, *times)


def _json(values: Iterable[int]) -> str:
    return orjson.dumps(list(values)).decode()
