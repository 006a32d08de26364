"""One referral circle: its numbers and levels for everybody; its people as a tree and as a graph, who brought most and signs of abuse for who may
see them."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime

import dash_cytoscape as cyto
from dash import html
from dash.development.base_component import Component
from pydantic.dataclasses import dataclass

from investigator_ui import palette, words
from investigator_ui.address import Language
from investigator_ui.client import UserApi, read
from investigator_ui.contract import ANSWER
from investigator_ui.errors import Refused, UiError
from investigator_ui.marketing import circle_drawing, circles, forms
from investigator_ui.marketing.circle_contract import (
    CIRCLE,
    PEOPLE,
    QUALITY,
    KeyOrder,
    Member,
    People,
    Quality,
    WholeCircle,
)
from investigator_ui.marketing.page import Look, Page
from investigator_ui.marketing.parts import Bar, bars, card, chip, counted, notice, page_shell, share_bar
from investigator_ui.panels.attributes import attrs
from investigator_ui.panels.lists import column
from investigator_ui.panels.parts import Child, grade_chip, icon, name_of
from investigator_ui.stylesheet import grade_colours
from investigator_ui.texts import text

LATE = frozenset({"graphql.timeout", "store_timeout", "api_slow"})
LIMIT = 300
KEY = 8
VIEWS = ("tree", "graph")
_PATH = re.compile(rf"^{circles.HOME}/(circle-[0-9a-f]{{16}})$")


@dataclass(frozen=True, slots=True, config=ANSWER)
class CircleAsked:
    id: str
    view: str = "tree"
    by: KeyOrder = KeyOrder.REACH

    @classmethod
    def parse(cls, path: str, query: Mapping[str, str]) -> "CircleAsked | None":
        match = _PATH.match(path)
        if match is None:
            return None
        view, by = query.get("view", ""), query.get("by", "")
        return cls(
            match[1],
            view if view in VIEWS else "tree",
            KeyOrder(by) if by in KeyOrder.__members__ else KeyOrder.REACH,
        )

    def path(self, **changed: str) -> str:
        """The address of the page, changed."""
        said = {"view": self.view, "by": self.by.value} | changed
        return f"{circles.HOME}/{self.id}?" + "&".join(f"{name}={value}" for name, value in said.items())


@dataclass(frozen=True, slots=True, config=ANSWER)
class CircleFound:
    """`people` and `quality` for who may see graph and risk; the latter looks at everybody and is None where that takes too long."""

    circle: WholeCircle
    people: People | None = None
    quality: Quality | None = None


def load(user: UserApi, asked: CircleAsked, _moment: datetime | None) -> CircleFound:
    found = user.run(CIRCLE, id=asked.id)["referralCircle"]
    if found is None:
        raise Refused("circle.unknown")
    circle = read(WholeCircle, found)
    if not {"see_graph", "see_risk"} <= set(user.me().rights):
        return CircleFound(circle)
    told = user.run(PEOPLE, id=asked.id, by=asked.by.value, first=KEY, limit=LIMIT)["referralCircle"]
    return CircleFound(circle, read(People, told), _quality_of(user, asked.id))


def _quality_of(user: UserApi, circle_id: str) -> Quality | None:
    try:
        return read(Quality, user.run(QUALITY, id=circle_id)["referralCircle"]["quality"])
    except UiError as error:
        if error.code not in LATE:
            raise
        return None


def draw(asked: CircleAsked, found: CircleFound, look: Look) -> Component:
    lang, circle, people = look.lang, found.circle, found.people
    back = forms.link(circles.HOME, [icon("chevron"), text("circle.back", lang)], "page-back")
    beside: list[Child] = [
        html.Span(circle.id, className="mono quiet"),
        html.Span(text("circles.as_of", lang, when=words.moment(circle.as_of, look.zone)), className="hint"),
    ]
    draw_one = forms.link(circles.draw_from((circle.id,)), [icon("plus"), text("circle.draw", lang)], "button primary")
    parts: list[Child] = [_figures(circle, look)]
    if people is None:
        parts += [notice(text("circles.rounded", lang)), _levels(circle, look)]
    else:
        side = html.Div([_levels(circle, look), _key_members(asked, people, look)], className="stack")
        quality = notice(text("circle.late", lang)) if found.quality is None else _quality(found.quality, look)
        main = html.Div([quality, _people(asked, people, look)], className="stack")
        parts.append(html.Div([main, side], className="columns main"))
    return page_shell(
        "circle",
        "tree",
        text("circle.title", lang, code=circle.code),
        *parts,
        beside=beside,
        tools=[draw_one] if look.may("market") else [],
        back=back,
    )


def _figures(circle: WholeCircle, look: Look) -> Component:
    lang = look.lang
    told: list[tuple[str, Child]] = [
        (text("circles.people", lang), words.number(circle.size)),
        (text("circles.steps", lang), words.number(circle.depth)),
        (text("circles.brought", lang), counted(circle.brought, lang)),
        (text("circles.applied", lang), counted(circle.applied, lang)),
    ]
    if look.may("see_graph"):
        told += [
            (text("circles.approved", lang), counted(circle.approved, lang)),
            (text("circles.drawn", lang), counted(circle.drawn, lang)),
        ]
    return html.Dl(
        [html.Div([html.Dt(name), html.Dd(value, className="count")]) for name, value in told],
        className="card circle-figures",
    )


def _levels(circle: WholeCircle, look: Look) -> Component:
    """How wide the circle is at each step, and what became of those brought in there."""
    lang, exact = look.lang, look.may("see_graph")
    heads = ["circle.level", "circles.people", "circles.applied", *(["circles.drawn"] if exact else [])]
    rows = []
    for level in circle.level_table:
        brought = 0 if level.depth == 0 else level.people or 0
        cells: list[Component] = [
            html.Th(
                text("circle.beginning", lang) if level.depth == 0 else text("circle.step", lang, n=level.depth),
                scope="row",
            ),
            html.Td(counted(level.people, lang), className="count"),
            html.Td("–" if level.depth == 0 else share_bar(level.applied, brought, lang), className="count"),
        ]
        if exact:
            cells.append(html.Td("–" if level.depth == 0 else share_bar(level.drawn, brought, lang), className="count"))
        rows.append(html.Tr(cells))
    table = html.Table(
        [html.Thead(html.Tr(_heads(heads, lang))),
         html.Tbody(rows)],
        className="nodes rows levels",
    )  # fmt: skip
    widths = [
        Bar(
            text("circle.beginning", lang) if level.depth == 0 else text("circle.step", lang, n=level.depth),
            level.people,
        )
        for level in circle.level_table
    ]
    return card(
        text("circle.levels", lang),
        bars(widths, lang, label=text("circle.widths", lang)),
        html.Div(table, className="table-scroll", tabIndex=0, role="region", **attrs(aria_label=text("circle.levels", lang))),
    )  # fmt: skip


def _quality(quality: Quality, look: Look) -> Component:
    """Grades of those brought in and signs of abuse: a sign, not a verdict."""
    lang = look.lang
    grades = [
        html.Span(
            [grade_chip(grade.upper(), look.schema, lang), words.number(getattr(quality, grade))], className="pair"
        )
        for grade in "abcd"
    ]
    grades.append(html.Span([grade_chip(None, look.schema, lang), words.number(quality.unscored)], className="pair"))
    fraud = chip(
        text("circle.fraud", lang, n=words.number(quality.confirmed_fraud)),
        "problem" if quality.confirmed_fraud else "",
    )
    signs = [
        chip(text("circle.rounds", lang, n=words.number(quality.circular_referrals)),
             "problem" if quality.circular_referrals else "good"),
        chip(text("circle.self", lang, n=words.number(quality.self_referrals)),
             "warn" if quality.self_referrals else "good", title=text("circle.self_why", lang)),
    ]  # fmt: skip
    return card(
        text("circle.quality", lang),
        html.Div([*grades, fraud], className="pairs"),
        html.Div(signs, className="pairs"),
        html.P(text("circle.sign_only", lang), className="hint"),
    )


def _key_members(asked: CircleAsked, people: People, look: Look) -> Component:
    lang = look.lang
    choices = [
        _tab(asked.path(by=by.value), text(key, lang), chosen=by is asked.by)
        for by, key in ((KeyOrder.REACH, "circle.by_reach"), (KeyOrder.INFLUENCE, "circle.by_influence"))
    ]
    rows = [
        html.Tr(
            [
                html.Th(_person(member), scope="row"),
                html.Td(words.number(member.direct), className="count"),
                html.Td(words.number(member.reach), className="count"),
                html.Td(words.share(member.influence), className="count"),
            ]
        )
        for member in people.key_members
    ]
    heads = ["circle.person", "circle.direct", "circle.reach", "circle.influence"]
    head = html.Tr(_heads(heads, lang, words_at=4))
    return card(
        text("circle.key", lang),
        html.Div(choices, className="page-tabs"),
        html.Table([html.Thead(head), html.Tbody(rows)], className="nodes rows key-members"),
    )


def _people(asked: CircleAsked, people: People, look: Look) -> Component:
    lang = look.lang
    tabs = [
        _tab(asked.path(view=view), text(key, lang), chosen=view == asked.view)
        for view, key in (("tree", "circle.tree"), ("graph", "circle.graph"))
    ]
    omitted = people.graph.omitted
    return card(
        text("circle.who", lang),
        html.Div(tabs, className="page-tabs"),
        notice(text("circle.omitted", lang, n=words.number(omitted), shown=words.number(LIMIT))) if omitted else None,
        _graph(people, look) if asked.view == "graph" else _tree(people, look),
        class_name="circle-people",
    )


def _tree(people: People, look: Look) -> Component:
    """Everybody under who brought them, with what is suspicious about how they were brought."""
    lang, members = look.lang, circle_drawing.in_order(people.graph.members)
    names = {view.label: name_of(view, lang) for view in look.schema.node_types}
    signs: dict[str, list[Component]] = {}
    for referral in people.graph.referrals:
        told = [chip(said, tone) for tone, said in circle_drawing.signs_of(referral, names, lang)]
        signs.setdefault(referral.target, []).extend(told)
    rows = [
        html.Tr(
            [
                html.Th(
                    html.Div(
                        [_person(member), _graded(member, look)],
                        className="branch-line",
                        style={"--depth": min(member.depth, 14)},
                    ),
                    scope="row",
                ),
                html.Td(words.number(member.depth), className="count"),
                html.Td(words.number(member.direct), className="count"),
                html.Td(words.number(member.reach), className="count"),
                html.Td(html.Div([*_fraud(member, lang), *signs.get(member.node.id, [])], className="pairs")),
            ]
        )
        for member in members
    ]
    heads = ["circle.person", "circles.steps", "circle.direct", "circle.reach", "circle.signs"]
    head = html.Tr(_heads(heads, lang, words_at=4))
    return html.Div(
        html.Table([html.Thead(head), html.Tbody(rows)], className="nodes rows circle-tree"),
        className="table-scroll tall",
        tabIndex=0,
        role="region",
        **attrs(aria_label=text("circle.tree", lang)),
    )


def _graded(member: Member, look: Look) -> Component | None:
    """The letter of a grade that must catch the eye."""
    return grade_chip(member.grade, look.schema, look.lang) if member.grade in palette.LOUD else None


def _fraud(member: Member, lang: Language) -> list[Component]:
    return [chip(text("circle.confirmed", lang), "problem")] if member.confirmed_fraud else []


def _graph(people: People, look: Look) -> Component:
    lang = look.lang
    legend = [
        html.Span([html.Span(className=f"line-sign {kind}", **attrs(aria_hidden="true")), text(key, lang)])
        for kind, key in (("later", "circle.later"), ("round", "circle.goes_round"), ("own", "circle.own"))
    ]
    grades = [grade_chip(grade, look.schema, lang) for grade in sorted(palette.LOUD)]
    legend.append(html.Span([*grades, text("circle.graded", lang)]))
    legend += [
        html.Span([html.Span(className=f"node-sign {kind}", **attrs(aria_hidden="true")), text(key, lang)])
        for kind, key in (("fraud", "circle.confirmed"), ("abuse", "circle.abuses"))
    ]
    canvas = cyto.Cytoscape(
        id="circle-canvas",
        elements=circle_drawing.elements(people.graph),
        stylesheet=circle_drawing.stylesheet(grade_colours(look.schema)),
        layout={"name": "preset", "fit": True, "padding": 24},
        autoRefreshLayout=False,
        minZoom=0.05,
        maxZoom=3,
        style={"width": "100%", "height": "100%"},
    )
    return html.Div(
        [
            html.Div(
                canvas, className="circle-canvas", role="img", **attrs(aria_label=text("circle.graph_help", lang))
            ),
            html.Div([*legend, html.Span(text("circle.open", lang), className="hint")], className="pairs"),
        ]
    )


def _heads(keys: Sequence[str], lang: Language, *, words_at: int = 0) -> list[Component]:
    """Columns of numbers, but for the first and the one at `words_at`."""
    return [column(text(key, lang), number=place not in (0, words_at)) for place, key in enumerate(keys)]


def _tab(path: str, label: str, *, chosen: bool) -> Component:
    return html.A(
        label,
        href=path,
        className="page-tab",
        **attrs(data_visit="1", **({"aria_current": "true"} if chosen else {})),
    )


def _person(member: Member) -> Component:
    return html.Button(
        member.node.caption,
        type="button",
        className="link-button",
        **attrs(data_action="open", data_node=member.node.id),
    )


PAGE = Page(
    name="circle",
    rights=frozenset(),
    any_of=frozenset({"market", "see_graph"}),
    question=CircleAsked,
    answer=CircleFound,
    parse=CircleAsked.parse,
    load=load,
    draw=draw,
    title=lambda _asked, found, lang: text("circle.title", lang, code=found.circle.code),
)
