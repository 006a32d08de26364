"""What the edits of a link drawn by hand come to, and which edit may follow: the same for every adapter. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from graph_model.errors import InvalidRequest, NotFound
from graph_model.moments import from_ms, to_ms
from graph_model.records import LinkAction, LinkEdit
from graph_model.schema import SCHEMA, Value

HUMAN = next(r.name for r in SCHEMA.relationships if r.human)


@dataclass(frozen=True, slots=True)
class LinkState:
    """What a history comes to."""

    drawn: LinkEdit
    told: LinkEdit  # the last that gave reason, evidence and expiry
    ended_at: datetime | None
    retracted: bool

    @property
    def properties(self) -> dict[str, Value]:
        """Those of the relationship that shows the link."""
        shown: dict[str, Value] = {"author": self.drawn.author, "reason": self.told.reason}
        if self.told.evidence:
            shown["evidence"] = self.told.evidence
        if self.told.expires_at is not None:
            shown["expires_at"] = self.told.expires_at
        return shown


def as_kept(edit: LinkEdit) -> LinkEdit:
    """With moments as fine as a store keeps them. Raises InvalidRequest for one without a time zone."""
    expires_at = None if edit.expires_at is None else from_ms(to_ms(edit.expires_at))
    return replace(edit, at=from_ms(to_ms(edit.at)), expires_at=expires_at)


def check_edit(before: Sequence[LinkEdit], edit: LinkEdit) -> None:
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
    link = come_to(before)
    if (edit.start, edit.end) != (link.drawn.start, link.drawn.end):
        raise InvalidRequest(f"The link {edit.link_id} is between other nodes. Give those it was drawn between.")
    if edit.at < link.drawn.at:
        raise InvalidRequest(f"The link {edit.link_id} was drawn later. Give a moment after its drawing.")
    if link.retracted or (link.ended_at is not None and link.ended_at <= edit.at):
        raise InvalidRequest("This link has ended. Draw another one.", code="link.ended")


def come_to(edits: Sequence[LinkEdit]) -> LinkState:
    """`edits` in whatever order; the first by moment is the drawing."""
    ordered = sorted(edits, key=lambda edit: edit.at)
    told = [edit for edit in ordered if edit.action is not LinkAction.RETRACT][-1]
    ends = [edit.at for edit in ordered if edit.action is LinkAction.RETRACT]
    if told.expires_at is not None:
        ends.append(told.expires_at)
    retracted = any(edit.action is LinkAction.RETRACT for edit in ordered)
    return LinkState(ordered[0], told, min(ends, default=None), retracted)
