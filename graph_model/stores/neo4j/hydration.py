"""From rows of the server to nodes and edges."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from graph_model.moments import from_ms
from graph_model.records import EMPTY, AsOf, Edge, Grade, Node
from graph_model.schema import Value
from graph_model.stores.neo4j.connections import Rows, Transaction
from graph_model.stores.neo4j.names import EDGE_TYPES, ENTITY, PROPERTIES
from graph_model.stores.neo4j.queries import query
from graph_model.stores.neo4j.values import bounds, decoder

_Decoder = Callable[[Any], Value] | None
_DECODERS: dict[str, dict[str, _Decoder]] = {
    label: {name: decoder(p) for name, p in declared.items()} for label, declared in PROPERTIES.items()
}
_EDGE_DECODERS: dict[str, dict[str, _Decoder]] = {
    name: {p.name: decoder(p) for p in declared.properties} for name, declared in EDGE_TYPES.items()
}


# Named tuples, not frozen dataclasses: an answer makes a thousand of them, and these are made three times as quick.
class Row(NamedTuple):
    """A node as the server gave it, for a walk and for when it is shown. `degree` is without the links that have ended."""

    nid: int
    node_id: str
    label: str
    key: str
    degree: int
    ended: int
    cells: Mapping[str, Any]


class Link(NamedTuple):
    """An edge as the server gave it; `last_seen` is already as of the asked moment."""

    type: str
    start: int
    end: int
    qualifier: str
    last_seen: int
    cells: Mapping[str, Any]


class _Moments(dict[int, datetime]):
    """Milliseconds → moment, each made once: in one answer most come several times."""

    def __missing__(self, moment: int) -> datetime:
        self[moment] = made = from_ms(moment)
        return made


def row_of(labels: Sequence[str], cells: Mapping[str, Any], relationships: int, ended: int) -> Row:
    label = labels[0] if labels[0] != ENTITY else labels[1]
    return Row(cells["nid"], cells["node_id"], label, cells["key"], relationships - ended, ended, cells)


def rows_of(found: Rows) -> dict[int, Row]:
    """Rows of (labels, properties, relationships, of those ended), by nid, in their order."""
    return {row.nid: row for row in (row_of(*shown) for shown in found)}


def rows(transaction: Transaction, nids: Iterable[int], as_of: AsOf | None = None) -> dict[int, Row]:
    """The rows of the nodes that are there (as of `as_of`), by nid."""
    return rows_of(transaction.pieces(query("nodes_by_nid"), list(nids), **transaction.window(as_of)))


def rows_by_id(transaction: Transaction, node_ids: Iterable[str], as_of: AsOf | None = None) -> dict[int, Row]:
    """The rows of these nodes by nid in the order asked, each once, unknown ones left out."""
    wanted = list(dict.fromkeys(node_ids))
    found = rows_of(transaction.pieces(query("nodes_by_id"), wanted, **transaction.window(as_of)))
    by_id = {row.node_id: row for row in found.values()}
    return {by_id[node_id].nid: by_id[node_id] for node_id in wanted if node_id in by_id}


def nodes(transaction: Transaction, wanted: Sequence[Row], as_of: AsOf | None = None) -> list[Node]:
    """These rows as nodes, in the same order, with scores (as of `as_of`)."""
    event, _ = bounds(as_of)
    assessed: dict[int, Sequence[Any]] | None = None
    if as_of is not None:
        found = transaction.pieces(query("assessed"), [row.nid for row in wanted], **transaction.window(as_of))
        assessed = {nid: shown for nid, *shown in found}
    result = []
    moments = _Moments()
    for row in wanted:
        cells = row.cells
        shown = (cells.get("score"), cells.get("grade"), cells.get("ring_id"))
        score, grade, ring_id = shown if assessed is None else assessed.get(row.nid, (None, None, None))
        last_seen = cells["last_seen"] if cells["last_seen"] <= event else cells["first_seen"]
        result.append(
            Node(
                row.node_id,
                row.label,
                row.key,
                moments[cells["first_seen"]],
                moments[last_seen],
                moments[cells["recorded_at"]],
                cells["source"],
                _decoded(_DECODERS[row.label], cells),
                score,
                None if grade is None else Grade(grade),
                ring_id,
            )
        )
    return result


def _decoded(decoders: Mapping[str, _Decoder], cells: Mapping[str, Any]) -> dict[str, Value]:
    return {
        name: cells[name] if decode is None else decode(cells[name])
        for name, decode in decoders.items()
        if name in cells
    }


def links_of(found: Rows, as_of: AsOf | None) -> list[Link]:
    """Rows of (type, properties)."""
    event, _ = bounds(as_of)
    return [
        Link(
            type,
            cells["from"],
            cells["to"],
            cells["qualifier"],
            cells["last_seen"] if cells["last_seen"] <= event else cells["first_seen"],
            cells,
        )
        for type, cells in found
    ]


def edges(links: Iterable[Link], among: Mapping[int, Row]) -> list[Edge]:
    """These links as edges, in the same order; both ends of each are in `among`."""
    moments = _Moments()
    return [
        Edge(
            link.type,
            among[link.start].node_id,
            among[link.end].node_id,
            moments[link.cells["first_seen"]],
            moments[link.last_seen],
            moments[link.cells["recorded_at"]],
            link.cells["source"],
            link.qualifier,
            edge_properties(link.type, link.cells),
        )
        for link in links
    ]


def edge_properties(type: str, cells: Mapping[str, Any]) -> Mapping[str, Value]:
    """The declared ones of a relationship."""
    decoders = _EDGE_DECODERS[type]
    return _decoded(decoders, cells) if decoders else EMPTY
