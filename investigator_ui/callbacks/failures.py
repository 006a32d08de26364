"""What a user sees when a callback fails: a log-in dialog for an ended session, else a toast with words for the code."""

import logging
import traceback

from dash import ctx, set_props

from investigator_ui.address import Language, language
from investigator_ui.errors import SessionExpired, UiError
from investigator_ui.session import request_language
from investigator_ui.texts import problem

log = logging.getLogger(__name__)


def tell_the_user(error: Exception) -> None:
    """Dash's `on_error`: called at the boundary for whatever a callback raised; outputs stay as they are."""
    if isinstance(error, SessionExpired):
        set_props("session-ended", {"data": {"ended": True}})
        return
    if isinstance(error, UiError):
        log.warning("callback failed: %s", error.code)
        code = error.code
    else:
        # Where it failed, without the message: that may hold what a user typed or what the API sent.
        frames = "".join(traceback.format_tb(error.__traceback__))
        log.error("callback failed: %s\n%s", type(error).__name__, frames)
        code = "unknown"
    lang = _language()
    happened, todo = problem(code, lang)
    words = f"{happened}。{todo}" if lang == "zh" else f"{happened}. {todo}"
    set_props("toast", {"data": {"text": words, "tone": "problem", "code": code}})


def _language() -> Language:
    """The page's, where the callback was told of it; else what the browser prefers."""
    told = {**(ctx.states or {}), **(ctx.inputs or {})}
    return language(told.get("lang.data")) or request_language()
