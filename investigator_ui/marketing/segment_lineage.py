"""What a rule reads and what reads it, by name: tags, those of them without values, segments."""

from collections.abc import Collection, Mapping, Sequence

from dash.development.base_component import Component

from investigator_ui.address import Language
from investigator_ui.client import UserApi, read
from investigator_ui.marketing import forms
from investigator_ui.marketing.parts import notice
from investigator_ui.marketing.segment_contract import COMPUTED, NAMES, TAG_READ, NamedSegment, NamedTag
from investigator_ui.panels.parts import icon
from investigator_ui.texts import text


def segments_named(user: UserApi, codes: Collection[str]) -> tuple[NamedSegment, ...]:
    """Those with these codes; the API is not asked where there are none."""
    if not codes:
        return ()
    return tuple(each for each in read(tuple[NamedSegment, ...], user.run(NAMES)["segments"]) if each.code in codes)


def uncomputed(user: UserApi, reads: Sequence[str]) -> tuple[NamedTag, ...]:
    """The tags that a rule reads and that were never computed."""
    return tuple(tag for tag in tags_of(user, reads) if not tag.computed)


def tags_of(user: UserApi, reads: Sequence[str]) -> tuple[NamedTag, ...]:
    """The tags that a rule reads."""
    wanted = {each.removeprefix(TAG_READ) for each in reads if each.startswith(TAG_READ)}
    if not wanted:
        return ()
    tags = read(tuple[NamedTag, ...], user.run(COMPUTED)["tags"])
    return tuple(tag for tag in tags if tag.code in wanted)


def segment_link(code: str, names: Mapping[str, str]) -> Component:
    """To a segment, by its name where that is known."""
    return forms.link(f"/segments/{code}", [icon("funnel"), names.get(code, code)], "chip tag-chip")


def no_values(tags: Sequence[NamedTag], lang: Language) -> list[Component]:
    """Nobody has such a tag: that is no count of people."""
    return [notice(text("segments.no_values", lang, tag=tag.name(lang)), tone="warn") for tag in tags]
