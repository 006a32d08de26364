"""The page of referral circles 推荐圈: which there are, how far they reach and what became of those brought in; some are chosen for an audience."""

import re
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlencode

from dash import html
from dash.development.base_component import Component
from pydantic.dataclasses import dataclass

from investigator_ui import words
from investigator_ui.address import Language
from investigator_ui.client import PAGE as ROWS
from investigator_ui.client import UserApi, read
from investigator_ui.contract import ANSWER
from investigator_ui.marketing import forms
from investigator_ui.marketing.circle_contract import CIRCLES, CircleOrder, CircleRow, short
from investigator_ui.marketing.page import Look, Page
from investigator_ui.marketing.parts import card, counted, empty, notice, page_shell, share_bar
from investigator_ui.panels.attributes import attrs
from investigator_ui.panels.lists import clear, column, number_field, sorted_column, turns
from investigator_ui.panels.parts import Child, icon
from investigator_ui.texts import text

HOME = "/circles"
DRAW = "/audiences/~new"
MOST_CHOSEN = 20
_ID = re.compile(r"circle-[0-9a-f]{16}")
_LARGEST = 9  # digits


@dataclass(frozen=True, slots=True, config=ANSWER)
class CirclesAsked:
    order: CircleOrder = CircleOrder.SIZE
    min_size: int | None = None
    min_depth: int | None = None
    min_applied: int | None = None
    after: str | None = None
    page: int = 1
    chosen: tuple[str, ...] = ()

    @classmethod
    def parse(cls, path: str, query: Mapping[str, str]) -> "CirclesAsked | None":
        if path != HOME:
            return None
        order = query.get("order", "")
        after = query.get("after")
        return cls(
            order=CircleOrder(order) if order in CircleOrder.__members__ else CircleOrder.SIZE,
            min_size=_whole(query.get("minSize")),
            min_depth=_whole(query.get("minDepth")),
            min_applied=_whole(query.get("minApplied")),
            after=after,
            page=max(_whole(query.get("page")) or 1, 1) if after else 1,
            chosen=chosen_in(query.get("chosen", "")),
        )

    @property
    def filtered(self) -> bool:
        return any(least is not None for least in (self.min_size, self.min_depth, self.min_applied))


@dataclass(frozen=True, slots=True, config=ANSWER)
class CirclesFound:
    circles: tuple[CircleRow, ...]
    total: int
    next: str | None = None


def _whole(said: str | None) -> int | None:
    return int(said) if said and said.isascii() and said.isdigit() and len(said) <= _LARGEST else None


def chosen_in(said: str) -> tuple[str, ...]:
    """Ids of circles as an address carries them."""
    return tuple(dict.fromkeys(each for each in said.split(",") if _ID.fullmatch(each)))[:MOST_CHOSEN]


def draw_from(ids: tuple[str, ...]) -> str:
    """The address where an audience is drawn from these circles."""
    return f"{DRAW}?{urlencode({'circles': ','.join(ids)})}"


def load(user: UserApi, asked: CirclesAsked, _moment: datetime | None) -> CirclesFound:
    least = {"minSize": asked.min_size, "minDepth": asked.min_depth, "minApplied": asked.min_applied}
    found = user.run(
        CIRCLES,
        first=ROWS,
        after=asked.after,
        order=asked.order.value,
        filter={name: value for name, value in least.items() if value is not None},
    )["referralCircles"]
    rows = read(tuple[CircleRow, ...], [edge["node"] for edge in found["edges"]])
    return CirclesFound(
        rows, found["totalCount"], found["pageInfo"]["endCursor"] if found["pageInfo"]["hasNextPage"] else None
    )


def draw(asked: CirclesAsked, found: CirclesFound, look: Look) -> Component:
    lang = look.lang
    if not found.circles and not asked.filtered and asked.after is None:
        body: Component = card("", empty("tree", text("circles.none", lang), text("circles.none_todo", lang)))
    else:
        body = html.Div(
            [
                html.Div(_filters(asked, lang), className="list-tools", role="search"),
                _chosen(asked, lang) if look.may("market") else None,
                _table(asked, found, look),
                turns(
                    lang,
                    page=asked.page,
                    shown=len(found.circles),
                    size=ROWS,
                    total=found.total,
                    next_=found.next,
                ),
            ],
            className="stack",
        )
    beside: list[Child] = [html.Span(text("circles.count", lang, n=words.number(found.total)), className="quiet")]
    if found.circles:
        when = words.moment(found.circles[0].as_of, look.zone)
        beside.append(html.Span(text("circles.as_of", lang, when=when), className="hint"))
    told = None if look.may("see_graph") else notice(text("circles.rounded", lang))
    return page_shell("circles", "tree", text("circles.title", lang), told, body, beside=beside)


