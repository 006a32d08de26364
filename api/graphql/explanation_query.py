"""The query for what a score rests on."""

from datetime import datetime

import strawberry

from api.graphql.context import Info, local
from api.graphql.declare import resolver
from api.graphql.explanation_types import Explanation
from graph_model.principal import Right


@strawberry.type
class ExplanationQuery:
    @resolver(
        "The at most 12 ties that the last score of a customer or an application (by `asOf`) rests on, found by leaving them out, with the very "
        "code that scores; null for a customer who had not applied. Errors: not_found; explanation.subject for any other node."
    )
    def explanation(self, info: Info, node_id: strawberry.ID, as_of: datetime | None = None) -> Explanation | None:
        from gnn.explanation.explanation import explain_score  # loads what learns, which only who scores needs

        context = info.context
        context.principal.require(Right.SEE_RISK)
        now = local(as_of) or context.now
        found = explain_score(context.store, context.runtime.looks, node_id, now=min(now, context.now))
        return None if found is None else Explanation.of(found)
