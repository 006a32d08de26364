"""The portrait of one customer 微观画像: their tags by category as of a day, since when each holds, and what one of them said before."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from itertools import groupby

from dash import html
from dash.development.base_component import Component
from pydantic.dataclasses import dataclass

from investigator_ui import words
from investigator_ui.address import NODE
from investigator_ui.client import UserApi, read
from investigator_ui.contract import ANSWER, NodeRef, TagEntry
from investigator_ui.errors import Refused
from investigator_ui.marketing import forms
from investigator_ui.marketing.page import Look, Page
from investigator_ui.marketing.parts import card, chip, empty, page_shell
from investigator_ui.marketing.tag_words import CODE, by, value
from investigator_ui.panels.attributes import attrs
from investigator_ui.panels.parts import Child, icon, type_name
from investigator_ui.queries import PORTRAIT
from investigator_ui.texts import text

OPEN = f"""query PagePortrait($nodeId: ID!, $asOf: DateTime) {{
  subjectById(nodeId: $nodeId, asOf: $asOf) {{ node {{ id type caption }} {PORTRAIT} }}
}}"""
HISTORY = """query PageTagHistory($nodeId: ID!, $code: String!, $asOf: DateTime) {
  subjectById(nodeId: $nodeId, asOf: $asOf) { tagHistory(code: $code) { value since version computedAt source } }
}"""
DOCUMENTS = {"PagePortrait": OPEN, "PageTagHistory": HISTORY}

_PATH = re.compile(rf"/subject/(?P<node>{NODE})/tags")


@dataclass(frozen=True, slots=True, config=ANSWER)
class PortraitAsked:
    """`tag`: the one whose history is told."""

    node: str
    tag: str = ""

    @classmethod
    def parse(cls, path: str, query: Mapping[str, str]) -> "PortraitAsked | None":
        match = _PATH.fullmatch(path)
        if match is None:
            return None
        tag = query.get("tag", "")
        return cls(match["node"], tag if re.fullmatch(CODE, tag) else "")


@dataclass(frozen=True, slots=True, config=ANSWER)
class Span:
    """What a tag said since a day; None where it ended then."""

    since: date
    version: int
    computed_at: datetime
    source: str
    value: str | None = None


@dataclass(frozen=True, slots=True, config=ANSWER)
class PortraitFound:
    node: NodeRef
    entries: tuple[TagEntry, ...]
    history: tuple[Span, ...] = ()


def load(user: UserApi, asked: PortraitAsked, moment: datetime | None) -> PortraitFound:
    as_of = None if moment is None else moment.isoformat()
    found = user.run(OPEN, nodeId=asked.node, asOf=as_of)["subjectById"]
    if found is None:
        raise Refused("not_found")
    told = user.run(HISTORY, nodeId=asked.node, code=asked.tag, asOf=as_of)["subjectById"] if asked.tag else None
    return PortraitFound(
        node=read(NodeRef, found["node"]),
        entries=read(tuple[TagEntry, ...], found["portrait"]),
        history=() if told is None else read(tuple[Span, ...], told["tagHistory"]),
    )


def draw(asked: PortraitAsked, found: PortraitFound, look: Look) -> Component:
    lang, node = look.lang, found.node
    beside: list[Child] = [chip(type_name(node.type, look.schema, lang))]
    if look.as_of is not None:
        said = text("asof.chip", lang, day=look.as_of)
        beside.append(html.Span([icon("calendar"), said], className="chip chip-time"))
    beside.append(html.Span(text("portrait.count", lang, n=words.number(len(found.entries))), className="quiet"))
    if not found.entries and not asked.tag:
        body: Component = card("", empty("tag", text("portrait.none", lang), text("portrait.none_todo", lang)))
    else:
        categories = [
            _category(category, list(inside), asked, look)
            for category, inside in groupby(found.entries, key=lambda entry: entry.category)
        ]
        body = html.Div(
            [html.Div(categories, className="portrait-categories"), _history(asked, found, look)],
            className="columns main",
        )
    return page_shell(
        "portrait",
        "tag",
        text("portrait.of", lang, name=node.caption),
        body,
        beside=beside,
        back=forms.link(f"/subject/{node.id}", [icon("chevron"), text("portrait.back", lang)], "page-back"),
    )


def _category(category: str, entries: Sequence[TagEntry], asked: PortraitAsked, look: Look) -> Component:
    parts: list[Component] = []
    for subcategory, inside in groupby(entries, key=lambda entry: entry.subcategory):
        parts.append(html.H3(subcategory))
        parts.append(html.Ul([_tag(entry, asked, look) for entry in inside], className="portrait-tags"))
    return card(category, *parts)


def _tag(entry: TagEntry, asked: PortraitAsked, look: Look) -> html.Li:
    lang, chosen = look.lang, entry.code == asked.tag
    name = entry.name_zh if lang == "zh" else entry.name_en
    line: list[Child] = [
        html.Span(words.capital(name), className="portrait-name"),
        html.Span("" if entry.value_type == "BOOL" else value(entry.value_type, entry.value, lang), className="portrait-value"),
        html.Span(text("portrait.since", lang, day=entry.since.isoformat()), className="quiet count"),
    ]  # fmt: skip
    choose = forms.link(f"/subject/{asked.node}/tags?tag={entry.code}", line, "portrait-tag")
    return html.Li(choose, **(attrs(aria_current="true") if chosen else {}))


def _history(asked: PortraitAsked, found: PortraitFound, look: Look) -> Component:
    lang = look.lang
    if not asked.tag:
        return card(text("portrait.history", lang), html.P(text("portrait.choose", lang), className="hint"))
    entry = next((each for each in found.entries if each.code == asked.tag), None)
    name = asked.tag if entry is None else (entry.name_zh if lang == "zh" else entry.name_en)
    kind = "" if entry is None else entry.value_type
    rows = [
        html.Li(
            [
                html.Span(span.since.isoformat(), className="count"),
                html.Strong(_said(span, kind, look)),
                html.Span(
                    text("portrait.computed", lang, n=span.version, when=words.moment(span.computed_at, look.zone), by=by(span.source, lang)),
                    className="hint",
                ),
            ]
        )
        for span in found.history
    ]  # fmt: skip
    more: list[Child] = []
    if look.may("see_tags"):
        more.append(
            forms.link(
                f"/tags/{asked.tag}", [icon("tag"), text("portrait.tag_page", lang)], "page-anchor portrait-more"
            )
        )
    return card(
        text("portrait.history_of", lang, name=name),
        html.Ol(rows, className="portrait-history")
        if rows
        else html.P(text("portrait.no_history", lang), className="hint"),
        *more,
    )


def _said(span: Span, kind: str, look: Look) -> str:
    if span.value is None:
        return text("portrait.ended", look.lang)
    return value(kind or ("BOOL" if span.value == "true" else "TEXT"), span.value, look.lang)


PAGE = Page(
    name="portrait",
    rights=frozenset({"see_graph"}),
    question=PortraitAsked,
    answer=PortraitFound,
    parse=PortraitAsked.parse,
    load=load,
    draw=draw,
    title=lambda _asked, found, lang: text("portrait.of", lang, name=found.node.caption),
)
