"""Counts around nodes: degrees, and what an answer leaves out. Hubs have theirs kept in the table `hub`; as of a moment they are counted."""

# ruff: noqa: S608 - statements are made of fixed fragments and names of the schema; values are always parameters

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

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
    """One per node and type of which fewer neighbours are `among` the shown than there are; `links` are the edges shown."""
    found = _omissions(scope, among, links) if scope.as_of is None else _omissions_as_of(scope, among)
    found.extend(drawn.omissions(scope, among))
    place = {nid: i for i, nid in enumerate(among)}
    rank = scope.names.type_rank
    found.sort(key=lambda item: (place[item[0]], rank[item[1]]))
    type_of = scope.names.type_of
    return [Omission(among[nid].node_id, type_of[type], shown, total) for nid, type, shown, total in found]


def _omissions(scope: Scope, among: Mapping[int, Row], links: Iterable[Link]) -> list[tuple[int, int, int, int]]:
    """Neighbours that are shown are the ends of the links that are shown, so only how many there are is read."""
    crowded = {nid for nid, row in among.items() if scope.is_crowded(row)}
    totals = _neighbours_of_hubs(scope, crowded)
    totals.update(_neighbours(scope, (nid for nid in among if nid not in crowded)))
    shown: dict[tuple[int, int], set[int]] = {}
    for link in links:
        if link.start != link.end:
            shown.setdefault((link.start, link.type), set()).add(link.end)
            shown.setdefault((link.end, link.type), set()).add(link.start)
    counted = ((nid, type, len(shown.get((nid, type), ())), total) for (nid, type), total in totals.items())
    return [omitted for omitted in counted if omitted[2] < omitted[3]]


def _omissions_as_of(scope: Scope, among: Mapping[int, Row]) -> list[tuple[int, int, int, int]]:
    wanted = as_json(among)
    return scope.query(_OMITTED_AS_OF, wanted=wanted, among=wanted).fetchall()


def _neighbours(scope: Scope, nids: Iterable[int]) -> dict[tuple[int, int], int]:
    """(nid, type) → how many neighbours. Rows come as columns and are counted here: SQLite would sort them first, which takes six times as long."""
    nid, type = scope.columns(_NEIGHBOURS, _READ, wanted=as_json(nids))
    kinds = max(scope.names.type_of) + 1
    places, counts = np.unique(nid * kinds + type, return_counts=True)
    return {divmod(place, kinds): count for place, count in zip(places.tolist(), counts.tolist(), strict=True)}


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
