"""One pass of several tags over the nodes of one type: read side by side, by one statement a piece; what differs is written in short transactions.

A statement reads each node with its properties once and says for every tag by one letter which value the node is to have. The letters of a piece and
what is kept of it meet as arrays, so no value passes through Python by itself.
"""

# ruff: noqa: S608 - statements are made of fixed fragments and names of the schema; values are always parameters

import sqlite3
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass

import numpy as np
import orjson
from numpy.typing import NDArray

from graph_model.predicates import COMMON_FIELDS, Predicate
from graph_model.schema import SCHEMA
from graph_model.stores.sqlite.alike import Alike
from graph_model.stores.sqlite.connections import Connections
from graph_model.stores.sqlite.ddl import property_table
from graph_model.stores.sqlite.names import Names
from graph_model.stores.sqlite.nearby import nearby
from graph_model.stores.sqlite.predicate_sql import compile_predicate, compile_upon, field, fields_of
from graph_model.stores.sqlite.side_by_side import ahead
from graph_model.stores.sqlite.tagging import code_of, run_number
from graph_model.stores.sqlite.values import Cell
from graph_model.tagging import TagCell, TagRule, TagStep, ValueColumn

_PIECE = 20_000  # nodes that one statement reads
_AT_ONCE = 20_000  # values that one transaction writes: others wait for it
_MOST_PARAMETERS = 20_000  # of one statement, of which SQLite has 32,766
_DENSE = 8  # handles of whatever type for each of the type that is read
_NONE = ord("0")  # the letter of a node that is to have no value; those of the values follow it

_Handles = NDArray[np.int64]
_Places = NDArray[np.int32]

_UPTO = "SELECT max(nid), count(*) FROM (SELECT nid FROM node WHERE label = ? AND nid > ? ORDER BY nid LIMIT ?)"
_KEPT = "SELECT group_concat(nid), group_concat({letter}, '') FROM (SELECT nid, value FROM tagged WHERE tag = ? AND nid > ? AND nid <= ? ORDER BY nid)"
# What one run says of one node is the last that it said.
_KEEP = """
INSERT INTO tag_value (tag, nid, run, value) SELECT ?1, value, ?2, ?3 FROM json_each(?4) WHERE true
ON CONFLICT (tag, nid, run) DO UPDATE SET value = excluded.value
"""
_SHOW = """
INSERT INTO tagged (tag, nid, run, value) SELECT ?1, value, ?2, ?3 FROM json_each(?4) WHERE true
ON CONFLICT (tag, nid) DO UPDATE SET run = excluded.run, value = excluded.value
"""
_HIDE = "DELETE FROM tagged WHERE tag = ?1 AND nid IN (SELECT value FROM json_each(?2))"


@dataclass(frozen=True, slots=True)
class _Tag:
    """A rule as a pass has it: the tag and the run by number, and its values, each once."""

    rule: TagRule
    code: int
    run: int
    values: Sequence[TagCell]


@dataclass(frozen=True, slots=True)
class _Piece:
    """The nodes after one handle and up to another, and how many of the type these are."""

    after: int
    upto: int
    number: int


@dataclass(frozen=True, slots=True)
class _Written:
    """Handles that are to have a value of a tag; None where it ends."""

    tag: _Tag
    value: TagCell | None
    handles: _Handles


@dataclass(frozen=True, slots=True)
class _Found:
    """What a piece comes to."""

    steps: Sequence[TagStep]
    writes: Sequence[_Written]


def tag(
    connections: Connections,
    names: Names,
    label: str,
    rules: Sequence[TagRule],
    *,
    within: Predicate,
    limit: int | None,
) -> Generator[Sequence[TagStep], None, None]:
    with connections.writing() as connection:
        tags = [_begun(connection, rule) for rule in rules]
    with connections.reading() as connection:
        statements = [
            _Statement(connection, names, label, part, within) for part in _parts(label, tags, _MOST_PARAMETERS)
        ]

    def found(piece: _Piece) -> _Found:
        with connections.reading() as connection:
            read = [statement.read(connection, piece) for statement in statements]
        return _Found([step for each in read for step in each.steps], [one for each in read for one in each.writes])

    with closing(ahead(found, _pieces(connections, names.labels[label], limit or _PIECE))) as read:
        for piece in read:
            _write(connections, piece.writes)
            yield piece.steps


