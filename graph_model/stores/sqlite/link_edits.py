"""Edits of links drawn by hand: the history is appended to, and the rows of `drawn` are brought to what it comes to."""

import sqlite3
from collections.abc import Sequence

import orjson

from graph_model.errors import NotFound
from graph_model.moments import from_ms, to_ms
from graph_model.records import LinkAction, LinkEdit
from graph_model.stores.link_rules import HUMAN, LinkState, as_kept, check_edit, come_to
from graph_model.stores.sqlite.changes import note_change
from graph_model.stores.sqlite.edge_properties import encode_properties
from graph_model.stores.sqlite.hydration import nids_of
from graph_model.stores.sqlite.names import Names
from graph_model.stores.sqlite.tally import add_to_tally
from graph_model.stores.sqlite.values import FOREVER

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
    kept = as_kept(edit)
    before = link_edits(connection, [edit.link_id]).get(edit.link_id, [])
    if kept in before:
        return False
    check_edit(before, kept)
    start, end = nids[edit.start], nids[edit.end]
    expires_at = None if edit.expires_at is None else to_ms(edit.expires_at)
    told = (edit.author, to_ms(edit.at), edit.reason, edit.evidence, expires_at)
    connection.execute(_APPEND, (edit.link_id, len(before), edit.action, start, end, *told))
    note_change(connection, (start, end))
    link = come_to((*before, kept))
    _show(connection, names, link, start, end)
    if edit.action is LinkAction.DRAW:
        connection.execute(_WIDEN, (to_ms(edit.at), start, end))
        add_to_tally(connection, "type", {HUMAN: 1})
    return True


def _show(connection: sqlite3.Connection, names: Names, link: LinkState, start: int, end: int) -> None:
    drawn = link.drawn
    labels = dict(connection.execute("SELECT nid, label FROM node WHERE nid IN (?, ?)", (start, end)))
    triple = names.by_codes[labels[start], names.types[HUMAN], labels[end]]
    ended_at = FOREVER if link.ended_at is None else to_ms(link.ended_at)
    row = (drawn.link_id, to_ms(drawn.at), drawn.author, encode_properties(HUMAN, link.properties), ended_at)
    connection.execute(_SHOW, (start, triple.type, triple.code, end, 1, *row))
    if start != end:
        connection.execute(_SHOW, (end, triple.type, triple.code, start, 0, *row))
