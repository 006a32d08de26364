"""Predicates to Cypher: fixed fragments, names from the schema, every value a parameter. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

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
    Operator,
    Predicate,
    Sharing,
    Tagged,
    check_predicate,
)
from graph_model.schema import SCHEMA, StorageKind
from graph_model.stores.neo4j import graph_cypher
from graph_model.stores.neo4j.graph_cypher import SUBJECT, Parameters, Scope, added
from graph_model.stores.neo4j.values import Cell, encode


@dataclass(frozen=True, slots=True)
class Field:
    """A property of a node `n`, as Cypher names it."""

    name: str
    kind: StorageKind


def field(label: str, name: str, *, node: str = SUBJECT.node) -> Field:
    """Raises UnknownName."""
    kind = COMMON_FIELDS.get(name)
    if kind is not None:
        return Field(f"{node}.{name}", kind)
    node_type = SCHEMA.node(label)
    declared = node_type.declared(name)
    own = "key" if declared is node_type.key else declared.name
    return Field(f"{node}.{own}", declared.type.storage)


def compile_predicate(label: str, predicate: Predicate) -> tuple[str, Parameters]:
    """A condition that is never null, and its parameters. Raises UnknownName and InvalidRequest."""
    check_predicate(label, predicate)
    parameters: Parameters = {}
    return _compile(Scope(label), predicate, parameters), parameters


def renamed(condition: str, own: Parameters, place: int, parameters: Parameters) -> str:
    """The condition with parameters that are no other condition's of the same statement, which are added to `parameters`."""
    for name in sorted(own, key=len, reverse=True):
        condition = condition.replace(f"${name}", f"$c{place}_{name}")
        parameters[f"c{place}_{name}"] = own[name]
    return condition


def _compile(scope: Scope, predicate: Predicate, parameters: Parameters) -> str:
    match predicate:
        case Compare(field=name, operator=operator, value=value):
            of = field(scope.label, name, node=scope.node)
            place = added(parameters, encode(name, of.kind, value))
            return f"({of.name} IS NOT NULL AND {of.name} {operator.value} ${place})"
        case Among(field=name, values=values):
            of = field(scope.label, name, node=scope.node)
            place = added(parameters, [encode(name, of.kind, value) for value in values])
            return f"({of.name} IS NOT NULL AND {of.name} IN ${place})"
        case Missing(field=name):
            return f"{field(scope.label, name, node=scope.node).name} IS NULL"
        case AllOf(parts=parts):
            return _joined([_compile(scope, part, parameters) for part in parts], " AND ", "true")
        case AnyOf(parts=parts):
            # Any of hundreds of things is read as one: a chain of OR takes the planner seconds.
            return _any(scope, parts, parameters)
        case Not(part=part):
            return f"NOT ({_compile(scope, part, parameters)})"
        case Tagged():
            return graph_cypher.tagged(scope, predicate, parameters)
        case Blocklisted():
            return graph_cypher.blocklisted(scope, predicate, parameters)
        case Neighbours():
            return graph_cypher.neighbours(scope, predicate, parameters, _compile)
        case Sharing():
            return graph_cypher.sharing(scope, predicate, parameters)
        case Near():
            return graph_cypher.near(scope, predicate, parameters, _compile)
    raise UnknownName(f"{type(predicate).__name__} is no predicate.")


def _any(scope: Scope, parts: Sequence[Predicate], parameters: Parameters) -> str:
    """`x = 1 OR x = 2` becomes `x IN [1, 2]`."""
    among: dict[str, list[Cell]] = {}
    rest: list[str] = []
    for part in parts:
        if isinstance(part, Compare) and part.operator is Operator.EQ:
            of = field(scope.label, part.field)
            among.setdefault(part.field, []).append(encode(part.field, of.kind, part.value))
        else:
            rest.append(_compile(scope, part, parameters))
    for name, cells in among.items():
        of = field(scope.label, name, node=scope.node)
        rest.append(f"({of.name} IS NOT NULL AND {of.name} IN ${added(parameters, cells)})")
    return _joined(rest, " OR ", "false")


def _joined(conditions: list[str], word: str, empty: str) -> str:
    return f"({word.join(conditions)})" if len(conditions) > 0 else empty
