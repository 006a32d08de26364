"""GraphQL types of links drawn by hand."""

from datetime import datetime

import strawberry

from graph_model import records
from graph_model.services import links


@strawberry.type(
    description="One edit of a link: draw, annotate or retract, by whom and why. Nothing of it is ever changed."
)
class HumanLinkEdit:
    action: str
    author: str
    at: datetime
    reason: str
    evidence: str
    expires_at: datetime | None

    @classmethod
    def of(cls, edit: records.LinkEdit) -> "HumanLinkEdit":
        return cls(
            action=edit.action.value,
            author=edit.author,
            at=edit.at,
            reason=edit.reason,
            evidence=edit.evidence,
            expires_at=edit.expires_at,
        )


@strawberry.type(description="人工关联: a tie between two nodes that a person drew. It is never an input of a model.")
class HumanLink:
    id: strawberry.ID
    source: strawberry.ID
    target: strawberry.ID
    author: str
    reason: str
    evidence: str
    expires_at: datetime | None
    drawn_at: datetime
    ended_at: datetime | None = strawberry.field(
        description="When it was retracted or ran out; null while it is there."
    )
    edits: list[HumanLinkEdit] = strawberry.field(description="Its history, oldest first.")

    @classmethod
    def of(cls, link: links.HumanLink) -> "HumanLink":
        return cls(
            id=strawberry.ID(link.id),
            source=strawberry.ID(link.source),
            target=strawberry.ID(link.target),
            author=link.author,
            reason=link.reason,
            evidence=link.evidence,
            expires_at=link.expires_at,
            drawn_at=link.drawn_at,
            ended_at=link.ended_at,
            edits=[HumanLinkEdit.of(edit) for edit in link.edits],
        )
