"""Selecting, counting and assigning by predicate over the nodes of one type."""

# ruff: noqa: S608 - statements are made of fixed fragments and names of the schema; values are always parameters

import sqlite3
from collections.abc import Mapping

from graph_model.errors import InvalidRequest
from graph_model.predicates import Predicate
from graph_model.records import Node
from graph_model.schema import SCHEMA, Value
from graph_model.store import MAX_LIMIT
from graph_model.stores.sqlite.changes import note_change
from graph_model.stores.sqlite.ddl import property_table
from graph_model.stores.sqlite.hydration import nodes, rows
from graph_model.stores.sqlite.names import Names
from graph_model.stores.sqlite.predicate_sql import Field, compile_predicate, field
from graph_model.stores.sqlite.search_index import Change, reindex
from graph_model.stores.sqlite.values import Cell, encoder

_Matching = tuple[str, list[Cell]]  # FROM and WHERE, and the parameters in them


def _matching(names: Names, label: str, predicate: Predicate, *, whole: bool = False) -> _Matching:
    """The nodes that match; only those that have properties at all where `whole`."""
    node_type = SCHEMA.node(label)
    condition, parameters = compile_predicate(label, predicate)
    join = ""
    if len(node_type.properties) > 0:
        join = f" {'' if whole else 'LEFT '}JOIN {property_table(label)} p ON p.nid = n.nid"
    return f"FROM node n{join} WHERE n.label = ? AND {condition}", [names.labels[label], *parameters]


def select(
    connection: sqlite3.Connection,
    names: Names,
    label: str,
    predicate: Predicate,
    *,
    order: str | None,
    descending: bool,
    limit: int,
    offset: int,
) -> list[Node]:
    if not 1 <= limit <= MAX_LIMIT or offset < 0:
        raise InvalidRequest(f"Ask for 1 to {MAX_LIMIT} nodes from an offset of 0 or more.")
    if order is None:
        nids = _page(connection, _matching(names, label, predicate), "n.key", limit, offset)
    else:
        nids = _ordered(connection, names, label, predicate, field(label, order), descending, limit, offset)
    found = rows(connection, nids)
    return nodes(connection, names, [found[nid] for nid in nids])


def _ordered(
    connection: sqlite3.Connection,
    names: Names,
    label: str,
    predicate: Predicate,
    by: Field,
    descending: bool,
    limit: int,
    offset: int,
) -> list[int]:
    """Those with the field, then those without: two queries, of which the first can follow an index."""
    matching, parameters = _matching(names, label, predicate, whole=by.of_properties)
    order = f"{by.column} {'DESC' if descending else 'ASC'}, n.key"
    having = (f"{matching} AND {by.column} IS NOT NULL", parameters)
    nids = _page(connection, having, order, limit, offset)
    if by.nullable and len(nids) < limit:
        rest = max(0, offset - _count(connection, having))
        matching, parameters = _matching(names, label, predicate)
        lacking = (f"{matching} AND {by.column} IS NULL", parameters)
        nids += _page(connection, lacking, "n.key", limit - len(nids), rest)
    return nids


def _page(connection: sqlite3.Connection, matching: _Matching, order: str, limit: int, offset: int) -> list[int]:
    text, parameters = matching
    found = connection.execute(f"SELECT n.nid {text} ORDER BY {order} LIMIT ? OFFSET ?", (*parameters, limit, offset))
    return [nid for (nid,) in found]


def _count(connection: sqlite3.Connection, matching: _Matching) -> int:
    text, parameters = matching
    return int(connection.execute(f"SELECT count(*) {text}", parameters).fetchone()[0])


def count(connection: sqlite3.Connection, names: Names, label: str, predicate: Predicate) -> int:
    return _count(connection, _matching(names, label, predicate))


def assign(
    connection: sqlite3.Connection, names: Names, label: str, predicate: Predicate, values: Mapping[str, Value]
) -> int:
    node_type = SCHEMA.node(label)
    if len(values) == 0:
        raise InvalidRequest("There is nothing to assign. Give at least one property.")
    cells: dict[str, Cell] = {}
    for name, value in values.items():
        declared = node_type.declared(name)
        if declared is node_type.key:
            raise InvalidRequest(f"{name} is the key of {label} and can't be assigned.")
        cells[name] = encoder(name, declared.type.storage)(value)
    matching, parameters = _matching(names, label, predicate)
    nids = [nid for (nid,) in connection.execute(f"SELECT n.nid {matching}", parameters)]
    table = property_table(label)
    searched = [p.name for p in node_type.searchable if p.name in cells]
    changes = []
    for name in searched:
        read = f'SELECT "{name}" FROM {table} WHERE nid = ?'
        for nid in nids:
            old = connection.execute(read, (nid,)).fetchone()
            changes.append(Change(nid, names.searched[label, name], None if old is None else old[0], str(cells[name])))
    reindex(connection, changes)
    columns = ", ".join(f'"{name}"' for name in cells)
    marks = ", ".join("?" * len(cells))
    settings = ", ".join(f'"{name}" = excluded."{name}"' for name in cells)
    connection.executemany(
        f"INSERT INTO {table} (nid, {columns}) VALUES (?, {marks}) ON CONFLICT (nid) DO UPDATE SET {settings}",
        [(nid, *cells.values()) for nid in nids],
    )
    note_change(connection, nids)
    return len(nids)
