"""Subgraphs around a node or among given nodes: neighbourhood, component and induced. All are steps of a `Walk`."""

from collections.abc import Iterable, Mapping, Sequence

from graph_model.errors import InvalidRequest, NotFound
from graph_model.records import Edge, Node, Omission, Subgraph
from graph_model.store import MAX_CAP, MAX_HOPS, MAX_LIMIT
from graph_model.stores.sqlite.hydration import Link, Row, edges, nodes, row_by_id, rows
from graph_model.stores.sqlite.walk import Walk


def check_bounds(*, hops: int = 1, cap: int = 1, limit: int = 1) -> None:
    for name, value, most in (("hops", hops, MAX_HOPS), ("cap", cap, MAX_CAP), ("limit", limit, MAX_LIMIT)):
        if not 1 <= value <= most:
            raise InvalidRequest(f"{name} is {value}. Give a number from 1 to {most}.")


def require(walk: Walk, node_id: str) -> Row:
    row = row_by_id(walk.connection, node_id, walk.as_of)
    if row is None:
        moment = "" if walk.as_of is None else " as of that moment"
        raise NotFound(f"There is no node {node_id}{moment}. Search for it again.")
    return row


def neighbourhood(walk: Walk, node_id: str, *, hops: int, cap: int, limit: int) -> Subgraph:
    subject = require(walk, node_id)
    distance = {subject.nid: 0}
    among = {subject.nid: subject}
    frontier = [subject]
    for hop in range(1, hops + 1):
        if len(frontier) == 0 or len(among) >= limit:
            break
        frontier = _add(walk, among, distance, walk.neighbours(frontier, cap), hop, limit)
    return _subgraph(walk, among, distance)


def component(walk: Walk, node_id: str, *, limit: int, hub: int) -> Subgraph:
    """The subject is passed through even where it is a hub: it is what was asked for."""
    subject = require(walk, node_id)
    distance = {subject.nid: 0}
    among = {subject.nid: subject}
    frontier, hop = [subject], 0
    while len(frontier) > 0 and len(among) < limit:
        hop += 1
        passable = [row.nid for row in frontier if row is subject or not walk.is_hub(row, hub)]
        frontier = _add(walk, among, distance, walk.all_neighbours(passable), hop, limit)
    return _subgraph(walk, among, distance)


def induced(walk: Walk, node_ids: Sequence[str]) -> Subgraph:
    if len(node_ids) > MAX_LIMIT:
        raise InvalidRequest(f"{len(node_ids)} nodes were asked for. Ask for at most {MAX_LIMIT}.")
    among = rows_by_id(walk, node_ids)
    links = walk.links(among)
    return Subgraph(_shown_nodes(walk, among), _shown_edges(walk, among, links))


def rows_by_id(walk: Walk, node_ids: Sequence[str]) -> dict[int, Row]:
    """The rows of these nodes in the order asked, each once, unknown ones left out."""
    nids = walk.nids(node_ids)
    found = rows(walk.connection, nids.values(), walk.as_of)
    return {nid: found[nid] for node_id in dict.fromkeys(node_ids) if (nid := nids.get(node_id)) in found}


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


def _subgraph(walk: Walk, among: Mapping[int, Row], distance: Mapping[int, int]) -> Subgraph:
    links = walk.links(among)
    return Subgraph(
        nodes=_shown_nodes(walk, among),
        edges=_shown_edges(walk, among, links),
        hops={among[nid].node_id: hop for nid, hop in distance.items()},
        omissions=_omissions(walk, among, links),
    )


def _shown_nodes(walk: Walk, among: Mapping[int, Row]) -> Sequence[Node]:
    return nodes(walk.connection, walk.names, list(among.values()), walk.as_of)


def _shown_edges(walk: Walk, among: Mapping[int, Row], links: Iterable[Link]) -> Sequence[Edge]:
    """By type in schema order, then by the places of start and end among the nodes, then by qualifier."""
    place = {nid: i for i, nid in enumerate(among)}
    rank = walk.names.type_rank
    ordered = sorted(links, key=lambda link: (rank[link.type], place[link.start], place[link.end], link.qualifier))
    return edges(walk.connection, walk.names, ordered, among)


def _omissions(walk: Walk, among: Mapping[int, Row], links: Iterable[Link]) -> list[Omission]:
    shown: dict[tuple[int, int], set[int]] = {}
    for link in links:
        if link.start != link.end:
            shown.setdefault((link.start, link.type), set()).add(link.end)
            shown.setdefault((link.end, link.type), set()).add(link.start)
    place = {nid: i for i, nid in enumerate(among)}
    rank = walk.names.type_rank
    totals = walk.totals(among.values())
    return [
        Omission(among[nid].node_id, walk.names.type_of[type], visible, total)
        for (nid, type), total in sorted(totals.items(), key=lambda item: (place[item[0][0]], rank[item[0][1]]))
        if total > (visible := len(shown.get((nid, type), ())))
    ]
