"""Slots: what a batch knows of each of its nodes while it is being merged."""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from operator import attrgetter

import orjson

from graph_model.errors import InvalidRequest
from graph_model.records import NodeRef
from graph_model.schema import SCHEMA, Value
from graph_model.stores.sqlite.names import Names

_FIND = """
SELECT n.key, n.nid, n.degree, n.first_seen, n.last_seen, n.recorded_at, n.properties_at
FROM json_each(?1) wanted CROSS JOIN node n ON n.label = ?2 AND n.key = wanted.value
"""


class Slot:
    """One node: as it is in the store, or new, with what the batch changes in it. Mutable, unlike what leaves the store."""

    __slots__ = (
        "changed", "degree", "first_seen", "given", "is_new", "key", "label", "label_name", "last_seen", "near", "nid", "place",
        "properties_at", "recorded_at", "source", "stored_degree",
    )  # fmt: skip

    def __init__(
        self,
        label_name: str,
        label: int,
        key: str,
        nid: int,
        stored_degree: int,
        first_seen: int,
        last_seen: int,
        recorded_at: int,
        properties_at: int | None,
        source: str | None,
    ) -> None:
        """`source` is None for a node that the store has."""
        self.label_name = label_name
        self.label = label
        self.key = key
        self.nid = nid
        self.stored_degree = stored_degree
        self.first_seen = first_seen
        self.last_seen = last_seen
        self.recorded_at = recorded_at
        self.properties_at = properties_at
        self.source = source
        self.is_new = self.changed = source is not None
        self.degree = 0  # added by this batch
        # Of new ones: the place among those of the batch, and that of the one who brought this along.
        self.place = self.near = 0
        self.given: list[tuple[int, Mapping[str, Value]]] | None = None  # (seen, properties) in the order of the batch

    def brings(self, other: "Slot") -> None:
        """Both are new and related. Whoever comes later in the batch lies beside the first of another type that it is related to; people stay with
        what is theirs."""
        if self.label == other.label:
            return
        first, later = (self, other) if self.place < other.place else (other, self)
        if later.near == later.place:
            later.near = first.place

    def widen(self, first_seen: int, last_seen: int, recorded_at: int) -> None:
        """The node was there at those moments."""
        if first_seen < self.first_seen:
            self.first_seen = first_seen
            self.changed = True
        if last_seen > self.last_seen:
            self.last_seen = last_seen
            self.changed = True
        if recorded_at < self.recorded_at:
            self.recorded_at = recorded_at
            self.changed = True


class Slots:
    """The slots of a batch, by label and key."""

    __slots__ = ("_connection", "_names", "by_label")

    def __init__(self, connection: sqlite3.Connection, names: Names) -> None:
        self._connection = connection
        self._names = names
        self.by_label: dict[str, dict[str, Slot]] = {label: {} for label in names.labels}

    def all(self) -> Iterator[Slot]:
        for of_label in self.by_label.values():
            yield from of_label.values()

    def load(self, refs: Iterable[NodeRef]) -> None:
        """A slot for every one of these nodes that the store has."""
        wanted: dict[str, set[str]] = {}
        for label, of_label in groupby(refs, attrgetter("label")):  # those of one label mostly come together
            if label not in wanted:
                SCHEMA.node(label)
                wanted[label] = set()
            wanted[label].update(map(attrgetter("key"), of_label))
        for label, keys in wanted.items():
            code, slots = self._names.labels[label], self.by_label[label]
            missing = sorted(keys.difference(slots))
            if len(missing) > 0:
                found = self._connection.execute(_FIND, (orjson.dumps(missing).decode(), code))
                for key, nid, degree, first_seen, last_seen, recorded_at, properties_at in found:
                    times = (first_seen, last_seen, recorded_at)
                    slots[key] = Slot(label, code, key, nid, degree, *times, properties_at, None)

    def require(self, ref: NodeRef, what: str) -> Slot:
        """Raises InvalidRequest where the node is neither in the batch nor in the store. The key is personal and not repeated."""
        slot = self.by_label[SCHEMA.node(ref.label).label].get(ref.key)
        if slot is None:
            self.load([ref])
            slot = self.by_label[ref.label].get(ref.key)
        if slot is None:
            raise InvalidRequest(
                f"{what} names a {ref.label} that is neither in the batch nor in the store. Write the node with it."
            )
        return slot