def _filters(asked: CirclesAsked, lang: Language) -> list[Child]:
    tools: list[Child] = [
        number_field("minSize", text("circles.min_size", lang), asked.min_size),
        number_field("minDepth", text("circles.min_depth", lang), asked.min_depth),
        number_field("minApplied", text("circles.min_applied", lang), asked.min_applied),
    ]
    if asked.filtered:
        tools.append(clear(lang))
    return tools


def _chosen(asked: CirclesAsked, lang: Language) -> Component:
    """What was chosen so far, and what to do with it; it stays in the address from page to page."""
    if not asked.chosen:
        return html.P(text("circles.choose_hint", lang), className="hint")
    chips = [
        html.Button(
            [short(each), icon("close")],
            type="button",
            className="chip chip-choice",
            title=text("circles.drop", lang),
            **attrs(data_choose=each),
        )
        for each in asked.chosen
    ]
    go = forms.link(draw_from(asked.chosen), [icon("plus"), text("circles.draw", lang)], "button primary")
    counted_ = html.Span(text("circles.chosen", lang, n=words.number(len(asked.chosen))), className="chosen-count")
    return html.Div([counted_, *chips, go], className="card chosen", **attrs(aria_live="polite"))


def _table(asked: CirclesAsked, found: CirclesFound, look: Look) -> Component:
    lang, exact = look.lang, look.may("see_graph")
    if not found.circles:
        return html.Div(empty("search", text("circles.none_match", lang)), className="card")

    def by(name: str, order: CircleOrder) -> html.Th:
        return sorted_column(name, order, asked.order, lang, number=True)

    heads = [
        column(text("circles.circle", lang)),
        by(text("circles.people", lang), CircleOrder.SIZE),
        by(text("circles.steps", lang), CircleOrder.DEPTH),
        column(text("circles.brought", lang), number=True),
        by(_of_brought("circles.applied", lang), CircleOrder.APPLIED),
    ]
    if exact:
        heads += [
            column(_of_brought("circles.approved", lang), number=True),
            by(_of_brought("circles.drawn", lang), CircleOrder.DRAWN),
        ]
    if look.may("market"):
        heads.append(column(text("circles.for_audience", lang)))
    return html.Div(
        html.Table(
            [html.Thead(html.Tr(heads)), html.Tbody([_row(circle, asked, look) for circle in found.circles])],
            className="nodes rows circles",
        ),
        className="card table-card",
        tabIndex=0,
        role="region",
        **attrs(aria_labelledby="page-title"),
    )


def _of_brought(key: str, lang: Language) -> str:
    """The head of a column of shares."""
    return text("circles.of_brought", lang, what=text(key, lang))


def _row(circle: CircleRow, asked: CirclesAsked, look: Look) -> html.Tr:
    lang = look.lang
    name = forms.link(f"{HOME}/{circle.id}", circle.code, "page-anchor row-name mono")
    cells: list[Component] = [
        html.Th(name, scope="row"),
        html.Td(words.number(circle.size), className="count"),
        html.Td(words.number(circle.depth), className="count"),
        html.Td(counted(circle.brought, lang), className="count"),
        html.Td(share_bar(circle.applied, circle.brought or 0, lang), className="count"),
    ]
    if look.may("see_graph"):
        cells += [
            html.Td(share_bar(circle.approved, circle.brought or 0, lang), className="count"),
            html.Td(share_bar(circle.drawn, circle.brought or 0, lang), className="count"),
        ]
    if look.may("market"):
        cells.append(html.Td(choose(circle.id, lang, chosen=circle.id in asked.chosen)))
    return html.Tr(cells, **attrs(data_row=circle.id))


def choose(circle_id: str, lang: Language, *, chosen: bool) -> Component:
    return html.Button(
        [icon("minus" if chosen else "plus"), text("circles.is_chosen" if chosen else "circles.choose", lang)],
        type="button",
        className="button chosen-button" if chosen else "button",
        **attrs(data_choose=circle_id, aria_pressed="true" if chosen else "false"),
    )


PAGE = Page(
    name="circles",
    rights=frozenset(),
    any_of=frozenset({"market", "see_graph"}),
    question=CirclesAsked,
    answer=CirclesFound,
    parse=CirclesAsked.parse,
    load=load,
    draw=draw,
    title=lambda _asked, _found, lang: text("circles.title", lang),
    home=HOME,
    picture="tree",
)
