"""The investigation overview 调查概述: nodes by grade, each grade expandable to types; the main node is a row of its own."""

from dash import html
from dash.development.base_component import Component

from investigator_ui.address import Language
from investigator_ui.contract import GraphSchema, Overview, OverviewCell, OverviewRow
from investigator_ui.panels.attributes import attrs
from investigator_ui.panels.parts import grade_chip, icon, type_icon
from investigator_ui.texts import text
from investigator_ui.words import number


def overview_panel(overview: Overview, schema: GraphSchema, lang: Language, *, aggregated: bool) -> Component:
    """Rows carry `data-find-*`: assets/30-selection.js finds those nodes on the canvas. An aggregated graph has no such nodes."""
    header = html.Thead(
        html.Tr(
            [
                html.Th(text("overview.grade", lang), scope="col"),
                html.Th(text("overview.count", lang), scope="col", className="count"),
            ]
        )
    )
    largest = max((row.count for row in overview.rows), default=1)
    bodies = [_grade(row, schema, lang, largest=largest, findable=not aggregated) for row in overview.rows]
    footer = html.Tfoot(
        html.Tr(
            [html.Th(text("overview.total", lang), scope="row"), html.Td(number(overview.total), className="count")]
        )
    )
    note = "overview.aggregated" if aggregated else "overview.hint"
    return html.Div(
        [
            html.Table(
                [header, *bodies, footer], className="overview", **attrs(aria_label=text("overview.heading", lang))
            ),
            html.P(text(note, lang), className="hint"),
        ]
    )


def _grade(row: OverviewRow, schema: GraphSchema, lang: Language, *, largest: int, findable: bool) -> html.Tbody:
    grade = row.grade.value if row.grade else "-"
    caption = _grade_caption(row, schema, lang)
    toggle = html.Button(
        icon("chevron"),
        type="button",
        className="fold",
        **attrs(aria_expanded="false", aria_label=text("overview.show", lang, grade=caption), data_fold=grade),
    )
    chip = grade_chip(row.grade.value if row.grade else None, schema, lang)
    head = html.Tr(
        [
            html.Th([toggle, _finder([chip, html.Span(caption)], findable, grade=grade)], scope="row"),
            html.Td([_bar(row.count, largest, grade), html.Span(number(row.count))], className="count"),
        ],
        className="grade-row",
    )
    return html.Tbody(
        [head, *(_cell(cell, grade, schema, lang, findable) for cell in row.types)], id=f"overview-{grade}"
    )


def _cell(cell: OverviewCell, grade: str, schema: GraphSchema, lang: Language, findable: bool) -> html.Tr:
    caption = (
        text("overview.subject", lang) if cell.is_subject else (cell.caption_zh if lang == "zh" else cell.caption_en)
    )
    subject = "1" if cell.is_subject else "0"
    label: list[Component | str | None] = [type_icon(cell.type, schema), html.Span(caption)]
    return html.Tr(
        [
            html.Th(_finder(label, findable, grade=grade, type=cell.type, subject=subject), scope="row"),
            html.Td(number(cell.count), className="count"),
        ],
        className="type-row",
        hidden=True,
        **attrs(data_grade_of=grade),
    )


def _finder(children: list[Component | str | None], findable: bool, **find: str) -> Component:
    if not findable:
        return html.Span(children, className="find")
    return html.Button(
        children,
        type="button",
        className="find",
        **attrs(aria_pressed="false", **{f"data_find_{k}": v for k, v in find.items()}),
    )


def _bar(count: int, largest: int, grade: str) -> html.Span:
    width = max(round(100 * count / max(largest, 1)), 2)
    return html.Span(
        className=f"bar bar-{grade if grade != '-' else 'none'}",
        style={"width": f"{width}%"},
        **attrs(aria_hidden="true"),
    )


def _grade_caption(row: OverviewRow, schema: GraphSchema, lang: Language) -> str:
    if row.grade is None:
        return text("risk.ungraded", lang)
    for view in schema.grades:
        if view.grade == row.grade:
            return view.caption_zh if lang == "zh" else view.caption_en
    return row.grade.value
