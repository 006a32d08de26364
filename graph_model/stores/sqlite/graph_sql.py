"""Predicates about what lies around a node, to SQL: correlated subqueries that stop counting where the answer is known. Pure.

Codes are looked up in the statement itself, once, so that compiling needs no connection. Joins are CROSS JOINs: they are followed as written, from
the node outwards, and no statistics lead the planner elsewhere.
"""

# ruff: noqa: S608 - statements are made of fixed fragments and names of the schema; values are always parameters

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

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
class Asked:
    """What a condition asks of a node: a value in SQL with its parameters. A count is told `most` at most; that bound is its last parameter."""

    predicate: Predicate
    text: str
    parameters: tuple[Cell, ...]
    most: int | None = None


class Answers(Protocol):
    def known(self, asked: Asked) -> tuple[str, Sequence[Cell]] | None:
        """What says it in the statement already, with its parameters; None where it is worked out on the spot."""
        ...


@dataclass(frozen=True, slots=True)
class Scope:
    """Whom a condition is about: nodes of one label, under these aliases of `node` and of their table of properties, and what is known of them."""

    label: str
    node: str = "n"
    properties: str = "p"
    answers: Answers | None = None


SUBJECT = Scope("")  # the aliases of those that are selected
Compile = Callable[[Scope, Predicate, list[Cell]], str]


def _told(scope: Scope, asked: Asked, parameters: list[Cell]) -> str:
    """The text that answers, whose parameters are added."""
    known = None if scope.answers is None else scope.answers.known(asked)
    text, cells = (asked.text, asked.parameters) if known is None else known
    parameters += cells
    return text


def tagged(scope: Scope, predicate: Tagged, parameters: list[Cell]) -> str:
    # A number is less than any text to SQLite; to us they don't compare.
    of_kind = "= 'text'" if isinstance(predicate.value, str) else "<> 'text'"
    has = f"t.nid = {scope.node}.nid AND t.tag = {_code('tag')}"
    value = Asked(predicate, f"(SELECT t.value FROM tagged t WHERE {has})", (predicate.tag,))
    known = None if scope.answers is None else scope.answers.known(value)
    if known is not None:
        column, cells = known
        parameters += [*cells, *cells, *cells, tag_cell(predicate.value)]
        return f"({column} IS NOT NULL AND typeof({column}) {of_kind} AND {column} {predicate.operator.value} ?)"
    parameters += [predicate.tag, tag_cell(predicate.value)]
    return (
        f"EXISTS (SELECT 1 FROM tagged t WHERE {has} AND typeof(t.value) {of_kind} "
        f"AND t.value {predicate.operator.value} ?)"
    )


def tag_cell(value: str | int | float | bool) -> Cell:
    return int(value) if isinstance(value, bool) else value


def blocklisted(scope: Scope, predicate: Blocklisted, parameters: list[Cell]) -> str:
    moment = to_ms(predicate.at)
    text = (
        f"(coalesce((SELECT f.value FROM fact f WHERE f.nid = {scope.node}.nid AND f.kind = {_code('fact')} "
        "AND f.at <= ? AND f.recorded_at <= ? ORDER BY f.at DESC, f.value DESC LIMIT 1), '') = 'listed')"
    )
    return _told(scope, Asked(predicate, text, ("blocklist", moment, moment)), parameters)


def neighbours(scope: Scope, predicate: Neighbours, parameters: list[Cell], compile: Compile) -> str:
    direction = predicate.direction
    triples = [
        triple_name(*triple)
        for end in ends(scope.label, predicate.type, direction, predicate.label)
        for triple in SCHEMA.triples
        if triple[1] == predicate.type and {triple[0], triple[2]} == {scope.label, end}
    ]
    own: list[Cell] = [predicate.type, *triples]
    outgoing = "" if direction is None else f" AND a.outgoing = {1 if direction is Direction.OUT else 0}"
    own += bounds(predicate.at)
    join = condition = ""
    if predicate.where is not None and predicate.label is not None:
        far = Scope(predicate.label, "m", "q")
        join = f" {_joined(far, 'a.other')}"
        condition = f" AND {compile(far, predicate.where, own)}"
    own.append(predicate.count + 1)
    other = "DISTINCT a.other" if _may_repeat(scope.label, predicate) else "1"
    text = (
        f"(SELECT count(*) FROM (SELECT {other} FROM adjacency a{join} WHERE a.nid = {scope.node}.nid "
        f"AND a.type = {_code('type')} AND a.triple {_codes('triple', len(triples))} AND a.other <> a.nid{outgoing} "
        f"AND {there('a')}{condition} LIMIT ?))"
    )
    found = _told(scope, Asked(predicate, text, tuple(own), predicate.count + 1), parameters)
    parameters.append(predicate.count)
    return f"({found} {predicate.operator.value} ?)"


