"""Every edge among a set of nodes, without reading the relationships of hubs.

An edge is found at its start where that is no hub, else at its end; one between two hubs by the type of which one of them has few,
or pair by pair where both have many.
"""

# ruff: noqa: S608 - statements are made of fixed fragments and names of the schema; values are always parameters

from collections.abc import Iterable, Mapping
from typing import Any

from graph_model.stores.sqlite import drawn
from graph_model.stores.sqlite.counting import sizes_of_hubs
from graph_model.stores.sqlite.hydration import Link, Row
from graph_model.stores.sqlite.scope import OF_TYPES, SEEN, THERE, Scope, as_json

_SOURCE = "(SELECT s.name FROM source s WHERE s.code = a.source_code)"
# As `Link` has them.
_COLUMNS = f"""
a.type, CASE WHEN a.outgoing THEN a.nid ELSE a.other END, CASE WHEN a.outgoing THEN a.other ELSE a.nid END,
a.qualifier, a.first_seen, {SEEN}, a.recorded_at, {_SOURCE}, a.properties
"""
_AMONG = f"""
SELECT {_COLUMNS} FROM json_each(:wanted) wanted CROSS JOIN adjacency a ON a.nid = wanted.value
WHERE {THERE} AND {OF_TYPES} AND a.other IN (SELECT value FROM json_each(:among))
AND (a.outgoing OR a.other IN (SELECT value FROM json_each(:hubs)))
"""
_OF_TYPE = f"""
SELECT {_COLUMNS} FROM adjacency a
WHERE a.nid = :nid AND a.type = :type AND {THERE} AND a.other IN (SELECT value FROM json_each(:among))
"""
_OF_PAIR = f"""
SELECT :type, a.start, a.finish, a.qualifier, a.first_seen, {SEEN}, a.recorded_at, {_SOURCE}, a.properties FROM edge a
WHERE a.triple = :triple AND a.start = :start AND a.finish = :end AND {THERE}
"""


def links(scope: Scope, among: Mapping[int, Row]) -> list[Link]:
    """Every edge of the scope with both ends in `among`."""
    hubs = {nid: row for nid, row in among.items() if scope.is_crowded(row)}
    others = as_json(nid for nid in among if nid not in hubs)
    found = list(map(Link._make, scope.query(_AMONG, wanted=others, among=as_json(among), hubs=as_json(hubs))))
    if len(hubs) > 0:
        found.extend(_between_hubs(scope, hubs))
    found.extend(map(Link._make, drawn.links(scope, among)))
    return found


def _between_hubs(scope: Scope, hubs: Mapping[int, Row]) -> Iterable[Link]:
    """Each once, though one of few relationships is found at either end."""
    found: dict[tuple[int, int, int, str], Link] = {}

    def collect(rows: Iterable[tuple[Any, ...]]) -> None:
        for link in map(Link._make, rows):
            found[link.type, link.start, link.end, link.qualifier] = link

    crowded: dict[int, list[Row]] = {}
    for (nid, type), size in sizes_of_hubs(scope, hubs).items():
        if size > scope.names.hub_degree:
            crowded.setdefault(type, []).append(hubs[nid])
        else:
            collect(scope.query(_OF_TYPE, nid=nid, type=type, among=as_json(hubs)))
    for type, many in crowded.items():
        for start in many:
            for end in many:
                triple = scope.names.by_codes.get((start.label, type, end.label))
                if triple is not None:
                    collect(scope.query(_OF_PAIR, type=type, triple=triple.code, start=start.nid, end=end.nid))
    return found.values()
