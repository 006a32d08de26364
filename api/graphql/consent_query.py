"""The query of consent: one customer, channel by channel, for whoever may see exclusions."""

import strawberry

from api.graphql.consent_types import ChannelStanding
from api.graphql.context import Info
from api.graphql.declare import resolver
from graph_model.services import consent


@strawberry.type
class ConsentQuery:
    @resolver(
        "What a customer agreed to and how often they were contacted, as the gate counts it. Errors: not_found, consent.subject."
    )
    def consent(self, info: Info, node_id: strawberry.ID) -> list[ChannelStanding]:
        context = info.context
        found = consent.standing(
            context.store, context.principal, context.runtime.gate.policy, node_id, moment=context.now
        )
        return [ChannelStanding.of(each) for each in found]
