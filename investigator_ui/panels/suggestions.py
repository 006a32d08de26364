"""Below the search box: hits (type, masked caption, grade), or one line that says what is wrong with what was typed."""

from collections.abc import Sequence

from dash import html
from dash.development.base_component import Component

from investigator_ui.address import Language
from investigator_ui.contract import SearchHit
from investigator_ui.graph_schema import GraphSchema
from investigator_ui.panels.attributes import attrs
from investigator_ui.panels.parts import grade_chip, icon, type_icon, type_name
from investigator_ui.texts import problem, text


def hits_list(
    hits: Sequence[SearchHit], schema: GraphSchema, lang: Language, *, full: bool, choose: bool = False
) -> Component:
    options = [
        html.Li(
            [
                type_icon(hit.type, schema),
                html.Span(hit.caption, className="option-caption"),
                html.Span(type_name(hit.type, schema, lang), className="option-type"),
                grade_chip(hit.grade.value if hit.grade else None, schema, lang),
            ],
            id=f"option-{place}",
            role="option",
            className="option",
            **attrs(data_open=hit.id, aria_selected="false"),
        )
        for place, hit in enumerate(hits)
    ]
    children: list[Component] = []
    if choose:
        children.append(html.P(text("search.several", lang, n=len(hits)), className="suggestion-note"))
    children.append(
        html.Ul(options, role="listbox", id="suggestion-list", **attrs(aria_label=text("search.suggestions", lang)))
    )
    if full:
        children.append(html.P(text("search.first", lang, n=len(hits)), className="suggestion-note"))
    return html.Div(children)


def message(code: str, lang: Language) -> Component:
    happened, todo = problem(code, lang)
    return html.Div(
        [icon("warning"), html.Div([html.Strong(happened), html.Span(todo)])],
        className="suggestion-problem",
        role="alert",
        **attrs(data_code=code),
    )
