"""The list of segments (用户群): what they are called, how many were in them when they were computed last, how that went."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from dash import html
from dash.development.base_component import Component
from pydantic.dataclasses import dataclass

from investigator_ui import words
from investigator_ui.address import Language
from investigator_ui.client import UserApi, read
from investigator_ui.contract import ANSWER
from investigator_ui.marketing import forms
from investigator_ui.marketing.page import Look, Page
from investigator_ui.marketing.parts import card, chip, counted, empty, page_shell
from investigator_ui.marketing.segment_contract import SEGMENTS, Row
from investigator_ui.marketing.tag_words import STATUS_TONES, schedule
from investigator_ui.panels.attributes import attrs
from investigator_ui.panels.inert import inert
from investigator_ui.panels.lists import column
from investigator_ui.panels.parts import Child, icon
from investigator_ui.texts import text

HOME = "/segments"
NEW = f"{HOME}/~new"  # no segment is called so
COLUMNS = (
    "segments.column_name",
    "segments.column_members",
    "segments.column_edition",
    "segments.column_schedule",
    "segments.column_state",
)


@dataclass(frozen=True, slots=True, config=ANSWER)
class SegmentsAsked:
    @classmethod
    def parse(cls, path: str, _query: Mapping[str, str]) -> "SegmentsAsked | None":
        return cls() if path == HOME else None


@dataclass(frozen=True, slots=True, config=ANSWER)
class SegmentsFound:
    segments: tuple[Row, ...]


def load(user: UserApi, _asked: SegmentsAsked, _moment: datetime | None) -> SegmentsFound:
    return SegmentsFound(read(tuple[Row, ...], user.run(SEGMENTS)["segments"]))


def draw(_asked: SegmentsAsked, found: SegmentsFound, look: Look) -> Component:
    lang = look.lang
    tools: list[Child] = []
    if look.may("edit_tags"):
        tools = [forms.link(NEW, [icon("plus"), text("segments.new", lang)], "button primary")]
    if not found.segments:
        todo = text("segments.none_todo" if look.may("edit_tags") else "segments.none_wait", lang)
        body: Component = card("", empty("funnel", text("segments.none", lang), todo))
    else:
        body = _table(found.segments, look)
    many = text("segments.how_many", lang, n=words.number(len(found.segments)))
    return page_shell(
        "segments",
        "funnel",
        text("segments.title", lang),
        body,
        beside=[html.Span(many, className="quiet")],
        tools=tools,
    )


def _table(rows: Sequence[Row], look: Look) -> Component:
    heads = [column(text(name, look.lang)) for name in COLUMNS]
    table = html.Table(
        [html.Thead(html.Tr(heads)), html.Tbody([_row(each, look) for each in rows])], className="nodes rows tags"
    )
    labelled = attrs(aria_labelledby="page-title")
    return inert(html.Div(table, className="card table-card", tabIndex=0, role="region", **labelled))


def _row(row: Row, look: Look) -> html.Tr:
    lang, newest = look.lang, row.newest
    under: list[Component] = [html.Span(row.code, className="mono")]
    if row.description:
        under.append(html.Span(row.description, className="quiet"))
    name: list[Child] = [
        forms.link(f"{HOME}/{row.code}", row.name, "page-anchor row-name"),
        html.Span(under, className="tag-under"),
    ]
    nothing = html.Span("–", className="quiet")
    edition = (
        nothing
        if newest is None
        else text("segments.edition_of", lang, n=newest.number, day=newest.base_date.isoformat())
    )
    return html.Tr(
        [
            html.Th(name, scope="row"),
            html.Td(nothing if newest is None else counted(newest.members, lang)),
            html.Td(edition),
            html.Td(schedule(row.schedule, lang)),
            html.Td(html.Span(state(row, lang), className="share")),
        ],
        **attrs(data_row=row.code),
    )


def state(row: Row, lang: Language) -> list[Child]:
    """How its last computation went, and what keeps it from being handed out."""
    if row.run is None:
        signs: list[Child] = [chip(text("tags.never", lang), "warn")]
    else:
        label = text(f"tags.status_{row.run.status.lower()}", lang)
        signs = [chip(label, STATUS_TONES.get(row.run.status, ""), title=row.run.error or "")]
    if row.stale:
        signs.append(chip(text("tags.stale", lang), "warn", title=text("tags.stale_why", lang)))
    if row.risk:
        signs.append(chip(text("segments.risk", lang), "problem", title=text("segments.risk_why", lang)))
    return signs


PAGE = Page(
    name="segments",
    rights=frozenset({"see_tags"}),
    question=SegmentsAsked,
    answer=SegmentsFound,
    parse=SegmentsAsked.parse,
    load=load,
    draw=draw,
    title=lambda _asked, _found, lang: text("segments.title", lang),
    home=HOME,
    picture="funnel",
)
