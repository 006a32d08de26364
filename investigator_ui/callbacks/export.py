"""Files of what is on the canvas, as CSV. The picture is made in the browser (assets/80-export.js)."""

from dash import Dash, Input, Output, State

from investigator_ui.callbacks.navigate import language_of
from investigator_ui.contract import Json
from investigator_ui.errors import Refused
from investigator_ui.export import csv_of_edges, csv_of_nodes, file_name
from investigator_ui.services import Services


def register(app: Dash, services: Services) -> None:
    @app.callback(
        Output("download", "data"),
        Input("ask-export", "data"),
        State("lang", "data"),
        prevent_initial_call=True,
    )
    def export(asked: Json, lang_data: Json) -> Json:
        if "export" not in services.user().me().rights:
            raise Refused("forbidden")
        lang = language_of(lang_data)
        kind, elements = asked["what"], asked["elements"]
        content = (
            csv_of_edges(elements, lang, services.zone)
            if kind == "edges"
            else csv_of_nodes(elements, services.schema(), lang)
        )
        return {"content": content, "filename": file_name(kind, asked["subject"]), "type": "text/csv;charset=utf-8"}
