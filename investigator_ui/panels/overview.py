"""The investigation overview 调查概述: nodes by grade, each grade expandable to types; the main node is a row of its own."""

from collections.abc import Sequence

from dash import html
from dash.development.base_component import Component

from investigator_ui.address import Language
from investigator_ui.contract import Overview, OverviewCell, OverviewRow
from investigator_ui.elements import UNGRADED
from investigator_ui.graph_schema import GraphSchema
from investigator_ui.panels.attributes import attrs
from investigator_ui.panels.parts import Child, grade_chip, icon, name_of, section, type_icon
from investigator_ui.texts import text
from investigator_ui.words import number


def overview_panel(overview: Overview, schema: GraphSchema, lang: Language, *, aggregated: bool) -> Component:
    """Rows say what they find on the canvas (assets/30-selection.js): nodes by grade and type, in an aggregated graph the
    communities that hold such nodes."""
    header = html.Thead(
        html.Tr(
            [
                html.Th(text("overview.grade", lang), scope="col"),
                html.Th(text("overview.count", lang), scope="col", className="count"),
            ]
        )
    )
    largest = max((row.count for row in overview.rows), default=1)
    bodies = [_grade(row, schema, lang, largest=largest, aggregated=aggregated) for row in overview.rows]
    footer = html.Tfoot(
        html.Tr(
            [html.Th(text("overview.total", lang), scope="row"), html.Td(number(overview.total), className="count")]
        )
    )
    note = "overview.aggregated" if aggregated else "overview.hint"
    table = html.Table(
        [header, *bodies, footer], className="overview", **attrs(aria_label=text("overview.heading", lang))
    )
    return section(
        text("overview.heading", lang), table, html.P(text(note, lang), className="hint"), section_id="section-overview"
    )


def _grade(row: OverviewRow, schema: GraphSchema, lang: Language, *, largest: int, aggregated: bool) -> html.Tbody:
    grade = row.grade.value if row.grade else UNGRADED
    caption = _grade_caption(row, schema, lang)
    toggle = html.Button(
        icon("chevron"),
        type="button",
        className="fold",
        **attrs(aria_expanded="false", aria_label=text("overview.show", lang, grade=caption), data_fold=grade),
    )
    chip = grade_chip(row.grade.value if row.grade else None, schema, lang)
    ids = tuple(node_id for cell in row.types for node_id in cell.node_ids)
    finder = _finder([chip, html.Span(caption)], _ids(ids) if aggregated else {"data_find_grade": grade})
    head = html.Tr(
        [
            html.Th(html.Div([toggle, finder], className="grade-head"), scope="row"),
            html.Td([_bar(row.count, largest), html.Span(number(row.count))], className="count"),
        ],
        className="grade-row",
    )
    cells = [_cell(cell, grade, schema, lang, aggregated=aggregated) for cell in row.types]
    return html.Tbody([head, *cells], id=f"overview-{grade}")


def _cell(cell: OverviewCell, grade: str, schema: GraphSchema, lang: Language, *, aggregated: bool) -> html.Tr:
    caption = name_of(cell, lang)
    if cell.is_subject:
        caption = text("overview.subject", lang)
    subject = "1" if cell.is_subject else "0"
    find = {"data_find_grade": grade, "data_find_type": cell.type, "data_find_subject": subject}
    finder = _finder([type_icon(cell.type, schema), html.Span(caption)], _ids(cell.node_ids) if aggregated else find)
    count = html.Td(number(cell.count), className="count")
    return html.Tr([html.Th(finder, scope="row"), count], className="type-row")


def _ids(node_ids: Sequence[str]) -> dict[str, str]:
    return {"data_find_ids": " ".join(dict.fromkeys(node_ids))}


def _finder(children: list[Child], find: dict[str, str]) -> html.Button:
    return html.Button(children, type="button", className="find", **attrs(aria_pressed="false", **find))


def _bar(count: int, largest: int) -> html.Span:
    width = max(round(100 * count / max(largest, 1)), 2)
    return html.Span(
        className="bar",
        style={"width": f"{width}%"},
        **attrs(aria_hidden="true"),
    )


def _grade_caption(row: OverviewRow, schema: GraphSchema, lang: Language) -> str:
    if row.grade is None:
        return text("risk.ungraded", lang)
    for view in schema.grades:
        if view.grade == row.grade:
            return name_of(view, lang)
    return row.grade.value
