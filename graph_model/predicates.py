"""Predicates: one typed tree by which nodes are selected, counted and assigned to. Pure; every adapter compiles it from fixed fragments.

Names are checked against the schema before any adapter sees them; values always travel as parameters.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from graph_model.errors import InvalidRequest, UnknownName
from graph_model.schema import SCHEMA, StorageKind, Value

MAX_COUNT = 1_000  # that relationships and sharers are compared with: none is counted further than that
MAX_HOPS_NEAR = 2
HUB = 200  # what is near is not looked for through a node of more relationships
TAG_CODE = re.compile(r"[a-z][a-z0-9_]{0,39}")
# Who is in a segment is kept as a tag that no dictionary holds.
_TAG_NAME = re.compile(rf"(?:segment:)?{TAG_CODE.pattern}")
_MOST_VALUES = 1_000
_MOST_PARTS = 1_000
_DEEPEST = 50

# Kept on every node beside its declared properties, and how.
COMMON_FIELDS: Mapping[str, StorageKind] = {
    "first_seen": StorageKind.MOMENT,
    "last_seen": StorageKind.MOMENT,
    "recorded_at": StorageKind.MOMENT,
    "source": StorageKind.TEXT,
    "score": StorageKind.REAL,
    "grade": StorageKind.TEXT,
    "ring_id": StorageKind.TEXT,
}


class Operator(StrEnum):
    EQ = "="
    NE = "<>"
    LT = "<"
    LE = "<="
    GT = ">"
    GE = ">="


@dataclass(frozen=True, slots=True)
class Compare:
    """`field operator value`. A node without the field never matches, whatever the operator."""

    field: str
    operator: Operator
    value: Value


@dataclass(frozen=True, slots=True)
class Among:
    """The field is one of the values (at most 1,000)."""

    field: str
    values: Sequence[Value]


@dataclass(frozen=True, slots=True)
class Missing:
    """The node has no such field."""

    field: str


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every part holds; an empty one is true."""

    parts: "Sequence[Predicate]"


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Some part holds; an empty one is false."""

    parts: "Sequence[Predicate]"


@dataclass(frozen=True, slots=True)
class Not:
    part: "Predicate"


@dataclass(frozen=True, slots=True)
class Tagged:
    """The newest value of a tag compares so. A node without the tag never matches. Values of another kind than the tag's never do either."""

    tag: str
    operator: Operator
    value: str | int | float | bool


@dataclass(frozen=True, slots=True)
class Blocklisted:
    """The node was on the blocklist at a moment."""

    at: datetime


class Direction(StrEnum):
    OUT = "out"
    IN = "in"


@dataclass(frozen=True, slots=True)
class Neighbours:
    """How many distinct other nodes a relationship type joins this one to, in either direction or in one; only those of `label` that meet
    `where`, if these are given. `at` leaves out relationships first seen or recorded later. What was drawn by hand is never counted."""

    type: str
    operator: Operator
    count: int
    direction: Direction | None = None
    label: str | None = None
    where: "Predicate | None" = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Sharing:
    """How many distinct other nodes of the same type share an identifier of type `identifier` with this one, by any of `types` (all that
    lead there when empty)."""

    identifier: str
    operator: Operator
    count: int
    types: Sequence[str] = ()
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Near:
    """Some other node of `label` within 1 or 2 relationships meets `where`. No way leads through a node of more than HUB relationships,
    nor along what was drawn by hand."""

    label: str
    hops: int
    where: "Predicate"
    at: datetime | None = None


Predicate = Compare | Among | Missing | AllOf | AnyOf | Not | Tagged | Blocklisted | Neighbours | Sharing | Near
EVERYTHING = AllOf(())
_BY_WALKING = (Neighbours, Sharing, Near)


def check_predicate(label: str, predicate: Predicate) -> None:
    """Raises UnknownName for a field that nodes of `label` can't have or a relationship that can't touch them, InvalidRequest for what lies
    outside its bounds."""
    if sum(1 for _ in _parts(predicate, 0)) > _MOST_PARTS:
        raise InvalidRequest(f"The filter has more than {_MOST_PARTS} conditions. Split it.")
    _check(label, predicate, walking=True)