def _may_repeat(label: str, predicate: Neighbours) -> bool:
    """Whether two relationships of the type may lead to the same neighbour."""
    relationship = SCHEMA.relationship(predicate.type)
    both_ways = predicate.direction is None and any(
        (end, start) in relationship.ends for start, end in relationship.ends
    )
    return relationship.qualifier is not None or both_ways


def sharing(scope: Scope, predicate: Sharing, parameters: list[Cell]) -> str:
    types = sharing_types(scope.label, predicate.identifier, predicate.types)
    triples = [triple_name(scope.label, type, predicate.identifier) for type in types]
    own: list[Cell] = []
    for _ in ("a", "b"):
        own += [*types, *triples, *bounds(predicate.at)]
    own.append(predicate.count + 1)

    def side(row: str) -> str:
        codes = f"{row}.type {_codes('type', len(types))} AND {row}.triple {_codes('triple', len(triples))}"
        return f"{codes} AND {there(row)}"

    text = (
        f"(SELECT count(*) FROM (SELECT DISTINCT b.other FROM adjacency a CROSS JOIN adjacency b ON b.nid = a.other "
        f"WHERE a.nid = {scope.node}.nid AND {side('a')} AND {side('b')} AND b.other <> a.nid LIMIT ?))"
    )
    found = _told(scope, Asked(predicate, text, tuple(own), predicate.count + 1), parameters)
    parameters.append(predicate.count)
    return f"({found} {predicate.operator.value} ?)"


def near(scope: Scope, predicate: Near, parameters: list[Cell], compile: Compile) -> str:
    far = Scope(predicate.label, "m", "q")
    own: list[Cell] = []

    def found(rows: str, last: str, seen: Sequence[str], passed: str = "") -> str:
        for _ in seen:
            own.extend(bounds(predicate.at))
        visible = " AND ".join(there(row) for row in seen)
        own.append(far.label)
        condition = compile(far, predicate.where, own)
        return (
            f"EXISTS (SELECT 1 FROM {rows} {_joined(far, last)} WHERE a.nid = {scope.node}.nid AND {visible}{passed} "
            f"AND m.nid <> a.nid AND m.label = {_code('label')} AND {condition})"
        )

    ways = [found("adjacency a", "a.other", ("a",))]
    if predicate.hops > 1:
        rows = "adjacency a CROSS JOIN node h ON h.nid = a.other CROSS JOIN adjacency b ON b.nid = h.nid"
        ways.append(found(rows, "b.other", ("a", "b"), f" AND h.degree <= {HUB}"))
    return _told(scope, Asked(predicate, f"({' OR '.join(ways)})", tuple(own)), parameters)


def _joined(far: Scope, column: str) -> str:
    """The far node, with its properties where its type has any."""
    join = f"CROSS JOIN node {far.node} ON {far.node}.nid = {column}"
    if len(SCHEMA.node(far.label).properties) == 0:
        return join
    return f"{join} LEFT JOIN {property_table(far.label)} {far.properties} ON {far.properties}.nid = {far.node}.nid"


def there(row: str) -> str:
    return f"{row}.first_seen <= ? AND {row}.recorded_at <= ?"


def bounds(at: datetime | None) -> list[Cell]:
    moment = FOREVER if at is None else to_ms(at)
    return [moment, moment]


def _code(kind: str) -> str:
    return f"(SELECT code FROM vocabulary WHERE kind = '{kind}' AND name = ?)"


def _codes(kind: str, number: int) -> str:
    """Is one of so many. One is compared with, which is quicker than looked for."""
    if number == 1:
        return f"= {_code(kind)}"
    return f"IN (SELECT code FROM vocabulary WHERE kind = '{kind}' AND name IN ({', '.join('?' * number)}))"
