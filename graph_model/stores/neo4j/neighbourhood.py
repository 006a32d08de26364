"""Subgraphs around a node or among given nodes: neighbourhood, component and induced. All are steps of a `Walk`."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from graph_model.errors import InvalidRequest, NotFound
from graph_model.records import Edge, Node, Omission, Subgraph
from graph_model.store import MAX_CAP, MAX_HOPS, MAX_LIMIT
from graph_model.stores.neo4j.around import Around
from graph_model.stores.neo4j.hydration import Link, Row, edges, nodes, rows_by_id
from graph_model.stores.neo4j.names import TYPE_RANK
from graph_model.stores.neo4j.walk import Walk


def check_bounds(*, hops: int = 1, cap: int = 1, limit: int = 1) -> None:
    for name, value, most in (("hops", hops, MAX_HOPS), ("cap", cap, MAX_CAP), ("limit", limit, MAX_LIMIT)):
        if not 1 <= value <= most:
            raise InvalidRequest(f"{name} is {value}. Give a number from 1 to {most}.")


def require(walk: Walk, node_id: str) -> Row:
    found = rows_by_id(walk.transaction, [node_id], walk.as_of)
    if len(found) == 0:
        raise _not_there(walk, node_id)
    return next(iter(found.values()))


def _not_there(walk: Walk, node_id: str) -> NotFound:
    moment = "" if walk.as_of is None else " as of that moment"
    return NotFound(f"There is no node {node_id}{moment}. Search for it again.")


def neighbourhood(walk: Walk, node_id: str, *, hops: int, cap: int, limit: int) -> Subgraph:
    around = Around(walk, hops=hops, cap=cap, limit=limit)
    if not around.begin(node_id):
        raise _not_there(walk, node_id)
    around.walk()
    links, totals = around.end()
    return _subgraph(walk, around.among, around.distance, links, totals)


def component(walk: Walk, node_id: str, *, limit: int, hub: int) -> Subgraph:
    """The subject is passed through even where it is a hub: it is what was asked for."""
    subject = require(walk, node_id)
    among, distance, frontier, hop = {subject.nid: subject}, {subject.nid: 0}, [subject], 0
    while len(frontier) > 0 and len(among) < limit:
        hop += 1
        passable = [row.nid for row in frontier if row is subject or not walk.is_hub(row, hub)]
        frontier = _add(walk, among, distance, walk.all_neighbours(passable), hop, limit)
    return _subgraph(walk, among, distance, walk.links(among), walk.totals(among.values()))


def induced(walk: Walk, node_ids: Sequence[str]) -> Subgraph:
    if len(node_ids) > MAX_LIMIT:
        raise InvalidRequest(f"{len(node_ids)} nodes were asked for. Ask for at most {MAX_LIMIT}.")
    among = rows_by_id(walk.transaction, node_ids, walk.as_of)
    return Subgraph(_shown_nodes(walk, among), _shown_edges(among, walk.links(among)))


def _add(
    walk: Walk, among: dict[int, Row], distance: dict[int, int], seen: Mapping[int, int], hop: int, limit: int
) -> list[Row]:
    """Add the nodes of one more hop, as many as fit, and return them."""
    fresh = {nid: moment for nid, moment in seen.items() if nid not in among}
    added = walk.first(fresh, limit - len(among))
    for row in added:
        among[row.nid] = row
        distance[row.nid] = hop
    return added


def _subgraph(
    walk: Walk,
    among: Mapping[int, Row],
    distance: Mapping[int, int],
    links: Sequence[Link],
    totals: Mapping[tuple[int, str], int],
) -> Subgraph:
    return Subgraph(
        nodes=_shown_nodes(walk, among),
        edges=_shown_edges(among, links),
        hops={among[nid].node_id: hop for nid, hop in distance.items()},
        omissions=_omissions(among, links, totals),
    )


def _shown_nodes(walk: Walk, among: Mapping[int, Row]) -> Sequence[Node]:
    return nodes(walk.transaction, list(among.values()), walk.as_of)


def _shown_edges(among: Mapping[int, Row], links: Iterable[Link]) -> Sequence[Edge]:
    """By type in schema order, then by the places of start and end among the nodes, then by qualifier."""
    place = {nid: i for i, nid in enumerate(among)}
    ordered = sorted(links, key=lambda k: (TYPE_RANK[k.type], place[k.start], place[k.end], k.qualifier))
    return edges(ordered, among)


def _omissions(
    among: Mapping[int, Row], links: Iterable[Link], totals: Mapping[tuple[int, str], int]
) -> list[Omission]:
    shown: defaultdict[tuple[int, str], set[int]] = defaultdict(set)
    for type, start, end, *_ in links:
        if start != end:
            shown[start, type].add(end)
            shown[end, type].add(start)
    place = {nid: i for i, nid in enumerate(among)}
    left_out = [pair for pair, total in totals.items() if total > len(shown[pair])]
    left_out.sort(key=lambda pair: (place[pair[0]], TYPE_RANK[pair[1]]))
    return [Omission(among[nid].node_id, type, len(shown[nid, type]), totals[nid, type]) for nid, type in left_out]
