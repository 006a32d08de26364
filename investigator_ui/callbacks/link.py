"""Drawing, annotating and retracting a link: the API checks and keeps it; the page shows it, or why not, in the dialog that asked."""

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from dash import Dash, Input, Output, State

from investigator_ui.callbacks.navigate import language_of
from investigator_ui.client import UserApi
from investigator_ui.contract import HumanLink, Json
from investigator_ui.elements import link_element
from investigator_ui.errors import SessionExpired, UiError
from investigator_ui.services import Services
from investigator_ui.texts import problem


def register(app: Dash, services: Services) -> None:
    @app.callback(Output("linked", "data"), Input("ask-link", "data"), State("lang", "data"), prevent_initial_call=True)
    def edit(asked: Json, lang_data: Json) -> Json:
        answer: dict[str, Json] = {"n": asked["n"], "what": asked["what"]}
        try:
            link = edited(services.user(), asked, services.zone)
        except SessionExpired:
            raise
        except UiError as error:
            code = "link.forbidden" if error.code == "forbidden" else error.code
            return answer | {"problem": " ".join(problem(code, language_of(lang_data))), "code": code}
        return answer | {"element": link_element(link, services.schema())}


def edited(user: UserApi, asked: Json, zone: ZoneInfo) -> HumanLink:
    reason, what = asked["reason"], asked["what"]
    if what == "retract":
        return user.retract_link(asked["link"], reason=reason)
    evidence, expires_at = asked["evidence"], end_of(asked["expires"], zone)
    if what == "annotate":
        until = (
            {} if asked["expires"] == asked["expired"] else {"expires_at": expires_at}
        )  # another's may not be changed
        return user.annotate_link(asked["link"], reason=reason, evidence=evidence, **until)
    return user.draw_link(asked["source"], asked["target"], reason=reason, evidence=evidence, expires_at=expires_at)


def end_of(day: str | None, zone: ZoneInfo) -> datetime | None:
    """A link is valid through the whole of its last day, where the lender is."""
    return datetime.combine(date.fromisoformat(day), time.max, tzinfo=zone) if day else None
