"""Queries of seed audiences."""

import strawberry

from api.graphql.audience_types import AudienceView
from api.graphql.connection_types import check_first
from api.graphql.context import Info
from api.graphql.declare import resolver
from graph_model.errors import NotFound
from graph_model.principal import Right
from graph_model.services import audiences


@strawberry.type
class AudienceQuery:
    @resolver("The newest audiences, up to 100.")
    def audiences(self, info: Info, first: int = 20) -> list[AudienceView]:
        context = info.context
        found = audiences.listed(context.store, context.principal, first=check_first(first))
        return [AudienceView.of(audience) for audience in found]

    @resolver("One audience; null when there is none of that id.")
    def audience(self, info: Info, id: strawberry.ID) -> AudienceView | None:
        context = info.context
        try:
            return AudienceView.of(audiences.one(context.store, context.principal, id))
        except NotFound:
            return None

    @resolver("Whom the operator allows an audience to be sent to, by name.")
    def receivers(self, info: Info) -> list[str]:
        info.context.principal.require(Right.MARKET)
        return sorted(info.context.runtime.settings.webhooks)
