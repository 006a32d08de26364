"""The runs of a tag on its page: how many had it day by day, and each run with how it went. Newest first, as the API tells them."""

from collections.abc import Sequence
from datetime import timedelta

from dash import html
from dash.development.base_component import Component

from investigator_ui import words
from investigator_ui.address import Language
from investigator_ui.marketing.page import Look
from investigator_ui.marketing.parts import card, counted, share_bar
from investigator_ui.marketing.tag_contract import TagRun
from investigator_ui.marketing.tag_words import by, run_sign, why
from investigator_ui.panels.attributes import attrs
from investigator_ui.panels.inert import inert
from investigator_ui.panels.lists import column
from investigator_ui.texts import text

COLUMNS = (
    "tags.column_fresh",
    "tags.column_coverage",
    "tags.changed",
    "tags.started",
    "tags.took",
    "tags.by",
    "tags.state",
)
NUMBERS = ("tags.changed", "tags.took")
_LEAST = timedelta(seconds=0.1)
_MINUTE, _HOUR = timedelta(minutes=1), timedelta(hours=1)


def runs_card(runs: Sequence[TagRun], look: Look) -> Component | None:
    """None for a tag that was never computed."""
    if not runs:
        return None
    lang = look.lang
    heads = [column(text(name, lang), number=name in NUMBERS) for name in COLUMNS]
    rows = [_row(run, look) for run in runs]
    table = html.Table([html.Thead(html.Tr(heads)), html.Tbody(rows)], className="nodes rows")
    named = attrs(aria_label=text("tags.runs", lang))
    scrolled = html.Div(table, className="run-table", tabIndex=0, role="region", **named)
    return card(
        text("tags.runs", lang),
        html.P(text("tags.runs_hint", lang), className="hint"),
        _strip(runs, look),
        inert(scrolled),
        class_name="tag-runs",
    )


def _strip(runs: Sequence[TagRun], look: Look) -> Component:
    """A bar for each run, the oldest first; the table tells the same in words."""
    greatest = max((run.coverage or 0 for run in runs), default=0) or 1
    bars = [_bar(run, greatest, look.lang) for run in reversed(runs)]
    return html.Div(bars, className="run-strip", **attrs(aria_hidden="true"))


def _bar(run: TagRun, greatest: int, lang: Language) -> Component:
    height = max(100 * (run.coverage or 0) / greatest, 2)
    said = text("market.few", lang) if run.coverage is None else words.number(run.coverage)
    status = run.status.lower()
    return html.Span(
        html.Span(style={"height": f"{height:.0f}%"}), className=f"run {status}", title=f"{run.base_date} · {said}"
    )


def _row(run: TagRun, look: Look) -> html.Tr:
    lang = look.lang
    return html.Tr(
        [
            html.Th(run.base_date.isoformat(), scope="row"),
            html.Td(share_bar(run.coverage, run.population, lang)),
            html.Td(counted(run.changed, lang), className="count"),
            html.Td(words.moment(run.started_at, look.zone)),
            html.Td(took(run.heard_at - run.started_at, lang), className="count"),
            html.Td(by(run.by, lang)),
            html.Td([run_sign(run, lang, look.zone), *_failure(run, lang)]),
        ]
    )


def _failure(run: TagRun, lang: Language) -> list[Component]:
    told = why(run, lang)
    return [html.Span(told, className="hint tag-error")] if told else []


def took(time: timedelta, lang: Language) -> str:
    if time < _LEAST:
        return text("tags.no_time", lang)
    if time < _MINUTE:
        return text("tags.seconds", lang, n=f"{time.total_seconds():.1f}")
    if time < _HOUR:
        return text("tags.minutes", lang, n=f"{time / _MINUTE:.1f}")
    return text("tags.hours", lang, n=f"{time / _HOUR:.1f}")
