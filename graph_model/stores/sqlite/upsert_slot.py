"""Slots: what a batch knows of each of its nodes while it is being merged."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from graph_model.errors import InvalidRequest
from graph_model.records import NodeRef
from graph_model.schema import Value


class Slot:
    """One node: as it is in the store, or new, with what the batch changes in it. Mutable, unlike what leaves the store."""

    __slots__ = (
        "changed",
        "degree",
        "first_seen",
        "given",
        "is_new",
        "key",
        "label",
        "label_name",
        "last_seen",
        "nid",
        "properties_at",
        "recorded_at",
        "source",
    )

    def __init__(self, nid: int, label_name: str, label: int, key: str, is_new: bool) -> None:
        self.nid = nid
        self.label_name = label_name
        self.label = label
        self.key = key
        self.is_new = is_new
        self.changed = is_new
        self.degree = 0  # added by this batch
        self.given: list[tuple[int, Mapping[str, Value]]] = []  # (seen, properties) in the order of the batch
        self.first_seen = self.last_seen = self.recorded_at = 0
        self.properties_at: int | None = None
        self.source = ""

    @classmethod
    def existing(cls, label_name: str, label: int, key: str, row: Sequence[Any]) -> "Slot":
        slot = cls(row[0], label_name, label, key, is_new=False)
        _, slot.first_seen, slot.last_seen, slot.recorded_at, slot.properties_at = row
        return slot

    @classmethod
    def new(cls, nid: int, label_name: str, label: int, key: str, seen: int, recorded_at: int, source: str) -> "Slot":
        slot = cls(nid, label_name, label, key, is_new=True)
        slot.first_seen = slot.last_seen = seen
        slot.recorded_at = recorded_at
        slot.source = source
        return slot

    def observe(self, first_seen: int, last_seen: int, recorded_at: int) -> None:
        """Widen the times of the node by one observation."""
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

    __slots__ = ("by_label",)

    def __init__(self, by_label: dict[str, dict[str, Slot]]) -> None:
        self.by_label = by_label

    def all(self) -> Iterator[Slot]:
        for of_label in self.by_label.values():
            yield from of_label.values()

    def require(self, ref: NodeRef, what: str) -> Slot:
        """Raises InvalidRequest where the node is neither in the batch nor in the store. The key is personal and not repeated."""
        slot = self.by_label[ref.label].get(ref.key)
        if slot is None:
            raise InvalidRequest(
                f"{what} names a {ref.label} that is neither in the batch nor in the store. Write the node with it."
            )
        return slot
