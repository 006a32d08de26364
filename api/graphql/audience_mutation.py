"""Mutations of seed audiences: draw one, draw it anew, withdraw a version."""

import strawberry

from api.graphql.audience_types import AudienceView, RecipeInput
from api.graphql.consent_types import Channel
from api.graphql.context import Info
from api.graphql.declare import mutation
from graph_model.services import audiences


@strawberry.type
class AudienceMutation:
    @mutation(
        "Draw people from referral circles through the gate into a new audience. Errors: audience.name, audience.purpose, audience.recipe, "
        "audience.unscored, audience.too_small, circles.counting, text.personal, and not_found for a circle that is not there or too small for the role."
    )
    def draw_audience(self, info: Info, name: str, channel: Channel, purpose: str, recipe: RecipeInput) -> AudienceView:
        context = info.context
        made, _ = audiences.create(
            context.store,
            context.runtime.gate,
            context.runtime.referrals.now(context.now),
            context.principal,
            audiences.Draft(name, channel.value, purpose, recipe.recipe()),
            now=context.now,
        )
        return AudienceView.of(made)

    @mutation(
        "The same recipe once more: the audience's next version. Errors: not_found, audience.unscored, audience.too_small, audience.busy, circles.counting."
    )
    def redraw_audience(self, info: Info, id: strawberry.ID) -> AudienceView:
        context = info.context
        circles = context.runtime.referrals.now(context.now)
        found, _ = audiences.redraw(
            context.store, context.runtime.gate, circles, context.principal, id, now=context.now
        )
        return AudienceView.of(found)

    @mutation(
        "Hand out a version no more, with a reason of at least 4 characters. Errors: not_found, audience.reason, audience.withdrawn, text.personal."
    )
    def withdraw_audience(self, info: Info, id: strawberry.ID, version: int, reason: str) -> AudienceView:
        context = info.context
        found = audiences.one(context.store, context.principal, id)
        audiences.withdraw(context.store, context.principal, found, version, reason=reason, now=context.now)
        return AudienceView.of(found)
