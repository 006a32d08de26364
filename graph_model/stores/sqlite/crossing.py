"""Cross-tabulation in one statement, counts of tags among some nodes, and one tag of everybody as columns."""

# ruff: noqa: S608 - statements are made of fixed fragments and names of the schema; values are always parameters

import sqlite3
from collections.abc import Sequence

import orjson

from graph_model.crossing import (
    MOST_PAIRS,
    Axis,
    ByNeighbour,
    ByTag,
    CrossCell,
    Crossed,
    TagColumn,
    TagCounts,
    check_axis,
    check_code,
    checked,
)
from graph_model.moments import to_ms
from graph_model.predicates import Predicate
from graph_model.schema import SCHEMA
from graph_model.stores.sqlite.ddl import property_table
from graph_model.stores.sqlite.joined import Column, read
from graph_model.stores.sqlite.names import Names
from graph_model.stores.sqlite.predicate_sql import compile_predicate
from graph_model.stores.sqlite.scope import as_json
from graph_model.stores.sqlite.values import Cell
from graph_model.tagging import TagCell

_CODE = "(SELECT code FROM vocabulary WHERE kind = 'tag' AND name = ?)"
_COUNTS = """
SELECT t.value, count(*) FROM json_each(?) wanted CROSS JOIN tagged t ON t.tag = ? AND t.nid = wanted.value GROUP BY t.value
"""


def cross(
    connection: sqlite3.Connection, names: Names, label: str, axes: tuple[Axis, Axis], predicate: Predicate
) -> list[Crossed]:
    """Joins are followed as written, from the nodes outwards."""
    parts, parameters = [], list[Cell]()
    for place, axis in enumerate(axes):
        check_axis(label, axis)
        text, own = _value(names, label, axis)
        parts.append(f"{text} AS c{place}")
        parameters += own
    condition, own = compile_predicate(label, predicate)
    join = ""
    if len(SCHEMA.node(label).properties) > 0:
        join = f" LEFT JOIN {property_table(label)} p ON p.nid = n.nid"
    text = f"SELECT {', '.join(parts)} FROM node n{join} WHERE n.label = ? AND {condition}"
    found = connection.execute(
        f"SELECT c0, c1, count(*) FROM ({text}) GROUP BY c0, c1 LIMIT ?",
        (*parameters, names.labels[label], *own, MOST_PAIRS + 1),
    )
    return checked([Crossed(_cell(axes[0], row), _cell(axes[1], column), count) for row, column, count in found])


def _value(names: Names, label: str, axis: Axis) -> tuple[str, list[Cell]]:
    if isinstance(axis, ByTag):
        value = "substr(t.value, 1, 7)" if axis.month else "t.value"
        return f"(SELECT {value} FROM tagged t WHERE t.tag = {_CODE} AND t.nid = n.nid)", [axis.code]
    relationship = SCHEMA.relationship(axis.type)
    triples = [
        names.triples[triple].code
        for triple in SCHEMA.triples
        if triple[1] == axis.type and {triple[0], triple[2]} == {label, axis.label}
    ]
    moment = to_ms(axis.at)
    marks = ", ".join("?" * len(triples))
    listed = (
        f'SELECT DISTINCT q."{axis.field}" AS v FROM adjacency a CROSS JOIN node m ON m.nid = a.other '
        f"CROSS JOIN {property_table(axis.label)} q ON q.nid = m.nid "
        f"WHERE a.nid = n.nid AND a.type = ? AND a.triple IN ({marks}) AND a.first_seen <= ? AND a.recorded_at <= ? "
        "AND m.first_seen <= ? AND m.recorded_at <= ? AND v IS NOT NULL ORDER BY 1"
    )
    own: list[Cell] = [names.types[relationship.name], *triples, moment, moment, moment, moment]
    return f"(SELECT json_group_array(v) FROM ({listed}))", own


def _cell(axis: Axis, cell: str | float | None) -> CrossCell:
    if isinstance(axis, ByNeighbour):
        return tuple(sorted(orjson.loads(str(cell))))
    return cell


def tag_counts(connection: sqlite3.Connection, codes: Sequence[str], among: Sequence[int]) -> TagCounts:
    wanted = as_json(among)
    found: dict[str, dict[TagCell, int]] = {}
    for code in codes:
        number = _number(connection, code)
        found[code] = {} if number is None else dict(connection.execute(_COUNTS, (wanted, number)))
    return found


def scan_tag(connection: sqlite3.Connection, code: str, values: Sequence[TagCell]) -> TagColumn:
    parameters: dict[str, Cell] = {"tag": _number(connection, code)}
    parameters |= {f"v{place}": value for place, value in enumerate(values)}
    choices = "".join(f"WHEN t.value = :v{place} THEN {place} " for place in range(len(values)))
    text = f"SELECT t.nid, CASE {choices}ELSE -1 END AS place FROM tagged t WHERE t.tag = :tag ORDER BY t.nid"
    handles, place = read(connection, text, [Column("nid", int), Column("place", int)], parameters)
    return TagColumn(handles, place)


def _number(connection: sqlite3.Connection, code: str) -> int | None:
    """What stands for a tag in this file; None where it was never computed."""
    check_code(code)
    found = connection.execute("SELECT code FROM vocabulary WHERE kind = 'tag' AND name = ?", (code,)).fetchone()
    return None if found is None else int(found[0])
