"""Queries of segments: the list, one segment, and a rule that is tried."""

import strawberry
from strawberry.scalars import JSON

from api.graphql.context import Info
from api.graphql.declare import resolver
from api.graphql.rule_types import RuleVocabulary
from api.graphql.segment_types import Segment, SegmentCount
from graph_model.errors import NotFound
from graph_model.services.segments import counting, reading
from graph_model.services.segments.vocabulary import vocabulary


@strawberry.type
class SegmentQuery:
    @resolver("用户群: every segment that you may know of, by code.")
    def segments(self, info: Info) -> list[Segment]:
        context = info.context
        return [Segment.of(view) for view in reading.listed(context.store, context.principal, now=context.now)]

    @resolver("null when unknown.")
    def segment(self, info: Info, code: strawberry.ID) -> Segment | None:
        context = info.context
        try:
            return Segment.of(reading.view(context.store, context.principal, code, now=context.now))
        except NotFound:
            return None

    @resolver("What a builder of rules offers, beside tags and segments.")
    def rule_vocabulary(self, info: Info) -> RuleVocabulary:
        return RuleVocabulary.of(vocabulary(info.context.principal))

    @resolver(
        "Whom a rule, as text or as a tree, reaches today, condition by condition; nothing is kept. Errors: segment.which, segment.tree, "
        "segment.cases, tag.syntax, tag.rule, tag.personal, forbidden."
    )
    def count_segment(self, info: Info, rule: str | None = None, tree: JSON | None = None) -> SegmentCount:
        context = info.context
        return SegmentCount.of(counting.count(context.store, context.principal, rule=rule, tree=tree, now=context.now))
