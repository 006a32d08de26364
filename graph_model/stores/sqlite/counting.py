"""Counts around nodes: degrees, and what an answer leaves out. Hubs have theirs kept in the table `hub`; as of a moment they are counted."""

# ruff: noqa: S608 - statements are made of fixed fragments and names of the schema; values are always parameters

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from graph_model.records import Omission
from graph_model.stores.sqlite import drawn
from graph_model.stores.sqlite.hydration import Link, Row
from graph_model.stores.sqlite.scope import OF_TYPES, THERE, Scope, as_json

_SHOWN = "a.other IN (SELECT value FROM json_each(:among))"
_OMITTED = f"""
SELECT a.nid, a.type, sum((1 - a.again) * ({_SHOWN})) AS shown, sum(1 - a.again) AS total
FROM json_each(:wanted) wanted CROSS JOIN adjacency a ON a.nid = wanted.value
WHERE {OF_TYPES} GROUP BY a.nid, a.type HAVING shown < total
"""
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
    by_table = {nid for nid, row in among.items() if scope.as_of is None and scope.is_crowded(row)}
    found = _omissions_of_hubs(scope, by_table, links)
    text = _OMITTED if scope.as_of is None else _OMITTED_AS_OF
    wanted = as_json(nid for nid in among if nid not in by_table)
    found.extend(scope.query(text, wanted=wanted, among=as_json(among)).fetchall())
    found.extend(drawn.omissions(scope, among))
    place = {nid: i for i, nid in enumerate(among)}
    rank = scope.names.type_rank
    found.sort(key=lambda item: (place[item[0]], rank[item[1]]))
    type_of = scope.names.type_of
    return [Omission(among[nid].node_id, type_of[type], shown, total) for nid, type, shown, total in found]


def _omissions_of_hubs(scope: Scope, hubs: set[int], links: Iterable[Link]) -> list[tuple[int, int, int, int]]:
    if len(hubs) == 0:
        return []
    totals: Counter[tuple[int, int]] = Counter()
    for nid, type, _, _, neighbours in scope.query(_OF_HUBS, wanted=as_json(hubs)):
        if scope.includes(type):
            totals[nid, type] += neighbours
    shown: dict[tuple[int, int], set[int]] = {}
    for link in links:
        for one, other in ((link.start, link.end), (link.end, link.start)):
            if one in hubs and one != other:
                shown.setdefault((one, link.type), set()).add(other)
    counted = ((nid, type, len(shown.get((nid, type), ())), total) for (nid, type), total in totals.items())
    return [omitted for omitted in counted if omitted[2] < omitted[3]]


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
