"""The root of all mutations, put together from one module per subject."""

import strawberry

from api.graphql.assess_mutation import AssessMutation
from api.graphql.audience_mutation import AudienceMutation
from api.graphql.casework_mutation import CaseworkMutation
from api.graphql.consent_mutation import ConsentMutation
from api.graphql.job_mutation import JobMutation
from api.graphql.link_mutation import LinkMutation
from api.graphql.reveal_mutation import RevealMutation
from api.graphql.segment_mutation import SegmentMutation
from api.graphql.tag_mutation import TagMutation


@strawberry.type
class Mutation(
    RevealMutation,
    LinkMutation,
    CaseworkMutation,
    AssessMutation,
    JobMutation,
    ConsentMutation,
    AudienceMutation,
    TagMutation,
    SegmentMutation,
):
    """Each base holds the mutations of one subject; add a module, then its class here."""
