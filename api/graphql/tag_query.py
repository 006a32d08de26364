"""Queries of tags: the market, one tag, what computes tags, and a rule that is tried. A node's own tags come with the node's `portrait`."""

import strawberry

from api.graphql.context import Info
from api.graphql.declare import resolver
from api.graphql.tag_types import Tag, TagCheck, TagComputation
from graph_model.errors import NotFound
from graph_model.services.tags import computed, reading


@strawberry.type
class TagQuery:
    @resolver("标签市场: every tag that you may know of, by category and code.")
    def tags(self, info: Info) -> list[Tag]:
        context = info.context
        return [Tag.of(view) for view in reading.market(context.store, context.principal, now=context.now)]

    @resolver("null when unknown.")
    def tag(self, info: Info, code: str) -> Tag | None:
        context = info.context
        try:
            return Tag.of(reading.view(context.store, context.principal, code, now=context.now))
        except NotFound:
            return None

    @resolver("What tags of kind `COMPUTED` may have their values from, as far as you may see.")
    def tag_computations(self, info: Info) -> list[TagComputation]:
        return [TagComputation.of(each) for each in computed.catalogue(info.context.principal)]

    @resolver(
        "What a rule means and whom it would reach today; nothing is kept. Errors: tag.syntax, tag.rule, tag.personal, forbidden."
    )
    def check_tag(self, info: Info, rule: str, type: str = "Customer") -> TagCheck:
        context = info.context
        return TagCheck.of(reading.check(context.store, context.principal, rule, label=type, now=context.now))
