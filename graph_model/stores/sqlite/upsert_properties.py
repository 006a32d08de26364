"""Merging of node properties: a newer record overwrites, an older one only fills what is missing. Keeps the search index in step."""

# ruff: noqa: S608 - statements are made of fixed fragments and names of the schema; values are always parameters

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import orjson

from graph_model.errors import InvalidRequest
from graph_model.schema import SCHEMA, NodeType
from graph_model.stores.sqlite.ddl import property_table
from graph_model.stores.sqlite.names import Names
from graph_model.stores.sqlite.search_index import Change, reindex
from graph_model.stores.sqlite.upsert_slot import Slot, Slots
from graph_model.stores.sqlite.values import Cell, encoder


@dataclass(frozen=True, slots=True)
class _Table:
    places: dict[str, tuple[int, Callable[[object], Cell]]]
    searchable: tuple[tuple[str, int], ...]  # (name, place)
    select: str
    insert: str
    update: str


def _table(node_type: NodeType) -> _Table:
    table = property_table(node_type.label)
    quoted = [f'"{p.name}"' for p in node_type.properties]
    marks = ", ".join("?" * (len(quoted) + 1))
    places = {p.name: (place, encoder(p.name, p.type.storage)) for place, p in enumerate(node_type.properties)}
    return _Table(  # names come from the schema
        places=places,
        searchable=tuple((p.name, places[p.name][0]) for p in node_type.properties if p.searchable),
        select=f"SELECT nid, {', '.join(quoted)} FROM json_each(?) wanted CROSS JOIN {table} ON nid = wanted.value",
        insert=f"INSERT INTO {table} (nid, {', '.join(quoted)}) VALUES ({marks})",
        update=f"UPDATE {table} SET {', '.join(f'{name} = ?' for name in quoted)} WHERE nid = ?",
    )


_TABLES = {n.label: _table(n) for n in SCHEMA.nodes if len(n.properties) > 0}
_SEARCHABLE_KEYS = tuple((n.label, n.key.name) for n in SCHEMA.nodes if n.key.searchable)


def write_properties(connection: sqlite3.Connection, names: Names, slots: Slots) -> bool:
    """Merge what the records gave; whether anything changed."""
    changed = False
    changes: list[Change] = []
    for label, of_label in slots.by_label.items():
        given = [slot for slot in of_label.values() if slot.given is not None]
        if len(given) > 0:
            changed |= _write_label(connection, names, label, given, changes)
    for label, name in _SEARCHABLE_KEYS:
        new = (slot for slot in slots.by_label.get(label, {}).values() if slot.is_new)
        changes.extend(Change(slot.nid, names.searched[label, name], None, slot.key) for slot in new)
    reindex(connection, changes)
    return changed


def _write_label(
    connection: sqlite3.Connection, names: Names, label: str, given: Sequence[Slot], changes: list[Change]
) -> bool:
    table = _TABLES.get(label)
    if table is None:
        raise _refusal(label, next(name for slot in given for _, properties in slot.given or () for name in properties))
    known = [slot.nid for slot in given if not slot.is_new]
    stored: dict[int, list[Cell]] = {}
    if len(known) > 0:
        stored = {nid: cells for nid, *cells in connection.execute(table.select, (orjson.dumps(known).decode(),))}
    inserts: list[tuple[Cell, ...]] = []
    updates: list[tuple[Cell, ...]] = []
    for slot in given:
        before = stored.get(slot.nid)
        cells: list[Cell] = [None] * len(table.places) if before is None else list(before)
        _merge(label, table, slot, cells)
        if before is None:
            inserts.append((slot.nid, *cells))
        elif before != cells:
            updates.append((*cells, slot.nid))
        for name, place in table.searchable:
            old, new = None if before is None else before[place], cells[place]
            if old != new:
                changes.append(Change(slot.nid, names.searched[label, name], _text(old), _text(new)))
    connection.executemany(table.insert, inserts)
    connection.executemany(table.update, updates)
    return len(inserts) > 0 or len(updates) > 0


def _merge(label: str, table: _Table, slot: Slot, cells: list[Cell]) -> None:
    for seen, properties in slot.given or ():
        newer = slot.properties_at is None or seen > slot.properties_at
        for name, value in properties.items():
            found = table.places.get(name)
            if found is None:
                raise _refusal(label, name)
            place, encode = found
            if newer or cells[place] is None:
                cells[place] = encode(value)
        if newer:
            slot.properties_at = seen
            slot.changed = True


def _refusal(label: str, name: str) -> InvalidRequest:
    SCHEMA.node(label).declared(name)
    return InvalidRequest(f"{name} is the key of {label}. Give it in the reference, not as a property.")


def _text(cell: Cell) -> str | None:
    return None if cell is None else str(cell)
