"""Mutations of links drawn by hand 关系图编辑: draw, annotate, retract."""

from datetime import datetime
from typing import Annotated

import strawberry

from api.graphql.context import Info, local
from api.graphql.declare import mutation
from api.graphql.link_types import HumanLink
from graph_model.services import links
from graph_model.services.links import UNCHANGED


@strawberry.type
class LinkMutation:
    @mutation(
        "Tie two nodes by hand, with a reason of at least 4 characters, evidence of at most 2,000 and, if it is to end by "
        "itself, a moment in the future. Errors: link.self, link.reason, link.evidence, link.expiry, not_found."
    )
    def draw_link(
        self,
        info: Info,
        from_: Annotated[strawberry.ID, strawberry.argument(name="from")],
        to: strawberry.ID,
        reason: str,
        evidence: str | None = None,
        expires_at: datetime | None = None,
    ) -> HumanLink:
        context = info.context
        drawn = links.draw(
            context.store,
            context.principal,
            from_,
            to,
            reason=reason,
            evidence=evidence or "",
            expires_at=local(expires_at),
            now=context.now,
        )
        return HumanLink.of(drawn)

    @mutation(
        "Say anew why a link is there. Evidence and expiry stay where they are left out; null takes them away. The expiry is "
        "for its author or a supervisor to change. Errors: as drawLink, link.ended, forbidden."
    )
    def annotate_link(
        self,
        info: Info,
        id: strawberry.ID,
        reason: str,
        evidence: str | None = strawberry.UNSET,
        expires_at: datetime | None = strawberry.UNSET,
    ) -> HumanLink:
        context = info.context
        annotated = links.annotate(
            context.store,
            context.principal,
            id,
            reason=reason,
            evidence=UNCHANGED if evidence is strawberry.UNSET else evidence or "",
            expires_at=UNCHANGED if expires_at is strawberry.UNSET else local(expires_at),
            now=context.now,
        )
        return HumanLink.of(annotated)

    @mutation(
        "End a link, for its author or a supervisor. Whoever looks back to before still sees it. "
        "Errors: link.reason, link.ended, not_found, forbidden."
    )
    def retract_link(self, info: Info, id: strawberry.ID, reason: str) -> HumanLink:
        context = info.context
        return HumanLink.of(links.retract(context.store, context.principal, id, reason=reason, now=context.now))
