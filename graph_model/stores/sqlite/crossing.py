"""Cross-tabulation, counts of tags among some nodes, and one tag of everybody as columns."""

# ruff: noqa: S608 - statements are made of fixed fragments and names of the schema; values are always parameters

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graph_model.crossing import (
    MOST_VALUES,
    Axis,
    ByNeighbour,
    CrossCell,
    Crossed,
    TagColumn,
    TagCounts,
    check_axis,
    check_code,
    checked,
    too_many,
)
from graph_model.moments import to_ms
from graph_model.predicates import Predicate
from graph_model.schema import SCHEMA
from graph_model.stores.sqlite.ddl import property_table
from graph_model.stores.sqlite.joined import Column, read
from graph_model.stores.sqlite.names import Names
from graph_model.stores.sqlite.predicate_sql import compile_predicate
from graph_model.stores.sqlite.scope import as_json
from graph_model.stores.sqlite.values import Cell
from graph_model.tagging import TagCell

_Handles = NDArray[np.int64]
# Two ranges that are read through, and met in arrays: a look at the other end of each relationship would take three times as long.
_EDGES = "SELECT start, finish FROM edge WHERE triple = :triple AND first_seen <= :at AND recorded_at <= :at"
_COUNTS = """
SELECT t.value, count(*) FROM json_each(?) wanted CROSS JOIN tagged t ON t.tag = ? AND t.nid = wanted.value GROUP BY t.value
"""


