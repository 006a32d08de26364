"""Mutations of the dictionary of tags. Values come with the job TAGS, from files, or one by one."""

import strawberry

from api.graphql.context import Info
from api.graphql.declare import mutation
from api.graphql.tag_types import PortraitEntry, Tag, TagInput
from graph_model.services.tags import dictionary, given, reading

_ERRORS = "tag.name, tag.syntax, tag.rule, tag.personal, tag.risk, tag.value_type, tag.kind, tag.computation, tag.changed, text.personal, forbidden"


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

    @mutation(
        "Give a node its value of a tag of kind `MANUAL`, `true` where it says yes, or take the tag away with null; its entry of the portrait after that. "
        "Errors: not_found, tag.kind, tag.subject, tag.value, tag.values, text.personal."
    )
    def set_tag(self, info: Info, node_id: strawberry.ID, code: str, value: str | None = None) -> PortraitEntry | None:
        context = info.context
        given.give(context.store, context.principal, code, node_id, value, now=context.now)
        entries = reading.portrait(context.store, context.principal, node_id)
        return next((PortraitEntry.of(entry) for entry in entries if entry.tag.code == code), None)


def _shown(info: Info, code: str) -> Tag:
    context = info.context
    return Tag.of(reading.view(context.store, context.principal, code, now=context.now))
