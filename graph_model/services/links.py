"""Links drawn by hand (人工关联): who ties two nodes, why, on what evidence and until when. Every edit is kept; source edges are never touched."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from uuid import uuid4

from graph_model.errors import Forbidden, InvalidRequest, NotFound
from graph_model.moments import whole
from graph_model.principal import Principal, Right, Role
from graph_model.records import AsOf, Edge, LinkAction, LinkEdit
from graph_model.schema import SCHEMA
from graph_model.schema.text import as_typed
from graph_model.services.lookup import by_node_id
from graph_model.services.wording import reason_of, refuse_personal
from graph_model.store import GraphStore

LONGEST_EVIDENCE = 2_000

SOURCE_TYPES = tuple(kind.name for kind in SCHEMA.relationships if not kind.human)


class Unchanged(Enum):
    """Stands for what an annotation leaves as it is; None would say that there is none."""

    UNCHANGED = "unchanged"


UNCHANGED = Unchanged.UNCHANGED


@dataclass(frozen=True, slots=True)
class HumanLink:
    """A link as its edits leave it. `ended_at` is when it was retracted or ran out."""

    id: str
    source: str  # node_id
    target: str  # node_id
    author: str
    reason: str
    evidence: str
    expires_at: datetime | None
    drawn_at: datetime
    ended_at: datetime | None
    edits: Sequence[LinkEdit]


def draw(
    store: GraphStore,
    principal: Principal,
    start: str,
    end: str,
    *,
    reason: str,
    evidence: str = "",
    expires_at: datetime | None = None,
    now: datetime,
) -> HumanLink:
    """Ties two nodes. Raises NotFound for an unknown end, or InvalidRequest: link.self, link.reason, link.evidence, link.expiry,
    text.personal."""
    principal.require(Right.EDIT_GRAPH)
    why, proof, until = reason_of(reason, code="link.reason"), _evidence(evidence), _future(expires_at, now)
    if start == end:
        raise InvalidRequest("A link joins two different nodes.", code="link.self")
    for node_id in (start, end):
        by_node_id(store, node_id)
    edit = LinkEdit(uuid4().hex, LinkAction.DRAW, start, end, principal.name, whole(now), why, proof, until)
    store.edit_link(edit)
    return _folded([edit], now)


def annotate(
    store: GraphStore,
    principal: Principal,
    link_id: str,
    *,
    reason: str,
    evidence: str | Unchanged = UNCHANGED,
    expires_at: datetime | Unchanged | None = UNCHANGED,
    now: datetime,
) -> HumanLink:
    """Gives a link another reason, and other evidence or another expiry where they are given. Raises NotFound, InvalidRequest as `draw` does
    and `link.ended`, or Forbidden: when it ends is for the author or a supervisor to say."""
    before = _to_edit(store, principal, link_id, now)
    if isinstance(expires_at, Unchanged):
        until = before.expires_at
    else:
        until = _future(expires_at, now)
        if until != before.expires_at:
            _require_author(principal, before)
    proof = before.evidence if isinstance(evidence, Unchanged) else _evidence(evidence)
    _require_there(before)
    return _edited(
        store, before, LinkAction.ANNOTATE, principal, reason_of(reason, code="link.reason"), proof, until, now
    )


def retract(store: GraphStore, principal: Principal, link_id: str, *, reason: str, now: datetime) -> HumanLink:
    """Ends a link; who looks back to before still sees it. Raises NotFound, InvalidRequest link.reason or link.ended, or Forbidden to all
    but its author and a supervisor."""
    before = _to_edit(store, principal, link_id, now)
    _require_author(principal, before)
    _require_there(before)
    return _edited(
        store,
        before,
        LinkAction.RETRACT,
        principal,
        reason_of(reason, code="link.reason"),
        before.evidence,
        before.expires_at,
        now,
    )


def find(store: GraphStore, principal: Principal, link_id: str, *, now: datetime) -> HumanLink | None:
    """One link with its history, ended or not; None when unknown."""
    principal.require(Right.SEE_GRAPH)
    edits = store.link_edits([link_id]).get(link_id, [])
    return _folded(edits, now) if len(edits) > 0 else None


def links_of(store: GraphStore, edges: Sequence[Edge], *, as_of: AsOf | None = None) -> dict[str, HumanLink]:
    """The links behind those of the edges that people drew, by link id, in one read: as they were at `as_of`. What an edge is there for has
    not ended."""
    ids = [edge.qualifier for edge in edges if is_human(edge)]
    if len(ids) == 0:
        return {}
    found: dict[str, HumanLink] = {}
    for link_id, edits in store.link_edits(ids).items():
        known = edits if as_of is None else [edit for edit in edits if edit.at <= as_of.event]
        if len(known) > 0:
            found[link_id] = _folded(known, None)
    return found


def is_human(edge: Edge) -> bool:
    return SCHEMA.relationship(edge.type).human


def _to_edit(store: GraphStore, principal: Principal, link_id: str, now: datetime) -> HumanLink:
    principal.require(Right.EDIT_GRAPH)
    found = find(store, principal, link_id, now=now)
    if found is None:
        raise NotFound("There is no such link.")
    return found


def _edited(
    store: GraphStore,
    before: HumanLink,
    action: LinkAction,
    principal: Principal,
    reason: str,
    evidence: str,
    expires_at: datetime | None,
    now: datetime,
) -> HumanLink:
    edit = LinkEdit(
        before.id, action, before.source, before.target, principal.name, whole(now), reason, evidence, expires_at
    )
    store.edit_link(edit)
    return _folded([*before.edits, edit], now)


def _folded(edits: Sequence[LinkEdit], moment: datetime | None) -> HumanLink:
    """The link that its edits, oldest first, leave at a moment; None where it is known not to have run out."""
    drawn = edits[0]
    stated = [edit for edit in edits if edit.action is not LinkAction.RETRACT][-1]
    retracted = [edit.at for edit in edits if edit.action is LinkAction.RETRACT]
    ended = retracted[0] if retracted else None
    if ended is None and moment is not None and stated.expires_at is not None and stated.expires_at <= moment:
        ended = stated.expires_at
    return HumanLink(
        id=drawn.link_id,
        source=drawn.start,
        target=drawn.end,
        author=drawn.author,
        reason=stated.reason,
        evidence=stated.evidence,
        expires_at=stated.expires_at,
        drawn_at=drawn.at,
        ended_at=ended,
        edits=tuple(edits),
    )


def _require_author(principal: Principal, link: HumanLink) -> None:
    if principal.name != link.author and principal.role is not Role.SUPERVISOR:
        raise Forbidden("Only who drew a link, or a supervisor, may end it. Ask one of them.")


def _require_there(link: HumanLink) -> None:
    if link.ended_at is not None:
        raise InvalidRequest("This link has ended. Draw a new one.", code="link.ended")


def _future(expires_at: datetime | None, now: datetime) -> datetime | None:
    if expires_at is not None and expires_at <= now:
        raise InvalidRequest("A link expires in the future. Choose a later moment, or none.", code="link.expiry")
    return None if expires_at is None else whole(expires_at)


def _evidence(text: str) -> str:
    proof = "\n".join(map(as_typed, text.splitlines())).strip()
    if len(proof) > LONGEST_EVIDENCE:
        raise InvalidRequest(f"Evidence has at most {LONGEST_EVIDENCE} characters.", code="link.evidence")
    refuse_personal(proof)
    return proof
