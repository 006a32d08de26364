"""The scope of a read: one connection in one read transaction, some types of relationships, as of one moment."""

import sqlite3
from collections.abc import Collection, Iterable, Sequence
from typing import Any

import orjson

from graph_model import deadline
from graph_model.records import AsOf
from graph_model.stores.sqlite.hydration import Row
from graph_model.stores.sqlite.joined import Column, Parameters, read
from graph_model.stores.sqlite.names import Names
from graph_model.stores.sqlite.values import bounds

# Fragments of the statements that `Scope.query` runs, for a row `a` of `adjacency` or `edge`.
SEEN = "CASE WHEN a.last_seen <= :event THEN a.last_seen ELSE a.first_seen END"
THERE = "a.first_seen <= :event AND a.recorded_at <= :recorded"
OF_TYPES = "(:types IS NULL OR a.type IN (SELECT value FROM json_each(:types)))"


class Scope:
    def __init__(
        self,
        connection: sqlite3.Connection,
        names: Names,
        *,
        now: int,
        types: Collection[int] | None = None,
        as_of: AsOf | None = None,
    ) -> None:
        """`now` is when a read that is not as of a moment takes place; `types` are codes, None is all of them."""
        self.connection = connection
        self.names = names
        self.as_of = as_of
        self.types = types
        event, recorded = bounds(as_of)
        self._shared: Parameters = {
            "event": event,
            "recorded": recorded,
            "moment": now if as_of is None else min(event, recorded),  # what ended by then is not there
            "types": None if types is None else as_json(types),
        }

        self.sees_drawn = any(map(self.includes, names.human_types)) and _any_drawn(connection)

    def query(self, text: str, **parameters: str | int) -> sqlite3.Cursor:
        deadline.keep()
        return self.connection.execute(text, {**self._shared, **parameters})

    def columns(self, text: str, columns: Sequence[Column], **parameters: str | int) -> list[Any]:
        """The same, as `joined.read` has it."""
        deadline.keep()
        return read(self.connection, text, columns, {**self._shared, **parameters})

    def includes(self, type: int) -> bool:
        return self.types is None or type in self.types

    def types_at(self, row: Row) -> Sequence[int]:
        """The types of the scope that can touch a node, in schema order, without those drawn by hand."""
        names = self.names
        return [type for type in names.types_at[row.label] if self.includes(type) and type not in names.human_types]

    def is_crowded(self, row: Row) -> bool:
        """Whether a node has so many relationships that they are not read whole."""
        return row.degree > self.names.hub_degree


def _any_drawn(connection: sqlite3.Connection) -> bool:
    return connection.execute("SELECT 1 FROM drawn LIMIT 1").fetchone() is not None


def as_json(values: Iterable[int]) -> str:
    return orjson.dumps(list(values)).decode()
