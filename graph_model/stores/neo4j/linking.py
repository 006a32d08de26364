"""Links drawn by hand: their edits, appended one after the other, and the relationship that shows what they come to."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from graph_model.errors import InvalidRequest, NotFound
from graph_model.records import LinkAction, LinkEdit
from graph_model.stores.neo4j.connections import Transaction
from graph_model.stores.neo4j.queries import query
from graph_model.stores.neo4j.values import from_ms, to_ms

SOURCE = "human"


def link_edits(transaction: Transaction, link_ids: Sequence[str]) -> dict[str, list[LinkEdit]]:
    found: dict[str, list[LinkEdit]] = {}
    for link_id, action, start, end, author, at, reason, evidence, expires_at in transaction.pieces(
        query("link_edits"), list(dict.fromkeys(link_ids))
    ):
        edit = LinkEdit(
            link_id=link_id,
            action=LinkAction(action),
            start=start,
            end=end,
            author=author,
            at=from_ms(at),
            reason=reason,
            evidence=evidence,
            expires_at=None if expires_at is None else from_ms(expires_at),
        )
        found.setdefault(link_id, []).append(edit)
    return found


def edit_link(transaction: Transaction, edit: LinkEdit) -> bool:
    """Whether anything changed."""
    expires_at = None if edit.expires_at is None else to_ms(edit.expires_at)
    kept = replace(edit, at=from_ms(to_ms(edit.at)), expires_at=None if expires_at is None else from_ms(expires_at))
    before = link_edits(transaction, [edit.link_id]).get(edit.link_id, [])
    if kept in before:
        return False
    if edit.action is LinkAction.DRAW:
        if len(before) > 0:
            raise InvalidRequest("That link was drawn already. Draw another.", code="link.ended")
        _draw(transaction, kept)
    else:
        _require_open(before, kept)
        _change(transaction, before[0], kept)
    _append(transaction, kept, len(before))
    return True


def _require_open(before: Sequence[LinkEdit], edit: LinkEdit) -> None:
    if len(before) == 0:
        raise NotFound(f"There is no link {edit.link_id}. It was never drawn.")
    retracted = any(done.action is LinkAction.RETRACT for done in before)
    expires_at = before[-1].expires_at
    if retracted or (expires_at is not None and expires_at <= edit.at):
        raise InvalidRequest("That link has ended. Draw a new one.", code="link.ended")


def _nids(transaction: Transaction, edit: LinkEdit) -> tuple[int, int]:
    found = dict(map(tuple, transaction.rows(query("handles"), rows=[edit.start, edit.end])))
    for node_id in (edit.start, edit.end):
        if node_id not in found:
            raise NotFound(f"There is no node {node_id}. Search for it again.")
    return found[edit.start], found[edit.end]


def _draw(transaction: Transaction, edit: LinkEdit) -> None:
    start, end = _nids(transaction, edit)
    at = to_ms(edit.at)
    link = {
        "from": start,
        "to": end,
        "qualifier": edit.link_id,
        "first_seen": at,
        "last_seen": at,
        "recorded_at": at,
        "source": SOURCE,
        "author": edit.author,
        **_shown(edit),
    }
    transaction.rows(query("draw_link"), link=link)


def _change(transaction: Transaction, drawn: LinkEdit, edit: LinkEdit) -> None:
    cells = {"ends_at": to_ms(edit.at)} if edit.action is LinkAction.RETRACT else _shown(edit)
    transaction.rows(
        query("change_link"), start=drawn.start, end=drawn.end, link_id=edit.link_id, cells=cells
    )


def _shown(edit: LinkEdit) -> dict[str, Any]:
    """What the relationship shows of an edit; a property that is None is taken away."""
    expires_at = None if edit.expires_at is None else to_ms(edit.expires_at)
    return {"reason": edit.reason, "evidence": edit.evidence, "expires_at": expires_at, "ends_at": expires_at}


def _append(transaction: Transaction, edit: LinkEdit, place: int) -> None:
    start, end = _nids(transaction, edit)
    cells = {
        "link_id": edit.link_id,
        "place": place,
        "action": edit.action.value,
        "from": start,
        "to": end,
        "author": edit.author,
        "at": to_ms(edit.at),
        "reason": edit.reason,
        "evidence": edit.evidence,
        "expires_at": None if edit.expires_at is None else to_ms(edit.expires_at),
    }
    transaction.rows(query("append_link_edit"), edit=cells)