def cross(
    connection: sqlite3.Connection, names: Names, label: str, axes: tuple[Axis, Axis], predicate: Predicate
) -> list[Crossed]:
    """Each axis is read as columns and put beside the nodes that match; SQLite itself would sort a million rows to group them."""
    for axis in axes:
        check_axis(label, axis)
    condition, parameters = compile_predicate(label, predicate)
    join = ""
    if len(SCHEMA.node(label).properties) > 0:
        join = f" LEFT JOIN {property_table(label)} p ON p.nid = n.nid"
    text = f"SELECT n.nid FROM node n{join} WHERE n.label = ? AND {condition} ORDER BY n.nid"
    found = connection.execute(f"SELECT group_concat(nid) FROM ({text})", (names.labels[label], *parameters)).fetchone()
    people = np.fromstring(found[0] or "", dtype=np.int64, sep=",")
    rows, columns = (_beside(connection, names, label, axis, people) for axis in axes)
    pairs, counts = np.unique(rows.place * len(columns.cells) + columns.place, return_counts=True)
    return checked(
        [
            Crossed(rows.cells[pair // len(columns.cells)], columns.cells[pair % len(columns.cells)], count)
            for pair, count in zip(pairs.tolist(), counts.tolist(), strict=True)
        ]
    )


@dataclass(frozen=True, slots=True)
class _Beside:
    """For each of some nodes the place of its value among `cells`."""

    place: NDArray[np.int64]
    cells: Sequence[CrossCell]


def _beside(connection: sqlite3.Connection, names: Names, label: str, axis: Axis, people: _Handles) -> _Beside:
    if isinstance(axis, ByNeighbour):
        return _sets_beside(connection, names, label, axis, people)
    tag = _number(connection, axis.code)
    value = "substr(t.value, 1, 7)" if axis.month else "t.value"
    values = _distinct(connection, f"SELECT DISTINCT {value} FROM tagged t WHERE t.tag = ?", tag)
    choices, parameters = _choices(value, values)
    text = f"SELECT t.nid, {choices} AS place FROM tagged t WHERE t.tag = :tag ORDER BY t.nid"
    handles, place = read(connection, text, [Column("nid", int), Column("place", int)], parameters | {"tag": tag})
    where, there = _found(people, handles)
    beside = np.full(len(people), len(values), dtype=np.int64)
    beside[where] = place[there]
    return _Beside(beside, [*values, None])


def _sets_beside(
    connection: sqlite3.Connection, names: Names, label: str, axis: ByNeighbour, people: _Handles
) -> _Beside:
    """Whoever sees a relationship sees its ends, so that only the relationship's own moments are looked at."""
    table = property_table(axis.label)
    values = _distinct(connection, f'SELECT DISTINCT "{axis.field}" FROM {table} WHERE "{axis.field}" IS NOT NULL')
    if len(values) == 0:
        return _Beside(np.zeros(len(people), dtype=np.int64), [()])
    # Each once; what is of one node lies together.
    once = np.unique(_pairs(connection, names, label, axis, values))
    handles, place = once // len(values), once % len(values)
    begins = np.flatnonzero(np.diff(handles, prepend=-1))
    # A set is the sum of a number drawn for each value: equal sets have equal sums, and others as good as never.
    drawn = np.random.default_rng(len(values)).integers(1, 2**62, size=len(values), dtype=np.int64)
    sums = np.add.reduceat(drawn[place], begins) if len(begins) > 0 else np.empty(0, dtype=np.int64)
    kinds, first, kind = np.unique(sums, return_index=True, return_inverse=True)
    lasts = np.append(begins[1:], len(handles))
    sets = [tuple(sorted(values[each] for each in place[begins[at] : lasts[at]].tolist())) for at in first.tolist()]
    where, there = _found(people, handles[begins])
    beside = np.full(len(people), len(kinds), dtype=np.int64)
    beside[where] = kind[there]
    return _Beside(beside, [*sets, ()])


def _pairs(
    connection: sqlite3.Connection, names: Names, label: str, axis: ByNeighbour, values: Sequence[TagCell]
) -> _Handles:
    """For each relationship the node and the place of its neighbour's value, as one number: handle times values, and place."""
    choices, parameters = _choices(f'q."{axis.field}"', values)
    text = (
        f"SELECT q.nid, {choices} AS place FROM {property_table(axis.label)} q "
        f'WHERE q."{axis.field}" IS NOT NULL ORDER BY q.nid'
    )
    theirs, places = read(connection, text, [Column("nid", int), Column("place", int)], parameters)
    parts = []
    for triple in SCHEMA.triples:
        if triple[1] == axis.type and {triple[0], triple[2]} == {label, axis.label}:
            moment: dict[str, Cell] = {"triple": names.triples[triple].code, "at": to_ms(axis.at)}
            near, far = read(connection, _EDGES, [Column("start", int), Column("finish", int)], moment)
            if triple[0] != label:
                near, far = far, near
            there = np.searchsorted(theirs, far)
            known = np.append(theirs, -1)[there] == far
            parts.append(near[known] * len(values) + places[there[known]])
    return np.concatenate(parts)


def _found(people: _Handles, handles: _Handles) -> tuple[_Handles, _Handles]:
    """Of handles that rise, where among the people they are, and which these are."""
    where = np.searchsorted(people, handles)
    there = np.flatnonzero(np.append(people, -1)[where] == handles)
    return where[there], there


def _distinct(connection: sqlite3.Connection, text: str, *parameters: Cell) -> list[Any]:
    """Raises InvalidRequest `portrait.too_many`."""
    found = connection.execute(f"{text} LIMIT {MOST_VALUES + 1}", parameters).fetchall()
    if len(found) > MOST_VALUES:
        raise too_many()
    return sorted((value for (value,) in found), key=str)


def _choices(value: str, values: Sequence[TagCell]) -> tuple[str, dict[str, Cell]]:
    """The place of a value among these, -1 for another, and the parameters in it."""
    choices = "".join(f"WHEN {value} = :v{place} THEN {place} " for place in range(len(values)))
    return f"CASE {choices}ELSE -1 END" if choices else "-1", {f"v{place}": each for place, each in enumerate(values)}


def tag_counts(connection: sqlite3.Connection, codes: Sequence[str], among: Sequence[int]) -> TagCounts:
    wanted = as_json(among)
    found: dict[str, dict[TagCell, int]] = {}
    for code in codes:
        number = _number(connection, code)
        found[code] = {} if number is None else dict(connection.execute(_COUNTS, (wanted, number)))
    return found


def scan_tag(connection: sqlite3.Connection, code: str, values: Sequence[TagCell]) -> TagColumn:
    choices, parameters = _choices("t.value", values)
    parameters["tag"] = _number(connection, code)
    text = f"SELECT t.nid, {choices} AS place FROM tagged t WHERE t.tag = :tag ORDER BY t.nid"
    handles, place = read(connection, text, [Column("nid", int), Column("place", int)], parameters)
    return TagColumn(handles, place)


def _number(connection: sqlite3.Connection, code: str) -> int | None:
    """What stands for a tag in this file; None where it was never computed."""
    check_code(code)
    found = connection.execute("SELECT code FROM vocabulary WHERE kind = 'tag' AND name = ?", (code,)).fetchone()
    return None if found is None else int(found[0])