def _begun(connection: sqlite3.Connection, rule: TagRule) -> _Tag:
    code = code_of(connection, rule.run.code)
    column = rule.column
    values = list(dict.fromkeys(value for value, _ in rule.cases)) if column is None else column.values
    return _Tag(rule, code, run_number(connection, code, rule.run), values)


def _parts(label: str, tags: Sequence[_Tag], most: int) -> list[Sequence[_Tag]]:
    """Tags that fit one statement each."""
    parts: list[list[_Tag]] = [[]]
    room = most
    for each in tags:
        needed = sum(len(compile_predicate(label, predicate)[1]) + 2 for _, predicate in each.rule.cases)
        if needed > room and len(parts[-1]) > 0:
            parts.append([])
            room = most
        parts[-1].append(each)
        room -= needed
    return [part for part in parts if len(part) > 0]


def _pieces(connections: Connections, label: int, limit: int) -> Iterator[_Piece]:
    after = 0
    while True:
        with connections.reading() as connection:
            upto, number = connection.execute(_UPTO, (label, after, limit)).fetchone()
        if number == 0:
            return
        yield _Piece(after, upto, number)
        after = upto


class _Statement:
    """Some tags of a pass: what is read of a piece, compared with what is kept."""

    def __init__(
        self, connection: sqlite3.Connection, names: Names, label: str, tags: Sequence[_Tag], within: Predicate
    ) -> None:
        self._label = label
        self._number = names.labels[label]
        self._tags = tags
        self._ruled = [each for each in tags if each.rule.column is None]
        self._within = compile_predicate(label, within)
        self._alike = Alike()
        for each in self._ruled:
            _letters(label, each, self._alike)
        self._alike.settle({key: nearby(connection, names, near) for key, near in self._alike.nears().items()})

    def read(self, connection: sqlite3.Connection, piece: _Piece) -> _Found:
        text, parameters = self._text(piece)
        nids, *letters = connection.execute(text, parameters).fetchone()
        handles, told = _handles(nids), iter(letters)
        steps, writes = [], list[_Written]()
        for each in self._tags:
            column = each.rule.column
            wanted = _places(next(told)) if column is None else _beside(handles, column)
            numbers = np.bincount(wanted, minlength=len(each.values) + 1)[1:].tolist()
            differing = _differing(each, handles, wanted, *_kept(connection, each, piece))
            changed = sum(len(one.handles) for one in differing)
            counts = {value: number for value, number in zip(each.values, numbers, strict=True) if number > 0}
            steps.append(TagStep(len(handles), changed, counts))
            writes += differing
        return _Found(steps, writes)

    def _text(self, piece: _Piece) -> tuple[str, list[Cell]]:
        alike = self._alike.between(piece.after, piece.upto)
        outer: list[Cell] = []
        joined = ["group_concat(n.nid)"]
        for each in self._ruled:
            letters, parameters = _letters(self._label, each, alike)
            joined.append(f"group_concat({letters}, '')")
            outer += parameters
        asked, inner = alike.columns()
        columns = ", ".join(["n.nid AS nid", *self._fields(), *asked])
        join = ""
        if len(SCHEMA.node(self._label).properties) > 0:
            join = f" LEFT JOIN {property_table(self._label)} p ON p.nid = n.nid"
        condition, bounds = self._within
        # Handles of one type lie together, mostly: read as they lie, unless many others lie between. Limited, to none, so that each column is worked
        # out once.
        how = "NOT INDEXED" if piece.upto - piece.after <= _DENSE * piece.number else "INDEXED BY node_by_label"
        rows = (
            f"SELECT {columns} FROM node n {how}{join} WHERE n.label = ? AND n.nid > ? AND n.nid <= ? "
            f"AND {condition} ORDER BY n.nid LIMIT -1"
        )
        return f"SELECT {', '.join(joined)} FROM ({rows}) n", [
            *outer,
            *inner,
            self._number,
            piece.after,
            piece.upto,
            *bounds,
        ]

    def _fields(self) -> list[str]:
        cases = [predicate for each in self._tags for _, predicate in each.rule.cases]
        read = sorted({name for predicate in cases for name in fields_of(predicate)})
        return [f'{field(self._label, name).column} AS "{_own(self._label, name)}"' for name in read]


