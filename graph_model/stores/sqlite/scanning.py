"""The whole graph as columns: one pass over one range of rows per call, turned into numpy arrays in pieces."""

# ruff: noqa: S608 - statements are made of fixed fragments and names of the schema; values are always parameters

import sqlite3
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from graph_model.columns import EdgeColumns, FactColumns, NodeColumns
from graph_model.errors import InvalidRequest
from graph_model.records import AsOf
from graph_model.schema import SCHEMA, StorageKind
from graph_model.stores.sqlite.ddl import property_table
from graph_model.stores.sqlite.names import Names
from graph_model.stores.sqlite.predicate_sql import field
from graph_model.stores.sqlite.values import bounds

_PIECE = 20_000

_EDGES = """
SELECT start, finish, first_seen, CASE WHEN last_seen <= ?2 THEN last_seen ELSE first_seen END, recorded_at {qualifier}
FROM edge WHERE triple = ?1 AND first_seen <= ?2 AND recorded_at <= ?3 ORDER BY start, finish, qualifier
"""
_FACTS = (
    "SELECT nid, at, recorded_at, value, topic, source FROM fact WHERE kind = ?1 AND at <= ?2 AND recorded_at <= ?3"
)


def _pieces(cursor: sqlite3.Cursor) -> Iterator[tuple[tuple[Any, ...], ...]]:
    """The columns of some thousand rows at a time."""
    while rows := cursor.fetchmany(_PIECE):
        yield tuple(zip(*rows, strict=True))


def _integers(pieces: Sequence[Sequence[int]]) -> NDArray[np.int64]:
    total = sum(map(len, pieces))
    return np.fromiter(chain.from_iterable(pieces), np.int64, total)


def scan_nodes(
    connection: sqlite3.Connection, names: Names, label: str, properties: Sequence[str], as_of: AsOf | None
) -> NodeColumns:
    node_type = SCHEMA.node(label)
    fields = [(name, field(label, node_type.declared(name).name)) for name in properties]
    join = f"LEFT JOIN {property_table(label)} p ON p.nid = n.nid" if any(f.nullable for _, f in fields) else ""
    listed = "".join(f", {f.column}" for _, f in fields)
    query = f"""
        SELECT n.nid, n.key, n.first_seen, n.recorded_at{listed} FROM node n {join}
        WHERE n.label = ? AND n.first_seen <= ? AND n.recorded_at <= ? ORDER BY n.nid
    """
    columns: list[list[Sequence[Any]]] = [[] for _ in range(4 + len(fields))]
    for piece in _pieces(connection.execute(query, (names.labels[label], *bounds(as_of)))):
        for column, part in zip(columns, piece, strict=True):
            column.append(part)
    handles, keys, first_seen, recorded_at, *cells = columns
    return NodeColumns(
        label=label,
        handles=_integers(handles),
        keys=list(chain.from_iterable(keys)),
        first_seen=_integers(first_seen),
        recorded_at=_integers(recorded_at),
        properties={
            name: _property(f.kind, list(chain.from_iterable(parts)))
            for (name, f), parts in zip(fields, cells, strict=True)
        },
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
            missing = np.iinfo(np.int64).min
            return np.array([missing if cell is None else cell for cell in cells], dtype=np.int64)
        case _:
            return np.array([np.nan if cell is None else cell for cell in cells], dtype=np.float64)


def scan_edges(
    connection: sqlite3.Connection, names: Names, type: str, start_label: str, end_label: str, as_of: AsOf | None
) -> EdgeColumns:
    SCHEMA.relationship(type), SCHEMA.node(start_label), SCHEMA.node(end_label)
    triple = names.triples.get((start_label, type, end_label))
    if triple is None:
        raise InvalidRequest(f"The schema allows no {type} from {start_label} to {end_label}.")
    columns: list[list[Sequence[Any]]] = [[] for _ in range(6 if triple.qualified else 5)]
    query = _EDGES.format(qualifier=", qualifier" if triple.qualified else "")
    for piece in _pieces(connection.execute(query, (triple.code, *bounds(as_of)))):
        for column, part in zip(columns, piece, strict=True):
            column.append(part)
    start, end, first_seen, last_seen, recorded_at, *qualifier = columns
    integers = _integers(start)
    if triple.qualified:
        qualifiers, codes = _coded(list(chain.from_iterable(qualifier[0])))
    else:
        qualifiers, codes = [""], np.zeros(len(integers), np.int64)
    return EdgeColumns(
        type=type,
        start_label=start_label,
        end_label=end_label,
        start=integers,
        end=_integers(end),
        first_seen=_integers(first_seen),
        last_seen=_integers(last_seen),
        recorded_at=_integers(recorded_at),
        qualifier=codes.astype(np.int8),
        qualifiers=qualifiers,
    )


def _coded(texts: list[str]) -> tuple[list[str], NDArray[np.int64]]:
    """The distinct texts in order, and each text's place among them."""
    distinct = sorted(set(texts))
    place = {text: i for i, text in enumerate(distinct)}
    return distinct, np.fromiter(map(place.__getitem__, texts), np.int64, len(texts))


def scan_facts(connection: sqlite3.Connection, names: Names, kind: str, as_of: AsOf | None) -> FactColumns:
    SCHEMA.fact(kind)
    columns: list[list[Any]] = [[] for _ in range(6)]
    for piece in _pieces(connection.execute(_FACTS, (names.facts[kind], *bounds(as_of)))):
        for column, part in zip(columns, piece, strict=True):
            column.extend(part)
    about, at, recorded_at = (np.array(column, dtype=np.int64) for column in columns[:3])
    values, value = _coded(columns[3])
    topics, topic = _coded(columns[4])
    _, source = _coded(columns[5])
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


def node_ids(connection: sqlite3.Connection, handles: Sequence[int]) -> list[str]:
    wanted = [int(handle) for handle in handles]
    query = "SELECT n.nid, n.node_id FROM json_each(?) wanted CROSS JOIN node n ON n.nid = wanted.value"
    found = dict(connection.execute(query, (orjson.dumps(wanted).decode(),)).fetchall())
    try:
        return [found[handle] for handle in wanted]
    except KeyError as exc:
        raise InvalidRequest("A handle belongs to no node. Handles are those that a scan of this store gave.") from exc
