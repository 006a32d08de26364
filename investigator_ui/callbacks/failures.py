"""What a user sees when a callback fails: a log-in dialog for an ended session, else a toast with words for the code."""

import logging

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
        # The trace says where; the message may hold what a user typed, so it is left out.
        log.error("callback failed: %s", type(error).__name__, exc_info=not _may_hold_personal_data(error))
        code = "unknown"
    happened, todo = problem(code, _language())
    set_props("toast", {"data": {"text": f"{happened}。{todo}" if _language() == "zh" else f"{happened}. {todo}",
                                 "tone": "problem", "code": code}})  # fmt: skip


def _may_hold_personal_data(error: Exception) -> bool:
    return isinstance(error, ValueError | KeyError | TypeError)


def _language() -> Language:
    states = ctx.states or {}
    return language(states.get("lang.data")) or request_language()