def ends(label: str, type: str, direction: Direction | None = None, other: str | None = None) -> list[str]:
    """The node types at the far end of a relationship type, seen from `label`. Raises UnknownName where there are none."""
    relationship = SCHEMA.relationship(type)
    if relationship.human:
        raise InvalidRequest(f"{type} is drawn by hand and is not counted. Choose another type of relationship.")
    found = [end for start, end in relationship.ends if start == label and direction is not Direction.IN]
    found += [start for start, end in relationship.ends if end == label and direction is not Direction.OUT]
    wanted = [end for end in dict.fromkeys(found) if other is None or end == SCHEMA.node(other).label]
    if len(wanted) == 0:
        raise UnknownName(
            f"No {type} leads from a {label} to {'anything' if other is None else other} in that direction."
        )
    return wanted


def sharing_types(label: str, identifier: str, types: Sequence[str] = ()) -> list[str]:
    """The relationship types by which nodes of `label` share an identifier; those asked for, or all. Raises UnknownName."""
    wanted = SCHEMA.node(identifier)
    if not wanted.identifier:
        raise UnknownName(f"A {identifier} is not shared. Shared are: {', '.join(SCHEMA.identifiers)}.")
    known = [r.name for r in SCHEMA.relationships if not r.human and (label, identifier) in r.ends]
    for type in types:
        if SCHEMA.relationship(type).name not in known:
            raise UnknownName(f"No {type} leads from a {label} to a {identifier}.")
    if len(known) == 0:
        raise UnknownName(f"Nothing leads from a {label} to a {identifier}.")
    return [name for name in known if len(types) == 0 or name in types]


def parts_of(predicate: Predicate) -> Sequence[Predicate]:
    """What a predicate is made of, one step down."""
    match predicate:
        case AllOf(parts=parts) | AnyOf(parts=parts):
            return parts
        case Not(part=part):
            return (part,)
        case Near(where=where) | Neighbours(where=where) if where is not None:
            return (where,)
    return ()


def _parts(predicate: Predicate, depth: int) -> Iterator[Predicate]:
    if depth > _DEEPEST:
        raise InvalidRequest(f"The filter is nested more than {_DEEPEST} deep. Flatten it.")
    yield predicate
    for part in parts_of(predicate):
        yield from _parts(part, depth + 1)


def _check(label: str, predicate: Predicate, *, walking: bool) -> None:
    if not walking and isinstance(predicate, _BY_WALKING):
        raise InvalidRequest(
            "Conditions of a neighbour can't lead on to its own neighbours. Say it of the node itself."
        )
    match predicate:
        case Compare(field=name) | Missing(field=name):
            _check_field(label, name)
        case Among(field=name, values=values):
            _check_field(label, name)
            if len(values) > _MOST_VALUES:
                raise InvalidRequest(f"The filter lists more than {_MOST_VALUES} values for {name}. Split it.")
        case AllOf() | AnyOf() | Not():
            for part in parts_of(predicate):
                _check(label, part, walking=walking)
        case Tagged(tag=tag):
            if _TAG_NAME.fullmatch(tag) is None:
                raise UnknownName("A tag's code is up to 40 small letters, digits and underscores, a letter first.")
        case Blocklisted():
            SCHEMA.node(label)
        case Neighbours(type=type, count=count, direction=direction, label=other, where=where):
            _check_count(count)
            found = ends(label, type, direction, other)
            if where is not None:
                if other is None:
                    raise InvalidRequest("Say the type of the neighbours that the condition is about.")
                _check(found[0], where, walking=False)
        case Sharing(identifier=identifier, count=count, types=types):
            _check_count(count)
            sharing_types(label, identifier, types)
        case Near(label=other, hops=hops, where=where):
            if not 1 <= hops <= MAX_HOPS_NEAR:
                raise InvalidRequest(f"Near is within 1 to {MAX_HOPS_NEAR} hops.")
            _check(SCHEMA.node(other).label, where, walking=False)
        case _:
            raise UnknownName(f"{type_name(predicate)} is no predicate.")


def type_name(value: object) -> str:
    return type(value).__name__


def _check_field(label: str, name: str) -> None:
    if name not in COMMON_FIELDS:
        SCHEMA.node(label).declared(name)


def _check_count(count: int) -> None:
    if not 0 <= count <= MAX_COUNT:
        raise InvalidRequest(f"Numbers of neighbours are compared with 0 to {MAX_COUNT}.")
