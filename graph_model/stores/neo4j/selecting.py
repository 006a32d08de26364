"""Selecting, counting and assigning by predicate over the nodes of one type."""

from collections.abc import Mapping, Sequence

from graph_model.errors import InvalidRequest
from graph_model.predicates import Predicate
from graph_model.records import Node
from graph_model.schema import SCHEMA, Value
from graph_model.store import MAX_LIMIT
from graph_model.stores.neo4j.connections import Transaction
from graph_model.stores.neo4j.graph_cypher import Parameters
from graph_model.stores.neo4j.hydration import nodes, rows_of
from graph_model.stores.neo4j.predicate_cypher import compile_predicate, field, renamed
from graph_model.stores.neo4j.upsert_slot import with_folded
from graph_model.stores.neo4j.values import Cell, encode


def _matching(label: str, predicate: Predicate) -> tuple[str, Parameters]:
    """The MATCH and WHERE of the nodes that match."""
    declared = SCHEMA.node(label).label
    condition, parameters = compile_predicate(label, predicate)
    return f"MATCH (n:{declared}) WHERE {condition}", parameters


def select(
    transaction: Transaction,
    label: str,
    predicate: Predicate,
    *,
    order: str | None,
    descending: bool,
    limit: int,
    offset: int,
) -> list[Node]:
    if not 1 <= limit <= MAX_LIMIT or offset < 0:
        raise InvalidRequest(f"Ask for 1 to {MAX_LIMIT} nodes from an offset of 0 or more.")
    matching, parameters = _matching(label, predicate)
    by: str = ""
    if order is not None:
        of = field(label, order).name
        by = f"{of} IS NULL, {of} {'DESC' if descending else 'ASC'}, "
    text = (
        f"{matching} WITH n ORDER BY {by}n.key SKIP $offset LIMIT $limit "
        "RETURN labels(n), properties(n), 0 AS relationships, 0 AS ended"  # nobody walks on from here
    )
    found = rows_of(transaction.rows(text, **parameters, offset=offset, limit=limit))
    return nodes(transaction, list(found.values()))


def count(transaction: Transaction, label: str, predicate: Predicate) -> int:
    matching, parameters = _matching(label, predicate)
    return int(transaction.rows(f"{matching} RETURN count(n)", **parameters)[0][0])


def count_cases(transaction: Transaction, label: str, within: Predicate, cases: Sequence[Predicate]) -> list[int]:
    matching, parameters = _matching(label, within)
    parameters = dict(parameters)
    choices = []
    for place, case in enumerate(cases):
        condition, own = compile_predicate(label, case)
        choices.append(f"WHEN {renamed(condition, own, place, parameters)} THEN {place}")
    which = f"CASE {' '.join(choices)} ELSE {len(cases)} END" if len(choices) > 0 else "0"
    rows = transaction.rows(f"{matching} WITH {which} AS which RETURN which, count(*)", **parameters)
    numbers = {int(place): int(number) for place, number in rows}
    return [numbers.get(place, 0) for place in range(len(cases) + 1)]


def check_assignment(label: str, values: Mapping[str, Value]) -> dict[str, Cell]:
    """The cells to set. Raises InvalidRequest and UnknownName."""
    node_type = SCHEMA.node(label)
    if len(values) == 0:
        raise InvalidRequest("There is nothing to assign. Give at least one property.")
    cells: dict[str, Cell] = {}
    for name, value in values.items():
        declared = node_type.declared(name)
        if declared is node_type.key:
            raise InvalidRequest(f"{name} is the key of {label} and can't be assigned.")
        cells[name] = encode(name, declared.type.storage, value)
    return with_folded(label, cells)


def assign(transaction: Transaction, label: str, predicate: Predicate, values: Mapping[str, Value]) -> int:
    cells = check_assignment(label, values)
    matching, parameters = _matching(label, predicate)
    return int(transaction.rows(f"{matching} SET n += $cells RETURN count(n)", **parameters, cells=cells)[0][0])
