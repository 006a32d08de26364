"""The page of macro portraits 宏观画像: two tags crossed, or a tag and what customers applied for; each cell leads to a segment of those in it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from urllib.parse import urlencode

from dash import html
from dash.development.base_component import Component
from pydantic.dataclasses import dataclass

from investigator_ui import words
from investigator_ui.address import Language
from investigator_ui.client import UserApi, read
from investigator_ui.contract import ANSWER
from investigator_ui.errors import Refused
from investigator_ui.marketing import forms
from investigator_ui.marketing.page import Look, Page
from investigator_ui.marketing.parts import card, empty, notice, page_shell
from investigator_ui.marketing.portraits_contract import CHOICES, PORTRAIT, Macro, SegmentChoice, TagChoice
from investigator_ui.marketing.portraits_table import Axes, Measure, made_up, table
from investigator_ui.marketing.tag_words import code_at
from investigator_ui.panels.lists import choice_field
from investigator_ui.panels.parts import Child, icon, name_of
from investigator_ui.texts import problem, text

HOME = "/portraits"
CUSTOMER = "Customer"
APPLIED = {"~product": "PRODUCT", "~channel": "CHANNEL"}  # no tag is called so
REFUSALS = "portrait."  # begins the codes of what can't be crossed, which the page tells in the table's place


@dataclass(frozen=True, slots=True, config=ANSWER)
class PortraitsAsked:
    """Codes of the tags, or one of APPLIED for the columns; empty where nothing was chosen."""

    rows: str = ""
    columns: str = ""
    segment: str = ""
    show: Measure = Measure.LIFT

    @classmethod
    def parse(cls, path: str, query: Mapping[str, str]) -> "PortraitsAsked | None":
        if path != HOME:
            return None
        columns, show = query.get("columns", ""), query.get("show", "")
        return cls(
            rows=_code(query.get("rows", "")),
            columns=columns if columns in APPLIED else _code(columns),
            segment=_code(query.get("segment", "")),
            show=Measure(show) if show in {each.value for each in Measure} else Measure.LIFT,
        )

    @property
    def turned(self) -> str:
        """The address of the same table with rows and columns exchanged."""
        turned = replace(self, rows=self.columns, columns=self.rows)
        asked = {"rows": turned.rows, "columns": turned.columns, "segment": turned.segment, "show": turned.show.value}
        return f"{HOME}?{urlencode({name: value for name, value in asked.items() if value})}"


@dataclass(frozen=True, slots=True, config=ANSWER)
class PortraitsFound:
    """`refused` is the code of why there is no table."""

    tags: tuple[TagChoice, ...]
    segments: tuple[SegmentChoice, ...]
    macro: Macro | None = None
    refused: str = ""


def _code(said: str) -> str:
    return code_at(said, "") or ""


def load(user: UserApi, asked: PortraitsAsked, _moment: datetime | None) -> PortraitsFound:
    choices = user.run(CHOICES)
    found = PortraitsFound(
        tuple(tag for tag in read(tuple[TagChoice, ...], choices["tags"]) if tag.type == CUSTOMER),
        read(tuple[SegmentChoice, ...], choices["segments"]),
    )
    if not (asked.rows and asked.columns):
        return found
    by = APPLIED.get(asked.columns)
    try:
        answer = user.run(
            PORTRAIT,
            rows=asked.rows,
            columns=None if by else asked.columns,
            by=by,
            segment=asked.segment or None,
        )
    except Refused as exc:
        if exc.code.startswith(REFUSALS):
            return replace(found, refused=exc.code)
        if exc.code != "not_found":
            raise
        return replace(found, refused="tag.unknown" if _misses_tag(asked, found) else "segment.unknown")
    return replace(found, macro=read(Macro, answer["macroPortrait"]))


def _misses_tag(asked: PortraitsAsked, found: PortraitsFound) -> bool:
    codes = {tag.code for tag in found.tags}
    return not {asked.rows, asked.columns} - APPLIED.keys() <= codes


def draw(asked: PortraitsAsked, found: PortraitsFound, look: Look) -> Component:
    lang = look.lang
    if not found.tags:
        todo = text("tags.none_todo" if look.may("edit_tags") else "tags.none_wait", lang)
        body: Component = card("", empty("table", text("tags.none", lang), todo))
    else:
        filters = html.Div(_filters(asked, found, lang), className="list-tools", role="search")
        body = html.Div([filters, *_found(asked, found, look)], className="stack")
    beside: list[Child] = []
    if found.macro is not None:
        people = words.number(found.macro.population)
        days = "、" if lang == "zh" else ", "
        of = days.join(sorted({source.base_date.isoformat() for source in found.macro.sources}))
        beside = [
            html.Span(text("portraits.people", lang, n=people), className="quiet"),
            html.Span(text("portraits.as_of", lang, day=of), className="hint"),
        ]
    return page_shell("portraits", "table", text("portraits.title", lang), body, beside=beside)


def _filters(asked: PortraitsAsked, found: PortraitsFound, lang: Language) -> list[Child]:
    tags = [(tag.code, tag.name(lang)) for tag in found.tags if tag.figures is not None]
    applied = [(each, text(f"portraits.by_{each[1:]}", lang)) for each in APPLIED]
    choose = text("portraits.choose", lang)
    tools: list[Child] = [
        choice_field("rows", text("portraits.rows", lang), asked.rows, tags, all_=choose),
        choice_field("columns", text("portraits.columns", lang), asked.columns, [*applied, *tags], all_=choose),
    ]
    if found.segments:
        segments = [(each.code, each.name) for each in found.segments]
        tools.append(
            choice_field("segment", text("portraits.within", lang), asked.segment, segments, all_=text("portraits.everybody", lang))
        )  # fmt: skip
    shown = [(each.value, text(f"portraits.show_{each.value}", lang)) for each in Measure if each is not Measure.LIFT]
    show = "" if asked.show is Measure.LIFT else asked.show.value
    tools.append(
        choice_field("show", text("portraits.show", lang), show, shown, all_=text("portraits.show_lift", lang))
    )
    if asked.rows and asked.columns and asked.columns not in APPLIED:
        tools.append(forms.link(asked.turned, [icon("redo"), text("portraits.turn", lang)], "button"))
    return tools


def _found(asked: PortraitsAsked, found: PortraitsFound, look: Look) -> Sequence[Component]:
    lang, macro = look.lang, found.macro
    if found.refused:
        happened, todo = problem(found.refused, lang)
        return [card("", empty("warning", happened, todo))]
    if macro is None:
        return [card("", empty("table", text("portraits.none", lang), text("portraits.none_todo", lang)))]
    names = {tag.code: tag for tag in found.tags}
    rows, columns = names.get(asked.rows), names.get(asked.columns)
    named = {
        **{code: tag.name(lang) for code, tag in names.items()},
        **{each: text(f"portraits.by_{each[1:]}", lang) for each in APPLIED},
    }
    axes = Axes(
        rows=named.get(asked.rows, asked.rows),
        columns=named.get(asked.columns, asked.columns),
        row_kind=rows.value_type if rows else "TEXT",
        column_kind=columns.value_type if columns else "TEXT",
        segment=asked.segment,
        measure=asked.show,
        said={
            code: name_of(view, lang)
            for code, view in look.schema.values_of("Application", asked.columns.removeprefix("~")).items()
        },
    )
    told: list[Component] = []
    if not macro.exact:
        told.append(notice(text("portraits.rounded", lang)))
    told.append(table(macro, axes, look))
    if macro.suppressed:
        told.append(html.P(text("portraits.left_out", lang, n=macro.suppressed), className="hint", id="left-out"))
    if macro.overlapping:
        told.append(html.P(text("portraits.overlapping", lang), className="hint"))
    return [*told, made_up(macro, axes, look)]


PAGE = Page(
    name="portraits",
    rights=frozenset({"see_tags"}),
    question=PortraitsAsked,
    answer=PortraitsFound,
    parse=PortraitsAsked.parse,
    load=load,
    draw=draw,
    title=lambda _asked, _found, lang: text("portraits.title", lang),
    home=HOME,
    picture="table",
)
