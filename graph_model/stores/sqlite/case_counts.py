"""How many nodes meet which of some conditions first: pieces of the handles, each by one statement, on as many cores as there are."""

# ruff: noqa: S608 - statements are made of fixed fragments and names of the schema; values are always parameters

import sqlite3
from collections.abc import Sequence

from graph_model.predicates import Predicate
from graph_model.schema import SCHEMA
from graph_model.stores.sqlite.connections import Connections
from graph_model.stores.sqlite.ddl import property_table
from graph_model.stores.sqlite.latest import settled
from graph_model.stores.sqlite.names import Names
from graph_model.stores.sqlite.predicate_sql import compile_predicate
from graph_model.stores.sqlite.side_by_side import dealt, together
from graph_model.stores.sqlite.values import Cell

_PIECE = 500_000  # handles, of all types

_Range = tuple[int, int]  # after one handle, up to another


def count_cases(
    connections: Connections, names: Names, label: str, within: Predicate, cases: Sequence[Predicate]
) -> list[int]:
    code = names.labels[SCHEMA.node(label).label]
    compile_predicate(label, within)  # which checks it, before what holds anyway is left out of it
    with together(connections) as readers:
        (last,) = readers[0].execute("SELECT coalesce(max(nid), 0) FROM node").fetchone()
        text, choices, condition = _statement(label, settled(readers[0], code, within), cases)

        def counted(connection: sqlite3.Connection, piece: _Range) -> list[int]:
            found = connection.execute(text, (*choices, code, *piece, *condition)).fetchone()
            return [int(number) for number in found]

        pieces = [(after, after + _PIECE) for after in range(0, max(last, 1), _PIECE)]
        return [sum(numbers) for numbers in zip(*dealt(readers, counted, pieces), strict=True)]


def _statement(label: str, within: Predicate, cases: Sequence[Predicate]) -> tuple[str, list[Cell], list[Cell]]:
    """The text, and its parameters before and after the label and the range of handles."""
    compiled = [compile_predicate(label, case) for case in cases]
    choices = " ".join(f"WHEN {condition} THEN {place}" for place, (condition, _) in enumerate(compiled))
    which = f"CASE {choices} ELSE {len(cases)} END" if len(cases) > 0 else "0"
    condition, parameters = compile_predicate(label, within)
    join = f" LEFT JOIN {property_table(label)} p ON p.nid = n.nid" if len(SCHEMA.node(label).properties) > 0 else ""
    counts = ", ".join(f"coalesce(sum(which = {place}), 0)" for place in range(len(cases) + 1))
    # Limited, to none, so that the case is not put into each of the sums and worked out as often; sums need no sorting, unlike groups.
    text = (
        f"SELECT {counts} FROM (SELECT {which} AS which FROM node n{join} "
        f"WHERE n.label = ? AND n.nid > ? AND n.nid <= ? AND {condition} LIMIT -1)"
    )
    return text, [cell for _, own in compiled for cell in own], parameters
