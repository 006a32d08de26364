"""Upsert: merges a batch of records into the graph, inside the caller's transaction.

The batch is folded in memory first, against what the store already holds of it, so that every row is written once and a record that says nothing
new writes nothing. New nodes get rising nids, so whatever is filed by nid (edges, adjacency, properties) is appended and stays quick in a large
store. Within a batch a customer or an application is followed by what came with it: whoever walks from it, or writes of it again, touches a quarter fewer
pages than where each type lies by itself.
"""

import secrets
import sqlite3
from collections import Counter
from collections.abc import Sequence
from operator import attrgetter

from graph_model.records import GraphBatch, NodeRecord, UpsertResult
from graph_model.stores.sqlite.changes import MOST, UNTOLD, note_change
from graph_model.stores.sqlite.collector import without_collector
from graph_model.stores.sqlite.latest import note_latest
from graph_model.stores.sqlite.names import Names
from graph_model.stores.sqlite.tally import add_to_tally
from graph_model.stores.sqlite.upsert_edges import EdgeMerge
from graph_model.stores.sqlite.upsert_facts import write_facts
from graph_model.stores.sqlite.upsert_properties import write_properties
from graph_model.stores.sqlite.upsert_slot import Slot, Slots
from graph_model.stores.sqlite.values import Milliseconds

_INSERT = """
INSERT INTO node (nid, label, key, first_seen, last_seen, recorded_at, source, properties_at, degree, node_id)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_INSERTED = attrgetter(
    "nid", "label", "key", "first_seen", "last_seen", "recorded_at", "source", "properties_at", "degree"
)
_UPDATE = """
UPDATE node SET first_seen = ?, last_seen = ?, recorded_at = ?, properties_at = ?, degree = degree + ? WHERE nid = ?
"""
_UPDATED = attrgetter("first_seen", "last_seen", "recorded_at", "properties_at", "degree", "nid")


def upsert(connection: sqlite3.Connection, names: Names, batch: GraphBatch) -> tuple[UpsertResult, bool]:
    """The result, and whether anything changed."""
    with without_collector(len(batch.nodes) + len(batch.edges)):
        return _upsert(connection, names, batch)


def _upsert(connection: sqlite3.Connection, names: Names, batch: GraphBatch) -> tuple[UpsertResult, bool]:
    moments = Milliseconds()
    slots = Slots(connection, names)
    nodes_created, new = _merge_nodes(connection, names, slots, moments, batch.nodes)
    if len(batch.nodes) == 0:  # else the ends of its edges are mostly among them
        slots.load(ref for record in batch.edges for ref in (record.start, record.end))
    merge = EdgeMerge(connection, names, slots, moments)
    ends = merge.ends(batch.edges)
    _number(connection, new)
    edges_created = merge.add(batch.edges, ends)
    del ends  # as many as relationships, and nothing below asks for them
    changed = write_properties(connection, names, slots)  # sets properties_at, which `_write_nodes` writes
    changed |= _write_nodes(connection, slots, new)
    changed |= merge.write()
    met = sum(map(len, slots.by_label.values()))
    touched = {slot.nid for slot in slots.all()} if met <= MOST else None
    facts_created, facts_changed = write_facts(connection, names, slots, moments, batch.facts)
    add_to_tally(connection, "label", Counter(slot.label_name for slot in new))
    add_to_tally(connection, "type", merge.created)
    add_to_tally(connection, "fact", Counter(f.kind for f, new in zip(batch.facts, facts_created, strict=True) if new))
    changed |= facts_changed
    if touched is not None:
        touched.update(slots.by_label[f.about.label][f.about.key].nid for f in batch.facts if f.kind not in UNTOLD)
    if changed and touched != set():
        note_change(connection, touched)
    return UpsertResult(nodes_created, edges_created, facts_created), changed


def _merge_nodes(
    connection: sqlite3.Connection, names: Names, slots: Slots, moments: Milliseconds, records: Sequence[NodeRecord]
) -> tuple[list[bool], list[Slot]]:
    """For each record whether it created its node, and the slots of the new ones, which have no nid yet."""
    slots.load(record.ref for record in records)
    created = []
    new: list[Slot] = []
    by_label, labels = slots.by_label, names.labels
    for record in records:
        ref = record.ref
        label, key = ref.label, ref.key
        seen, recorded_at = moments[record.seen], moments[record.recorded_at]
        slot = by_label[label].get(key)
        if slot is None:
            slot = Slot(label, labels[label], key, 0, 0, seen, seen, recorded_at, None, record.source)
            slot.place = slot.near = len(new)
            by_label[label][key] = slot
            new.append(slot)
            created.append(True)
        else:
            if seen < slot.first_seen or seen > slot.last_seen or recorded_at < slot.recorded_at:
                slot.widen(seen, seen, recorded_at)
            created.append(False)
        if len(record.properties) > 0 and (created[-1] or not record.implied):
            if slot.given is None:
                slot.given = []
            slot.given.append((seen, record.properties))
    return created, new


def _number(connection: sqlite3.Connection, new: list[Slot]) -> None:
    """Give the new nodes their nids, and put them into that order."""
    new.sort(key=attrgetter("near", "label", "key"))
    greatest = connection.execute("SELECT coalesce(max(nid), 0) FROM node").fetchone()[0]
    for nid, slot in enumerate(new, start=greatest + 1):
        slot.nid = nid


def _write_nodes(connection: sqlite3.Connection, slots: Slots, new: Sequence[Slot]) -> bool:
    connection.executemany(
        _INSERT, [(*_INSERTED(slot), node_id) for slot, node_id in zip(new, _opaque_ids(len(new)), strict=True)]
    )
    changed = [_UPDATED(slot) for slot in slots.all() if slot.changed and not slot.is_new]
    changed.sort(key=lambda row: row[-1])
    connection.executemany(_UPDATE, changed)
    note_latest(connection, new)
    return len(new) > 0 or len(changed) > 0


def _opaque_ids(count: int) -> list[str]:
    """Random ids of 20 hexadecimal digits. Those of one batch share the first four, so that the index on them takes a batch in one place; within it
    they follow nothing, so that a list by id says nothing of the order of keys."""
    prefix, digits = secrets.token_hex(2), secrets.token_hex(8 * count)
    return [prefix + digits[i : i + 16] for i in range(0, 16 * count, 16)]
