"""The query of one link drawn by hand; those on a canvas come with their edges."""

import strawberry

from api.graphql.context import Info
from api.graphql.declare import resolver
from api.graphql.link_types import HumanLink
from graph_model.services import links


@strawberry.type
class LinkQuery:
    @resolver("A link drawn by hand with its history, ended or not; null when unknown.")
    def link(self, info: Info, id: strawberry.ID) -> HumanLink | None:
        context = info.context
        found = links.find(context.store, context.principal, id, now=context.now)
        return None if found is None else HumanLink.of(found)
