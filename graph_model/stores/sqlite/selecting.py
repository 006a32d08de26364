"""Selecting, counting and assigning by predicate over the nodes of one type."""

# ruff: noqa: S608 - statements are made of fixed fragments and names of the schema; values are always parameters

import sqlite3
from collections.abc import Mapping

from graph_model.errors import InvalidRequest
from graph_model.predicates import Predicate
from graph_model.records import Node
from graph_model.schema import SCHEMA, Value
from graph_model.store import MAX_LIMIT
from graph_model.stores.sqlite.ddl import property_table
from graph_model.stores.sqlite.hydration import nodes, rows
from graph_model.stores.sqlite.names import Names
from graph_model.stores.sqlite.predicate_sql import compile_predicate, field
from graph_model.stores.sqlite.search_index import Change, reindex
from graph_model.stores.sqlite.values import Cell, encoder


def _matching(names: Names, label: str, predicate: Predicate) -> tuple[str, list[Cell]]:
    """The FROM and WHERE of the nodes that match."""
    node_type = SCHEMA.node(label)
    condition, parameters = compile_predicate(label, predicate)
    join = f" LEFT JOIN {property_table(label)} p ON p.nid = n.nid" if len(node_type.properties) > 0 else ""
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
    matching, parameters = _matching(names, label, predicate)
    by = "" if order is None else f"{field(label, order).column} {'DESC' if descending else 'ASC'} NULLS LAST, "
    query = f"SELECT n.nid {matching} ORDER BY {by}n.key LIMIT ? OFFSET ?"
    nids = [nid for (nid,) in connection.execute(query, (*parameters, limit, offset))]
    found = rows(connection, nids)
    return nodes(connection, names, [found[nid] for nid in nids])


def count(connection: sqlite3.Connection, names: Names, label: str, predicate: Predicate) -> int:
    matching, parameters = _matching(names, label, predicate)
    return int(connection.execute(f"SELECT count(*) {matching}", parameters).fetchone()[0])


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
    return len(nids)
