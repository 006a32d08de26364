"""Upsert: merges a batch of records into the graph, inside the caller's transaction.

The batch is folded in memory first, against what the store already holds of it, so that every row is written once and a record that says nothing
new writes nothing. New nodes get rising nids, so whatever is filed by nid (edges, adjacency, properties) is appended and stays quick in a large store.
"""

import secrets
import sqlite3
from collections import Counter
from collections.abc import Iterable
from operator import attrgetter

import orjson

from graph_model.records import GraphBatch, NodeRecord, NodeRef, UpsertResult
from graph_model.schema import SCHEMA
from graph_model.stores.sqlite.names import Names
from graph_model.stores.sqlite.tally import add_to_tally
from graph_model.stores.sqlite.upsert_edges import EdgeMerge
from graph_model.stores.sqlite.upsert_facts import write_facts
from graph_model.stores.sqlite.upsert_properties import write_properties
from graph_model.stores.sqlite.upsert_slot import Slot, Slots
from graph_model.stores.sqlite.values import to_ms

_EXISTING = """
SELECT n.key, n.nid, n.first_seen, n.last_seen, n.recorded_at, n.properties_at
FROM json_each(?1) wanted CROSS JOIN node n ON n.label = ?2 AND n.key = wanted.value
"""
_INSERT = """
INSERT INTO node (nid, label, key, node_id, first_seen, last_seen, recorded_at, source, properties_at, degree)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_UPDATE = """
UPDATE node SET first_seen = ?, last_seen = ?, recorded_at = ?, properties_at = ?, degree = degree + ? WHERE nid = ?
"""


def upsert(connection: sqlite3.Connection, names: Names, batch: GraphBatch) -> tuple[UpsertResult, bool]:
    """The result, and whether anything changed."""
    slots = _known_slots(connection, names, batch)
    nodes_created = _merge_nodes(connection, names, slots, batch.nodes)
    merge = EdgeMerge(connection, names, slots)
    edges_created = [merge.add(record) for record in batch.edges]
    changed = write_properties(connection, names, slots)  # sets properties_at, which `_write_nodes` writes
    changed |= _write_nodes(connection, slots)
    changed |= merge.write()
    facts_created, facts_changed = write_facts(connection, names, slots, batch.facts)
    add_to_tally(connection, "label", Counter(s.label_name for s in slots.all() if s.is_new))
    add_to_tally(connection, "type", merge.created)
    add_to_tally(connection, "fact", Counter(f.kind for f, new in zip(batch.facts, facts_created, strict=True) if new))
    return UpsertResult(nodes_created, edges_created, facts_created), changed | facts_changed


def _known_slots(connection: sqlite3.Connection, names: Names, batch: GraphBatch) -> Slots:
    """A slot for every node of the batch that the store has."""
    wanted: dict[str, set[str]] = {}
    for ref in _refs(batch):
        keys = wanted.get(ref.label)
        if keys is None:
            SCHEMA.node(ref.label)
            keys = wanted[ref.label] = set()
        keys.add(ref.key)
    slots = Slots({label: {} for label in wanted})
    for label, keys in wanted.items():
        of_label = slots.by_label[label]
        code = names.labels[label]
        for key, *row in connection.execute(_EXISTING, (orjson.dumps(list(keys)).decode(), code)):
            of_label[key] = Slot.existing(label, code, key, row)
    return slots


def _refs(batch: GraphBatch) -> Iterable[NodeRef]:
    yield from map(attrgetter("ref"), batch.nodes)
    yield from map(attrgetter("start"), batch.edges)
    yield from map(attrgetter("end"), batch.edges)
    yield from map(attrgetter("about"), batch.facts)


def _merge_nodes(
    connection: sqlite3.Connection, names: Names, slots: Slots, records: Iterable[NodeRecord]
) -> list[bool]:
    nid = connection.execute("SELECT coalesce(max(nid), 0) FROM node").fetchone()[0]
    created = []
    for record in records:
        ref = record.ref
        of_label = slots.by_label[ref.label]
        slot = of_label.get(ref.key)
        seen, recorded_at = to_ms(record.seen), to_ms(record.recorded_at)
        if slot is None:
            nid += 1
            slot = of_label[ref.key] = Slot.new(
                nid, ref.label, names.labels[ref.label], ref.key, seen, recorded_at, record.source
            )
            created.append(True)
        else:
            slot.observe(seen, seen, recorded_at)
            created.append(False)
        if len(record.properties) > 0:
            slot.given.append((seen, record.properties))
    return created


def _write_nodes(connection: sqlite3.Connection, slots: Slots) -> bool:
    new = [s for s in slots.all() if s.is_new]
    new.sort(key=attrgetter("nid"))
    connection.executemany(
        _INSERT,
        [
            (
                s.nid,
                s.label,
                s.key,
                node_id,
                s.first_seen,
                s.last_seen,
                s.recorded_at,
                s.source,
                s.properties_at,
                s.degree,
            )
            for s, node_id in zip(new, _opaque_ids(len(new)), strict=True)
        ],
    )
    changed = [
        (s.first_seen, s.last_seen, s.recorded_at, s.properties_at, s.degree, s.nid)
        for s in slots.all()
        if s.changed and not s.is_new
    ]
    connection.executemany(_UPDATE, changed)
    return len(new) > 0 or len(changed) > 0


def _opaque_ids(count: int) -> list[str]:
    """Random ids of 20 hexadecimal digits. Those of one batch share the first four, so that the index on them takes a batch in one place."""
    prefix, digits = secrets.token_hex(2), secrets.token_hex(8 * count)
    return [prefix + digits[i : i + 16] for i in range(0, 16 * count, 16)]
