"""Reading one node: by key, by id, and what is known about it."""

import sqlite3
from collections.abc import Sequence

import orjson

from graph_model.moments import from_ms
from graph_model.records import AsOf, Degree, Fact, Node, NodeRef
from graph_model.schema import SCHEMA
from graph_model.stores.sqlite import counting
from graph_model.stores.sqlite.hydration import nodes, rows
from graph_model.stores.sqlite.names import Names
from graph_model.stores.sqlite.neighbourhood import rows_by_id
from graph_model.stores.sqlite.scope import Scope
from graph_model.stores.sqlite.values import bounds

_FACTS = """
SELECT n.node_id, n.label, n.key, f.kind, f.value, f.at, f.recorded_at, f.source, f.topic, f.note
FROM json_each(?1) wanted CROSS JOIN node n ON n.node_id = wanted.value CROSS JOIN fact f ON f.nid = n.nid
WHERE (?2 IS NULL OR f.kind = ?2) AND f.at <= ?3 AND f.recorded_at <= ?4
"""


def get(connection: sqlite3.Connection, names: Names, ref: NodeRef, as_of: AsOf | None) -> Node | None:
    SCHEMA.node(ref.label)
    found = connection.execute(
        "SELECT nid FROM node WHERE label = ? AND key = ?", (names.labels[ref.label], ref.key)
    ).fetchone()
    if found is None:
        return None
    there = rows(connection, found, as_of)
    return next(iter(nodes(connection, names, list(there.values()), as_of)), None)


def get_by_id(scope: Scope, node_ids: Sequence[str]) -> list[Node]:
    shown = nodes(scope.connection, scope.names, list(rows_by_id(scope, node_ids).values()), scope.as_of)
    by_id = {node.node_id: node for node in shown}
    return [by_id[node_id] for node_id in node_ids if node_id in by_id]


def facts_of(
    connection: sqlite3.Connection, names: Names, node_ids: Sequence[str], *, kind: str | None, as_of: AsOf | None
) -> dict[str, list[Fact]]:
    code = None if kind is None else names.facts[SCHEMA.fact(kind).name]
    wanted = orjson.dumps(list(dict.fromkeys(node_ids))).decode()
    found: dict[str, list[Fact]] = {}
    for node_id, label, key, kind_code, value, at, recorded_at, source, topic, note in connection.execute(
        _FACTS, (wanted, code, *bounds(as_of))
    ):
        told = Fact(
            about=NodeRef(names.label_of[label], key),
            kind=names.fact_of[kind_code],
            value=value,
            at=from_ms(at),
            recorded_at=from_ms(recorded_at),
            source=source,
            topic=topic,
            note=note,
        )
        found.setdefault(node_id, []).append(told)
    for facts in found.values():
        facts.sort(key=lambda fact: (fact.at, fact.kind, fact.topic, fact.value, fact.source))
    return found


def degrees(scope: Scope, node_ids: Sequence[str]) -> dict[str, list[Degree]]:
    among = rows_by_id(scope, node_ids)
    names = scope.names
    result = {}
    for nid, counts in counting.degrees(scope, among.values()).items():
        ordered = sorted(counts.items(), key=lambda item: (names.type_rank[item[0][0]], names.label_rank[item[0][1]]))
        result[among[nid].node_id] = [
            Degree(names.type_of[type], names.label_of[label], count) for (type, label), count in ordered
        ]
    return result
