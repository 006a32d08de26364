"""Edits of links drawn by hand: the history is appended to, and the relationship is brought to what it comes to."""

from collections.abc import Sequence

from graph_model.errors import NotFound
from graph_model.moments import from_ms, to_ms
from graph_model.records import LinkAction, LinkEdit
from graph_model.stores.link_rules import HUMAN, LinkState, as_kept, check_edit, come_to
from graph_model.stores.neo4j.connections import Transaction
from graph_model.stores.neo4j.queries import query
from graph_model.stores.neo4j.upsert_edges import encode_properties


def link_edits(transaction: Transaction, link_ids: Sequence[str]) -> dict[str, list[LinkEdit]]:
    found: dict[str, list[LinkEdit]] = {}
    for link_id, action, start, end, author, at, reason, evidence, expires_at in transaction.pieces(
        query("link_edits"), list(dict.fromkeys(link_ids))
    ):
        expiry = None if expires_at is None else from_ms(expires_at)
        edit = LinkEdit(link_id, LinkAction(action), start, end, author, from_ms(at), reason, evidence, expiry)
        found.setdefault(link_id, []).append(edit)
    return found


def edit_link(transaction: Transaction, edit: LinkEdit) -> bool:
    """Whether anything changed."""
    nids = dict(map(tuple, transaction.rows(query("handles"), rows=[edit.start, edit.end])))
    for node_id in (edit.start, edit.end):
        if node_id not in nids:
            raise NotFound(f"There is no node {node_id}. Search for it again.")
    kept = as_kept(edit)
    before = link_edits(transaction, [edit.link_id]).get(edit.link_id, [])
    if kept in before:
        return False
    check_edit(before, kept)
    start, end = nids[edit.start], nids[edit.end]
    row = {
        "link_id": kept.link_id,
        "place": len(before),
        "action": kept.action.value,
        "from": start,
        "to": end,
        "author": kept.author,
        "at": to_ms(kept.at),
        "reason": kept.reason,
        "evidence": kept.evidence,
        "expires_at": None if kept.expires_at is None else to_ms(kept.expires_at),
    }
    transaction.rows(query("append_link_edit"), edit=row)
    _show(transaction, come_to((*before, kept)), start, end)
    if edit.action is LinkAction.DRAW:
        transaction.rows(query("widen_nodes"), rows=[start, end], moment=to_ms(kept.at))
    return True


def _show(transaction: Transaction, link: LinkState, start: int, end: int) -> None:
    at = to_ms(link.drawn.at)
    cells = {
        "from": start,
        "to": end,
        "qualifier": link.drawn.link_id,
        "first_seen": at,
        "last_seen": at,
        "recorded_at": at,
        "source": link.drawn.author,
        "ends_at": None if link.ended_at is None else to_ms(link.ended_at),
        **encode_properties(HUMAN, link.properties),
    }
    transaction.rows(query("show_link"), start=start, end=end, link_id=link.drawn.link_id, cells=cells)
