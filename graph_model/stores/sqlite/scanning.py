"""The graph as columns: all of it in pieces, or what some handles have of it."""

# ruff: noqa: S608 - statements are made of fixed fragments and names of the schema; values are always parameters

import sqlite3
from collections.abc import Sequence
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from graph_model.columns import MISSING_MOMENT, EdgeColumns, FactColumns, NodeColumns, coded
from graph_model.errors import InvalidRequest, NotFound
from graph_model.records import AsOf
from graph_model.schema import SCHEMA, StorageKind
from graph_model.stores.sqlite.ddl import property_table
from graph_model.stores.sqlite.hydration import nids_of
from graph_model.stores.sqlite.joined import Column, Parameters, read
from graph_model.stores.sqlite.names import Names
from graph_model.stores.sqlite.predicate_sql import Field, field
from graph_model.stores.sqlite.scope import as_json
from graph_model.stores.sqlite.values import bounds

# Rows that are joined at once: some megabytes of text.
PIECE = 200_000

_EDGES = """
SELECT start, finish, qualifier, first_seen, CASE WHEN last_seen <= :event THEN last_seen ELSE first_seen END AS last_seen, recorded_at
FROM edge WHERE triple = :triple AND (start, finish, qualifier) > (:start, :finish, :qualifier)
AND first_seen <= :event AND recorded_at <= :recorded ORDER BY start, finish, qualifier LIMIT :piece
"""
# Links drawn by hand are few and read at once. Their ids are not told: each would be a qualifier of its own.
_DRAWN = """
SELECT nid AS start, other AS finish, first_seen, CASE WHEN last_seen <= :event THEN last_seen ELSE first_seen END AS last_seen, recorded_at
FROM drawn WHERE type = :type AND triple = :triple AND outgoing AND first_seen <= :event AND recorded_at <= :recorded
AND ended_at > :moment ORDER BY nid, other, qualifier
"""
_FACTS = """
SELECT nid, at, recorded_at, value, topic FROM fact
WHERE nid > :after AND nid <= :after + :piece AND kind = :kind AND at <= :event AND recorded_at <= :recorded
AND (:values IS NULL OR value IN (SELECT value FROM json_each(:values)))
"""
_FACTS_AMONG = """
SELECT f.nid, f.at, f.recorded_at, f.value, f.topic FROM json_each(:among) wanted CROSS JOIN fact f ON f.nid = wanted.value
WHERE f.kind = :kind AND f.at <= :event AND f.recorded_at <= :recorded
AND (:values IS NULL OR f.value IN (SELECT value FROM json_each(:values))) ORDER BY f.nid, f.at, f.topic, f.value, f.source
"""


def _whole(pieces: Sequence[Sequence[Any]]) -> list[Any]:
    """The pieces of each column put together; there is at least one."""
    return [
        np.concatenate(parts) if isinstance(parts[0], np.ndarray) else [cell for part in parts for cell in part]
        for parts in zip(*pieces, strict=True)
    ]


# --- nodes -----------------------------------------------------------------------------------------------------------


def scan_nodes(
    connection: sqlite3.Connection,
    names: Names,
    label: str,
    properties: Sequence[str],
    as_of: AsOf | None,
    *,
    among: Sequence[int] | None = None,
    piece: int = PIECE,
) -> NodeColumns:
    node_type = SCHEMA.node(label)
    fields = [field(label, node_type.declared(name).name) for name in properties]
    join = f"LEFT JOIN {property_table(label)} p ON p.nid = n.nid" if any(f.nullable for f in fields) else ""
    listed = "".join(f", {_expression(f)} AS c{i}" for i, f in enumerate(fields))
    source = "node n" if among is None else "json_each(:among) wanted CROSS JOIN node n ON n.nid = wanted.value"
    query = f"""
        SELECT n.nid, n.key, n.first_seen, n.recorded_at{listed} FROM {source} {join}
        WHERE n.label = :label AND n.nid > :after AND n.first_seen <= :event AND n.recorded_at <= :recorded
        ORDER BY n.nid LIMIT :piece
    """
    columns = [Column("nid", int), Column("key", str), Column("first_seen", int), Column("recorded_at", int)]
    columns += [Column(f"c{i}", _kind(f)) for i, f in enumerate(fields)]
    event, recorded = bounds(as_of)
    parameters: Parameters = {
        "label": names.labels[label],
        "event": event,
        "recorded": recorded,
        "piece": piece if among is None else -1,
        "after": 0,
        "among": as_json(among or ()),
    }
    pieces = [read(connection, query, columns, parameters)]
    while among is None and len(pieces[-1][0]) == piece:
        parameters["after"] = int(pieces[-1][0][-1])
        pieces.append(read(connection, query, columns, parameters))
    handles, keys, first_seen, recorded_at, *cells = _whole(pieces)
    return NodeColumns(
        label=label,
        handles=handles,
        keys=keys,
        first_seen=first_seen,
        recorded_at=recorded_at,
        properties={name: _finished(f, column) for name, f, column in zip(properties, fields, cells, strict=True)},
    )


def _expression(f: Field) -> str:
    # Midnight of 1970-01-01 is Julian day 2440587.5, so the difference is whole.
    return f"CAST(julianday({f.column}) - 2440587.5 AS INTEGER)" if f.kind is StorageKind.DATE else f.column


