"""What the marketer's pages have in common to look at: the page's frame, cards, bars for shares, small charts, numbers that are too small to tell."""

from collections.abc import Sequence
from dataclasses import dataclass

from dash import html
from dash.development.base_component import Component

from investigator_ui import words
from investigator_ui.address import Language
from investigator_ui.panels.attributes import attrs
from investigator_ui.panels.parts import Child, icon
from investigator_ui.texts import text


def page_shell(
    name: str,
    picture: str,
    heading: str,
    *children: Child,
    beside: Sequence[Child] = (),
    tools: Sequence[Child] = (),
    back: Child = None,
) -> Component:
    """`beside` stands next to the heading, `tools` at the end of its line, `back` above: where the page belongs."""
    head = html.Div(
        [
            icon(picture, "list-picture"),
            html.H1(heading, id="page-title"),
            *beside,
            html.Div(list(tools), className="actions page-tools"),
        ],
        className="page-head",
    )
    return html.Section(
        [back, head, *children],
        key=name,
        id=f"{name}-page",
        className="market-page",
        **attrs(aria_labelledby="page-title"),
    )


def card(heading: str, *children: Child, class_name: str = "") -> Component:
    return html.Section(
        [html.H2(heading) if heading else None, *children], className=f"card {class_name}".strip()
    )  # fmt: skip


def notice(sentence: Child, *, tone: str = "info") -> Component:
    """`tone`: info, warn or problem."""
    return html.P([icon("info" if tone == "info" else "warning"), html.Span(sentence)], className=f"page-notice {tone}")


def chip(label: str, tone: str = "", *, title: str = "") -> Component:
    """`tone`: good, warn, problem, or none."""
    return html.Span(label, className=f"chip {tone}".strip(), title=title or None)


def few(lang: Language) -> Component:
    """Stands for a number that is too small to be told."""
    return html.Span(text("market.few", lang), className="quiet", title=text("market.few_why", lang))


def counted(count: int | None, lang: Language) -> Child:
    return few(lang) if count is None else words.number(count)


def share_bar(part: int | None, whole: int, lang: Language) -> Component:
    """So many of so many, as a bar and in words."""
    if part is None or whole <= 0:
        return html.Span([html.Span(className="share-bar", **attrs(aria_hidden="true")), few(lang)], className="share")
    share = part / whole
    bar = html.Span(
        html.Span(style={"width": f"{max(min(100 * share, 100), 1 if part else 0):.1f}%"}),
        className="share-bar",
        **attrs(aria_hidden="true"),
    )
    return html.Span(
        [bar, html.Span(words.share(share), className="count")], className="share", title=words.number(part)
    )


@dataclass(frozen=True, slots=True)
class Bar:
    """`count` is None where it is too small to be told."""

    label: str
    count: int | None
    note: str = ""


def bars(rows: Sequence[Bar], lang: Language, *, label: str, whole: int = 0) -> Component:
    """A chart of counts, readable as a list; shares, and the lengths of bars, are of `whole` where that is given."""
    greatest = whole or max((row.count or 0 for row in rows), default=0) or 1
    return html.Ul([_bar(row, greatest, whole, lang) for row in rows], className="bars", **attrs(aria_label=label))


def _bar(row: Bar, greatest: int, whole: int, lang: Language) -> Component:
    width = 0.0 if row.count is None else max(100 * row.count / greatest, 0.5 if row.count else 0)
    told: list[Child] = [counted(row.count, lang)]
    if whole and row.count is not None:
        told.append(html.Span(words.share(row.count / whole), className="quiet"))
    return html.Li(
        [
            html.Span(row.label, className="bar-label", title=row.label),
            html.Span(html.Span(style={"width": f"{width:.1f}%"}), className="bar-line", **attrs(aria_hidden="true")),
            html.Span(told, className="bar-count count"),
            html.Span(row.note, className="hint") if row.note else None,
        ]
    )


def empty(picture: str, sentence: str, todo: str = "", *actions: Child) -> Component:
    """There is nothing yet, and what to do about it."""
    return html.Div(
        [
            icon(picture, "state-picture"),
            html.P(sentence, className="empty-title"),
            html.P(todo, className="hint") if todo else None,
            html.Div(list(actions), className="actions") if actions else None,
        ],
        className="page-empty",
    )
