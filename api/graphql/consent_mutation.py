"""Mutations of consent: what people agreed to or refused, and whom campaigns reached."""

import strawberry

from api.graphql.consent_types import ConsentInput, ContactInput, Recorded
from api.graphql.context import Info
from api.graphql.declare import mutation
from graph_model.services import consent


@strawberry.type
class ConsentMutation:
    @mutation(
        "State up to 500 consents and refusals, each by itself: a refused one stops no other. Safe to repeat. Errors: consent.none, "
        "consent.too_many; of one statement consent.at, not_found, and the ID number's own."
    )
    def record_consents(self, info: Info, consents: list[ConsentInput]) -> Recorded:
        context = info.context
        said = [each.statement() for each in consents]
        return Recorded.of(consent.record_consents(context.store, context.principal, said, now=context.now))

    @mutation(
        "State up to 500 contacts, each by itself, as `recordConsents` does. The gate counts what was sent. Errors: as there."
    )
    def record_contacts(self, info: Info, contacts: list[ContactInput]) -> Recorded:
        context = info.context
        said = [each.statement() for each in contacts]
        return Recorded.of(consent.record_contacts(context.store, context.principal, said, now=context.now))
