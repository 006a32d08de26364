"""The whole graph as columns: pages by rising key, each one record of many values, turned into numpy arrays.

The server shows what is committed while it reads, not one moment. A handle above the greatest that was given when the scan began is left out,
so a batch that is written meanwhile is not seen by half.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graph_model.columns import MISSING_MOMENT, EdgeColumns, FactColumns, NodeColumns, coded
from graph_model.errors import InvalidRequest, NotFound
from graph_model.records import AsOf
from graph_model.schema import SCHEMA, StorageKind
from graph_model.stores.link_rules import HUMAN
from graph_model.stores.neo4j.connections import Transaction
from graph_model.stores.neo4j.names import TRIPLES
from graph_model.stores.neo4j.predicate_cypher import Field, field
from graph_model.stores.neo4j.queries import query

_PAGE = 5_000
_HANDLES = 50_000  # of one page of facts


def _pages(transaction: Transaction, text: str, as_of: AsOf | None, **parameters: object) -> Iterator[Any]:
    """The rows of each page. A key is never empty, so the empty text comes before the first."""
    after: str | None = ""
    while True:
        found = transaction.one(text, after=after, page=_PAGE, **transaction.window(as_of), **parameters)
        if found is None or found[0] is None:
            return
        after, page = found
        yield page


def _columns(pages: Iterator[list[list[Any]]], count: int) -> list[list[Any]]:
    columns: list[list[Any]] = [[] for _ in range(count)]
    for page in pages:
        for column, part in zip(columns, zip(*page, strict=True), strict=False):
            column.extend(part)
    return columns


def scan_nodes(
    transaction: Transaction, greatest: int, label: str, properties: Sequence[str], as_of: AsOf | None
) -> NodeColumns:
    fields = _fields(label, properties)
    names = _stored(fields)
    return _nodes(
        label, fields, _pages(transaction, query("scan_nodes", LABEL=label), as_of, greatest=greatest, names=names)
    )


def nodes_among(
    transaction: Transaction, handles: Sequence[int], label: str, properties: Sequence[str], as_of: AsOf | None
) -> NodeColumns:
    """Those of some handles, in pieces of some thousand."""
    fields = _fields(label, properties)
    asked = {"names": _stored(fields), **transaction.window(as_of)}
    found = transaction.pieces(query("nodes_among", LABEL=label), handles, **asked)
    return _nodes(label, fields, (row[0] for row in found))


def _fields(label: str, properties: Sequence[str]) -> list[tuple[str, Field]]:
    node_type = SCHEMA.node(label)
    return [(name, field(label, node_type.declared(name).name)) for name in properties]


def _stored(fields: Sequence[tuple[str, Field]]) -> list[str]:
    return [of.name.removeprefix("n.") for _, of in fields]


def _nodes(label: str, fields: Sequence[tuple[str, Field]], pages: Iterator[list[list[Any]]]) -> NodeColumns:
    nid, key, first_seen, recorded_at, *cells = _columns(pages, 4 + len(fields))
    handles = np.array(nid, dtype=np.int64)
    order = np.argsort(handles)
    return NodeColumns(
        label=label,
        handles=handles[order],
        keys=[key[i] for i in order.tolist()],
        first_seen=np.array(first_seen, dtype=np.int64)[order],
        recorded_at=np.array(recorded_at, dtype=np.int64)[order],
        properties={name: _property(of.kind, column)[order] for (name, of), column in zip(fields, cells, strict=True)},
    )


def _property(kind: StorageKind, cells: list[Any]) -> NDArray[np.generic]:
    match kind:
        case StorageKind.TEXT:
            text = np.empty(len(cells), dtype=object)
            text[:] = cells
            return text
        case StorageKind.DATE:
            # Not a time is the least integer, which is how a missing day is told.
            return np.array([cell or "NaT" for cell in cells], dtype="datetime64[D]").astype(np.int64)
        case StorageKind.MOMENT:
            return np.array([MISSING_MOMENT if cell is None else cell for cell in cells], dtype=np.int64)
        case _:
            return np.array([np.nan if cell is None else cell for cell in cells], dtype=np.float64)


def scan_edges(
    transaction: Transaction, type: str, start_label: str, end_label: str, as_of: AsOf | None
) -> EdgeColumns:
    SCHEMA.relationship(type), SCHEMA.node(start_label), SCHEMA.node(end_label)
    if (start_label, type, end_label) not in TRIPLES:
        raise InvalidRequest(f"The schema allows no {type} from {start_label} to {end_label}.")
    # The end label is a parameter: a query per triple would be a hundred plans for the type that may join any two.
    pages = _pages(transaction, query("scan_edges", START=start_label, TYPE=type), as_of, end=end_label)
    some = transaction.rows(query("type_count_in_all", TYPE=type))[0][0] > 0
    some = some and transaction.rows(query("type_count", START=start_label, TYPE=type))[0][0] > 0
    *integers, qualifier = _columns(pages if some else iter(()), 6)
    start, end, first_seen, last_seen, recorded_at = (np.array(column, dtype=np.int64) for column in integers)
    qualifiers, codes = coded(qualifier or [""])
    codes = codes[: len(start)]
    order = np.lexsort((codes, end, start))
    if type == HUMAN:  # the ids of links are not told: each would be a qualifier of its own
        qualifiers, codes = [""], np.zeros_like(codes)
    return EdgeColumns(
        type=type,
        start_label=start_label,
        end_label=end_label,
        start=start[order],
        end=end[order],
        first_seen=first_seen[order],
        last_seen=last_seen[order],
        recorded_at=recorded_at[order],
        qualifier=codes[order].astype(np.int8),
        qualifiers=qualifiers,
    )


def scan_facts(transaction: Transaction, kind: str, values: list[str] | None, as_of: AsOf | None) -> FactColumns:
    SCHEMA.fact(kind)
    greatest = transaction.rows(query("greatest"))[0][0]

    def pages() -> Iterator[list[list[Any]]]:
        for after in range(0, greatest, _HANDLES):
            bounds = {"after": after, "upto": min(after + _HANDLES, greatest)}
            yield transaction.rows(
                query("scan_facts"), kind=kind, values=values, **bounds, **transaction.window(as_of)
            )[0][0]

    return _facts(kind, pages())


def facts_among(
    transaction: Transaction, handles: Sequence[int], kind: str, values: list[str] | None, as_of: AsOf | None
) -> FactColumns:
    SCHEMA.fact(kind)
    found = transaction.pieces(query("facts_among"), handles, kind=kind, values=values, **transaction.window(as_of))
    return _facts(kind, (row[0] for row in found))


def _facts(kind: str, pages: Iterator[list[list[Any]]]) -> FactColumns:
    columns = _columns(pages, 6)
    about, at, recorded_at = (np.array(column, dtype=np.int64) for column in columns[:3])
    values, value = coded(columns[3])
    topics, topic = coded(columns[4])
    _, source = coded(columns[5])
    order = np.lexsort((source, topic, value, about, at))
    return FactColumns(
        kind=kind,
        about=about[order],
        at=at[order],
        recorded_at=recorded_at[order],
        value=value[order].astype(np.int16),
        values=values,
        topic=topic[order].astype(np.int16),
        topics=topics,
    )


def node_ids(transaction: Transaction, handles: Sequence[int]) -> list[str]:
    wanted = [int(handle) for handle in handles]
    found = dict(map(tuple, transaction.pieces(query("node_ids"), wanted)))
    try:
        return [found[handle] for handle in wanted]
    except KeyError as exc:
        raise InvalidRequest("A handle belongs to no node. Handles are those that a scan of this store gave.") from exc


def handles(transaction: Transaction, node_ids: Sequence[str]) -> list[int]:
    found = dict(map(tuple, transaction.pieces(query("handles"), list(dict.fromkeys(node_ids)))))
    missing = next((node_id for node_id in node_ids if node_id not in found), None)
    if missing is not None:
        raise NotFound(f"There is no node {missing}. Search for it again.")
    return [int(found[node_id]) for node_id in node_ids]
