"""Everything in the store as records, page by page by the key of each table, for `graph_model.transfer`."""

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from graph_model.moments import from_ms
from graph_model.records import (
    EMPTY,
    EdgeRecord,
    Fact,
    LinkAction,
    LinkEdit,
    NodeRef,
    Ring,
    RiskAssessment,
    ScoreSource,
    Scoring,
)
from graph_model.stores.assessment_columns import assessment_of
from graph_model.stores.sqlite import ledger
from graph_model.stores.sqlite.edge_properties import decode_properties
from graph_model.stores.sqlite.hydration import nodes, rows
from graph_model.stores.sqlite.names import Names
from graph_model.stores.tag_runs import run_of
from graph_model.tagging import TagRun, TagValue
from graph_model.transfer import OWN_STATES, Bounds, KeptNode, Page, Part, Record, SmallText

_ENDS = "a.key, b.key"
_SOURCE = "(SELECT s.name FROM source s WHERE s.code = e.source_code)"


@dataclass(frozen=True, slots=True)
class _Table:
    """`columns` begin with `keys`, by which the pages go on."""

    keys: str
    columns: str
    rest: str  # FROM and WHERE, which has at least one condition
    record: Callable[[Names, Sequence[Any]], Record]


def _edge(names: Names, row: Sequence[Any]) -> EdgeRecord:
    triple, _, _, qualifier, start, end, first_seen, last_seen, recorded_at, source, properties = row
    of = names.by_code[triple]
    type = names.type_of[of.type]
    return EdgeRecord(
        type=type,
        start=NodeRef(names.label_of[of.start], start),
        end=NodeRef(names.label_of[of.end], end),
        first_seen=from_ms(first_seen),
        last_seen=from_ms(last_seen),
        recorded_at=from_ms(recorded_at),
        source=source,
        qualifier=qualifier,
        properties=EMPTY if properties is None else decode_properties(type, properties),
    )


def _fact(names: Names, row: Sequence[Any]) -> Fact:
    _, kind, at, topic, value, source, recorded_at, note, label, key = row
    about = NodeRef(names.label_of[label], key)
    return Fact(about, names.fact_of[kind], value, from_ms(at), from_ms(recorded_at), source, topic, note)


def _link(_: Names, row: Sequence[Any]) -> LinkEdit:
    link_id, _, action, start, end, author, at, reason, evidence, expires_at = row
    expiry = None if expires_at is None else from_ms(expires_at)
    return LinkEdit(link_id, LinkAction(action), start, end, author, from_ms(at), reason, evidence, expiry)


def _run(_: Names, row: Sequence[Any]) -> Scoring:
    _, source, model_version, policy_version, as_of, scored_at = row
    return Scoring(ScoreSource(source), model_version, policy_version, from_ms(as_of), from_ms(scored_at))


def _assessment(_: Names, row: Sequence[Any]) -> RiskAssessment:
    _, _, node_id, *kept = row
    return assessment_of(node_id, kept)


def _ring(_: Names, row: Sequence[Any]) -> Ring:
    ring_id, as_of, scored_at, model_version, size, known_fraud, facts = row
    return Ring(ring_id, size, known_fraud, from_ms(as_of), from_ms(scored_at), model_version, orjson.loads(facts))


def _complete(_: Names, row: Sequence[Any]) -> Scoring:
    as_of, scored_at, model_version, policy_version, source = row
    return Scoring(ScoreSource(source), model_version, policy_version, from_ms(as_of), from_ms(scored_at))


def _text(_: Names, row: Sequence[Any]) -> SmallText:
    return SmallText(*row)


def _tag_run(_: Names, row: Sequence[Any]) -> TagRun:
    _, *run = row
    return run_of(run)


def _tag_value(_: Names, row: Sequence[Any]) -> TagValue:
    _, _, _, node_id, value, *run = row
    return TagValue(node_id, value, run_of(run))


