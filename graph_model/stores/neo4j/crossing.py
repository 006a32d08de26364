"""Cross-tabulation in one statement, counts of tags among some nodes, and one tag of everybody as columns."""

from collections.abc import Sequence

import numpy as np

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
from graph_model.stores.neo4j.connections import Transaction
from graph_model.stores.neo4j.graph_cypher import TAG
from graph_model.stores.neo4j.predicate_cypher import compile_predicate
from graph_model.tagging import TagCell

_COUNTS = """
UNWIND $rows AS nid
MATCH (n:Entity {nid: nid})
UNWIND $tags AS tag
WITH tag, n[tag] AS value WHERE value IS NOT NULL
RETURN tag, value, count(*)
"""
_COLUMN = "MATCH (n:Entity) WHERE n[$tag] IS NOT NULL RETURN n.nid, n[$tag] ORDER BY n.nid"


def cross(transaction: Transaction, label: str, axes: tuple[Axis, Axis], predicate: Predicate) -> list[Crossed]:
    condition, own = compile_predicate(label, predicate)
    parameters: dict[str, object] = dict(own)
    values = []
    for place, axis in enumerate(axes):
        check_axis(label, axis)
        values.append(_value(axis, place, parameters))
    text = (
        f"MATCH (n:{SCHEMA.node(label).label}) WHERE {condition} "
        f"RETURN {values[0]} AS c0, {values[1]} AS c1, count(*) LIMIT $most"
    )
    found = transaction.rows(text, **parameters, most=MOST_PAIRS + 1)
    return checked([Crossed(_cell(axes[0], row), _cell(axes[1], column), count) for row, column, count in found])


def _value(axis: Axis, place: int, parameters: dict[str, object]) -> str:
    if isinstance(axis, ByTag):
        parameters[f"tag{place}"] = TAG + axis.code
        value = f"n[$tag{place}]"
        return f"substring({value}, 0, 7)" if axis.month else value
    parameters[f"at{place}"] = to_ms(axis.at)
    label, type = SCHEMA.node(axis.label).label, SCHEMA.relationship(axis.type).name
    return (
        f"COLLECT {{ MATCH (n)-[r:{type}]-(m:{label}) WHERE r.first_seen <= $at{place} AND r.recorded_at <= $at{place} AND m.{axis.field} IS NOT NULL "
        f"RETURN DISTINCT m.{axis.field} AS v ORDER BY v }}"
    )


def _cell(axis: Axis, cell: list[str] | TagCell | None) -> CrossCell:
    if isinstance(axis, ByNeighbour):
        assert isinstance(cell, list)
        return tuple(sorted(cell))
    assert not isinstance(cell, list)
    return cell


def tag_counts(transaction: Transaction, codes: Sequence[str], among: Sequence[int]) -> TagCounts:
    for code in codes:
        check_code(code)
    found: dict[str, dict[TagCell, int]] = {code: {} for code in codes}
    rows = transaction.pieces(_COUNTS, [int(handle) for handle in among], tags=[TAG + code for code in codes])
    for tag, value, count in rows:
        counts = found[tag.removeprefix(TAG)]
        counts[value] = counts.get(value, 0) + count
    return found


def scan_tag(transaction: Transaction, code: str, values: Sequence[TagCell]) -> TagColumn:
    check_code(code)
    places = {value: place for place, value in enumerate(values)}
    found = transaction.rows(_COLUMN, tag=TAG + code)
    return TagColumn(
        np.array([nid for nid, _ in found], dtype=np.int64),
        np.array([places.get(value, -1) for _, value in found], dtype=np.int64),
    )
