"""Links drawn by hand, read beside the other relationships. They lie in a small table of their own, `drawn`, because they end: only there is it
asked whether a link is in force, and the counts that are kept of nodes (`node.degree`, `hub`) leave them out and are added to here.

Each function answers at once where the scope sees no such link, which is nearly always.
"""

from collections.abc import Iterable

from graph_model.stores.sqlite.scope import OF_TYPES, SEEN, THERE, Scope, as_json

_IN_FORCE = f"{THERE} AND a.ended_at > :moment"
_FROM = "FROM json_each(:wanted) wanted CROSS JOIN drawn a ON a.nid = wanted.value"
_SHOWN = "a.other IN (SELECT value FROM json_each(:among))"
_NEIGHBOURS = f"""
SELECT a.nid, a.type, a.other, max({SEEN}) {_FROM}
WHERE a.other <> a.nid AND {_IN_FORCE} AND {OF_TYPES} GROUP BY a.nid, a.type, a.other
"""
_LINKS = f"""
SELECT a.type, a.nid, a.other, a.qualifier, a.first_seen, {SEEN}, a.recorded_at, a.source, a.properties {_FROM}
WHERE a.outgoing AND {_SHOWN} AND {_IN_FORCE} AND {OF_TYPES}
"""
_OMITTED = f"""
SELECT a.nid, a.type, count(DISTINCT CASE WHEN {_SHOWN} THEN a.other END) AS shown, count(DISTINCT a.other) AS total {_FROM}
WHERE a.other <> a.nid AND {_IN_FORCE} AND {OF_TYPES} GROUP BY a.nid, a.type HAVING shown < total
"""
_DEGREES = f"""
SELECT a.nid, a.type, a.triple, a.outgoing, count(*) {_FROM} WHERE {_IN_FORCE} GROUP BY a.nid, a.type, a.triple, a.outgoing
"""
_TOTALS = f"SELECT a.nid, count(*) {_FROM} WHERE {_IN_FORCE} GROUP BY a.nid"


def neighbours(scope: Scope, nids: Iterable[int]) -> list[tuple[int, int, int, int]]:
    """(node, type, neighbour, moment it was last seen beside the node)."""
    return scope.query(_NEIGHBOURS, wanted=as_json(nids)).fetchall() if scope.sees_drawn else []


def links(scope: Scope, among: Iterable[int]) -> Iterable[tuple[int | str | None, ...]]:
    """Those with both ends `among`, as `hydration.Link` has them."""
    if not scope.sees_drawn:
        return ()
    wanted = as_json(among)
    return scope.query(_LINKS, wanted=wanted, among=wanted)


def omissions(scope: Scope, among: Iterable[int]) -> list[tuple[int, int, int, int]]:
    """(node, type, shown, total) where fewer neighbours are `among` the shown than there are."""
    if not scope.sees_drawn:
        return []
    wanted = as_json(among)
    return scope.query(_OMITTED, wanted=wanted, among=wanted).fetchall()


def degrees(scope: Scope, nids: Iterable[int]) -> Iterable[tuple[int, int, int, int, int]]:
    """(node, type, triple, outgoing, how many)."""
    return scope.query(_DEGREES, wanted=as_json(nids)) if scope.sees_drawn else ()


def totals(scope: Scope, nids: Iterable[int]) -> dict[int, int]:
    """How many each node has, where it has any."""
    return dict(scope.query(_TOTALS, wanted=as_json(nids))) if scope.sees_drawn else {}
