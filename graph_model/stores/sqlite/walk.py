"""Steps of a walk: the neighbours of a set of nodes, the most recently seen first. A hub is never read whole.

A node of few relationships is read whole, many nodes in one query; of another the rows are read one by one, type by type, until the cap is met.
"""

# ruff: noqa: S608 - statements are made of fixed fragments and names of the schema; values are always parameters

from collections.abc import Iterable, Iterator, Mapping, Sequence

from graph_model.stores.sqlite import drawn
from graph_model.stores.sqlite.hydration import Row, rows
from graph_model.stores.sqlite.scope import OF_TYPES, SEEN, THERE, Scope, as_json

_ALL = f"""
SELECT a.other, max({SEEN}) FROM json_each(:wanted) wanted CROSS JOIN adjacency a ON a.nid = wanted.value
WHERE {THERE} AND {OF_TYPES} GROUP BY a.other
"""
_PAIRS = f"""
SELECT DISTINCT a.nid, a.other FROM json_each(:wanted) wanted CROSS JOIN adjacency a ON a.nid = wanted.value
WHERE a.other <> a.nid AND {THERE} AND {OF_TYPES}
"""
_NEWEST = """
SELECT a.other, a.last_seen FROM adjacency a WHERE a.nid = :nid AND a.type = :type AND a.other <> a.nid ORDER BY a.last_seen DESC
"""
_NEWEST_AS_OF = f"""
SELECT a.other, {SEEN} AS seen FROM adjacency a
WHERE a.nid = :nid AND a.type = :type AND a.other <> a.nid AND {THERE} ORDER BY seen DESC
"""


def all_neighbours(scope: Scope, frontier: Iterable[int]) -> dict[int, int]:
    """Every neighbour of these nodes, with the moment it was last seen beside one of them."""
    nids = list(frontier)
    found = dict(scope.query(_ALL, wanted=as_json(nids)).fetchall())
    for _, _, other, seen in drawn.neighbours(scope, nids):
        found[other] = max(seen, found.get(other, seen))
    return found


def pairs(scope: Scope, frontier: Iterable[int]) -> list[tuple[int, int]]:
    """(node, neighbour) for every neighbour of these nodes; one that is a neighbour in two ways may come twice."""
    nids = list(frontier)
    found = scope.query(_PAIRS, wanted=as_json(nids)).fetchall()
    found.extend((nid, other) for nid, _, other, _ in drawn.neighbours(scope, nids))
    return found


def newest_neighbours(scope: Scope, frontier: Sequence[Row], cap: int) -> dict[int, int]:
    """Of each node and type the `cap` most recently seen neighbours, with the moment each was last seen beside one of these nodes."""
    few = as_json(row.nid for row in frontier if row.degree <= cap)
    found = dict(scope.query(_ALL, wanted=few).fetchall())
    for other, seen in _newest_drawn(scope, frontier, cap):
        found[other] = max(seen, found.get(other, seen))
    for row in frontier:
        if row.degree > cap:
            for type in scope.types_at(row):
                for other, seen in _newest(scope, row.nid, type, cap).items():
                    found[other] = max(seen, found.get(other, seen))
    return found


def _newest_drawn(scope: Scope, frontier: Sequence[Row], cap: int) -> Iterator[tuple[int, int]]:
    by_node: dict[tuple[int, int], dict[int, int]] = {}
    for nid, type, other, seen in drawn.neighbours(scope, (row.nid for row in frontier)):
        by_node.setdefault((nid, type), {})[other] = seen
    for found in by_node.values():
        kept = found if len(found) <= cap else {row.nid: found[row.nid] for row in first(scope, found, cap)}
        yield from kept.items()


def _newest(scope: Scope, nid: int, type: int, cap: int) -> dict[int, int]:
    found: dict[int, int] = {}
    boundary = None
    cursor = scope.query(_NEWEST if scope.as_of is None else _NEWEST_AS_OF, nid=nid, type=type)
    for other, seen in cursor:
        if boundary is not None and seen < boundary:
            break
        if other not in found:
            found[other] = seen
            if len(found) == cap:
                boundary = seen  # those seen at that very moment are read too: label and key decide among them
    cursor.close()
    if len(found) <= cap:
        return found
    return {row.nid: found[row.nid] for row in first(scope, found, cap)}


def first(scope: Scope, seen: Mapping[int, int], limit: int) -> list[Row]:
    """The first `limit` nodes by moment falling, then label and key."""
    wanted: Iterable[int] = seen
    if len(seen) > limit:
        boundary = sorted(seen.values(), reverse=True)[limit - 1]
        wanted = [nid for nid, moment in seen.items() if moment >= boundary]
    label_of = scope.names.label_of
    ordered = [
        (-seen[nid], label_of[row.label], row.key, row)
        for nid, row in rows(scope.connection, wanted, scope.as_of).items()
    ]
    ordered.sort(key=lambda item: item[:3])
    return [row for _, _, _, row in ordered[:limit]]