def _kind(f: Field) -> type:
    return {StorageKind.TEXT: str, StorageKind.REAL: float}.get(f.kind, int)


def _finished(f: Field, column: NDArray[np.generic]) -> NDArray[np.generic]:
    match f.kind:
        case StorageKind.TEXT:
            texts = np.empty(len(column), dtype=object)
            texts[:] = column
            return texts
        case StorageKind.INTEGER | StorageKind.BOOLEAN:
            numbers: NDArray[np.generic] = np.where(column == MISSING_MOMENT, np.nan, column.astype(np.float64))
            return numbers
        case _:
            return column


def node_ids(connection: sqlite3.Connection, handles: Sequence[int]) -> list[str]:
    wanted = [int(handle) for handle in handles]
    query = "SELECT n.nid, n.node_id FROM json_each(?) wanted CROSS JOIN node n ON n.nid = wanted.value"
    found = dict(connection.execute(query, (as_json(wanted),)).fetchall())
    try:
        return [found[handle] for handle in wanted]
    except KeyError as exc:
        raise InvalidRequest("A handle belongs to no node. Handles are those that a scan of this store gave.") from exc


def handles(connection: sqlite3.Connection, node_ids: Sequence[str]) -> list[int]:
    found = nids_of(connection, node_ids)
    missing = next((node_id for node_id in node_ids if node_id not in found), None)
    if missing is not None:
        raise NotFound(f"There is no node {missing}. Search for it again.")
    return [found[node_id] for node_id in node_ids]


# --- relationships and facts -----------------------------------------------------------------------------------------


def scan_edges(
    connection: sqlite3.Connection,
    names: Names,
    type: str,
    start_label: str,
    end_label: str,
    as_of: AsOf | None,
    now: int,
    piece: int = PIECE,
) -> EdgeColumns:
    SCHEMA.relationship(type), SCHEMA.node(start_label), SCHEMA.node(end_label)
    triple = names.triples.get((start_label, type, end_label))
    if triple is None:
        raise InvalidRequest(f"The schema allows no {type} from {start_label} to {end_label}.")
    columns = [Column(name, int) for name in ("start", "finish", "first_seen", "last_seen", "recorded_at")]
    if triple.qualified:
        columns.append(Column("qualifier", str))
    event, recorded = bounds(as_of)
    parameters: Parameters = {"triple": triple.code, "event": event, "recorded": recorded, "piece": piece}
    parameters |= {"start": -1, "finish": -1, "qualifier": ""}
    if triple.human:
        parameters |= {"type": triple.type, "moment": now if as_of is None else min(event, recorded)}
        pieces = [read(connection, _DRAWN, columns, parameters)]
    else:
        pieces = [read(connection, _EDGES, columns, parameters)]
    while len(pieces[-1][0]) == piece and not triple.human:
        starts, ends, *_, last = pieces[-1]
        parameters |= {"start": int(starts[-1]), "finish": int(ends[-1])}
        parameters["qualifier"] = last[-1] if triple.qualified else ""
        pieces.append(read(connection, _EDGES, columns, parameters))
    start, end, first_seen, last_seen, recorded_at, *qualifier = _whole(pieces)
    qualifiers, codes = coded(qualifier[0]) if triple.qualified else ([""], np.zeros(len(start), np.int64))
    return EdgeColumns(
        type=type,
        start_label=start_label,
        end_label=end_label,
        start=start,
        end=end,
        first_seen=first_seen,
        last_seen=last_seen,
        recorded_at=recorded_at,
        qualifier=codes.astype(np.int8),
        qualifiers=qualifiers,
    )


def scan_facts(
    connection: sqlite3.Connection,
    names: Names,
    kind: str,
    as_of: AsOf | None,
    *,
    values: Sequence[str] | None = None,
    among: Sequence[int] | None = None,
    piece: int = PIECE,
) -> FactColumns:
    SCHEMA.fact(kind)
    columns = [Column(name, int) for name in ("nid", "at", "recorded_at")]
    columns += [Column("value", str), Column("topic", str)]
    event, recorded = bounds(as_of)
    parameters: Parameters = {"kind": names.facts[kind], "event": event, "recorded": recorded, "piece": piece}
    parameters["values"] = None if values is None else orjson.dumps(list(values)).decode()
    if among is None:
        greatest = connection.execute("SELECT coalesce(max(nid), 0) FROM fact").fetchone()[0]
        pieces = [
            read(connection, _FACTS, columns, parameters | {"after": after}) for after in range(0, greatest + 1, piece)
        ]
    else:
        pieces = [read(connection, _FACTS_AMONG, columns, parameters | {"among": as_json(among)})]
    about, at, recorded_at, value_texts, topic_texts = _whole(pieces)
    distinct, value = coded(value_texts)
    topics, topic = coded(topic_texts)
    order = np.lexsort(
        (topic, value, about, at)
    )  # stable: what is still alike stays in the order of the table, by source
    return FactColumns(
        kind=kind,
        about=about[order],
        at=at[order],
        recorded_at=recorded_at[order],
        value=value[order].astype(np.int16),
        values=distinct,
        topic=topic[order].astype(np.int16),
        topics=topics,
    )
