"""What the list pages have in common: heading with count, filters, a table that sorts by what the API orders by, the way to the next page.
Fields for typing are put in by assets/45-lists.js, as everywhere."""

from collections.abc import Sequence
from enum import StrEnum

from dash import html
from dash.development.base_component import Component

from investigator_ui import words
from investigator_ui.address import Language
from investigator_ui.panels.attributes import attrs
from investigator_ui.panels.parts import Child, icon
from investigator_ui.texts import text


def list_page(
    name: str,
    *,
    heading: Sequence[Child],
    tools: Sequence[Child],
    table: Component,
    after: Component,
) -> Component:
    """`name` is that of the page, for scripts and styles."""
    return html.Section(
        [
            html.Div(list(heading), className="list-head"),
            html.Div(list(tools), className="list-tools", role="search"),
            html.Div(table, className="list-scroll", tabIndex=0, role="region", **attrs(aria_labelledby="list-title")),
            after,
        ],
        key=name,
        id=f"{name}-list",
        className="state list",
    )


def title(picture: str, words_: str, count: str) -> list[Child]:
    return [
        icon(picture, "list-picture"),
        html.H1(words_, id="list-title"),
        html.Span(count, id="list-count", className="quiet"),
    ]


def number_field(name: str, label: str, value: int | None, *, most: int | None = None) -> Component:
    slot = html.Span(
        className="list-slot",
        **attrs(data_filter=name, data_value="" if value is None else str(value), data_most="" if most is None else str(most)),
    )  # fmt: skip
    return html.Label([html.Span(label), slot], className="list-field")


def search_field(name: str, label: str, value: str) -> Component:
    slot = html.Span(className="list-slot", **attrs(data_filter=name, data_value=value, data_kind="search"))
    return html.Label([html.Span(label), slot], className="list-field searched")


def choice_field(
    name: str, label: str, value: str | None, options: Sequence[tuple[str, str]], *, all_: str
) -> Component:
    """`options`: value and caption; the first choice is all of them."""
    choices = [html.Option(caption, value=each) for each, caption in [("", all_), *options]]
    return html.Label(
        [
            html.Span(label),
            html.Select(choices, className="field small", **attrs(data_filter=name, data_value=value or "")),
        ],
        className="list-field",
    )


def clear(lang: Language) -> html.Button:
    """Takes every filter away."""
    return html.Button(text("list.clear", lang), type="button", className="link-button", id="list-clear")


def column(name: str, *, number: bool = False) -> html.Th:
    """The head of a column; numbers stand at its right."""
    return html.Th(html.Span(name, className="column"), scope="col", className="count" if number else None)


def sorted_column(name: str, order: StrEnum, chosen: StrEnum, lang: Language, *, number: bool) -> html.Th:
    """The head of a column that the API orders by, with the button that asks for it."""
    button = html.Button(
        [name, html.Span(className="arrow", **attrs(aria_hidden="true"))],
        type="button",
        title=text("table.sort", lang, column=name),
        **attrs(data_order=order.value),
    )
    sorted_ = attrs(aria_sort="descending") if order is chosen else {}
    return html.Th(button, scope="col", className="count" if number else None, **sorted_)


def turns(lang: Language, *, page: int, shown: int, size: int, total: int, next_: str | None) -> Component:
    """Which rows these are, the first page and the next one; the browser's own way back leads to the one before."""
    first = (page - 1) * size + 1
    said = text(
        "table.page",
        lang,
        **{"from": words.number(first), "to": words.number(first + shown - 1), "n": words.number(total)},
    )
    buttons: list[Child] = []
    if page > 1:
        buttons.append(_turn("‹‹", text("list.first", lang), "", 1))
    if next_ is not None:
        buttons.append(_turn("›", text("table.after", lang), next_, page + 1))
    return html.Div([html.Span(said if shown > 0 else ""), *buttons], className="list-turns")


def _turn(mark: str, label: str, cursor: str, page: int) -> html.Button:
    return html.Button(
        [html.Span(mark, **attrs(aria_hidden="true")), label],
        type="button",
        className="button",
        **attrs(data_after=cursor, data_turn=str(page)),
    )


def nothing(columns: int, sentence: str) -> html.Tr:
    return html.Tr(html.Td(sentence, colSpan=columns, className="hint"))
