"""The root of all queries, put together from one module per subject."""

import strawberry

from api.graphql.audience_query import AudienceQuery
from api.graphql.casework_query import CaseworkQuery
from api.graphql.consent_query import ConsentQuery
from api.graphql.explanation_query import ExplanationQuery
from api.graphql.job_query import JobQuery
from api.graphql.link_query import LinkQuery
from api.graphql.path_query import PathQuery
from api.graphql.portrait_query import PortraitQuery
from api.graphql.referral_query import ReferralQuery
from api.graphql.ring_query import RingQuery
from api.graphql.risk_query import RiskQuery
from api.graphql.segment_query import SegmentQuery
from api.graphql.subject_query import SubjectQuery
from api.graphql.tag_query import TagQuery


@strawberry.type
class Query(
    SubjectQuery,
    RiskQuery,
    RingQuery,
    ExplanationQuery,
    PathQuery,
    LinkQuery,
    CaseworkQuery,
    JobQuery,
    ConsentQuery,
    ReferralQuery,
    AudienceQuery,
    TagQuery,
    PortraitQuery,
    SegmentQuery,
):
    """Each base holds the queries of one subject; add a module, then its class here."""
