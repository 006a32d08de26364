"""The root of all mutations, put together from one module per subject."""

import strawberry

from api.graphql.casework_mutation import CaseworkMutation
from api.graphql.link_mutation import LinkMutation
from api.graphql.reveal_mutation import RevealMutation


@strawberry.type
class Mutation(RevealMutation, LinkMutation, CaseworkMutation):
    """Each base holds the mutations of one subject; add a module, then its class here."""
