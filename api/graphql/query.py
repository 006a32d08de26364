"""The root of all queries, put together from one module per subject."""

import strawberry

from api.graphql.link_query import LinkQuery
from api.graphql.subject_query import SubjectQuery


@strawberry.type
class Query(SubjectQuery, LinkQuery):
    """Each base holds the queries of one subject; add a module, then its class here."""