_RUN = "c.name, r.version, r.base_date, r.computed_at, r.source"
_CODE = "CROSS JOIN vocabulary c ON c.kind = 'tag' AND c.code = r.tag"
_EDGES = _Table(
    "e.triple, e.start, e.finish, e.qualifier",
    f"{_ENDS}, e.first_seen, e.last_seen, e.recorded_at, {_SOURCE}, e.properties",
    "FROM edge e CROSS JOIN node a ON a.nid = e.start CROSS JOIN node b ON b.nid = e.finish "
    "WHERE e.start <= :handle AND e.finish <= :handle",
    _edge,
)
# What a file says was drawn by hand has no id of a link.
_DRAWN = _Table(
    "e.triple, e.nid, e.other, e.qualifier",
    f"{_ENDS}, e.first_seen, e.last_seen, e.recorded_at, e.source, e.properties",
    "FROM drawn e CROSS JOIN node a ON a.nid = e.nid CROSS JOIN node b ON b.nid = e.other "
    "WHERE e.outgoing AND e.qualifier = '' AND e.nid <= :handle AND e.other <= :handle",
    _edge,
)
_TABLES = {
    Part.EDGES: _EDGES,
    Part.FACTS: _Table(
        "f.nid, f.kind, f.at, f.topic, f.value, f.source",
        "f.recorded_at, f.note, n.label, n.key",
        "FROM fact f CROSS JOIN node n ON n.nid = f.nid WHERE f.nid <= :handle",
        _fact,
    ),
    Part.LINKS: _Table(
        "e.link_id, e.place",
        "e.action, a.node_id, b.node_id, e.author, e.at, e.reason, e.evidence, e.expires_at",
        "FROM link_edit e CROSS JOIN node a ON a.nid = e.start CROSS JOIN node b ON b.nid = e.finish "
        "WHERE e.start <= :handle AND e.finish <= :handle",
        _link,
    ),
    Part.RUNS: _Table(
        "s.run",
        "s.source, s.model_version, s.policy_version, s.as_of, s.scored_at",
        "FROM scoring s WHERE s.run <= :run",
        _run,
    ),
    Part.ASSESSMENTS: _Table(
        "a.nid, a.run",
        "n.node_id, a.score, a.grade, a.ring_id, a.reasons, s.source, s.model_version, s.policy_version, s.as_of, s.scored_at",
        "FROM assessment a CROSS JOIN node n ON n.nid = a.nid CROSS JOIN scoring s ON s.run = a.run "
        "WHERE a.nid <= :handle AND a.run <= :run",
        _assessment,
    ),
    Part.RINGS: _Table(
        "r.ring_id, r.as_of, r.scored_at, r.model_version",
        "r.size, r.known_fraud, r.facts",
        "FROM ring r WHERE 1",
        _ring,
    ),
    Part.SCORINGS: _Table(
        "w.as_of, w.scored_at, w.model_version, w.policy_version, w.source",
        "",
        "FROM whole_scoring w WHERE 1",
        _complete,
    ),
    Part.TAG_RUNS: _Table("r.run", _RUN, f"FROM tag_run r {_CODE} WHERE 1", _tag_run),
    Part.TAGS: _Table(
        "t.tag, t.nid, t.run",
        f"n.node_id, t.value, {_RUN}",
        f"FROM tag_value t CROSS JOIN tag_run r ON r.run = t.run CROSS JOIN node n ON n.nid = t.nid {_CODE} WHERE t.nid <= :handle",
        _tag_value,
    ),
    Part.STATE: _Table("t.name", "t.value", "FROM state t WHERE t.name NOT LIKE :own", _text),
}
_NODES = "SELECT nid, properties_at FROM node WHERE nid > ? AND nid <= ? ORDER BY nid LIMIT ?"
_BOUNDS = """
SELECT (SELECT coalesce(max(nid), 0) FROM node), (SELECT coalesce(max(run), 0) FROM scoring),
(SELECT coalesce(max(sequence), 0) FROM audit)
"""


def bounds(connection: sqlite3.Connection) -> Bounds:
    return Bounds(*connection.execute(_BOUNDS).fetchone())


def page(connection: sqlite3.Connection, names: Names, part: Part, limits: Bounds, *, after: str, limit: int) -> Page:
    place = orjson.loads(after) if after else []
    match part:
        case Part.NODES:
            return _nodes(connection, names, limits, place, limit)
        case Part.AUDIT:
            return _audit(connection, limits, place, limit)
        case Part.EDGES if len(place) > 0 and place[0] == "drawn":
            return _table(connection, names, _DRAWN, limits, place[1:], limit, "drawn")
        case _:
            found = _table(connection, names, _TABLES[part], limits, place, limit)
            if part is Part.EDGES and found.after is None:
                return Page(found.records, '["drawn"]')
            return found


def _table(
    connection: sqlite3.Connection,
    names: Names,
    table: _Table,
    limits: Bounds,
    place: list[Any],
    limit: int,
    *mark: str,
) -> Page:
    keys = table.keys.split(", ")
    columns = f"{table.keys}, {table.columns}" if table.columns else table.keys
    parameters: dict[str, Any] = {"handle": limits.handle, "run": limits.run, "own": f"{OWN_STATES}%", "limit": limit}
    going_on = ""
    if len(place) > 0:
        parameters |= {f"k{i}": value for i, value in enumerate(place)}
        going_on = f" AND ({table.keys}) > ({', '.join(f':k{i}' for i in range(len(keys)))})"
    text = f"SELECT {columns} {table.rest}{going_on} ORDER BY {table.keys} LIMIT :limit"
    found = connection.execute(text, parameters).fetchall()
    last = None if len(found) < limit else orjson.dumps([*mark, *found[-1][: len(keys)]]).decode()
    return Page([table.record(names, row) for row in found], last)


def _nodes(connection: sqlite3.Connection, names: Names, limits: Bounds, place: list[Any], limit: int) -> Page:
    found = connection.execute(_NODES, (place[0] if place else 0, limits.handle, limit)).fetchall()
    told = dict(found)
    shown = nodes(connection, names, list(rows(connection, told).values()))
    last = None if len(found) < limit else orjson.dumps([found[-1][0]]).decode()
    kept = [KeptNode(node, None if at is None else from_ms(at)) for node, at in zip(shown, told.values(), strict=True)]
    return Page(kept, last)


def _audit(connection: sqlite3.Connection, limits: Bounds, place: list[Any], limit: int) -> Page:
    lines = ledger.audit(connection, after=place[0] if place else 0, limit=limit)
    kept = [line for line in lines if line.sequence <= limits.audit]
    return Page(kept, orjson.dumps([kept[-1].sequence]).decode() if len(kept) == limit else None)
