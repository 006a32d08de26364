"""Everything in the store as records, page by page, for `graph_model.transfer`. What belongs to a node comes by rising handle."""

from collections.abc import Callable, Sequence
from typing import Any

import orjson

from graph_model.moments import from_ms
from graph_model.records import (
    EdgeRecord,
    Fact,
    LinkAction,
    LinkEdit,
    NodeRef,
    ScoreSource,
    Scoring,
)
from graph_model.stores.assessment_columns import assessment_of
from graph_model.stores.neo4j import ledger, tagging
from graph_model.stores.neo4j.assessing import ring_of
from graph_model.stores.neo4j.connections import Rows, Transaction
from graph_model.stores.neo4j.hydration import edge_properties, nodes, rows_of
from graph_model.stores.neo4j.names import ENTITY
from graph_model.stores.neo4j.queries import query
from graph_model.transfer import OWN_STATES, Bounds, KeptNode, Page, Part, Record, SmallText


def bounds(transaction: Transaction, greatest: int) -> Bounds:
    return Bounds(greatest, *transaction.rows(query("greatest_of_all"))[0])


def page(transaction: Transaction, part: Part, limits: Bounds, *, after: str, limit: int) -> Page:
    place = orjson.loads(after) if after else None
    match part:
        case Part.NODES | Part.EDGES | Part.FACTS | Part.ASSESSMENTS | Part.TAGS:
            return _of_nodes(transaction, part, limits, place or 0, limit)
        case Part.LINKS:
            return _links(transaction, limits, place or ["", -1], limit)
        case Part.RUNS:
            found = transaction.rows(query("export_runs"), after=place or 0, run=limits.run, limit=limit)
            return Page([_scoring(row[1:]) for row in found], _mark(found, limit, lambda row: row[0]))
        case Part.RINGS:
            found = transaction.rows(query("export_rings"), after=place, limit=limit)
            return Page([ring_of(row) for row in found], _mark(found, limit, _place_of_ring))
        case Part.SCORINGS:
            found = transaction.rows(query("export_scorings"), skip=place or 0, limit=limit)
            return Page([_scoring(row) for row in found], _mark(found, limit, lambda _: (place or 0) + limit))
        case Part.TAG_RUNS:
            runs, last = tagging.export_runs(transaction, place or 0, limit)
            return Page(runs, None if last is None else str(last))
        case Part.AUDIT:
            lines = ledger.audit(transaction, after=place or 0, limit=limit)
            kept = [line for line in lines if line.sequence <= limits.audit]
            return Page(kept, str(kept[-1].sequence) if len(kept) == limit else None)
        case Part.STATE:
            found = transaction.rows(query("export_state"), after=place or "", own=OWN_STATES, limit=limit)
            return Page([SmallText(*row) for row in found], _mark(found, limit, lambda row: row[0]))


def _mark(found: Rows, limit: int, place: Callable[[list[Any]], object]) -> str | None:
    return orjson.dumps(place(found[-1])).decode() if len(found) == limit else None


def _place_of_ring(row: Sequence[Any]) -> list[Any]:
    ring_id, _, _, as_of, scored_at, model_version, _ = row
    return [ring_id, as_of, scored_at, model_version]


# --- what belongs to a node ------------------------------------------------------------------------------------------


def _of_nodes(transaction: Transaction, part: Part, limits: Bounds, after: int, limit: int) -> Page:
    """Of as many nodes as there may be records: a node has a few relationships of its own, and the hubs are at their far end."""
    upto = min(after + limit, limits.handle)
    found = transaction.rows(
        query(f"export_{part.value}"), after=after, upto=upto, handle=limits.handle, run=limits.run
    )
    return Page(_RECORDS[part](transaction, found), None if upto >= limits.handle else str(upto))


def _nodes(transaction: Transaction, found: Rows) -> list[Record]:
    there = list(rows_of(found).values())
    told = [row.cells.get("properties_at") for row in there]
    return [
        KeptNode(node, None if at is None else from_ms(at))
        for node, at in zip(nodes(transaction, there), told, strict=True)
    ]


def _ref(labels: Sequence[str], key: str) -> NodeRef:
    return NodeRef(labels[0] if labels[0] != ENTITY else labels[1], key)


def _edges(_: Transaction, found: Rows) -> list[Record]:
    return [
        EdgeRecord(
            type=type,
            start=_ref(start_labels, start),
            end=_ref(end_labels, end),
            first_seen=from_ms(cells["first_seen"]),
            last_seen=from_ms(cells["last_seen"]),
            recorded_at=from_ms(cells["recorded_at"]),
            source=cells["source"],
            qualifier=cells["qualifier"],
            properties=edge_properties(type, cells),
        )
        for start_labels, start, type, end_labels, end, cells in found
    ]


def _facts(_: Transaction, found: Rows) -> list[Record]:
    return [
        Fact(_ref(labels, key), kind, value, from_ms(at), from_ms(recorded_at), source, topic, note)
        for labels, key, kind, value, at, recorded_at, source, topic, note in found
    ]


def _assessments(_: Transaction, found: Rows) -> list[Record]:
    return [assessment_of(node_id, kept) for node_id, *kept in found]


_RECORDS: dict[Part, Callable[[Transaction, Rows], list[Record]]] = {
    Part.NODES: _nodes,
    Part.EDGES: _edges,
    Part.FACTS: _facts,
    Part.ASSESSMENTS: _assessments,
    Part.TAGS: lambda transaction, found: list(tagging.values_of(transaction, found)),
}


# --- the rest --------------------------------------------------------------------------------------------------------


def _scoring(row: Sequence[Any]) -> Scoring:
    source, model_version, policy_version, as_of, scored_at = row
    return Scoring(ScoreSource(source), model_version, policy_version, from_ms(as_of), from_ms(scored_at))


def _links(transaction: Transaction, limits: Bounds, place: Sequence[Any], limit: int) -> Page:
    link_id, number = place
    found = transaction.rows(query("export_links"), handle=limits.handle, link_id=link_id, place=number, limit=limit)
    return Page([_link(row) for row in found], _mark(found, limit, lambda row: row[:2]))


def _link(row: Sequence[Any]) -> LinkEdit:
    link_id, _, action, start, end, author, at, reason, evidence, expires_at = row
    expiry = None if expires_at is None else from_ms(expires_at)
    return LinkEdit(link_id, LinkAction(action), start, end, author, from_ms(at), reason, evidence, expiry)
