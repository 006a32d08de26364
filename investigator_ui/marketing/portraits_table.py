"""A macro portrait as a heat table, and as bars: what each row is made up of. What is not told is marked, and never a colour."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlencode

from dash import html
from dash.development.base_component import Component

from investigator_ui import words
from investigator_ui.address import Language
from investigator_ui.marketing import forms
from investigator_ui.marketing.page import Look
from investigator_ui.marketing.parts import Bar, bars, card
from investigator_ui.marketing.portraits_contract import Category, Cell, Macro
from investigator_ui.marketing.segments import NEW
from investigator_ui.marketing.tag_words import value
from investigator_ui.panels.attributes import attrs
from investigator_ui.panels.inert import inert
from investigator_ui.panels.parts import Child
from investigator_ui.texts import text

MORE, LESS = "47 95 208", "214 122 32"  # more than by chance, and less
DEEPEST = 0.5  # how much of a colour there is at most, so that what stands on it is read
FURTHEST = 2.0  # doublings of lift at which the colour is deepest
HUES = 8  # of the bars, in turn


class Measure(StrEnum):
    """What the cells of the table show first."""

    LIFT = "lift"
    ROW = "row"
    COLUMN = "column"
    COUNT = "count"


@dataclass(frozen=True, slots=True)
class Axes:
    """Names and kinds of what is crossed, within which segment, and what is shown of it. `said` has words for values of the columns."""

    rows: str
    columns: str
    row_kind: str
    column_kind: str
    segment: str
    measure: Measure
    said: Mapping[str, str]

    def row(self, category: Category, lang: Language) -> str:
        return _name(category, self.row_kind, lang)

    def column(self, category: Category, lang: Language) -> str:
        words_ = self.said.get(category.value) if category.kind == "VALUE" else None
        return words_ or _name(category, self.column_kind, lang)


def table(macro: Macro, axes: Axes, look: Look) -> Component:
    lang = look.lang
    heads = [_head(category, axes, lang) for category in macro.columns]
    corner = html.Th([html.Span(axes.rows), html.Span(" \\ ", className="quiet"), html.Span(axes.columns)], scope="col")
    total = html.Th(text("portraits.total", lang), scope="col", className="count")
    most = max((_shown(cell, axes.measure) or 0 for row in macro.cells for cell in row), default=0)
    body = []
    for category, cells in zip(macro.rows, macro.cells, strict=True):
        shown = [
            _cell(cell, (category, other), axes, most, look) for cell, other in zip(cells, macro.columns, strict=True)
        ]
        name = html.Th(axes.row(category, lang), scope="row", title=category.rule)
        body.append(html.Tr([name, *shown, html.Td(words.number(category.total), className="count total")]))
    totals = [html.Td(words.number(category.total), className="count total") for category in macro.columns]
    last = html.Tr(
        [
            html.Th(text("portraits.total", lang), scope="row"),
            *totals,
            html.Td(words.number(macro.population), className="count total"),
        ]
    )
    whole = html.Table(
        [html.Thead(html.Tr([corner, *heads, total])), html.Tbody(body), html.Tfoot(last)], className="nodes heat"
    )
    labelled = attrs(aria_labelledby="page-title")
    return inert(html.Div(whole, className="card table-card", tabIndex=0, role="region", **labelled))


def made_up(macro: Macro, axes: Axes, look: Look) -> Component:
    """Bars: of each row what it is made up of; where somebody may be in several columns, how many are in each."""
    lang = look.lang
    heading = text("portraits.made_up", lang, rows=axes.rows, columns=axes.columns)
    if macro.overlapping:
        rows = [Bar(axes.column(each, lang), each.total) for each in macro.columns]
        label = text("portraits.reach", lang, columns=axes.columns)
        return card(label, bars(rows, lang, label=label, whole=macro.population))
    names = [axes.column(each, lang) for each in macro.columns]
    legend = [
        html.Li([html.Span(className=f"swatch hue-{place % HUES}"), html.Span(name)])
        for place, name in enumerate(names)
    ]
    if macro.suppressed:
        legend.append(html.Li([html.Span(className="swatch untold"), html.Span(text("portraits.untold", lang))]))
    lines = [
        _line(axes.row(category, lang), cells, names, lang)
        for category, cells in zip(macro.rows, macro.cells, strict=True)
    ]
    return inert(card(heading, html.Ul(legend, className="made-legend"), html.Ul(lines, className="made-up")))


def _line(name: str, cells: tuple[Cell, ...], names: list[str], lang: Language) -> Component:
    parts: list[Child] = []
    said = []
    left = 1.0
    for place, (cell, column) in enumerate(zip(cells, names, strict=True)):
        if cell.row_share is None:
            continue
        share = min(cell.row_share, left)
        left -= share
        label = f"{column} {words.share(cell.row_share)}"
        said.append(label)
        parts.append(html.Span(className=f"hue-{place % HUES}", style={"width": f"{100 * share:.2f}%"}, title=label))
    if any(cell.row_share is None for cell in cells) and left > 0:
        parts.append(
            html.Span(className="untold", style={"width": f"{100 * left:.2f}%"}, title=text("portraits.untold", lang))
        )
    line = html.Span(parts, className="made-line", role="img", **attrs(aria_label=f"{name}: {', '.join(said)}"))
    return html.Li([html.Span(name, className="bar-label", title=name), line])


def _head(category: Category, axes: Axes, lang: Language) -> html.Th:
    return html.Th(axes.column(category, lang), scope="col", className="count", title=category.rule)


def _name(category: Category, kind: str, lang: Language) -> str:
    if category.kind == "VALUE":
        return value(kind, category.value, lang)
    return text("tags.without" if category.kind == "MISSING" else "portraits.others", lang)


def _shown(cell: Cell, measure: Measure) -> float | None:
    return {
        Measure.LIFT: cell.lift,
        Measure.ROW: cell.row_share,
        Measure.COLUMN: cell.column_share,
        Measure.COUNT: cell.share,
    }[measure]


def _cell(cell: Cell, at: tuple[Category, Category], axes: Axes, most: float, look: Look) -> html.Td:
    lang, shown = look.lang, _shown(cell, axes.measure)
    if cell.count is None or shown is None:
        return html.Td(
            html.Span("–", title=text("portraits.untold_why", lang)), className="count untold", **attrs(data_untold="1")
        )
    first = {
        Measure.LIFT: f"×{shown:.2f}",
        Measure.COUNT: words.number(cell.count),
    }.get(axes.measure, words.share(shown))
    under = words.share(cell.share or 0) if axes.measure is Measure.COUNT else words.number(cell.count)
    told: list[Child] = [html.Span(first, className="heat-first"), html.Span(under, className="heat-under")]
    if not look.may("edit_tags"):
        inside: Component = html.Span(told, title=_said(cell, lang))
    else:
        said = "\n".join((_said(cell, lang), text("portraits.drill", lang)))
        inside = forms.link(_segment_of(at, axes.segment), html.Span(told, title=said), "heat-link")
    return html.Td(inside, className="count", style={"background": _colour(shown, axes.measure, most)})


def _said(cell: Cell, lang: Language) -> str:
    return text(
        "portraits.cell",
        lang,
        n=words.number(cell.count or 0),
        row=words.share(cell.row_share or 0),
        column=words.share(cell.column_share or 0),
        lift=f"{cell.lift or 0:.2f}",
    )


def _segment_of(at: tuple[Category, Category], segment: str) -> str:
    """The address where a segment of those in a cell is begun."""
    rule = " and ".join(category.rule for category in at)
    return f"{NEW}?{urlencode({'rule': f'segment({segment}) and {rule}' if segment else rule})}"


def _colour(shown: float, measure: Measure, most: float) -> str:
    if measure is Measure.LIFT:
        doublings = math.log2(shown) if shown > 0 else -FURTHEST
        depth = min(abs(doublings), FURTHEST) / FURTHEST
        return f"rgb({MORE if doublings > 0 else LESS} / {100 * DEEPEST * depth:.0f}%)"
    return f"rgb({MORE} / {100 * DEEPEST * (shown / most if most > 0 else 0):.0f}%)"
