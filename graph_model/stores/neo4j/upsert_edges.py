"""Merging of relationships. Each keeps the handles of its ends, by which the newest of a hub are found in an index."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from graph_model.errors import InvalidRequest, UnknownName
from graph_model.moments import to_ms
from graph_model.records import EdgeRecord
from graph_model.schema import SCHEMA, Value
from graph_model.stores.link_rules import HUMAN
from graph_model.stores.neo4j.connections import Transaction
from graph_model.stores.neo4j.names import EDGE_TYPES, TRIPLES
from graph_model.stores.neo4j.queries import query
from graph_model.stores.neo4j.upsert_slot import Slots, require
from graph_model.stores.neo4j.values import Cell, encode

_Identity = tuple[str, int, int, str]  # type, start, end, qualifier


@dataclass(slots=True)
class _Edge:
    first_seen: int
    last_seen: int
    recorded_at: int
    new: dict[str, Any] | None = None  # source and properties of one that the batch creates
    changed: bool = False


class EdgeMerge:
    """Takes records one by one and writes them all at the end."""

    def __init__(self, transaction: Transaction, slots: Slots, records: Iterable[EdgeRecord]) -> None:
        self._transaction = transaction
        self._slots = slots
        self._edges: dict[_Identity, _Edge] = {}
        self._load(records)

    def _load(self, records: Iterable[EdgeRecord]) -> None:
        """What the store has of these relationships."""
        wanted: dict[str, set[tuple[int, int, str]]] = {}
        for record in records:
            self._check(record)
            start, end = self._slots.get(record.start), self._slots.get(record.end)
            if start is not None and end is not None and not start.is_new and not end.is_new:
                wanted.setdefault(record.type, set()).add((start.nid, end.nid, record.qualifier))
        for type, identities in wanted.items():
            rows = [list(identity) for identity in sorted(identities)]
            for start_nid, end_nid, qualifier, *times in self._transaction.pieces(
                query("upsert_known_edges", TYPE=type), rows
            ):
                self._edges[type, start_nid, end_nid, qualifier] = _Edge(*times)

    def _check(self, record: EdgeRecord) -> None:
        if (record.start.label, record.type, record.end.label) not in TRIPLES:
            SCHEMA.relationship(record.type)
            raise InvalidRequest(f"The schema allows no {record.type} from {record.start.label} to {record.end.label}.")
        if record.qualifier and EDGE_TYPES[record.type].qualifier is None:
            raise InvalidRequest(f"{record.type} has no qualifier.")

    def add(self, record: EdgeRecord) -> bool:
        """Whether the record creates its relationship."""
        start = require(self._slots, record.start, f"A {record.type}")
        end = require(self._slots, record.end, f"A {record.type}")
        first_seen, last_seen = to_ms(record.first_seen), to_ms(record.last_seen)
        recorded_at = to_ms(record.recorded_at)
        # Whoever sees the edge sees its ends.
        start.observe(first_seen, start.last_seen, recorded_at)
        end.observe(first_seen, end.last_seen, recorded_at)
        identity = (record.type, start.nid, end.nid, record.qualifier)
        edge = self._edges.get(identity)
        if edge is None:
            new: dict[str, Any] = {"source": record.source, **encode_properties(record.type, record.properties)}
            if record.type == HUMAN:
                new["ends_at"] = new.get("expires_at")
            self._edges[identity] = _Edge(first_seen, last_seen, recorded_at, new)
            return True
        before = (edge.first_seen, edge.last_seen, edge.recorded_at)
        after = (min(before[0], first_seen), max(before[1], last_seen), min(before[2], recorded_at))
        if after != before:
            edge.first_seen, edge.last_seen, edge.recorded_at = after
            edge.changed = True
        return False

    def write(self) -> bool:
        """Write what is new or changed; whether anything is."""
        created: dict[str, list[dict[str, Any]]] = {}
        changed: dict[str, list[list[Any]]] = {}
        for (type, start, end, qualifier), edge in sorted(self._edges.items(), key=lambda item: item[0]):
            if edge.new is not None:
                row = {"from": start, "to": end, "qualifier": qualifier, **edge.new}
                row |= {"first_seen": edge.first_seen, "last_seen": edge.last_seen, "recorded_at": edge.recorded_at}
                created.setdefault(type, []).append(row)
            elif edge.changed:
                times = (edge.first_seen, edge.last_seen, edge.recorded_at)
                changed.setdefault(type, []).append([start, end, qualifier, *times])
        for type, new_rows in created.items():
            self._transaction.pieces(query("upsert_create_edges", TYPE=type), new_rows)
        for type, rows in changed.items():
            self._transaction.pieces(query("upsert_change_edges", TYPE=type), rows)
        return len(created) > 0 or len(changed) > 0


def encode_properties(type: str, properties: Mapping[str, Value]) -> dict[str, Cell]:
    """Raises UnknownName for one that is not declared, InvalidRequest for a value of another kind."""
    declared = {p.name: p for p in EDGE_TYPES[type].properties}
    for name in properties:
        if name not in declared:
            raise UnknownName(f"{type} has no property {name}.")
    return {name: encode(name, declared[name].type.storage, value) for name, value in properties.items()}
