"""Predicates to SQL: fixed fragments, names from the schema, every value a parameter. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from graph_model.errors import InvalidRequest, UnknownName
from graph_model.predicates import (
    COMMON_FIELDS,
    AllOf,
    Among,
    AnyOf,
    Compare,
    Missing,
    Not,
    Predicate,
    check_predicate,
)
from graph_model.schema import SCHEMA, StorageKind, Value
from graph_model.stores.sqlite.values import Cell, encoder

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


@dataclass(frozen=True, slots=True)
class Field:
    """A column of a node: of `node n`, or of its table of properties `p`."""

    column: str
    kind: StorageKind
    nullable: bool

    @property
    def of_properties(self) -> bool:
        return self.column.startswith("p.")


def field(label: str, name: str) -> Field:
    """Raises UnknownName."""
    kind = _COMMON_KINDS.get(name)
    if kind is not None:
        return Field(f"n.{name}", kind, name in ("score", "grade", "ring_id"))
    node_type = SCHEMA.node(label)
    declared = node_type.declared(name)
    if declared is node_type.key:
        return Field("n.key", declared.type.storage, False)
    return Field(f'p."{name}"', declared.type.storage, True)


def compile_predicate(label: str, predicate: Predicate) -> tuple[str, list[Cell]]:
    """A condition that is never null, and its parameters. Raises UnknownName and InvalidRequest."""
    check_predicate(label, predicate)
    if sum(1 for _ in _parts(predicate, 0)) > _MOST_PARTS:
        raise InvalidRequest(f"The filter has more than {_MOST_PARTS} conditions. Split it.")
    parameters: list[Cell] = []
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


def _compile(label: str, predicate: Predicate, parameters: list[Cell]) -> str:
    match predicate:
        case Compare(field=name, operator=operator, value=value):
            of = field(label, name)
            parameters.append(_cell(name, of, value))
            return _known(of, f"{of.column} {operator.value} ?")
        case Among(field=name, values=values):
            of = field(label, name)
            if len(values) > _MOST_VALUES:
                raise InvalidRequest(f"The filter lists more than {_MOST_VALUES} values for {name}. Split it.")
            parameters.extend(_cell(name, of, value) for value in values)
            return _known(of, f"{of.column} IN ({', '.join('?' * len(values))})")
        case Missing(field=name):
            return f"{field(label, name).column} IS NULL"
        case AllOf(parts=parts):
            return _joined([_compile(label, part, parameters) for part in parts], "AND", "1")
        case AnyOf(parts=parts):
            return _joined([_compile(label, part, parameters) for part in parts], "OR", "0")
        case Not(part=part):
            return f"NOT ({_compile(label, part, parameters)})"
    raise UnknownName(f"{type(predicate).__name__} is no predicate.")


def _known(of: Field, condition: str) -> str:
    return f"({of.column} IS NOT NULL AND {condition})" if of.nullable else f"({condition})"


def _joined(conditions: list[str], word: str, empty: str) -> str:
    # In halves, since SQLite bounds the depth of an expression and reads `a AND b AND c` as nested.
    if len(conditions) == 0:
        return empty
    if len(conditions) == 1:
        return conditions[0]
    middle = len(conditions) // 2
    return f"({_joined(conditions[:middle], word, empty)} {word} {_joined(conditions[middle:], word, empty)})"


def _cell(name: str, of: Field, value: Value | datetime) -> Cell:
    return encoder(name, of.kind)(value)
