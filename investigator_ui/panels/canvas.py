"""Around the canvas: tools, legend, notices of what is not shown, dialogs. The canvas itself is mounted once, in layout.py."""

from collections.abc import Collection, Mapping, Sequence

from dash import html
from dash.development.base_component import Component

from investigator_ui import words
from investigator_ui.address import Language
from investigator_ui.graph_schema import GraphSchema
from investigator_ui.icons import legend_line, legend_picture
from investigator_ui.panels.attributes import attrs
from investigator_ui.panels.blocklist import block_dialog
from investigator_ui.panels.casework import record_dialog
from investigator_ui.panels.links import link_dialog, link_tool
from investigator_ui.panels.parts import Child, grade_chip, icon, icon_button, name_of
from investigator_ui.queries import FULL_LIMIT
from investigator_ui.stylesheet import HUMAN
from investigator_ui.texts import text
from investigator_ui.view import CanvasFacts, GraphFacts, Hub

MOST_NAMED = 8


def toolbar(lang: Language, *, may_export: bool, may_edit: bool) -> list[Component]:
    tools: list[Component] = [
        _switch("full-switch", text("canvas.full", lang), text("canvas.full_help", lang)),
        _switch("source-switch", text("canvas.source_only", lang), text("canvas.source_only_help", lang)),
        html.Div(
            [
                icon_button("undo-button", "undo", text("canvas.undo", lang), disabled=True),
                icon_button("redo-button", "redo", text("canvas.redo", lang), disabled=True),
            ],
            className="tool-group",
        ),
    ]
    if may_edit:
        tools.append(link_tool(lang))
    return [*tools, _export_menu(lang, may_export=may_export)]


def _switch(switch_id: str, label: str, help_: str) -> Component:
    return html.Button(
        [html.Span(className="switch-knob", **attrs(aria_hidden="true")), html.Span(label)],
        id=switch_id,
        type="button",
        role="switch",
        className="switch",
        title=help_,
        **attrs(aria_checked="false"),
    )


def _export_menu(lang: Language, *, may_export: bool) -> Component:
    """Files for those with the right; a link to the view, which holds nothing personal, for everyone."""
    files = [
        _menu_item("export-png", "image", text("canvas.png", lang)),
        _menu_item("export-csv", "table", text("canvas.csv", lang)),
        _menu_item("export-csv-edges", "link", text("canvas.csv_edges", lang)),
    ]
    copy = _menu_item("copy-link", "open", text("canvas.copy_link", lang))
    summary = html.Summary([icon("download"), html.Span(text("canvas.export", lang))], className="button")
    menu = html.Div([*(files if may_export else []), copy], className="menu")
    return html.Details([summary, menu], className="menu-button", id="export-menu")


def zoom_tools(lang: Language) -> list[Component]:
    return [
        icon_button("zoom-in", "plus", text("canvas.zoom_in", lang)),
        icon_button("zoom-out", "minus", text("canvas.zoom_out", lang)),
        icon_button("fit-all", "fit", text("canvas.fit", lang)),
        icon_button("fit-selection", "focus", text("canvas.fit_selection", lang)),
    ]


def legend(
    schema: GraphSchema, types_drawn: Collection[str], lang: Language, *, human_links: bool = False
) -> list[Component]:
    """Types on the canvas by shape and icon, grades by colour and letter, links drawn by hand by their dashes; each entry
    finds its nodes."""
    types = [
        _legend_entry(
            [
                html.Img(src=legend_picture(view.shape, view.icon), alt="", className="legend-picture"),
                html.Span(caption),
            ],
            text("canvas.legend_find", lang, what=caption),
            {"data_find_type": view.label},
        )
        for view in schema.node_types
        if view.label in types_drawn
        for caption in [name_of(view, lang)]
    ]
    grades = [
        _legend_entry(
            [grade_chip(view.grade.value, schema, lang), html.Span(caption)],
            text("canvas.legend_find", lang, what=caption),
            {"data_find_grade": view.grade.value},
        )
        for view in schema.grades
        for caption in [name_of(view, lang)]
    ]
    by_hand = name_of(schema.human_type(), lang)
    drawn = [
        _legend_entry(
            [html.Img(src=legend_line(HUMAN), alt="", className="legend-line"), html.Span(by_hand)],
            text("canvas.legend_find", lang, what=by_hand),
            {"data_find_human": "1"},
        )
    ]
    return [
        html.Summary([icon("info"), html.Span(text("canvas.legend", lang))]),
        html.Div(
            [
                html.Ul(types, className="legend-list", **attrs(aria_label=text("canvas.legend_types", lang))),
                html.Ul(grades, className="legend-list", **attrs(aria_label=text("canvas.legend_grades", lang))),
                html.Ul(drawn, className="legend-list", **attrs(aria_label=text("inspector.relations", lang)))
                if human_links
                else None,
            ],
            className="legend-body",
        ),
    ]


def notices(facts: GraphFacts, canvas: CanvasFacts, lang: Language, *, in_community: bool = False) -> list[Component]:
    """Everything that the canvas does not show, said out loud: nothing is cut silently."""
    said: list[str] = []
    if facts.aggregated:
        shown = words.number(facts.nodes)
        said.append(text("notice.aggregated", lang, total=words.number(facts.total), shown=shown))
    elif in_community:
        pass  # said below, with the way back
    elif facts.read_only:
        said.append(text("notice.read_only", lang, n=words.number(facts.nodes + facts.edges)))
    if facts.total >= FULL_LIMIT:
        said.append(text("notice.nearest", lang, total=words.number(facts.total)))
    elif facts.total > facts.nodes and not facts.aggregated and not in_community:
        said.append(text("notice.cut", lang, shown=words.number(facts.nodes), total=words.number(facts.total)))
    if facts.simplified:
        said.append(text("notice.simplified", lang))
    found: list[Component] = [html.P([icon("info"), html.Span(sentence)], className="notice") for sentence in said]
    if in_community:
        found.insert(0, _community(facts, lang))
    if canvas.hubs and not facts.aggregated:
        found.append(_hubs(sorted(canvas.hubs, key=lambda hub: hub.shown - hub.total), lang))
    return found


