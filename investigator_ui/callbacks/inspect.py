"""The right drawer follows the selection: nothing, one node, one relationship, a community, or several nodes."""

from dash import Dash, Input, Output, State, html

from investigator_ui.address import Language, ViewAddress
from investigator_ui.callbacks.navigate import language_of, me_of
from investigator_ui.contract import Json, parse
from investigator_ui.panels import inspector
from investigator_ui.panels.inert import markup
from investigator_ui.panels.parts import Child, icon_button
from investigator_ui.services import Services
from investigator_ui.texts import text
from investigator_ui.view import View


def register(app: Dash, services: Services) -> None:
    @app.callback(
        Output("inspector", "data-html"),
        Output("inspector", "hidden"),
        Input("selected", "data"),
        Input("lang", "data"),
        State("view", "data"),
        State("me", "data"),
        State("url", "pathname"),
        State("url", "search"),
        prevent_initial_call=True,
    )
    def inspect(
        selected: Json, lang_data: Json, view_data: Json, me_data: Json, pathname: str, search: str
    ) -> tuple[str, bool]:
        lang = language_of(lang_data)
        nodes, edge = (selected or {}).get("nodes") or [], (selected or {}).get("edge")
        if edge is None and not nodes:
            return "", True
        schema = services.schema()
        if edge is not None:
            body = _edge(edge, lang, may_edit=_may(me_data, "edit_graph"))
        elif len(nodes) > 1:
            view = parse(View, view_data)
            both = all(node["kind"] == "NODE" for node in nodes)
            body = inspector.several_inspector(
                nodes, schema, lang, may_edit=both and view.editable and _may(me_data, "edit_graph")
            )
        elif nodes[0]["kind"] == "COMMUNITY":
            body = inspector.community_inspector(nodes[0], schema, lang)
        else:
            body = _node(nodes[0], selected, lang, view_data, me_data, ViewAddress.parse(pathname, search))
        return markup([_drawer_head(lang), *body]), False

    def _edge(edge: Json, lang: Language, *, may_edit: bool) -> list[Child]:
        data = edge["data"]
        link = services.user().link(data["id"]) if data.get("author") else None
        ends = (edge["from"], edge["to"])
        return inspector.edge_inspector(
            data, ends, services.schema(), lang, services.zone, link=link, may_edit=may_edit
        )

    def _node(
        data: dict[str, Json],
        selected: Json,
        lang: Language,
        view_data: Json,
        me_data: Json,
        address: ViewAddress,
    ) -> list[Child]:
        node = services.user().node(data["id"], as_of=address.moment(services.zone))
        if node is None:
            return inspector.gone_inspector(lang)
        view = parse(View, view_data)
        return inspector.node_inspector(
            node,
            services.schema(),
            lang,
            zone=services.zone,
            drawn=selected.get("drawn") or {},
            links=selected.get("links") or (),
            may_reveal=_may(me_data, "reveal"),
            may_expand=view.graph is not None and not view.graph.read_only,
            may_edit=view.editable and _may(me_data, "edit_graph"),
            may_record=view.as_of is None and _may(me_data, "record"),
            may_block=view.as_of is None and _may(me_data, "block"),
            is_subject=bool(data.get("subject")),
        )


def _may(me_data: Json, right: str) -> bool:
    me = me_of(me_data)
    return me is not None and right in me.rights


def _drawer_head(lang: Language) -> html.Div:
    close = icon_button("inspector-close", "close", text("inspector.close", lang))
    return html.Div(
        [html.Span(text("inspector.heading", lang), className="drawer-title"), close], className="drawer-head"
    )
