"""The waterfall of a segment's rule: what each of its conditions keeps of those before it, as bars; and which of the tags it reads have no values."""

from collections.abc import Sequence

from dash import html
from dash.development.base_component import Component

from investigator_ui import words
from investigator_ui.address import Language
from investigator_ui.client import UserApi, read
from investigator_ui.marketing.parts import Bar, bars, counted, notice
from investigator_ui.marketing.segment_contract import COMPUTED, TAG_READ, Counted, NamedTag
from investigator_ui.texts import text


def waterfall(told: Counted, lang: Language) -> list[Component]:
    dropped = [
        "" if step.dropped is None else text("segments.drops", lang, n=words.number(step.dropped))
        for step in told.steps
    ]
    rows = [Bar(text("segments.everybody", lang), told.population)]
    rows += [Bar(step.rule, step.kept, note) for step, note in zip(told.steps, dropped, strict=True)]
    label = text("segments.waterfall", lang)
    return [
        html.P(
            [html.Strong(counted(told.count, lang), className="count"), html.Span(text("segments.reached", lang))],
            className="reached",
        ),
        html.Div(bars(rows, lang, label=label, whole=told.population), className="segment-steps"),
    ]


def uncomputed(user: UserApi, reads: Sequence[str]) -> tuple[NamedTag, ...]:
    """The tags that a rule reads and that were never computed."""
    wanted = {each.removeprefix(TAG_READ) for each in reads if each.startswith(TAG_READ)}
    if not wanted:
        return ()
    tags = read(tuple[NamedTag, ...], user.run(COMPUTED)["tags"])
    return tuple(tag for tag in tags if tag.code in wanted and not tag.computed)


def no_values(tags: Sequence[NamedTag], lang: Language) -> list[Component]:
    """Nobody has such a tag: that is no count of people."""
    return [notice(text("segments.no_values", lang, tag=tag.name(lang)), tone="warn") for tag in tags]
