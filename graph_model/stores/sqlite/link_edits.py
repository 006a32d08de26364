"""Edits of links drawn by hand: the history is appended to, and the rows of `drawn` are brought to what it comes to."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from graph_model.errors import InvalidRequest, NotFound
from graph_model.records import LinkAction, LinkEdit
from graph_model.schema import SCHEMA, Value
from graph_model.stores.sqlite.edge_properties import encode_properties
from graph_model.stores.sqlite.hydration import nids_of
from graph_model.stores.sqlite.names import Names
from graph_model.stores.sqlite.tally import add_to_tally
from graph_model.stores.sqlite.values import FOREVER, from_ms, to_ms

_TYPE = next(r.name for r in SCHEMA.relationships if r.human)

_HISTORY = """
SELECT e.link_id, e.action, s.node_id, f.node_id, e.author, e.at, e.reason, e.evidence, e.expires_at
FROM json_each(?) wanted CROSS JOIN link_edit e ON e.link_id = wanted.value
JOIN node s ON s.nid = e.start JOIN node f ON f.nid = e.finish ORDER BY e.link_id, e.at, e.place
"""
_APPEND = """
INSERT INTO link_edit (link_id, place, action, start, finish, author, at, reason, evidence, expires_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_WIDEN = "UPDATE node SET first_seen = min(first_seen, ?1), recorded_at = min(recorded_at, ?1) WHERE nid IN (?2, ?3)"
_SHOW = """
INSERT INTO drawn (nid, type, triple, other, outgoing, qualifier, first_seen, last_seen, recorded_at, source, properties, ended_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7, ?7, ?8, ?9, ?10)
ON CONFLICT (nid, type, triple, other, outgoing, qualifier) DO UPDATE SET properties = excluded.properties, ended_at = excluded.ended_at
"""


@dataclass(frozen=True, slots=True)
class _Link:
    """What a history comes to."""

    drawn: LinkEdit
    told: LinkEdit  # the last that gave reason, evidence and expiry
    ended_at: int
    retracted: bool


def link_edits(connection: sqlite3.Connection, link_ids: Sequence[str]) -> dict[str, list[LinkEdit]]:
    found: dict[str, list[LinkEdit]] = {}
    wanted = orjson.dumps(list(dict.fromkeys(link_ids))).decode()
    for link_id, action, start, end, author, at, reason, evidence, expires_at in connection.execute(
        _HISTORY, (wanted,)
    ):
        expiry = None if expires_at is None else from_ms(expires_at)
        edit = LinkEdit(link_id, LinkAction(action), start, end, author, from_ms(at), reason, evidence, expiry)
        found.setdefault(link_id, []).append(edit)
    return found


def edit_link(connection: sqlite3.Connection, names: Names, edit: LinkEdit) -> bool:
    """Whether anything changed."""
    nids = nids_of(connection, (edit.start, edit.end))
    for node_id in (edit.start, edit.end):
        if node_id not in nids:
            raise NotFound(f"There is no node {node_id}. Search for it again.")
    kept = _as_kept(edit)
    before = link_edits(connection, [edit.link_id]).get(edit.link_id, [])
    if kept in before:
        return False
    _check(before, kept)
    start, end = nids[edit.start], nids[edit.end]
    expires_at = None if edit.expires_at is None else to_ms(edit.expires_at)
    told = (edit.author, to_ms(edit.at), edit.reason, edit.evidence, expires_at)
    connection.execute(_APPEND, (edit.link_id, len(before), edit.action, start, end, *told))
    link = _come_to(sorted((*before, kept), key=lambda one: one.at))
    _show(connection, names, link, start, end)
    if edit.action is LinkAction.DRAW:
        connection.execute(_WIDEN, (to_ms(edit.at), start, end))
        add_to_tally(connection, "type", {_TYPE: 1})
    return True


def _as_kept(edit: LinkEdit) -> LinkEdit:
    """With moments as fine as the store keeps them."""
    return LinkEdit(
        link_id=edit.link_id,
        action=edit.action,
        start=edit.start,
        end=edit.end,
        author=edit.author,
        at=from_ms(to_ms(edit.at)),
        reason=edit.reason,
        evidence=edit.evidence,
        expires_at=None if edit.expires_at is None else from_ms(to_ms(edit.expires_at)),
    )


def _check(before: Sequence[LinkEdit], edit: LinkEdit) -> None:
    """Raises NotFound or InvalidRequest for an edit that does not follow from those before."""
    if edit.action is not LinkAction.RETRACT and edit.expires_at is not None and edit.expires_at <= edit.at:
        raise InvalidRequest(
            "A link would expire before it is there. Give a later moment, or none.", code="link.expiry"
        )
    if edit.action is LinkAction.DRAW:
        if len(before) > 0:
            raise InvalidRequest(f"The link {edit.link_id} was drawn already. Draw it with an id of its own.")
        return
    if len(before) == 0:
        raise NotFound(f"There is no link {edit.link_id}. Look at the graph again.")
    link = _come_to(before)
    if (edit.start, edit.end) != (link.drawn.start, link.drawn.end):
        raise InvalidRequest(f"The link {edit.link_id} is between other nodes. Give those it was drawn between.")
    if edit.at < link.drawn.at:
        raise InvalidRequest(f"The link {edit.link_id} was drawn later. Give a moment after its drawing.")
    if link.retracted or link.ended_at <= to_ms(edit.at):
        raise InvalidRequest("This link has ended. Draw another one.", code="link.ended")


def _come_to(edits: Sequence[LinkEdit]) -> _Link:
    """`edits` by rising moment, the first of them the drawing."""
    told = [edit for edit in edits if edit.action is not LinkAction.RETRACT][-1]
    ends = [to_ms(edit.at) for edit in edits if edit.action is LinkAction.RETRACT]
    if told.expires_at is not None:
        ends.append(to_ms(told.expires_at))
    return _Link(edits[0], told, min(ends, default=FOREVER), edits[-1].action is LinkAction.RETRACT)


def _show(connection: sqlite3.Connection, names: Names, link: _Link, start: int, end: int) -> None:
    drawn, told = link.drawn, link.told
    labels = dict(connection.execute("SELECT nid, label FROM node WHERE nid IN (?, ?)", (start, end)))
    triple = names.by_codes[labels[start], names.types[_TYPE], labels[end]]
    properties: dict[str, Value] = {"author": drawn.author, "reason": told.reason}
    if told.evidence:
        properties["evidence"] = told.evidence
    if told.expires_at is not None:
        properties["expires_at"] = told.expires_at
    row = (drawn.link_id, to_ms(drawn.at), drawn.author, encode_properties(_TYPE, properties), link.ended_at)
    connection.execute(_SHOW, (start, triple.type, triple.code, end, 1, *row))
    if start != end:
        connection.execute(_SHOW, (end, triple.type, triple.code, start, 0, *row))
