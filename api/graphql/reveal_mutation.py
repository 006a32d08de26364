"""The mutation that shows one value: it is written to the audit chain first."""

import strawberry

from api.graphql.context import Info
from api.graphql.declare import mutation
from api.graphql.schema_types import Revealed
from graph_model.services import reveal


@strawberry.type
class RevealMutation:
    @mutation(
        "One personal value in clear; needs the right `reveal` and a reason of at least 4 characters, and is written to the "
        "audit chain first. `property` is a property name of the schema. Errors: reveal.reason, not_found, unknown_name."
    )
    def reveal(self, info: Info, node_id: strawberry.ID, property: str, reason: str) -> Revealed:
        context = info.context
        shown = reveal.reveal(
            context.store,
            context.principal,
            node_id,
            property,
            reason=reason,
            secret=context.runtime.audit_key,
            now=context.now,
        )
        return Revealed(
            node_id=strawberry.ID(shown.node_id),
            property=shown.property,
            value=shown.value,
            expires_at=shown.expires_at,
        )