def _community(facts: GraphFacts, lang: Language) -> Component:
    """One community of the map is open: how much of the whole it is, and the way back."""
    back = html.Button(text("notice.map", lang), type="button", className="link-button", id="leave-community")
    shown, total = words.number(facts.nodes), words.number(facts.total)
    return html.P(
        [icon("community"), html.Span(text("notice.community", lang, shown=shown, total=total)), back],
        className="notice",
    )


def _hubs(hubs: Sequence[Hub], lang: Language) -> Component:
    def shown_of(hub: Hub) -> str:
        return text("notice.neighbours_of", lang, shown=words.number(hub.shown), total=words.number(hub.total))

    rows = [
        html.Li(
            html.Button(
                [html.Span(hub.caption), html.Span(shown_of(hub), className="count")],
                type="button",
                **attrs(data_select=hub.id),
            )
        )
        for hub in hubs[:MOST_NAMED]
    ]
    summary = (
        f"{hubs[0].caption} · {shown_of(hubs[0])}"
        if len(hubs) == 1
        else text("notice.omitted_n", lang, n=words.number(len(hubs)))
    )
    return html.Details(
        [html.Summary([icon("warning"), html.Span(summary)]), html.Ul(rows)], className="notice notice-omitted"
    )


def dialogs(lang: Language, *, may_see: bool, may_edit: bool, may_record: bool, may_block: bool) -> list[Component]:
    """`may_see`: the relation graph, and so its keys."""
    always = [_reveal_dialog(lang), _keys_dialog(lang, may_see=may_see, may_edit=may_edit), _session_dialog(lang)]
    link = [link_dialog(lang)] if may_edit else []
    record = [record_dialog(lang)] if may_record else []
    return [*always, *link, *record, *([block_dialog(lang)] if may_block else [])]


def _reveal_dialog(lang: Language) -> Component:
    return html.Dialog(
        html.Div(
            [
                html.H2("", id="reveal-title"),
                html.P(text("reveal.lead", lang)),
                html.Label(text("reveal.reason", lang), htmlFor="reveal-reason"),
                html.Span(id="reveal-slot"),
                html.P("", id="reveal-problem", className="field-problem", role="alert"),
                html.Div(
                    [
                        html.Button(
                            text("reveal.cancel", lang), type="button", className="button", **attrs(data_close="1")
                        ),
                        html.Button(
                            [icon("eye"), text("reveal.confirm", lang)],
                            type="button",
                            id="reveal-confirm",
                            className="button primary",
                        ),
                    ],
                    className="actions end",
                ),
            ]
        ),
        id="reveal-dialog",
        className="dialog",
        **attrs(aria_labelledby="reveal-title"),
    )


def _keys_dialog(lang: Language, *, may_see: bool, may_edit: bool) -> Component:
    everywhere = [*([("/", "search")] if may_see else []), ("Esc", "escape"), ("?", "help")]
    in_graph = [
        ("F", "fit_selection"), ("0", "fit_all"), ("E", "expand"), ("Shift + E", "collapse"), *([("R", "link")] if may_edit else []),
        ("G", "full"), ("S", "source_only"), ("T", "table"), ("L", "legend"), ("Ctrl + Z / Shift + Z", "undo"),
    ]  # fmt: skip
    mouse = [html.Li(text(f"keys.{what}", lang)) for what in ("click", "dblclick", "shift_click", "wheel", "drag")]
    of_graph = [
        html.H3(text("keys.in_graph", lang)),
        _keys(in_graph, lang),
        html.H3(text("keys.mouse", lang)),
        html.Ul(mouse, className="mouse"),
    ]
    return html.Dialog(
        html.Div(
            [
                html.H2(text("keys.title", lang), id="keys-title"),
                html.H3(text("keys.everywhere", lang)),
                _keys(everywhere, lang),
                *(of_graph if may_see else []),
                html.Div(
                    html.Button(
                        text("keys.close", lang), type="button", className="button primary", **attrs(data_close="1")
                    ),
                    className="actions end",
                ),
            ]
        ),
        id="keys-dialog",
        className="dialog",
        **attrs(aria_labelledby="keys-title"),
    )


def _keys(keys: Sequence[tuple[str, str]], lang: Language) -> Component:
    rows: list[Child] = []
    for key, what in keys:
        rows += [html.Dt(html.Kbd(key)), html.Dd(text(f"keys.{what}", lang))]
    return html.Dl(rows, className="keys")


def _session_dialog(lang: Language) -> Component:
    return html.Dialog(
        html.Div(
            [
                icon("lock", "state-picture"),
                html.H2(text("state.session_title", lang), id="session-title"),
                html.P(text("state.session_body", lang)),
                html.Div(
                    html.Button(
                        text("state.log_in", lang), type="button", className="button primary", **attrs(data_log_in="1")
                    ),
                    className="actions",
                ),
            ],
            className="centred",
        ),
        id="session-dialog",
        className="dialog",
        **attrs(aria_labelledby="session-title"),
    )


def _menu_item(item_id: str, picture: str, label: str) -> html.Button:
    return html.Button([icon(picture), label], id=item_id, type="button")


def _legend_entry(children: list[Child], label: str, find: Mapping[str, str]) -> html.Li:
    return html.Li(
        html.Button(children, type="button", className="find", title=label, **attrs(aria_pressed="false", **find))
    )
