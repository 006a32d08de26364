"""Mutations of segments: define, change, delete, and compute who is in one now."""

import strawberry

from api.graphql.context import Info
from api.graphql.declare import mutation
from api.graphql.segment_types import Segment, SegmentInput
from graph_model.principal import Right
from graph_model.services.segments import computing, dictionary, reading

_ERRORS = (
    "segment.which, segment.tree, segment.cases, segment.name, segment.risk, segment.changed, tag.syntax, tag.rule, tag.personal, "
    "text.personal, forbidden"
)


@strawberry.type
class SegmentMutation:
    @mutation(f"A new segment. Errors: segment.code, segment.exists, segment.too_many, {_ERRORS}.")
    def define_segment(self, info: Info, input: SegmentInput) -> Segment:
        context = info.context
        made = dictionary.define(context.store, context.principal, input.draft(), now=context.now)
        return _shown(info, made.code)

    @mutation(f"The next version of a segment; the same again makes none. Errors: not_found, {_ERRORS}.")
    def change_segment(self, info: Info, input: SegmentInput) -> Segment:
        context = info.context
        made = dictionary.change(context.store, context.principal, input.draft(), now=context.now)
        return _shown(info, made.code)

    @mutation(
        "Take a segment out of the dictionary, and returns its code; the history of who was in it stays. Errors: not_found, segment.in_use with "
        "the segments that name it, segment.changed."
    )
    def delete_segment(self, info: Info, code: strawberry.ID) -> strawberry.ID:
        context = info.context
        return strawberry.ID(dictionary.delete(context.store, context.principal, code).code)

    @mutation(
        "Compute who is in a segment today: a new edition, or the newest where nothing has changed since. Errors: not_found, store_locked; "
        "`run` says why a computation failed."
    )
    def compute_segment(self, info: Info, code: strawberry.ID) -> Segment:
        context = info.context
        context.principal.require(Right.EDIT_TAGS)
        found = dictionary.find(context.store, context.principal, code)
        computing.compute(
            context.store,
            context.runtime.gate.policy,
            codes=[found.code],
            by=context.principal.source,
            clock=context.runtime.clock,
            on_progress=lambda *_: None,
        )
        return _shown(info, found.code)


def _shown(info: Info, code: str) -> Segment:
    context = info.context
    return Segment.of(reading.view(context.store, context.principal, code, now=context.now))
