"""Recording a conclusion about a node: the API checks the right and keeps it; the drawer shows it, or the dialog says why not."""

from dash import Dash, Input, Output, State

from investigator_ui.callbacks.navigate import language_of
from investigator_ui.contract import Json
from investigator_ui.errors import SessionExpired, UiError
from investigator_ui.services import Services
from investigator_ui.texts import problem


def register(app: Dash, services: Services) -> None:
    @app.callback(
        Output("recorded", "data"), Input("ask-record", "data"), State("lang", "data"), prevent_initial_call=True
    )
    def record(asked: Json, lang_data: Json) -> Json:
        try:
            services.user().record_disposition(asked["node"], asked["verdict"], reason=asked["reason"])
        except SessionExpired:
            raise
        except UiError as error:
            return {"n": asked["n"], "problem": " ".join(problem(error.code, language_of(lang_data)))}
        return {"n": asked["n"], "problem": None}
