"""The search box: suggestions while typing, and what Enter does: open the one that was meant, or say why it can't."""

import re
import unicodedata

from dash import Dash, Input, Output, State, no_update

from investigator_ui.callbacks.navigate import language_of
from investigator_ui.client import UserApi
from investigator_ui.contract import Json, SearchHit
from investigator_ui.errors import Refused
from investigator_ui.panels.inert import markup
from investigator_ui.panels.suggestions import hits_list, message
from investigator_ui.services import Services

LEAST = 2
MOST_HITS = 10


def register(app: Dash, services: Services) -> None:
    @app.callback(
        Output("hits", "data"),
        Input("typed", "data"),
        State("lang", "data"),
        prevent_initial_call=True,
    )
    def suggest(typed: Json, lang_data: Json) -> str:
        wanted = normalise(typed["text"])
        if len(wanted) < LEAST:
            return ""
        lang = language_of(lang_data)
        try:
            hits = services.user().search(wanted, limit=MOST_HITS)
        except Refused:
            return ""  # Enter says why
        return markup(hits_list(hits, services.schema(), lang, full=len(hits) == MOST_HITS)) if hits else ""

    @app.callback(
        Output("chosen", "data", allow_duplicate=True),
        Output("hits", "data", allow_duplicate=True),
        Output("refusal", "data"),
        Input("submitted", "data"),
        State("lang", "data"),
        prevent_initial_call=True,
    )
    def submit(submitted: Json, lang_data: Json) -> tuple[Json, Json, Json]:
        lang = language_of(lang_data)
        wanted = normalise(submitted["text"])
        if len(wanted) < LEAST:
            return no_update, "", markup(message("search.too_short", lang))
        try:
            found = find(services.user(), wanted)
        except Refused as refused:
            return no_update, "", markup(message(refused.code, lang))
        if isinstance(found, str):
            return {"node": found, "n": submitted["n"]}, "", ""
        hits = hits_list(found, services.schema(), lang, full=len(found) == MOST_HITS, choose=True)
        return no_update, markup(hits), ""


def normalise(value: str | None) -> str:
    """Full-width to half-width, as people paste it; the API does the real cleaning."""
    return unicodedata.normalize("NFKC", value or "").strip()


def find(user: UserApi, wanted: str) -> str | tuple[SearchHit, ...]:
    """The node that was meant, or several to choose from. Refuses with the code that says what is wrong with a number."""
    hits = user.search(wanted, limit=MOST_HITS)
    if len(hits) == 1:
        return hits[0].id
    if hits:
        return hits
    if meant_as_id_number(wanted):
        return user.resolve(wanted).id
    raise Refused("not_found")


def meant_as_id_number(wanted: str) -> bool:
    """Found by nothing, is it an ID number with a mistake? Then the API says which. Cards have 16 or 19 digits, phones fewer."""
    if re.fullmatch(r"[A-Za-z_]+:\S+", wanted):
        return True
    compact = re.sub(r"[\s-]", "", wanted)
    return len(compact) in {14, 15, 17, 18, 20} and sum(c.isdigit() for c in compact) >= len(compact) - 3
