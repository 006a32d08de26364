"""Predicates to SQL: fixed fragments, names from the schema, every value a parameter. Pure."""

from dataclasses import dataclass
from datetime import datetime

from graph_model.errors import UnknownName
from graph_model.predicates import (
    COMMON_FIELDS,
    AllOf,
    Among,
    AnyOf,
    Blocklisted,
    Compare,
    Missing,
    Near,
    Neighbours,
    Not,
    Predicate,
    Sharing,
    Tagged,
    check_predicate,
)
from graph_model.schema import SCHEMA, StorageKind, Value
from graph_model.stores.sqlite import graph_sql
from graph_model.stores.sqlite.graph_sql import SUBJECT, Answers, Scope
from graph_model.stores.sqlite.values import Cell, encoder


@dataclass(frozen=True, slots=True)
class Field:
    """A column of a node: of `node n`, or of its table of properties `p`."""

    column: str
    kind: StorageKind
    nullable: bool

    @property
    def of_properties(self) -> bool:
        return self.column.startswith(f"{SUBJECT.properties}.")


def field(label: str, name: str, *, node: str = SUBJECT.node, properties: str = SUBJECT.properties) -> Field:
    """Raises UnknownName."""
    kind = COMMON_FIELDS.get(name)
    if kind is not None:
        return Field(f"{node}.{name}", kind, name in ("score", "grade", "ring_id"))
    node_type = SCHEMA.node(label)
    declared = node_type.declared(name)
    if declared is node_type.key:
        return Field(f"{node}.key", declared.type.storage, False)
    return Field(f'{properties}."{name}"', declared.type.storage, True)


def compile_predicate(label: str, predicate: Predicate) -> tuple[str, list[Cell]]:
    """A condition that is never null, and its parameters. Raises UnknownName and InvalidRequest."""
    check_predicate(label, predicate)
    parameters: list[Cell] = []
    return _compile(Scope(label), predicate, parameters), parameters


def compile_upon(label: str, predicate: Predicate, answers: Answers) -> tuple[str, list[Cell]]:
    """The same of rows `n` that hold a node's own fields and properties by name; what they hold of its surroundings is told by `answers`."""
    check_predicate(label, predicate)
    parameters: list[Cell] = []
    return _compile(Scope(label, properties=SUBJECT.node, answers=answers), predicate, parameters), parameters


def fields_of(predicate: Predicate) -> set[str]:
    """The fields of the node itself that a predicate reads."""
    match predicate:
        case Compare(field=name) | Among(field=name) | Missing(field=name):
            return {name}
        case AllOf(parts=parts) | AnyOf(parts=parts):
            return {name for part in parts for name in fields_of(part)}
        case Not(part=part):
            return fields_of(part)
    return set()


def _compile(scope: Scope, predicate: Predicate, parameters: list[Cell]) -> str:
    """Appends the parameters in the order in which their places stand in the text."""
    match predicate:
        case Compare(field=name, operator=operator, value=value):
            of = _field(scope, name)
            parameters.append(_cell(name, of, value))
            return _known(of, f"{of.column} {operator.value} ?")
        case Among(field=name, values=values):
            of = _field(scope, name)
            parameters.extend(_cell(name, of, value) for value in values)
            return _known(of, f"{of.column} IN ({', '.join('?' * len(values))})")
        case Missing(field=name):
            return f"{_field(scope, name).column} IS NULL"
        case AllOf(parts=parts):
            return _joined([_compile(scope, part, parameters) for part in parts], "AND", "1")
        case AnyOf(parts=parts):
            return _joined([_compile(scope, part, parameters) for part in parts], "OR", "0")
        case Not(part=part):
            return f"NOT ({_compile(scope, part, parameters)})"
        case Tagged():
            return graph_sql.tagged(scope, predicate, parameters)
        case Blocklisted():
            return graph_sql.blocklisted(scope, predicate, parameters)
        case Neighbours():
            return graph_sql.neighbours(scope, predicate, parameters, _compile)
        case Sharing():
            return graph_sql.sharing(scope, predicate, parameters)
        case Near():
            return graph_sql.near(scope, predicate, parameters, _compile)
    raise UnknownName(f"{type(predicate).__name__} is no predicate.")


def _field(scope: Scope, name: str) -> Field:
    return field(scope.label, name, node=scope.node, properties=scope.properties)


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
