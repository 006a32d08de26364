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

_COLUMNS = f"""
a.triple, a.nid, a.other, a.outgoing, a.qualifier, a.first_seen, {SEEN}, a.recorded_at, e.source, e.properties
"""
_EDGE = """
CROSS JOIN edge e ON e.triple = a.triple AND e.start = CASE WHEN a.outgoing THEN a.nid ELSE a.other END
AND e.finish = CASE WHEN a.outgoing THEN a.other ELSE a.nid END AND e.qualifier = a.qualifier
"""
_AMONG = f"""
SELECT {_COLUMNS} FROM json_each(:wanted) wanted CROSS JOIN adjacency a ON a.nid = wanted.value {_EDGE}
WHERE {THERE} AND {OF_TYPES} AND a.other IN (SELECT value FROM json_each(:among))
AND (a.outgoing OR a.other IN (SELECT value FROM json_each(:hubs)))
"""
_OF_TYPE = f"""
SELECT {_COLUMNS} FROM adjacency a {_EDGE}
WHERE a.nid = :nid AND a.type = :type AND {THERE} AND a.other IN (SELECT value FROM json_each(:among))
"""
_OF_PAIR = f"""
SELECT a.triple, a.start, a.finish, 1, a.qualifier, a.first_seen, {SEEN}, a.recorded_at, a.source, a.properties FROM edge a
WHERE a.triple = :triple AND a.start = :start AND a.finish = :end AND {THERE}
"""

_Found = dict[tuple[int, int, int, str], Link]


def links(scope: Scope, among: Mapping[int, Row]) -> list[Link]:
    """Every edge of the scope with both ends in `among`."""
    found: _Found = {}
    hubs = {nid: row for nid, row in among.items() if scope.is_crowded(row)}
    others = as_json(nid for nid in among if nid not in hubs)
    _collect(scope, found, scope.query(_AMONG, wanted=others, among=as_json(among), hubs=as_json(hubs)))
    if len(hubs) > 0:
        _between_hubs(scope, found, hubs)
    _collect(scope, found, drawn.links(scope, among))
    return list(found.values())


def _collect(scope: Scope, found: _Found, rows: Iterable[tuple[Any, ...]]) -> None:
    by_code = scope.names.by_code
    for triple, nid, other, outgoing, qualifier, *rest in rows:
        start, end = (nid, other) if outgoing else (other, nid)
        found[triple, start, end, qualifier] = Link(by_code[triple].type, start, end, qualifier, *rest)


def _between_hubs(scope: Scope, found: _Found, hubs: Mapping[int, Row]) -> None:
    crowded: dict[int, list[Row]] = {}
    for (nid, type), size in sizes_of_hubs(scope, hubs).items():
        if size > scope.names.hub_degree:
            crowded.setdefault(type, []).append(hubs[nid])
        else:
            _collect(scope, found, scope.query(_OF_TYPE, nid=nid, type=type, among=as_json(hubs)))
    for type, many in crowded.items():
        for start in many:
            for end in many:
                triple = scope.names.by_codes.get((start.label, type, end.label))
                if triple is not None:
                    _collect(scope, found, scope.query(_OF_PAIR, triple=triple.code, start=start.nid, end=end.nid))
