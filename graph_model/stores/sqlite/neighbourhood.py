"""Subgraphs around a node or among given nodes: neighbourhood, component and induced. All are steps of a walk."""

from collections.abc import Iterable, Mapping, Sequence

from graph_model.errors import InvalidRequest, NotFound
from graph_model.records import Edge, Node, Subgraph
from graph_model.store import MAX_CAP, MAX_HOPS, MAX_LIMIT
from graph_model.stores.sqlite.counting import exceeding, omissions
from graph_model.stores.sqlite.hydration import Link, Row, edges, nids_of, nodes, row_by_id, rows
from graph_model.stores.sqlite.linking import links
from graph_model.stores.sqlite.scope import Scope
from graph_model.stores.sqlite.walk import all_neighbours, first, newest_neighbours


def check_bounds(*, hops: int = 1, cap: int = 1, limit: int = 1) -> None:
    for name, value, most in (("hops", hops, MAX_HOPS), ("cap", cap, MAX_CAP), ("limit", limit, MAX_LIMIT)):
        if not 1 <= value <= most:
            raise InvalidRequest(f"{name} is {value}. Give a number from 1 to {most}.")


def require(scope: Scope, node_id: str) -> Row:
    row = row_by_id(scope.connection, node_id, scope.as_of)
    if row is None:
        moment = "" if scope.as_of is None else " as of that moment"
        raise NotFound(f"There is no node {node_id}{moment}. Search for it again.")
    return row


def neighbourhood(scope: Scope, node_id: str, *, hops: int, cap: int, limit: int) -> Subgraph:
    subject = require(scope, node_id)
    distance = {subject.nid: 0}
    among = {subject.nid: subject}
    frontier = [subject]
    for hop in range(1, hops + 1):
        if len(frontier) == 0 or len(among) >= limit:
            break
        frontier = _add(scope, among, distance, newest_neighbours(scope, frontier, cap), hop, limit)
    return _subgraph(scope, among, distance)


def component(scope: Scope, node_id: str, *, limit: int, hub: int) -> Subgraph:
    """The subject is passed through even where it is a hub: it is what was asked for."""
    subject = require(scope, node_id)
    distance = {subject.nid: 0}
    among = {subject.nid: subject}
    frontier, hop = [subject], 0
    while len(frontier) > 0 and len(among) < limit:
        hop += 1
        hubs = exceeding(scope, frontier, hub) - {subject.nid}
        passable = [row.nid for row in frontier if row.nid not in hubs]
        frontier = _add(scope, among, distance, all_neighbours(scope, passable), hop, limit)
    return _subgraph(scope, among, distance)


def induced(scope: Scope, node_ids: Sequence[str]) -> Subgraph:
    if len(node_ids) > MAX_LIMIT:
        raise InvalidRequest(f"{len(node_ids)} nodes were asked for. Ask for at most {MAX_LIMIT}.")
    among = rows_by_id(scope, node_ids)
    shown = links(scope, among)
    return Subgraph(_shown_nodes(scope, among), _shown_edges(scope, among, shown))


def rows_by_id(scope: Scope, node_ids: Sequence[str]) -> dict[int, Row]:
    """The rows of these nodes in the order asked, each once, unknown ones left out."""
    nids = nids_of(scope.connection, node_ids)
    found = rows(scope.connection, nids.values(), scope.as_of)
    return {nid: found[nid] for node_id in dict.fromkeys(node_ids) if (nid := nids.get(node_id)) in found}


def _add(
    scope: Scope, among: dict[int, Row], distance: dict[int, int], seen: Mapping[int, int], hop: int, limit: int
) -> list[Row]:
    """Add the nodes of one more hop, as many as fit, and return them."""
    fresh = {nid: moment for nid, moment in seen.items() if nid not in among}
    added = first(scope, fresh, limit - len(among))
    for row in added:
        among[row.nid] = row
        distance[row.nid] = hop
    return added


def _subgraph(scope: Scope, among: Mapping[int, Row], distance: Mapping[int, int]) -> Subgraph:
    shown = links(scope, among)
    return Subgraph(
        nodes=_shown_nodes(scope, among),
        edges=_shown_edges(scope, among, shown),
        hops={among[nid].node_id: hop for nid, hop in distance.items()},
        omissions=omissions(scope, among, shown),
    )


def _shown_nodes(scope: Scope, among: Mapping[int, Row]) -> Sequence[Node]:
    return nodes(scope.connection, scope.names, list(among.values()), scope.as_of)


def _shown_edges(scope: Scope, among: Mapping[int, Row], shown: Iterable[Link]) -> Sequence[Edge]:
    """By type in schema order, then by the places of start and end among the nodes, then by qualifier."""
    place = {nid: i for i, nid in enumerate(among)}
    rank = scope.names.type_rank
    ordered = sorted(shown, key=lambda link: (rank[link.type], place[link.start], place[link.end], link.qualifier))
    return edges(scope.names, ordered, among)
