"""The page's skeleton: where each part goes, and the stores between scripts and callbacks. The canvas is mounted here, once.
What is drawn around it comes as text, in the property `data-html` of its place (panels/inert.py)."""

import dash_cytoscape as cyto
from dash import dcc, html
from dash.development.base_component import Component

from investigator_ui.panels.attributes import attrs


def skeleton() -> Component:
    return html.Div(
        [
            dcc.Location(id="url", refresh=False),
            *_stores(),
            dcc.Download(id="download"),
            html.Header(id="topbar", className="topbar"),
            html.Div(
                [
                    html.Aside(
                        [html.Div(id="rail-top"), html.Div(id="overview"), html.Div(id="rail-bottom")],
                        id="rail",
                        className="rail",
                    ),
                    html.Main([_stage(), _table()], id="stage", className="stage", tabIndex=-1),
                    html.Aside(id="inspector", className="inspector", hidden=True),
                ],
                id="workspace",
                className="workspace",
            ),
            html.Div(id="dialogs"),
            html.Div(id="toasts", className="toasts", role="status", **attrs(aria_live="polite")),
        ],
        id="page",
        className="page",
        **attrs(data_state="loading"),
    )


def _stores() -> list[Component]:
    names = (
        "view",  # server → page: what is open (view.View)
        "drawing",  # server → page: the elements of the view, and their style
        "style",  # server → page: another style for them
        "canvas",  # page → server: what is on the canvas now (view.CanvasFacts)
        "me",  # server → page: who the user is and what they may do
        "lang",  # the page's language
        "texts",  # server → page: the words that scripts say
        "density",  # page → server: rich or cheap style
        "typed",  # page → server: what is in the search box so far
        "submitted",  # page → server: what was sent from it with Enter
        "hits",  # server → page: what was found for it, as HTML
        "refusal",  # server → page: what is wrong with it, as HTML
        "chosen",  # server → page: the node that was meant
        "ask-expand",  # page → server: which node to expand, and what is there
        "expansion",  # server → page: what to add to the canvas
        "ask-why",  # page → server: the node whose score is to be explained, and what is there
        "why",  # server → page: the ties that it rests on
        "selected",  # page → server: what the inspector is to show
        "ask-reveal",  # page → server: which value, and why
        "revealed",  # server → page: one value in clear, for a short time
        "ask-record",  # page → server: what was concluded about a node
        "recorded",  # server → page: done, or why not
        "ask-ring",  # page → server: which ring to open
        "ask-block",  # page → server: what to put on the blocklist or take off it
        "blocked",  # server → page: done, or why not
        "ask-link",  # page → server: draw, annotate or retract a link
        "linked",  # server → page: the link after that, or why not
        "ask-page",  # page → server: what to do on one of the marketer's pages
        "page-done",  # server → page: what became of it, or why not
        "ask-export",  # page → server: which file to make
        "retry",  # page → server: try again to open the view
        "toast",  # server → page: a short message
        "session-ended",  # server → page: ask for a new log-in
    )
    return [dcc.Store(id=name, storage_type="memory") for name in names]


def _stage() -> Component:
    return html.Section(
        [
            cyto.Cytoscape(
                id="graph",
                elements=[],
                stylesheet=[],
                layout={"name": "preset", "fit": False},
                autoRefreshLayout=False,
                boxSelectionEnabled=True,
                minZoom=0.02,
                maxZoom=4,
                responsive=False,
                clearOnUnhover=True,
                style={"width": "100%", "height": "100%"},
                className="graph",
            ),
            html.P(id="canvas-help", className="visually-hidden"),
            html.Div(id="toolbar", className="toolbar"),
            html.P(id="link-hint", className="link-hint", role="status", hidden=True),
            html.Div(id="notices", className="notices", **attrs(aria_live="polite")),
            html.Div(id="zoom-tools", className="zoom-tools"),
            html.Details(id="legend", className="legend", open=True),
            html.Div(id="hover-card", className="hover-card", hidden=True),
            html.Div(id="state", className="state-layer"),
            html.Div(
                [html.Span(className="busy-bar"), html.Span(id="busy-words", className="busy-words")],
                className="busy-sign",
                role="status",
            ),
        ],
        id="canvas-area",
        className="canvas-area",
    )


def _table() -> Component:
    """Filled by assets/40-table.js from what is on the canvas: the accessible twin of the picture."""
    return html.Section(id="table-panel", className="table-panel", **attrs(data_open="1"))
