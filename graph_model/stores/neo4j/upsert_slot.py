"""Slots: what a batch knows of each of its nodes while it is being merged."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from graph_model.errors import InvalidRequest
from graph_model.records import NodeRef
from graph_model.schema import SCHEMA, Value
from graph_model.schema.text import fold_key
from graph_model.stores.neo4j.names import FOLDED, PROPERTIES
from graph_model.stores.neo4j.values import Cell, encode


@dataclass(slots=True)
class Slot:
    """One node: as it is in the store, or new, with what the batch changes in it."""

    nid: int
    ref: NodeRef
    is_new: bool
    first_seen: int
    last_seen: int
    recorded_at: int
    source: str
    properties_at: int | None
    known: Mapping[str, Any]  # properties in the store
    cells: dict[str, Cell] = field(default_factory=dict)  # properties that the batch sets
    changed: bool = False

    def observe(self, first_seen: int, last_seen: int, recorded_at: int) -> None:
        """Widen the times of the node by one observation."""
        before = (self.first_seen, self.last_seen, self.recorded_at)
        after = (min(before[0], first_seen), max(before[1], last_seen), min(before[2], recorded_at))
        if after != before:
            self.first_seen, self.last_seen, self.recorded_at = after
            self.changed = True

    def tell(self, seen: int, properties: Mapping[str, Value]) -> None:
        """A newer record overwrites, an older one only fills in what is missing."""
        declared = PROPERTIES[self.ref.label]
        newer = self.properties_at is None or seen > self.properties_at
        for name, value in properties.items():
            found = declared.get(name)
            if found is None:
                raise _refusal(self.ref.label, name)
            cell = encode(name, found.type.storage, value)
            if newer or (name not in self.known and name not in self.cells):
                self.cells[name] = cell
        if newer:
            self.properties_at = seen
            self.changed = True

    def row(self) -> dict[str, Any]:
        """What is sent of the node."""
        return {
            "nid": self.nid,
            "first_seen": self.first_seen,
            "last_seen": self.last_seen,
            "recorded_at": self.recorded_at,
            "properties_at": self.properties_at,
            **with_folded(self.ref.label, self.cells),
        }

    def new_row(self, node_id: str) -> dict[str, Any]:
        """What is sent of a node that is not there yet."""
        row = self.row() | {"key": self.ref.key, "source": self.source, "node_id": node_id}
        declared = SCHEMA.node(self.ref.label).key
        if declared.searchable:
            row[FOLDED + declared.name] = fold_key(self.ref.key)
        return row


def with_folded(label: str, cells: Mapping[str, Cell]) -> dict[str, Cell]:
    """Properties, and of the searchable ones the folded form."""
    searched = {p.name for p in SCHEMA.node(label).searchable}
    return {**cells, **{FOLDED + name: fold_key(str(cell)) for name, cell in cells.items() if name in searched}}


def _refusal(label: str, name: str) -> InvalidRequest:
    SCHEMA.node(label).declared(name)
    return InvalidRequest(f"{name} is the key of {label}. Give it in the reference, not as a property.")


Slots = dict[NodeRef, Slot]


def require(slots: Slots, ref: NodeRef, what: str) -> Slot:
    """Raises InvalidRequest where the node is neither in the batch nor in the store. The key is personal and not repeated."""
    slot = slots.get(ref)
    if slot is None:
        raise InvalidRequest(
            f"{what} names a {ref.label} that is neither in the batch nor in the store. Write the node with it."
        )
    return slot
