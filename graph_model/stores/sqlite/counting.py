"""Counts around nodes: degrees, and what an answer leaves out. Hubs have theirs kept in the table `hub`; as of a moment they are counted."""

# ruff: noqa: S608 - statements are made of fixed fragments and names of the schema; values are always parameters

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter

import numpy as np

from graph_model.records import Omission
from graph_model.stores.sqlite import drawn
from graph_model.stores.sqlite.hydration import Link, Row
from graph_model.stores.sqlite.joined import Column
from graph_model.stores.sqlite.scope import OF_TYPES, THERE, Scope, as_json

_SHOWN = "a.other IN (SELECT value FROM json_each(:among))"
_NEIGHBOURS = f"""
SELECT a.nid, a.type FROM json_each(:wanted) wanted CROSS JOIN adjacency a ON a.nid = wanted.value WHERE NOT a.again AND {OF_TYPES}
"""
_READ = [Column("nid", int), Column("type", int)]
_OMITTED_AS_OF = f"""
SELECT a.nid, a.type, count(DISTINCT CASE WHEN {_SHOWN} THEN a.other END) AS shown, count(DISTINCT a.other) AS total
FROM json_each(:wanted) wanted CROSS JOIN adjacency a ON a.nid = wanted.value
WHERE a.other <> a.nid AND {THERE} AND {OF_TYPES} GROUP BY a.nid, a.type HAVING shown < total
"""
_OF_HUBS = """
SELECT h.nid, h.type, h.label, h.edges, h.neighbours FROM json_each(:wanted) wanted CROSS JOIN hub h ON h.nid = wanted.value
"""
_DEGREES = f"""
SELECT a.nid, a.type, a.triple, a.outgoing, count(*) FROM json_each(:wanted) wanted CROSS JOIN adjacency a ON a.nid = wanted.value
WHERE {THERE} GROUP BY a.nid, a.type, a.triple, a.outgoing
"""
_DEGREE_UP_TO = f"SELECT count(*) FROM (SELECT 1 FROM adjacency a WHERE a.nid = :nid AND {THERE} LIMIT :most)"


def omissions(scope: Scope, among: Mapping[int, Row], links: Iterable[Link]) -> list[Omission]:
    """One per node and type of which fewer neighbours are `among` the shown than there are; `links` are the edges shown. In the order of the nodes,
    and for each in that of the schema."""
    places = _Places(scope, among)
    found = _omissions(scope, among, links, places) if scope.as_of is None else _omissions_as_of(scope, among, places)
    found.extend((places.of(nid, type), shown, total) for nid, type, shown, total in drawn.omissions(scope, among))
    found.sort()
    node_ids = [row.node_id for row in among.values()]
    names, kinds = places.names, places.kinds
    return [Omission(node_ids[at // kinds], names[at % kinds], shown, total) for at, shown, total in found]


class _Places:
    """One number for a node and a type, which rises as omissions are told."""

    def __init__(self, scope: Scope, among: Mapping[int, Row]) -> None:
        self.rank = scope.names.type_rank
        self.kinds = len(self.rank)
        self.names = [scope.names.type_of[type] for type in sorted(self.rank, key=self.rank.__getitem__)]
        self.first = {nid: i * self.kinds for i, nid in enumerate(among)}

    def of(self, nid: int, type: int) -> int:
        return self.first[nid] + self.rank[type]


def _omissions(
    scope: Scope, among: Mapping[int, Row], links: Iterable[Link], places: _Places
) -> list[tuple[int, int, int]]:
    """(place, shown, total). Neighbours that are shown are the ends of the links that are shown, so only how many there are is read."""
    first, rank = places.first, places.rank
    neighbours: set[tuple[int, int]] = set()
    for type, start, end, *_ in links:
        if start != end:
            neighbours.add((first[start] + rank[type], end))
            neighbours.add((first[end] + rank[type], start))
    shown = Counter(map(itemgetter(0), neighbours))
    crowded = {nid for nid, row in among.items() if scope.is_crowded(row)}
    totals = [(places.of(nid, type), total) for (nid, type), total in _neighbours_of_hubs(scope, crowded).items()]
    totals += _neighbours(scope, [nid for nid in among if nid not in crowded], places)
    return [(at, shown[at], total) for at, total in totals if shown[at] < total]


def _omissions_as_of(scope: Scope, among: Mapping[int, Row], places: _Places) -> list[tuple[int, int, int]]:
    wanted = as_json(among)
    found = scope.query(_OMITTED_AS_OF, wanted=wanted, among=wanted)
    return [(places.of(nid, type), shown, total) for nid, type, shown, total in found]


def _neighbours(scope: Scope, nids: Sequence[int], places: _Places) -> Iterable[tuple[int, int]]:
    """(place, how many neighbours). Rows come as columns and are counted here: SQLite would sort them first, which takes six times as long."""
    nid, type = scope.columns(_NEIGHBOURS, _READ, wanted=as_json(nids))
    first, rank, kinds = places.first, places.rank, max(places.rank) + 1
    found, counts = np.unique(nid * kinds + type, return_counts=True)
    return [
        (first[one // kinds] + rank[one % kinds], count)
        for one, count in zip(found.tolist(), counts.tolist(), strict=True)
    ]


def _neighbours_of_hubs(scope: Scope, hubs: Iterable[int]) -> Counter[tuple[int, int]]:
    """The same, as the table of hubs keeps it."""
    found: Counter[tuple[int, int]] = Counter()
    for nid, type, _, _, neighbours in scope.query(_OF_HUBS, wanted=as_json(hubs)):
        if scope.includes(type):
            found[nid, type] += neighbours
    return found


def sizes_of_hubs(scope: Scope, hubs: Iterable[int]) -> Counter[tuple[int, int]]:
    """(nid, type) → how many relationships, for the types of the scope."""
    sizes: Counter[tuple[int, int]] = Counter()
    for nid, type, _, edges, _ in scope.query(_OF_HUBS, wanted=as_json(hubs)):
        if scope.includes(type):
            sizes[nid, type] += edges
    return sizes


def degrees(scope: Scope, among: Iterable[Row]) -> dict[int, Counter[tuple[int, int]]]:
    """nid → (type, neighbour label) → how many relationships, of every type."""
    result: dict[int, Counter[tuple[int, int]]] = {}
    hubs: list[int] = []
    others: list[int] = []
    for row in among:
        result[row.nid] = Counter()
        (hubs if scope.as_of is None and scope.is_crowded(row) else others).append(row.nid)
    for nid, type, label, edges, _ in scope.query(_OF_HUBS, wanted=as_json(hubs)):
        result[nid][type, label] += edges
    for nid, type, triple, outgoing, edges in scope.query(_DEGREES, wanted=as_json(others)):
        result[nid][type, scope.names.far_label(triple, outgoing)] += edges
    for nid, type, triple, outgoing, edges in drawn.degrees(scope, result):
        result[nid][type, scope.names.far_label(triple, outgoing)] += edges
    return result


def exceeding(scope: Scope, among: Sequence[Row], most: int) -> set[int]:
    """The nids of those that have more than `most` relationships."""
    by_hand = drawn.totals(scope, (row.nid for row in among))
    found = set()
    for row in among:
        rest = most - by_hand.get(row.nid, 0)  # how many others it may have
        if row.degree > rest and (scope.as_of is None or rest < 0 or _exceeds_as_of(scope, row.nid, rest)):
            found.add(row.nid)
    return found


def _exceeds_as_of(scope: Scope, nid: int, most: int) -> bool:
    return int(scope.query(_DEGREE_UP_TO, nid=nid, most=most + 1).fetchone()[0]) > most
