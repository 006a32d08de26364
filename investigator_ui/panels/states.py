"""What fills the canvas when there is no graph: the start page, and problems worded with what to do next."""

from zoneinfo import ZoneInfo

from dash import html
from dash.development.base_component import Component

from investigator_ui import words
from investigator_ui.address import Language
from investigator_ui.contract import Status
from investigator_ui.panels.attributes import attrs
from investigator_ui.panels.parts import Child, icon
from investigator_ui.texts import problem, text
from investigator_ui.view import Problem

TIPS = (("user", "id"), ("phone", "phone"), ("bank", "card"), ("search", "name"))
FINAL = frozenset(
    {"forbidden", "not_found", "not_known_then", "page.unknown", "session_expired", "unknown_name"}
)  # trying again would not help, as little as of what is in none of these lists
LISTS = {
    "tag.unknown": ("/tags", "tags.title"),
    "segment.unknown": ("/segments", "segments.title"),
    "circle.unknown": ("/circles", "circles.title"),
    "audience.unknown": ("/audiences", "audiences.title"),
}
PICTURES = {
    "api_down": "offline",
    "api_failed": "offline",
    "session_expired": "lock",
    "forbidden": "lock",
    "not_found": "search",
    "page.unknown": "search",
    "tag.unknown": "tag",
    "segment.unknown": "funnel",
    "audience.unknown": "megaphone",
    "not_known_then": "calendar",
}


def start_page(status: Status | None, lang: Language, zone: ZoneInfo) -> Component:
    tips = [
        html.Li(
            [
                icon(picture),
                html.Div([html.Strong(text(f"home.tip_{tip}", lang)), html.Span(text(f"home.tip_{tip}_how", lang))]),
            ]
        )
        for picture, tip in TIPS
    ]
    return html.Div(
        [
            icon("logo", "state-picture"),
            html.H1(text("home.title", lang)),
            html.P(text("home.lead", lang), className="lead"),
            html.Ul(tips, className="tips"),
            _store(status, lang, zone) if status else None,
            html.P(text("home.keys", lang), className="hint"),
        ],
        className="state start",
    )


def problem_page(what: Problem, lang: Language) -> Component:
    code = what.code
    happened, todo = problem(code, lang)
    buttons: list[Component] = []
    if what.begins is not None:
        day = what.begins.isoformat()
        buttons.append(_day_button(text("asof.first", lang, day=day), day, primary=True))
        buttons.append(_day_button(text("asof.now", lang), ""))
    if code == "session_expired":
        buttons.append(
            html.Button(text("state.log_in", lang), type="button", className="button primary", **attrs(data_log_in="1"))
        )
    if code in LISTS:
        path, title = LISTS[code]
        buttons.append(html.A(text(title, lang), href=path, className="button primary", **attrs(data_visit="1")))
    elif code not in FINAL:
        buttons.append(
            html.Button(text("state.retry", lang), type="button", className="button primary", id="retry-button")
        )
    buttons.append(html.Button(text("state.home", lang), type="button", className="button", **attrs(data_home="1")))
    return html.Div(
        [
            icon(PICTURES.get(code, "warning"), "state-picture"),
            html.H1(happened),
            html.P(todo, className="lead"),
            html.Div(buttons, className="actions"),
        ],
        className="state problem",
        role="alert",
        **attrs(data_code=code),
    )


def _day_button(label: str, day: str, *, primary: bool = False) -> html.Button:
    """Shows the same as of another day; of none: now."""
    class_name = "button primary" if primary else "button"
    return html.Button(label, type="button", className=class_name, **attrs(data_as_of=day))


def _store(status: Status, lang: Language, zone: ZoneInfo) -> Component:
    counts = [
        (text("home.customers", lang), status.customers),
        (text("home.nodes", lang), status.nodes),
        (text("home.edges", lang), status.edges),
    ]
    notes = []
    if status.changed_at:
        notes.append(text("home.changed", lang, when=words.moment(status.changed_at, zone)))
    if status.model_version:
        notes.append(text("home.model", lang, version=status.model_version))
    figures: list[Child] = [
        html.Div([html.Span(words.number(n), className="figure"), html.Span(name, className="quiet")])
        for name, n in counts
    ]
    return html.Div(
        [html.Div(figures, className="figures"), html.P(" · ".join(notes), className="hint")], className="store"
    )
