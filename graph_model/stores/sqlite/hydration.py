"""From rows to nodes and edges: reads whatever a set of nids needs in one query per kind of row."""

# ruff: noqa: S608 - statements are made of fixed fragments and names of the schema; values are always parameters

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson

from graph_model.records import EMPTY, AsOf, Edge, Grade, Node
from graph_model.schema import SCHEMA, Property, Value
from graph_model.stores.sqlite.ddl import property_table
from graph_model.stores.sqlite.edge_properties import decode_properties
from graph_model.stores.sqlite.names import Names
from graph_model.stores.sqlite.values import Datetimes, bounds, decoder

_NODES = """
SELECT n.nid, n.label, n.degree, n.node_id, n.key, n.first_seen, n.last_seen, n.recorded_at, n.source, n.score, n.grade, n.ring_id
FROM json_each(?1) wanted CROSS JOIN node n ON n.nid = wanted.value WHERE n.first_seen <= ?2 AND n.recorded_at <= ?3
"""
_NIDS = "SELECT n.node_id, n.nid FROM json_each(?) wanted CROSS JOIN node n ON n.node_id = wanted.value"
_ASSESSED = """
SELECT a.nid, a.score, a.grade, a.ring_id FROM json_each(?1) wanted CROSS JOIN assessment a ON a.nid = wanted.value
JOIN scoring s ON s.run = a.run WHERE s.as_of <= ?2 AND s.scored_at <= ?3 ORDER BY s.as_of, s.scored_at, s.run
"""


class Row(NamedTuple):
    """Of a node, as `_NODES` reads it: what a walk needs, and what is told when it is shown."""

    nid: int
    label: int
    degree: int
    node_id: str
    key: str
    first_seen: int
    last_seen: int
    recorded_at: int
    source: str
    score: float | None
    grade: str | None
    ring_id: str | None


def rows(connection: sqlite3.Connection, nids: Iterable[int], as_of: AsOf | None = None) -> dict[int, Row]:
    """The rows of the nodes that are there (as of `as_of`), by nid."""
    found = connection.execute(_NODES, (orjson.dumps(list(nids)).decode(), *bounds(as_of)))
    return {row.nid: row for row in map(Row._make, found)}


def nids_of(connection: sqlite3.Connection, node_ids: Iterable[str]) -> dict[str, int]:
    """The nids of those that exist."""
    return dict(connection.execute(_NIDS, (orjson.dumps(list(node_ids)).decode(),)).fetchall())


def row_by_id(connection: sqlite3.Connection, node_id: str, as_of: AsOf | None = None) -> Row | None:
    found = connection.execute("SELECT nid FROM node WHERE node_id = ?", (node_id,)).fetchone()
    return None if found is None else rows(connection, found, as_of).get(found[0])


def nodes(connection: sqlite3.Connection, names: Names, wanted: Sequence[Row], as_of: AsOf | None = None) -> list[Node]:
    """These rows as nodes, in the same order, with properties and (as of `as_of`) scores."""
    properties = _properties(connection, names, wanted)
    event, _ = bounds(as_of)
    assessed = None if as_of is None else _assessed(connection, wanted, as_of)
    moments = Datetimes()
    result = []
    for row in wanted:
        nid, label, _, node_id, key, first_seen, last_seen, recorded_at, source, score, grade, ring_id = row
        if assessed is not None:
            score, grade, ring_id = assessed.get(nid, (None, None, None))
            last_seen = last_seen if last_seen <= event else first_seen
        result.append(
            Node(
                node_id,
                names.label_of[label],
                key,
                moments[first_seen],
                moments[last_seen],
                moments[recorded_at],
                source,
                properties.get(nid, EMPTY),
                score,
                None if grade is None else Grade(grade),
                ring_id,
            )
        )
    return result


def _assessed(connection: sqlite3.Connection, wanted: Sequence[Row], as_of: AsOf) -> dict[int, tuple[Any, ...]]:
    found = connection.execute(_ASSESSED, (orjson.dumps([row.nid for row in wanted]).decode(), *bounds(as_of)))
    return {row[0]: row[1:] for row in found}  # the last of a node's rows wins


@dataclass(frozen=True, slots=True)
class _Reader:
    query: str
    columns: tuple[tuple[str, Callable[[Any], Value] | None], ...]


def _reader(label: str, declared: tuple[Property, ...]) -> _Reader:
    listed = ", ".join(f'p."{p.name}"' for p in declared)
    query = (
        f"SELECT p.nid, {listed} FROM json_each(?) wanted CROSS JOIN {property_table(label)} p ON p.nid = wanted.value"
    )
    return _Reader(query, tuple((p.name, decoder(p)) for p in declared))


_READERS = {n.label: _reader(n.label, n.properties) for n in SCHEMA.nodes if len(n.properties) > 0}


def _properties(connection: sqlite3.Connection, names: Names, wanted: Sequence[Row]) -> dict[int, dict[str, Value]]:
    by_label: dict[int, list[int]] = {}
    for row in wanted:
        by_label.setdefault(row.label, []).append(row.nid)
    found: dict[int, dict[str, Value]] = {}
    for label, nids in by_label.items():
        reader = _READERS.get(names.label_of[label])
        if reader is None:
            continue
        for nid, *cells in connection.execute(reader.query, (orjson.dumps(nids).decode(),)):
            found[nid] = {
                name: cell if decode is None else decode(cell)
                for (name, decode), cell in zip(reader.columns, cells, strict=True)
                if cell is not None
            }
    return found


# --- edges -----------------------------------------------------------------------------------------------------------


class Link(NamedTuple):
    """An edge as it was found: `last_seen` already as of the asked moment, properties as they are kept."""

    type: int
    start: int
    end: int
    qualifier: str
    first_seen: int
    last_seen: int
    recorded_at: int
    source: str
    properties: str | None


def edges(names: Names, links: Iterable[Link], among: Mapping[int, Row]) -> list[Edge]:
    """These links as edges, in the same order; both ends of each are in `among`."""
    moments = Datetimes()
    return [
        Edge(
            names.type_of[link.type],
            among[link.start].node_id,
            among[link.end].node_id,
            moments[link.first_seen],
            moments[link.last_seen],
            moments[link.recorded_at],
            link.source,
            link.qualifier,
            EMPTY if link.properties is None else decode_properties(names.type_of[link.type], link.properties),
        )
        for link in links
    ]
