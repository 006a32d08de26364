"""One step of a walk: the neighbours of a set of nodes, how many they have, and the edges among them. Caps are applied by the server.

A node of few relationships is expanded, many in one query. Of a hub the most recently seen relationships are read from the end of an index; where that
can't tell whom the cap keeps (one moment, or one neighbour, many times over) and for an older day, the server sorts all of them and sends the first.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from graph_model.records import AsOf
from graph_model.stores.neo4j.connections import Rows, Transaction
from graph_model.stores.neo4j.hydration import Link, Row, links_of, rows_of
from graph_model.stores.neo4j.names import REPEATING, TRIPLES, TYPES_IN, TYPES_OUT
from graph_model.stores.neo4j.queries import query

# Up to this many relationships are quicker expanded than looked up type by type.
FEW = 1_000
_SPARE = 50  # rows read beyond the cap, for neighbours met twice and moments shared


@dataclass(frozen=True, slots=True)
class Count:
    """Relationships of one type towards one label, and the distinct neighbours that they lead to (without the node itself)."""

    edges: int
    neighbours: int


class HubCounts:
    """What was counted of hubs. Relationships are only ever added, and each adds one to their number: an entry of the same number is exact.
    Links drawn by hand also end, so they are counted each time; a node has few."""

    _MOST = 20_000

    def __init__(self) -> None:
        self._kept: dict[int, tuple[int, Mapping[tuple[str, str], Count]]] = {}

    def of(self, transaction: Transaction, row: Row) -> Mapping[tuple[str, str], Count]:
        """(type, neighbour label) → count."""
        drawn = transaction.rows(query("hub_counts_human"), nid=row.nid, **transaction.window(None))
        return {**self._of_sources(transaction, row), **_counts(drawn)}

    def _of_sources(self, transaction: Transaction, row: Row) -> Mapping[tuple[str, str], Count]:
        number = row.degree + row.ended
        kept = self._kept.get(row.nid)
        if kept is not None and kept[0] == number:
            return kept[1]
        counts = _counts(transaction.rows(query("hub_counts"), nid=row.nid))
        if len(self._kept) >= self._MOST:
            self._kept.clear()
        self._kept[row.nid] = (number, counts)
        return counts


class Walk:
    """Steps from node to node within one read transaction, along `types` (all when None), as of one moment."""

    def __init__(
        self,
        transaction: Transaction,
        hubs: HubCounts,
        types: Collection[str] | None = None,
        as_of: AsOf | None = None,
    ) -> None:
        self.transaction = transaction
        self.as_of = as_of
        self._hubs = hubs
        self._types = None if types is None else list(types)
        self._words = ("now" if as_of is None else "then", *(() if types is None else ("types",)))
        self._window = transaction.window(as_of)
        self._shared = {**self._window, "types": self._types}

    def _over(self, name: str, rows: Sequence[object], **parameters: object) -> Rows:
        return self.transaction.pieces(query(name, *self._words), rows, **self._shared, **parameters)

    def _pairs_over(self, name: str, rows: Sequence[object], **parameters: object) -> Rows:
        """The same where the answer is one record of pairs, which costs less than a record for each."""
        return [pair for (pairs,) in self._over(name, rows, **parameters) for pair in pairs]

    def ask(self, name: str, **parameters: object) -> Rows:
        """One question about what is visible."""
        return self.transaction.rows(query(name, *self._words), **self._shared, **parameters)

    def _wants(self, type: str) -> bool:
        return self._types is None or type in self._types

    # --- neighbours ------------------------------------------------------------------------------------------------

    def all_neighbours(self, frontier: Iterable[int]) -> dict[int, int]:
        """Every neighbour of these nodes, with the moment it was last seen beside one of them."""
        return latest(self._pairs_over("all_neighbours", list(frontier)))

    def pairs(self, frontier: Iterable[int]) -> list[tuple[int, int]]:
        """(node, neighbour) for every neighbour of these nodes."""
        return [(nid, other) for nid, other in self._over("pairs", list(frontier))]

    def neighbours(self, frontier: Sequence[Row], cap: int) -> dict[int, int]:
        """The same, at most the `cap` most recently seen of each node and type."""
        whole = [row.nid for row in frontier if row.degree <= cap]
        hubs = [row for row in frontier if row.degree > max(cap, FEW)] if self.as_of is None else []
        apart = {row.nid for row in hubs}
        sorted_out = [row.nid for row in frontier if row.degree > cap and row.nid not in apart]
        found = self._pairs_over("all_neighbours", whole)
        found.extend(self._pairs_over("capped_neighbours", sorted_out, cap=cap))
        for row in hubs:
            for type in dict.fromkeys((*TYPES_OUT[row.label], *TYPES_IN[row.label])):
                if self._wants(type):
                    found.extend(self._newest(row, type, cap))
        return latest(found)

    def _newest(self, row: Row, type: str, cap: int) -> Rows:
        most = cap + _SPARE
        seen: dict[int, int] = {}
        boundary: int | None = None  # relationships last seen at or before this may not have been read
        for name, types in (("newest_in", TYPES_IN), ("newest_out", TYPES_OUT)):
            if type in types[row.label]:
                found = self.transaction.rows(query(name, TYPE=type), nid=row.nid, most=most, **self._window)
                for other, moment in found:
                    if other != row.nid:
                        seen[other] = max(moment, seen.get(other, moment))
                if len(found) == most:
                    boundary = max(found[-1][1], found[-1][1] if boundary is None else boundary)
        if len(seen) > cap or boundary is not None:
            last = sorted(seen.values(), reverse=True)[cap - 1 : cap]
            if boundary is not None and (len(last) == 0 or last[0] <= boundary):
                shared = self._shared | {"types": [type]}
                text = query("capped_neighbours", "now", "types")
                ((pairs,),) = self.transaction.rows(text, rows=[row.nid], cap=cap, **shared)
                return list(pairs)
            kept = [[other, moment] for other, moment in seen.items() if moment >= last[0]] if last else []
            if len(kept) > cap:
                return [[r.nid, seen[r.nid]] for r in self.first({r[0]: r[1] for r in kept}, cap)]
            return kept
        return [[other, moment] for other, moment in seen.items()]

    def first(self, seen: Mapping[int, int], limit: int) -> list[Row]:
        """The first `limit` nodes by moment falling, then label and key."""
        if len(seen) == 0 or limit < 1:
            return []
        pairs = [list(item) for item in nearest(seen, limit)]
        found = rows_of(self.transaction.rows(query("first_neighbours"), rows=pairs, most=limit, **self._window))
        return list(found.values())

    # --- counts ----------------------------------------------------------------------------------------------------

    def totals(self, among: Iterable[Row]) -> dict[tuple[int, str], int]:
        """(nid, type) → how many neighbours."""
        few: list[int] = []
        totals: dict[tuple[int, str], int] = {}
        for row in among:
            if row.degree <= FEW or self.as_of is not None:
                few.append(row.nid)
                continue
            for type in dict.fromkeys((*TYPES_OUT[row.label], *TYPES_IN[row.label])):
                if self._wants(type):
                    totals[row.nid, type] = self._total(row, type)
        for nid, type, total in self._over("totals", few):
            totals[nid, type] = total
        return totals

    def _total(self, row: Row, type: str) -> int:
        """Of a hub: the degree where each relationship is another neighbour, else counted once and remembered."""
        degree = int(self.transaction.rows(query("degree_of_type", TYPE=type), nid=row.nid)[0][0])
        if type not in REPEATING or degree == 0:
            return degree
        counts = self._hubs.of(self.transaction, row)
        return sum(count.neighbours for (of_type, _), count in counts.items() if of_type == type)

    def is_hub(self, row: Row, hub: int) -> bool:
        """Whether a node has more than `hub` relationships."""
        if row.degree <= hub or self.as_of is None:
            return row.degree > hub
        found = self.transaction.rows(query("degree_up_to"), nid=row.nid, most=hub + 1, **self._window)
        return int(found[0][0]) > hub

    def degrees(self, among: Iterable[Row]) -> dict[int, dict[tuple[str, str], int]]:
        """nid → (type, neighbour label) → how many relationships."""
        result: dict[int, dict[tuple[str, str], int]] = {}
        few: list[int] = []
        for row in among:
            if row.degree > FEW and self.as_of is None:
                counts = self._hubs.of(self.transaction, row)
                result[row.nid] = {pair: count.edges for pair, count in counts.items()}
            else:
                few.append(row.nid)
                result[row.nid] = {}
        for nid, type, label, count in self._over("degrees", few):
            result[nid][type, label] = count
        return result

    # --- edges -----------------------------------------------------------------------------------------------------

    def links(self, among: Mapping[int, Row]) -> list[Link]:
        """Every edge with both ends in `among`."""
        few = [nid for nid, row in among.items() if row.degree <= FEW]
        hubs = [row for row in among.values() if row.degree > FEW]
        return self.joined(self._over("links", few, among=list(among)), hubs, hubs)

    def joined(self, found: Rows, starts: Collection[Row], ends: Collection[Row]) -> list[Link]:
        """The links that were found, and those from one of `starts` to one of `ends`; each once."""
        found = list(found)
        pairs: dict[str, list[list[int]]] = {}
        for start in starts:
            for end in ends:
                for type in TYPES_OUT[start.label]:
                    if self._wants(type) and (start.label, type, end.label) in TRIPLES:
                        pairs.setdefault(type, []).append([start.nid, end.nid])
        for type, of_type in pairs.items():
            text = query("links_of_pair", TYPE=type)
            found.extend(self.transaction.pieces(text, of_type, **self._window))
        links = {(link.type, link.start, link.end, link.qualifier): link for link in links_of(found, self.as_of)}
        return list(links.values())


def _counts(found: Rows) -> dict[tuple[str, str], Count]:
    return {(type, label): Count(edges, neighbours) for type, label, edges, neighbours in found}


def latest(found: Iterable[Sequence[int]]) -> dict[int, int]:
    """(nid, moment) → the greatest moment of each nid."""
    seen: dict[int, int] = {}
    for nid, moment in found:
        seen[nid] = max(moment, seen.get(nid, moment))
    return seen


def nearest(seen: Mapping[int, int], limit: int) -> list[tuple[int, int]]:
    """Those of (nid, moment) among which the `limit` most recently seen are: more where the last moment is shared."""
    if len(seen) <= limit:
        return list(seen.items())
    boundary = sorted(seen.values(), reverse=True)[limit - 1]
    return [item for item in seen.items() if item[1] >= boundary]
