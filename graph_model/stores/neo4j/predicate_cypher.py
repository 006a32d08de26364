"""Predicates to Cypher: fixed fragments, names from the schema, every value a parameter. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from graph_model.errors import InvalidRequest, UnknownName
from graph_model.predicates import (
    COMMON_FIELDS,
    AllOf,
    Among,
    AnyOf,
    Compare,
    Missing,
    Not,
    Operator,
    Predicate,
    check_predicate,
)
from graph_model.schema import SCHEMA, StorageKind
from graph_model.stores.neo4j.values import Cell, encode

_MOST_VALUES = 1_000
_MOST_PARTS = 1_000
_DEEPEST = 50
_COMMON_KINDS = {
    "first_seen": StorageKind.MOMENT,
    "last_seen": StorageKind.MOMENT,
    "recorded_at": StorageKind.MOMENT,
    "source": StorageKind.TEXT,
    "score": StorageKind.REAL,
    "grade": StorageKind.TEXT,
    "ring_id": StorageKind.TEXT,
}
assert _COMMON_KINDS.keys() == set(COMMON_FIELDS)

Parameters = dict[str, Cell | list[Cell]]


@dataclass(frozen=True, slots=True)
class Field:
    """A property of a node `n`, as Cypher names it."""

    name: str
    kind: StorageKind


def field(label: str, name: str) -> Field:
    """Raises UnknownName."""
    kind = _COMMON_KINDS.get(name)
    if kind is not None:
        return Field(f"n.{name}", kind)
    node_type = SCHEMA.node(label)
    declared = node_type.declared(name)
    own = "key" if declared is node_type.key else declared.name
    return Field(f"n.{own}", declared.type.storage)


def compile_predicate(label: str, predicate: Predicate) -> tuple[str, Parameters]:
    """A condition that is never null, and its parameters. Raises UnknownName and InvalidRequest."""
    check_predicate(label, predicate)
    if sum(1 for _ in _parts(predicate, 0)) > _MOST_PARTS:
        raise InvalidRequest(f"The filter has more than {_MOST_PARTS} conditions. Split it.")
    parameters: Parameters = {}
    return _compile(label, predicate, parameters), parameters


def _parts(predicate: Predicate, depth: int) -> Iterator[Predicate]:
    if depth > _DEEPEST:
        raise InvalidRequest(f"The filter is nested more than {_DEEPEST} deep. Flatten it.")
    yield predicate
    match predicate:
        case AllOf(parts=parts) | AnyOf(parts=parts):
            for part in parts:
                yield from _parts(part, depth + 1)
        case Not(part=part):
            yield from _parts(part, depth + 1)


def _compile(label: str, predicate: Predicate, parameters: Parameters) -> str:
    match predicate:
        case Compare(field=name, operator=operator, value=value):
            of = field(label, name)
            place = _added(parameters, encode(name, of.kind, value))
            return f"({of.name} IS NOT NULL AND {of.name} {operator.value} ${place})"
        case Among(field=name, values=values):
            of = field(label, name)
            if len(values) > _MOST_VALUES:
                raise InvalidRequest(f"The filter lists more than {_MOST_VALUES} values for {name}. Split it.")
            place = _added(parameters, [encode(name, of.kind, value) for value in values])
            return f"({of.name} IS NOT NULL AND {of.name} IN ${place})"
        case Missing(field=name):
            return f"{field(label, name).name} IS NULL"
        case AllOf(parts=parts):
            return _joined([_compile(label, part, parameters) for part in parts], " AND ", "true")
        case AnyOf(parts=parts):
            # Any of hundreds of things is read as one: a chain of OR takes the planner seconds.
            return _any(label, parts, parameters)
        case Not(part=part):
            return f"NOT ({_compile(label, part, parameters)})"
    raise UnknownName(f"{type(predicate).__name__} is no predicate.")


def _any(label: str, parts: Sequence[Predicate], parameters: Parameters) -> str:
    """`x = 1 OR x = 2` becomes `x IN [1, 2]`."""
    among: dict[str, list[Cell]] = {}
    rest: list[str] = []
    for part in parts:
        if isinstance(part, Compare) and part.operator is Operator.EQ:
            among.setdefault(part.field, []).append(encode(part.field, field(label, part.field).kind, part.value))
        else:
            rest.append(_compile(label, part, parameters))
    for name, cells in among.items():
        of = field(label, name)
        rest.append(f"({of.name} IS NOT NULL AND {of.name} IN ${_added(parameters, cells)})")
    return _joined(rest, " OR ", "false")


def _added(parameters: Parameters, value: Cell | list[Cell]) -> str:
    name = f"p{len(parameters)}"
    parameters[name] = value
    return name


def _joined(conditions: list[str], word: str, empty: str) -> str:
    return f"({word.join(conditions)})" if len(conditions) > 0 else empty
