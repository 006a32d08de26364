"""Showing one masked value: the API checks the right, writes the audit line and answers; the page hides it again in time."""

from dash import Dash, Input, Output, State

from investigator_ui.contract import Json, dump
from investigator_ui.services import Services


def register(app: Dash, services: Services) -> None:
    @app.callback(
        Output("revealed", "data"), Input("ask-reveal", "data"), State("lang", "data"), prevent_initial_call=True
    )
    def reveal(asked: Json, _lang: Json) -> Json:
        return dump(services.user().reveal(asked["node"], asked["property"], reason=asked["reason"]))
