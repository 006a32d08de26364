"""Reading one node: by key, by id, and what is known about it."""

from collections.abc import Sequence

from graph_model.moments import from_ms
from graph_model.records import AsOf, Degree, Fact, Node, NodeRef
from graph_model.schema import SCHEMA
from graph_model.stores.neo4j.connections import Transaction
from graph_model.stores.neo4j.hydration import nodes, rows_by_id, rows_of
from graph_model.stores.neo4j.names import LABEL_RANK, TYPE_RANK
from graph_model.stores.neo4j.queries import query
from graph_model.stores.neo4j.walk import Walk


def get(transaction: Transaction, ref: NodeRef, as_of: AsOf | None) -> Node | None:
    text = query("node_by_key", LABEL=SCHEMA.node(ref.label).label)
    found = rows_of(transaction.rows(text, key=ref.key, **transaction.window(as_of)))
    return next(iter(nodes(transaction, list(found.values()), as_of)), None)


def get_by_id(transaction: Transaction, node_ids: Sequence[str], as_of: AsOf | None) -> list[Node]:
    shown = nodes(transaction, list(rows_by_id(transaction, node_ids, as_of).values()), as_of)
    by_id = {node.node_id: node for node in shown}
    return [by_id[node_id] for node_id in node_ids if node_id in by_id]


def facts_of(
    transaction: Transaction, node_ids: Sequence[str], *, kind: str | None, as_of: AsOf | None
) -> dict[str, list[Fact]]:
    if kind is not None:
        SCHEMA.fact(kind)
    wanted = list(dict.fromkeys(node_ids))
    found: dict[str, list[Fact]] = {}
    for node_id, label, key, kind_name, value, at, recorded_at, source, topic, note in transaction.pieces(
        query("facts"), wanted, kind=kind, **transaction.window(as_of)
    ):
        told = Fact(
            about=NodeRef(label, key),
            kind=kind_name,
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


def degrees(walk: Walk, node_ids: Sequence[str]) -> dict[str, list[Degree]]:
    among = rows_by_id(walk.transaction, node_ids, walk.as_of)
    result = {}
    for nid, counts in walk.degrees(among.values()).items():
        ordered = sorted(counts.items(), key=lambda item: (TYPE_RANK[item[0][0]], LABEL_RANK[item[0][1]]))
        result[among[nid].node_id] = [Degree(type, label, count) for (type, label), count in ordered]
    return result
