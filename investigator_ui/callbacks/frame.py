"""Everything around the canvas, drawn again when the view, the language or what is on the canvas changes."""

from dash import Dash, Input, Output, State, no_update

from investigator_ui.callbacks.navigate import language_of, me_of
from investigator_ui.contract import Json, parse
from investigator_ui.errors import UiError
from investigator_ui.marketing import forms, pages
from investigator_ui.marketing.page import Look
from investigator_ui.panels import canvas as canvas_panels
from investigator_ui.panels.blocklist import blocklist_page
from investigator_ui.panels.inert import markup
from investigator_ui.panels.overview import overview_panel
from investigator_ui.panels.parts import chip_style, name_of
from investigator_ui.panels.rail import above_overview, below_overview
from investigator_ui.panels.rings import rings_page
from investigator_ui.panels.states import problem_page, start_page
from investigator_ui.panels.topbar import topbar
from investigator_ui.services import Services
from investigator_ui.stylesheet import grade_colours, overview_stylesheet, stylesheet
from investigator_ui.texts import browser_texts, text
from investigator_ui.view import CanvasFacts, View, overview_of


def register(app: Dash, services: Services) -> None:
    @app.callback(
        Output("topbar", "data-html"),
        Output("toolbar", "data-html"),
        Output("zoom-tools", "data-html"),
        Output("dialogs", "data-html"),
        Output("busy-words", "children"),
        Output("canvas-help", "children"),
        Output("texts", "data"),
        Input("lang", "data"),
        Input("me", "data"),
        prevent_initial_call=True,
    )
    def draw_frame(lang_data: Json, me: Json) -> tuple[Json, ...]:
        lang, user = language_of(lang_data), me_of(me)
        may_see = user is None or "see_graph" in user.rights
        may_edit = user is not None and "edit_graph" in user.rights
        may_record = user is not None and "record" in user.rights
        may_block = user is not None and "block" in user.rights
        may_export = user is not None and "export" in user.rights
        dialogs = canvas_panels.dialogs(
            lang, may_see=may_see, may_edit=may_edit, may_record=may_record, may_block=may_block
        )
        return (
            markup(topbar(lang, user)),
            markup(canvas_panels.toolbar(lang, may_export=may_export, may_edit=may_edit)),
            markup(canvas_panels.zoom_tools(lang)),
            markup([*dialogs, forms.dialog(lang)]),
            text("canvas.loading", lang),
            text("canvas.help", lang),
            {
                "lang": lang,
                "user": user.name if user else "",
                "mayEdit": may_edit,
                "zone": services.zone.key,
                "words": browser_texts(lang),
                **_legend_data(services),
            },
        )

    @app.callback(
        Output("rail-top", "data-html"),
        Output("rail-bottom", "data-html"),
        Output("state", "children"),
        Output("page", "data-state"),
        Input("view", "data"),
        Input("lang", "data"),
        State("me", "data"),
        prevent_initial_call=True,
    )
    def draw_view(view_data: Json, lang_data: Json, me_data: Json) -> tuple[Json, ...]:
        if not view_data:
            return no_update, no_update, no_update, no_update
        view, lang, me = parse(View, view_data), language_of(lang_data), me_of(me_data)
        if view.problem is not None:
            return "", "", problem_page(view.problem, lang), "problem"
        if view.rings is not None:
            return "", "", rings_page(view.rings, services.schema(), lang, zone=services.zone, as_of=view.as_of), "list"
        if view.blocklist is not None:
            may_block = me is not None and "block" in me.rights
            page = blocklist_page(view.blocklist, services.schema(), lang, zone=services.zone, may_block=may_block)
            return "", "", page, "list"
        if view.page is not None and me is not None:
            look = Look(lang, me, services.schema(), services.zone, view.as_of)
            return "", "", pages.draw(view.page, look), "page"
        if view.subject is None:
            return "", "", start_page(_status(services), lang, services.zone), "start"
        schema, zone = services.schema(), services.zone
        above = above_overview(view.subject, schema, lang, zone=zone, full=view.full, as_of=view.as_of)
        may_reveal = me is not None and "reveal" in me.rights
        below = below_overview(view.subject, schema, lang, zone=zone, may_reveal=may_reveal)
        return markup(above), markup(below), [], "graph"

    @app.callback(
        Output("overview", "data-html"),
        Output("notices", "data-html"),
        Output("legend", "data-html"),
        Input("canvas", "data"),
        Input("view", "data"),
        Input("lang", "data"),
        prevent_initial_call=True,
    )
    def draw_counts(canvas_data: Json, view_data: Json, lang_data: Json) -> tuple[Json, ...]:
        view, lang = parse(View, view_data) if view_data else View(), language_of(lang_data)
        if view.graph is None:
            return "", "", ""
        canvas = parse(CanvasFacts, canvas_data) if canvas_data else CanvasFacts()
        if canvas.key != view.key:
            canvas = CanvasFacts(hubs=view.graph.hubs)
        schema = services.schema()
        overview = overview_of(view.graph, canvas, schema)
        panel = overview_panel(overview, schema, lang, aggregated=view.graph.aggregated)
        types = {cell.type for row in overview.rows for cell in row.types}
        human = not view.source_only and not view.graph.aggregated
        legend = canvas_panels.legend(schema, types, lang, human_links=human)
        inside = view.community is not None and view.graph.total > view.graph.nodes
        notices = canvas_panels.notices(view.graph, canvas, lang, in_community=inside)
        return markup(panel), markup(notices), markup(legend)

    @app.callback(
        Output("style", "data", allow_duplicate=True),
        Input("density", "data"),
        State("view", "data"),
        State("lang", "data"),
        prevent_initial_call=True,
    )
    def restyle(density: str, view_data: Json, lang_data: Json) -> Json:
        schema, lang = services.schema(), language_of(lang_data)
        view = parse(View, view_data) if view_data else View()
        if density == "overview" and view.graph is not None:
            return overview_stylesheet(schema, lang=lang, pixel=view.graph.pixel)
        return stylesheet(schema, lang=lang, rich=density == "rich")


def _legend_data(services: Services) -> Json:
    """Captions of node types and colours of grades, for what scripts draw: the table and the hover card."""
    try:
        schema = services.schema()
    except UiError:
        return {"types": {}, "grades": {}, "gradeNames": {}, "listable": []}
    types = {view.label: {"zh": view.caption_zh, "en": name_of(view, "en")} for view in schema.node_types}
    names = {view.grade.value: {"zh": view.caption_zh, "en": name_of(view, "en")} for view in schema.grades}
    grades = {grade: chip_style(grade, schema) for grade in grade_colours(schema)}
    return {"types": types, "grades": grades, "gradeNames": names, "listable": schema.listable()}


def _status(services: Services) -> Json:
    """The start page works without it."""
    try:
        return services.user().status()
    except UiError:
        return None
