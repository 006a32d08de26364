"""What is done on the list pages: opening a ring, and changing the blocklist (also from the drawer)."""

from dash import Dash, Input, Output, State
from dash.exceptions import PreventUpdate

from investigator_ui.address import ViewAddress
from investigator_ui.callbacks.link import end_of
from investigator_ui.callbacks.navigate import language_of
from investigator_ui.contract import BlocklistEntry, Json
from investigator_ui.errors import Refused, SessionExpired, UiError
from investigator_ui.services import Services
from investigator_ui.texts import problem


def register(app: Dash, services: Services) -> None:
    @app.callback(
        Output("chosen", "data", allow_duplicate=True),
        Input("ask-ring", "data"),
        State("url", "pathname"),
        State("url", "search"),
        State("lang", "data"),
        prevent_initial_call=True,
    )
    def open_ring(asked: Json, pathname: str, search: str, _lang: Json) -> Json:
        moment = ViewAddress.parse(pathname, search).moment(services.zone)
        lead = services.user().ring_lead(asked["ring"], as_of=moment)
        if lead is None:
            raise Refused("not_found")
        return {"node": lead, "full": True, "n": asked["n"]}

    @app.callback(
        Output("blocked", "data"), Input("ask-block", "data"), State("lang", "data"), prevent_initial_call=True
    )
    def block(asked: Json, lang_data: Json) -> Json:
        if asked is None:  # the page forgets what was asked
            raise PreventUpdate
        try:
            entry = _changed(services, asked)
        except SessionExpired:
            raise
        except UiError as error:
            return {"n": asked["n"], "problem": " ".join(problem(error.code, language_of(lang_data)))}
        return {"n": asked["n"], "problem": None, "node": entry.node_id}


def _changed(services: Services, asked: Json) -> BlocklistEntry:
    user, reason = services.user(), asked["reason"]
    if asked["what"] == "unblock":
        return user.remove_from_blocklist(asked["node"], reason=reason)
    until = end_of(asked["until"], services.zone)
    if asked["what"] == "block":
        return user.add_to_blocklist(reason=reason, node_id=asked["node"], expires_at=until)
    return user.add_to_blocklist(reason=reason, label=asked["type"], key=asked["key"], expires_at=until)
