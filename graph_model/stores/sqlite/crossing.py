"""Cross-tabulation, counts of tags among some nodes, and one tag of everybody as columns."""

# ruff: noqa: S608 - statements are made of fixed fragments and names of the schema; values are always parameters

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graph_model.crossing import (
    MOST_VALUES,
    Axis,
    ByNeighbour,
    ByTag,
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
from graph_model.stores.sqlite.connections import Connections
from graph_model.stores.sqlite.ddl import property_table
from graph_model.stores.sqlite.joined import Column, Parameters, read, read_pairs
from graph_model.stores.sqlite.latest import settled
from graph_model.stores.sqlite.names import Names
from graph_model.stores.sqlite.predicate_sql import compile_predicate
from graph_model.stores.sqlite.scope import as_json
from graph_model.stores.sqlite.side_by_side import dealt, together
from graph_model.stores.sqlite.values import Cell
from graph_model.tagging import TagCell

_Handles = NDArray[np.int64]
_Pairs = tuple[_Handles, _Handles]
_Read = Callable[[sqlite3.Connection, int], _Pairs]  # told the greatest handle there is
_COUNTS = """
SELECT t.value, count(*) FROM json_each(?) wanted CROSS JOIN tagged t ON t.tag = ? AND t.nid = wanted.value GROUP BY t.value
"""
# Two ranges that are read through, and met in arrays: a look at the other end of each relationship would take three times as long.
_EDGES = """
SELECT {near} AS handle, {far} AS beside FROM edge WHERE triple = :triple AND first_seen <= :at AND recorded_at <= :at
"""
_SPREAD = 101  # one node of so many shows nearly every value that there is


def cross(
    connections: Connections, names: Names, label: str, axes: tuple[Axis, Axis], predicate: Predicate
) -> list[Crossed]:
    """Each axis is read as columns and put beside the nodes that match; SQLite itself would sort a million rows to group them."""
    for axis in axes:
        check_axis(label, axis)
    compile_predicate(label, predicate)  # which checks it, before what holds anyway is left out of it
    with together(connections) as readers:
        (last,) = readers[0].execute("SELECT coalesce(max(nid), 0) FROM node").fetchone()
        beside = [_axis(readers[0], names, label, axis) for axis in axes]
        reads = [read for each in beside for read in each.reads] + [partial(_people, names, label, predicate)]
        found = dealt(readers, lambda connection, read: read(connection, last), reads)
    people, _ = found.pop()
    rows = beside[0].put(people, found[: len(beside[0].reads)])
    columns = beside[1].put(people, found[len(beside[0].reads) :])
    pairs, counts = np.unique(rows.place * len(columns.cells) + columns.place, return_counts=True)
    return checked(
        [
            Crossed(rows.cells[pair // len(columns.cells)], columns.cells[pair % len(columns.cells)], count)
            for pair, count in zip(pairs.tolist(), counts.tolist(), strict=True)
        ]
    )


def _people(names: Names, label: str, predicate: Predicate, connection: sqlite3.Connection, last: int) -> _Pairs:
    code = names.labels[SCHEMA.node(label).label]
    condition, parameters = compile_predicate(label, settled(connection, code, predicate))
    join = f" LEFT JOIN {property_table(label)} p ON p.nid = n.nid" if len(SCHEMA.node(label).properties) > 0 else ""
    text = f"SELECT n.nid AS handle, 0 AS beside FROM node n{join} WHERE n.label = ? AND {condition} ORDER BY n.nid"
    return read_pairs(connection, text, (code, *parameters), handles=last, below=1)


@dataclass(frozen=True, slots=True)
class _Beside:
    """For each of some nodes the place of its value among `cells`."""

    place: _Handles
    cells: Sequence[CrossCell]


@dataclass(frozen=True, slots=True)
class _Axis:
    """What is to be read of an axis, and what puts that beside some nodes by rising handle."""

    reads: Sequence[_Read]
    put: Callable[[_Handles, Sequence[_Pairs]], _Beside]


def _axis(connection: sqlite3.Connection, names: Names, label: str, axis: Axis) -> _Axis:
    if isinstance(axis, ByTag):
        return _by_tag(axis, _number(connection, axis.code))
    triples = [t for t in SCHEMA.triples if t[1] == axis.type and {t[0], t[2]} == {label, axis.label}]
    return _by_neighbour(axis, [(names.triples[triple].code, triple[0] == label) for triple in triples])


def _by_tag(axis: ByTag, tag: int | None) -> _Axis:
    value = "substr(t.value, 1, 7)" if axis.month else "t.value"
    values = _Values(value, "t.nid", "FROM tagged t WHERE t.tag = :tag", {"tag": tag})

    def put(people: _Handles, found: Sequence[_Pairs]) -> _Beside:
        ((handles, place),) = found
        where, there = _found(people, handles)
        beside = np.full(len(people), len(values.known), dtype=np.int64)
        beside[where] = place[there]
        return _Beside(beside, [*values.known, None])

    return _Axis([values.read], put)


def _by_neighbour(axis: ByNeighbour, triples: Sequence[tuple[int, bool]]) -> _Axis:
    """Whoever sees a relationship sees its ends, so that only the relationship's own moments are looked at."""
    column = f'q."{axis.field}"'
    values = _Values(column, "q.nid", f"FROM {property_table(axis.label)} q WHERE {column} IS NOT NULL", {})

    def edges(triple: int, outgoing: bool, connection: sqlite3.Connection, last: int) -> _Pairs:
        near, far = ("start", "finish") if outgoing else ("finish", "start")
        moment: dict[str, Cell] = {"triple": triple, "at": to_ms(axis.at)}
        return read_pairs(connection, _EDGES.format(near=near, far=far), moment, handles=last, below=last + 1)

    def put(people: _Handles, found: Sequence[_Pairs]) -> _Beside:
        if len(values.known) == 0:
            return _Beside(np.zeros(len(people), dtype=np.int64), [()])
        neighbours, places = found[0]
        greatest = max(int(handles.max(initial=0)) for handles in (neighbours, *(far for _, far in found[1:])))
        place_of = np.full(greatest + 1, -1, dtype=np.int16)
        place_of[neighbours] = places
        parts = []
        for near, far in found[1:]:
            place = place_of[far]
            known = place >= 0
            parts.append(near[known] * len(values.known) + place[known])
        return _sets(people, np.concatenate(parts), values.known)

    return _Axis([values.read, *(partial(edges, triple, outgoing) for triple, outgoing in triples)], put)


def _sets(people: _Handles, pairs: _Handles, values: Sequence[TagCell]) -> _Beside:
    """Of handles and places of their values, as one number each: handle times values, and place."""
    pairs.sort()  # what is of one node lies together; numpy's `unique` takes ten times as long where nearly all are different
    once = pairs[np.diff(pairs, prepend=-1) > 0]
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


def _found(people: _Handles, handles: _Handles) -> tuple[_Handles, _Handles]:
    """Of handles that rise, where among the people they are, and which these are."""
    where = np.searchsorted(people, handles)
    there = np.flatnonzero(np.append(people, -1)[where] == handles)
    return where[there], there


class _Values:
    """A column of few values: `known` are those, once it was read."""

    def __init__(self, value: str, handle: str, rows: str, parameters: Parameters) -> None:
        self._value, self._handle, self._rows, self._parameters = value, handle, rows, parameters
        self.known: list[Any] = []

    def read(self, connection: sqlite3.Connection, last: int) -> _Pairs:
        """Handles that rise, and the places of their values. Raises InvalidRequest `portrait.too_many`."""
        self.known = self._frequent(connection)
        choices, parameters = _choices(self._value, self.known, len(self.known))
        text = f"SELECT {self._handle} AS handle, {choices} AS beside {self._rows} ORDER BY {self._handle}"
        handles, place = read_pairs(
            connection, text, self._parameters | parameters, handles=last, below=len(self.known) + 1
        )
        others = np.flatnonzero(place == len(self.known))
        if len(others) > 0:
            place[others] = self._rare(connection, parameters)
        return handles, place

    def _frequent(self, connection: sqlite3.Connection) -> list[Any]:
        """The values of some nodes, the most frequent first, as it is found first."""
        text = (
            f"SELECT {self._value} AS value {self._rows} AND {self._handle} % {_SPREAD} = 0 "
            f"GROUP BY value ORDER BY count(*) DESC, value LIMIT {MOST_VALUES + 1}"
        )
        return self._checked([value for (value,) in connection.execute(text, self._parameters)])

    def _rare(self, connection: sqlite3.Connection, known: Mapping[str, Cell]) -> list[int]:
        """The places of all other values, which become known, by rising handle."""
        marks = ", ".join(f":{name}" for name in known)
        text = f"SELECT {self._value} {self._rows} AND {self._value} NOT IN ({marks}) ORDER BY {self._handle}"
        found = [value for (value,) in connection.execute(text, {**self._parameters, **known})]
        self.known = self._checked([*self.known, *sorted(set(found), key=str)])
        place_of = {value: place for place, value in enumerate(self.known)}
        return [place_of[value] for value in found]

    def _checked(self, values: list[Any]) -> list[Any]:
        if len(values) > MOST_VALUES:
            raise too_many()
        return values


def _choices(value: str, values: Sequence[TagCell], other: int = -1) -> tuple[str, dict[str, Cell]]:
    """The place of a value among these, `other` for another, and the parameters in it."""
    choices = "".join(f"WHEN :v{place} THEN {place} " for place in range(len(values)))
    parameters: dict[str, Cell] = {f"v{place}": each for place, each in enumerate(values)}
    return f"CASE {value} {choices}ELSE {other} END" if choices else str(other), parameters


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
    text = f"SELECT t.nid, {choices} AS place FROM tagged t WHERE t.tag = :tag"
    handles, place = read(connection, text, [Column("nid", int), Column("place", int)], parameters)
    return TagColumn(handles, place)


def _number(connection: sqlite3.Connection, code: str) -> int | None:
    """What stands for a tag in this file; None where it was never computed."""
    check_code(code)
    found = connection.execute("SELECT code FROM vocabulary WHERE kind = 'tag' AND name = ?", (code,)).fetchone()
    return None if found is None else int(found[0])