def _own(label: str, name: str) -> str:
    """The name of a field's column."""
    return name if name in COMMON_FIELDS or name != SCHEMA.node(label).key.name else "key"


def _letters(label: str, each: _Tag, alike: Alike) -> tuple[str, list[Cell]]:
    """The letter of the value that a node is to have."""
    choices, parameters = [], list[Cell]()
    for value, predicate in each.rule.cases:
        condition, own = compile_upon(label, predicate, alike)
        choices.append(f"WHEN {condition} THEN '{_letter(each.values.index(value))}'")
        parameters += own
    none = f"'{chr(_NONE)}'"
    return f"CASE {' '.join(choices)} ELSE {none} END" if len(choices) > 0 else none, parameters


def _beside(handles: _Handles, column: ValueColumn) -> _Places:
    """The same of values that were worked out before: 0 for none, and the places of others one up."""
    begin, end = np.searchsorted(column.handles, (handles[0], handles[-1] + 1)) if len(handles) > 0 else (0, 0)
    where = np.searchsorted(handles, column.handles[begin:end])
    there = handles[where] == column.handles[begin:end]
    places = np.zeros(len(handles), dtype=np.int32)
    places[where[there]] = column.place[begin:end][there] + 1
    return places


def _letter(place: int) -> str:
    return chr(_NONE + 1 + place)


def _kept(connection: sqlite3.Connection, each: _Tag, piece: _Piece) -> tuple[_Handles, _Places]:
    """Who has the tag, and by which of its values; past the last of them for another."""
    choices = " ".join(f"WHEN value = ? THEN '{_letter(place)}'" for place in range(len(each.values)))
    other = f"'{_letter(len(each.values))}'"
    letter = f"CASE {choices} ELSE {other} END" if choices else other
    bounds = (each.code, piece.after, piece.upto)
    nids, letters = connection.execute(_KEPT.format(letter=letter), (*each.values, *bounds)).fetchone()
    return _handles(nids), _places(letters)


def _differing(each: _Tag, handles: _Handles, wanted: _Places, holders: _Handles, kept: _Places) -> list[_Written]:
    where = np.searchsorted(handles, holders)
    there = np.append(handles, -1)[where] == holders
    before = np.zeros(len(handles), dtype=np.int32)
    before[where[there]] = kept[there]
    differs = wanted != before
    ended = np.concatenate([handles[differs & (wanted == 0)], holders[~there]])
    given = [_Written(each, value, handles[differs & (wanted == place)]) for place, value in enumerate(each.values, 1)]
    return [one for one in (*given, _Written(each, None, ended)) if len(one.handles) > 0]


def _write(connections: Connections, writes: Sequence[_Written]) -> None:
    for some in _packed(writes):
        with connections.writing() as connection:
            for one in some:
                handles = orjson.dumps(one.handles, option=orjson.OPT_SERIALIZE_NUMPY).decode()
                connection.execute(_KEEP, (one.tag.code, one.tag.run, one.value, handles))
                if one.value is None:
                    connection.execute(_HIDE, (one.tag.code, handles))
                else:
                    connection.execute(_SHOW, (one.tag.code, one.tag.run, one.value, handles))


def _packed(writes: Sequence[_Written]) -> Iterator[list[_Written]]:
    """What is written in one transaction each."""
    some: list[_Written] = []
    room = _AT_ONCE
    for one in writes:
        handles = one.handles
        while len(handles) > 0:
            some.append(_Written(one.tag, one.value, handles[:room]))
            handles = handles[room:]
            room -= len(some[-1].handles)
            if room == 0:
                yield some
                some, room = [], _AT_ONCE
    if len(some) > 0:
        yield some


def _handles(text: str | None) -> _Handles:
    return np.fromstring(text or "", dtype=np.int64, sep=",")


def _places(text: str | None) -> _Places:
    return np.frombuffer((text or "").encode("utf-32-le"), dtype="<u4").astype(np.int32) - _NONE
