"""Upsert: merges a batch of records into the graph, inside the caller's transaction.

The batch is folded in memory, against what the store already holds of it, so that every row is sent once and a record that says nothing new sends
nothing. The writer has the turn, so what was read stays true; rows go sorted by handle, in order of the index.
"""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any

from graph_model.moments import to_ms
from graph_model.records import GraphBatch, NodeRecord, NodeRef, UpsertResult
from graph_model.schema import SCHEMA
from graph_model.stores.neo4j.connections import Transaction
from graph_model.stores.neo4j.queries import query
from graph_model.stores.neo4j.upsert_edges import EdgeMerge
from graph_model.stores.neo4j.upsert_facts import write_facts
from graph_model.stores.neo4j.upsert_slot import Slot, Slots


def upsert(transaction: Transaction, batch: GraphBatch) -> tuple[UpsertResult, bool]:
    """The result, and whether anything changed."""
    slots = _known_slots(transaction, batch)
    nodes_created = _merge_nodes(transaction, slots, batch.nodes)
    merge = EdgeMerge(transaction, slots, batch.edges)
    edges_created = [merge.add(record) for record in batch.edges]
    changed = _write_nodes(transaction, slots)
    changed |= merge.write()
    facts_created, facts_changed = write_facts(transaction, slots, batch.facts)
    return UpsertResult(nodes_created, edges_created, facts_created), changed or facts_changed


def _known_slots(transaction: Transaction, batch: GraphBatch) -> Slots:
    wanted: dict[str, set[str]] = {}
    for ref in _refs(batch):
        wanted.setdefault(ref.label, set()).add(ref.key)
    slots: Slots = {}
    for label, keys in wanted.items():
        found = transaction.pieces(query("upsert_known_nodes", LABEL=SCHEMA.node(label).label), sorted(keys))
        for key, nid, first_seen, last_seen, recorded_at, properties_at, known in found:
            ref = NodeRef(label, key)
            times = (first_seen, last_seen, recorded_at)
            slots[ref] = Slot(nid, ref, False, *times, known["source"], properties_at, known)
    return slots


def _refs(batch: GraphBatch) -> Iterable[NodeRef]:
    yield from map(attrgetter("ref"), batch.nodes)
    yield from map(attrgetter("start"), batch.edges)
    yield from map(attrgetter("end"), batch.edges)
    yield from map(attrgetter("about"), batch.facts)


def _merge_nodes(transaction: Transaction, slots: Slots, records: Iterable[NodeRecord]) -> list[bool]:
    nid = transaction.nid
    created = []
    for record in records:
        slot = slots.get(record.ref)
        seen, recorded_at = to_ms(record.seen), to_ms(record.recorded_at)
        created.append(slot is None)
        if slot is None:
            nid += 1
            slot = Slot(nid, record.ref, True, seen, seen, recorded_at, record.source, None, {})
            slots[record.ref] = slot
        else:
            slot.observe(seen, seen, recorded_at)
        if len(record.properties) > 0 and (created[-1] or not record.implied):
            slot.tell(seen, record.properties)
    return created


def _write_nodes(transaction: Transaction, slots: Slots) -> bool:
    new: dict[str, list[dict[str, Any]]] = {}
    old: list[dict[str, Any]] = []
    for slot in sorted(slots.values(), key=attrgetter("nid")):
        if slot.is_new:
            new.setdefault(slot.ref.label, []).append(slot.new_row(secrets.token_hex(10)))
            transaction.nid = max(transaction.nid, slot.nid)
        elif slot.changed or any(slot.known.get(name) != cell for name, cell in slot.cells.items()):
            old.append(slot.row())
    create_nodes(transaction, new)
    transaction.pieces(query("upsert_change_nodes"), old)
    return len(new) > 0 or len(old) > 0


def create_nodes(transaction: Transaction, new: Mapping[str, Sequence[dict[str, Any]]]) -> None:
    """Rows of `Slot.new_row` by label; `transaction.nid` is the greatest handle among them."""
    for label, rows in new.items():
        transaction.pieces(query("upsert_create_nodes", LABEL=label), rows)
    if len(new) > 0:
        transaction.rows(query("keep_nid"), nid=transaction.nid)
