"""Predicates about what lies around a node, to SQL: correlated subqueries that stop counting where the answer is known. Pure.

Codes are looked up in the statement itself, once, so that compiling needs no connection. Joins are CROSS JOINs: they are followed as written, from
the node outwards, and no statistics lead the planner elsewhere.
"""

# ruff: noqa: S608 - statements are made of fixed fragments and names of the schema; values are always parameters

from collections.abc import Callable, Sequence
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
from graph_model.stores.sqlite.ddl import property_table
from graph_model.stores.sqlite.names import triple_name
from graph_model.stores.sqlite.values import FOREVER, Cell


@dataclass(frozen=True, slots=True)
class Scope:
    """Whom a condition is about: nodes of one label, under these aliases of `node` and of their table of properties."""

    label: str
    node: str = "n"
    properties: str = "p"


SUBJECT = Scope("")  # the aliases of those that are selected
Compile = Callable[[Scope, Predicate, list[Cell]], str]


def tagged(scope: Scope, predicate: Tagged, parameters: list[Cell]) -> str:
    parameters += [predicate.tag, tag_cell(predicate.value)]
    # A number is less than any text to SQLite; to us they don't compare.
    kind = "text" if isinstance(predicate.value, str) else "number"
    of_kind = "= 'text'" if kind == "text" else "<> 'text'"
    return (
        f"EXISTS (SELECT 1 FROM tagged t WHERE t.nid = {scope.node}.nid AND t.tag = {_code('tag')} "
        f"AND typeof(t.value) {of_kind} AND t.value {predicate.operator.value} ?)"
    )


def tag_cell(value: str | int | float | bool) -> Cell:
    return int(value) if isinstance(value, bool) else value


def blocklisted(scope: Scope, predicate: Blocklisted, parameters: list[Cell]) -> str:
    moment = to_ms(predicate.at)
    parameters += ["blocklist", moment, moment]
    return (
        f"(coalesce((SELECT f.value FROM fact f WHERE f.nid = {scope.node}.nid AND f.kind = {_code('fact')} "
        "AND f.at <= ? AND f.recorded_at <= ? ORDER BY f.at DESC, f.value DESC LIMIT 1), '') = 'listed')"
    )


def neighbours(scope: Scope, predicate: Neighbours, parameters: list[Cell], compile: Compile) -> str:
    direction = predicate.direction
    triples = [
        triple_name(*triple)
        for end in ends(scope.label, predicate.type, direction, predicate.label)
        for triple in SCHEMA.triples
        if triple[1] == predicate.type and {triple[0], triple[2]} == {scope.label, end}
    ]
    parameters.append(predicate.type)
    parameters += triples
    outgoing = "" if direction is None else f" AND a.outgoing = {1 if direction is Direction.OUT else 0}"
    parameters += _bounds(predicate.at)
    join = condition = ""
    if predicate.where is not None and predicate.label is not None:
        far = Scope(predicate.label, "m", "q")
        join = f" {_joined(far, 'a.other')}"
        condition = f" AND {compile(far, predicate.where, parameters)}"
    parameters += [predicate.count + 1, predicate.count]
    return (
        f"((SELECT count(*) FROM (SELECT DISTINCT a.other FROM adjacency a{join} WHERE a.nid = {scope.node}.nid "
        f"AND a.type = {_code('type')} AND a.triple IN {_codes('triple', len(triples))} AND a.other <> a.nid{outgoing} "
        f"AND {_there('a')}{condition} LIMIT ?)) {predicate.operator.value} ?)"
    )


def sharing(scope: Scope, predicate: Sharing, parameters: list[Cell]) -> str:
    types = sharing_types(scope.label, predicate.identifier, predicate.types)
    triples = [triple_name(scope.label, type, predicate.identifier) for type in types]
    for _ in ("a", "b"):
        parameters += [*types, *triples, *_bounds(predicate.at)]
    parameters += [predicate.count + 1, predicate.count]

    def side(row: str) -> str:
        codes = f"{row}.type IN {_codes('type', len(types))} AND {row}.triple IN {_codes('triple', len(triples))}"
        return f"{codes} AND {_there(row)}"

    return (
        f"((SELECT count(*) FROM (SELECT DISTINCT b.other FROM adjacency a CROSS JOIN adjacency b ON b.nid = a.other "
        f"WHERE a.nid = {scope.node}.nid AND {side('a')} AND {side('b')} AND b.other <> a.nid LIMIT ?)) "
        f"{predicate.operator.value} ?)"
    )


def near(scope: Scope, predicate: Near, parameters: list[Cell], compile: Compile) -> str:
    far = Scope(predicate.label, "m", "q")

    def found(rows: str, last: str, seen: Sequence[str], passed: str = "") -> str:
        for _ in seen:
            parameters.extend(_bounds(predicate.at))
        there = " AND ".join(_there(row) for row in seen)
        parameters.append(far.label)
        condition = compile(far, predicate.where, parameters)
        return (
            f"EXISTS (SELECT 1 FROM {rows} {_joined(far, last)} WHERE a.nid = {scope.node}.nid AND {there}{passed} "
            f"AND m.nid <> a.nid AND m.label = {_code('label')} AND {condition})"
        )

    ways = [found("adjacency a", "a.other", ("a",))]
    if predicate.hops > 1:
        rows = "adjacency a CROSS JOIN node h ON h.nid = a.other CROSS JOIN adjacency b ON b.nid = h.nid"
        ways.append(found(rows, "b.other", ("a", "b"), f" AND h.degree <= {HUB}"))
    return f"({' OR '.join(ways)})"


def _joined(far: Scope, column: str) -> str:
    """The far node, with its properties where its type has any."""
    join = f"CROSS JOIN node {far.node} ON {far.node}.nid = {column}"
    if len(SCHEMA.node(far.label).properties) == 0:
        return join
    return f"{join} LEFT JOIN {property_table(far.label)} {far.properties} ON {far.properties}.nid = {far.node}.nid"


def _there(row: str) -> str:
    return f"{row}.first_seen <= ? AND {row}.recorded_at <= ?"


def _bounds(at: datetime | None) -> list[Cell]:
    moment = FOREVER if at is None else to_ms(at)
    return [moment, moment]


def _code(kind: str) -> str:
    return f"(SELECT code FROM vocabulary WHERE kind = '{kind}' AND name = ?)"


def _codes(kind: str, number: int) -> str:
    return f"(SELECT code FROM vocabulary WHERE kind = '{kind}' AND name IN ({', '.join('?' * number)}))"
