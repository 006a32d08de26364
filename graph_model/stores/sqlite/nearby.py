"""Who is near something: walked from what meets the condition where that is little, instead of around everybody."""

# ruff: noqa: S608 - statements are made of fixed fragments and names of the schema; values are always parameters

import sqlite3
from dataclasses import dataclass

import numpy as np
import orjson
from numpy.typing import NDArray

from graph_model.predicates import HUB, Near
from graph_model.schema import SCHEMA
from graph_model.stores.sqlite.ddl import property_table
from graph_model.stores.sqlite.graph_sql import bounds, there
from graph_model.stores.sqlite.names import Names
from graph_model.stores.sqlite.predicate_sql import compile_predicate
from graph_model.stores.sqlite.values import Cell

FEW = 100_000  # nodes that something is looked for around
_MOST_WAYS = 2_000_000  # from them

_THERE_A, _THERE_B = there("a"), there("b")
_WAYS = f"""
SELECT coalesce(sum(h.degree), 0) FROM json_each(?) m CROSS JOIN adjacency a ON a.nid = m.value
CROSS JOIN node h ON h.nid = a.other AND h.degree <= {HUB}
"""
_NEXT = f"""
SELECT group_concat(a.other) FROM json_each(?) m CROSS JOIN adjacency a ON a.nid = m.value WHERE {_THERE_A} AND a.other <> m.value
"""
_NEXT_BUT_ONE = f"""
SELECT group_concat(b.other) FROM json_each(?) m CROSS JOIN adjacency a ON a.nid = m.value AND {_THERE_A}
CROSS JOIN node h ON h.nid = a.other AND h.degree <= {HUB} CROSS JOIN adjacency b ON b.nid = h.nid AND {_THERE_B}
WHERE b.other <> m.value
"""


@dataclass(frozen=True, slots=True)
class Nearby:
    """Handles, rising, of whoever is near."""

    handles: NDArray[np.int64]

    def between(self, after: int, upto: int) -> str:
        """Those after one handle and up to another, as JSON."""
        begin, end = np.searchsorted(self.handles, (after, upto), side="right")
        return _json(self.handles[begin:end])


def nearby(connection: sqlite3.Connection, names: Names, near: Near) -> Nearby | None:
    """None where so much meets the condition that it is better asked of each node."""
    few = _few(connection, names, near)
    if few is None:
        return None
    begins = _json(few)
    ways = connection.execute(_WAYS, (begins,)).fetchone()[0] if near.hops > 1 else 0
    if ways > _MOST_WAYS:
        return None
    moments = bounds(near.at)
    found = [_handles(connection, _NEXT, [begins, *moments])]
    if near.hops > 1:
        found.append(_handles(connection, _NEXT_BUT_ONE, [begins, *moments, *moments]))
    return Nearby(np.unique(np.concatenate(found)))


def _few(connection: sqlite3.Connection, names: Names, near: Near) -> NDArray[np.int64] | None:
    condition, parameters = compile_predicate(near.label, near.where)
    join = ""
    if len(SCHEMA.node(near.label).properties) > 0:
        join = f" LEFT JOIN {property_table(near.label)} p ON p.nid = n.nid"
    text = (
        f"SELECT n.nid AS nid, n.degree AS degree FROM node n{join} WHERE n.label = ? AND {condition} LIMIT {FEW + 1}"
    )
    number, ways, handles = connection.execute(
        f"SELECT count(*), coalesce(sum(degree), 0), group_concat(nid) FROM ({text})",
        (names.labels[near.label], *parameters),
    ).fetchone()
    return None if number > FEW or ways > _MOST_WAYS else _array(handles)


def _handles(connection: sqlite3.Connection, text: str, parameters: list[Cell]) -> NDArray[np.int64]:
    return _array(connection.execute(text, parameters).fetchone()[0])


def _array(text: str | None) -> NDArray[np.int64]:
    return np.fromstring(text or "", dtype=np.int64, sep=",")


def _json(handles: NDArray[np.int64]) -> str:
    return orjson.dumps(handles, option=orjson.OPT_SERIALIZE_NUMPY).decode()
