"""Predicates about what lies around a node, to Cypher: subqueries that stop counting where the answer is known. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from graph_model.moments import to_ms
from graph_model.predicates import (
    HUB,
    Blocklisted,
    Direction,
    Near,
    Neighbours,
    Predicate,
    Sharing,
    Tagged,
    ends,
    sharing_types,
)
from graph_model.schema import SCHEMA
from graph_model.stores.neo4j.names import fact_label
from graph_model.stores.neo4j.values import Cell

Parameters = dict[str, Cell | list[Cell]]
TAG = "tag_"  # before a tag's code: the property that holds its newest value
_SOURCED = "|".join(r.name for r in SCHEMA.relationships if not r.human)
_FOREVER = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Scope:
    """Whom a condition is about: nodes of one label, by this variable."""

    label: str
    node: str = "n"


SUBJECT = Scope("")
Compile = Callable[[Scope, Predicate, Parameters], str]


def added(parameters: Parameters, value: Cell | list[Cell]) -> str:
    """The name under which a value travels."""
    name = f"p{len(parameters)}"
    parameters[name] = value
    return name


def tagged(scope: Scope, predicate: Tagged, parameters: Parameters) -> str:
    value = predicate.value
    of = f"{scope.node}[${added(parameters, TAG + predicate.tag)}]"
    kind = "STRING" if isinstance(value, str) else "INTEGER | FLOAT"
    return f"({of} IS NOT NULL AND {of} IS :: {kind} AND {of} {predicate.operator.value} ${added(parameters, tag_cell(value))})"


def tag_cell(value: str | int | float | bool) -> Cell:
    return int(value) if isinstance(value, bool) else value


def blocklisted(scope: Scope, predicate: Blocklisted, parameters: Parameters) -> str:
    moment = added(parameters, to_ms(predicate.at))
    return (
        f"EXISTS {{ MATCH (f:Fact:{fact_label('blocklist')} {{nid: {scope.node}.nid}}) "
        f"WHERE f.at <= ${moment} AND f.recorded_at <= ${moment} "
        "WITH f ORDER BY f.at DESC, f.value DESC LIMIT 1 WITH f WHERE f.value = 'listed' RETURN f }"
    )


def neighbours(scope: Scope, predicate: Neighbours, parameters: Parameters, compile: Compile) -> str:
    type, direction = predicate.type, predicate.direction
    labels = "|".join(ends(scope.label, type, direction, predicate.label))
    left, right = ("<-", "-") if direction is Direction.IN else ("-", "->" if direction is Direction.OUT else "-")
    condition = ""
    if predicate.where is not None and predicate.label is not None:
        condition = f" AND {compile(Scope(predicate.label, 'm'), predicate.where, parameters)}"
    return (
        f"(COUNT {{ MATCH ({scope.node}){left}[r:{type}]{right}(m:{labels}) "
        f"WHERE m <> {scope.node} AND {_there(parameters, predicate.at, 'r')}{condition} "
        f"RETURN DISTINCT m LIMIT ${added(parameters, predicate.count + 1)} }} "
        f"{predicate.operator.value} ${added(parameters, predicate.count)})"
    )


def sharing(scope: Scope, predicate: Sharing, parameters: Parameters) -> str:
    types = "|".join(sharing_types(scope.label, predicate.identifier, predicate.types))
    return (
        f"(COUNT {{ MATCH ({scope.node})-[r:{types}]->(:{SCHEMA.node(predicate.identifier).label})<-[s:{types}]-(m:{scope.label}) "
        f"WHERE m <> {scope.node} AND {_there(parameters, predicate.at, 'r', 's')} "
        f"RETURN DISTINCT m LIMIT ${added(parameters, predicate.count + 1)} }} "
        f"{predicate.operator.value} ${added(parameters, predicate.count)})"
    )


def near(scope: Scope, predicate: Near, parameters: Parameters, compile: Compile) -> str:
    label = SCHEMA.node(predicate.label).label
    condition = compile(Scope(label, "m"), predicate.where, parameters)
    ways = [(f"({scope.node})-[r:{_SOURCED}]-(m:{label})", _there(parameters, predicate.at, "r"))]
    if predicate.hops > 1:
        passed = f"{_there(parameters, predicate.at, 'r', 's')} AND COUNT {{ (h)-[:{_SOURCED}]-() }} <= {HUB}"
        ways.append((f"({scope.node})-[r:{_SOURCED}]-(h)-[s:{_SOURCED}]-(m:{label})", passed))
    found = [f"EXISTS {{ MATCH {way} WHERE m <> {scope.node} AND {there} AND {condition} }}" for way, there in ways]
    return f"({' OR '.join(found)})"


def _there(parameters: Parameters, at: datetime | None, *relationships: str) -> str:
    moment = added(parameters, _FOREVER if at is None else to_ms(at))
    return " AND ".join(f"{r}.first_seen <= ${moment} AND {r}.recorded_at <= ${moment}" for r in relationships)
