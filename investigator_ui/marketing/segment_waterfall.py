"""The waterfall of a segment's rule: what each of its conditions keeps of those before it, as bars."""

from dash import html
from dash.development.base_component import Component

from investigator_ui import words
from investigator_ui.address import Language
from investigator_ui.marketing.parts import Bar, bars, counted
from investigator_ui.marketing.segment_contract import Counted
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
