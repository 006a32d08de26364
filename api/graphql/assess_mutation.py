"""The mutation that a risk engine calls in the middle of somebody's loan application."""

import strawberry

from api import assess
from api.graphql.assess_types import ApplicationInput, DecisionAnswer
from api.graphql.context import Info
from api.graphql.declare import mutation


@strawberry.type
class AssessMutation:
    @mutation(
        "Take in an application, score it and decide. Safe to repeat: the same key and input give the very same answer. "
        "Errors: application.invalid (with `fields`: path, code, message of all that is wrong), idempotency.key, "
        "idempotency.conflict (the key was used for another input), idempotency.in_progress (repeat in a moment)."
    )
    def assess_application(self, info: Info, input: ApplicationInput, idempotency_key: str) -> DecisionAnswer:
        context = info.context
        answer = assess.assess(
            context.store,
            context.runtime.scorer,
            context.principal,
            input.form(),
            key=idempotency_key,
            secret=context.runtime.audit_key,
            clock=context.runtime.clock,
        )
        return DecisionAnswer.of(answer)
