"""Mutations of the dictionary of tags. Values come with the job TAGS."""

import strawberry

from api.graphql.context import Info
from api.graphql.declare import mutation
from api.graphql.tag_types import Tag, TagInput
from graph_model.services.tags import dictionary, reading

_ERRORS = (
    "tag.name, tag.syntax, tag.rule, tag.personal, tag.risk, tag.value_type, tag.changed, text.personal, forbidden"
)


@strawberry.type
class TagMutation:
    @mutation(f"A new tag. Errors: tag.code, tag.exists, tag.too_many, {_ERRORS}.")
    def define_tag(self, info: Info, input: TagInput) -> Tag:
        context = info.context
        made = dictionary.define(context.store, context.principal, input.draft(), now=context.now)
        return _shown(info, made.code)

    @mutation(f"The next version of a tag; the same again makes none. Errors: not_found, tag.fixed, {_ERRORS}.")
    def change_tag(self, info: Info, input: TagInput) -> Tag:
        context = info.context
        made = dictionary.change(context.store, context.principal, input.draft(), now=context.now)
        return _shown(info, made.code)

    @mutation(
        "Take a tag out of the dictionary, and returns its code; the next computation takes it from everybody. Its history stays. "
        "Errors: not_found, tag.in_use with the tags that read it, tag.changed."
    )
    def delete_tag(self, info: Info, code: str) -> str:
        context = info.context
        return dictionary.delete(context.store, context.principal, code).code


def _shown(info: Info, code: str) -> Tag:
    context = info.context
    return Tag.of(reading.view(context.store, context.principal, code, now=context.now))
