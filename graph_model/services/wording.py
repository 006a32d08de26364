"""What people write to say why: tidied, and refused where it says nothing. It is kept and shown, never logged."""

from graph_model.errors import InvalidRequest
from graph_model.schema.text import tidy

LEAST_REASON = 4
LONGEST_REASON = 500


def reason_of(text: str, *, code: str) -> str:
    """Raises InvalidRequest `code` for a reason that is too short to say anything, or too long."""
    why = tidy(text)
    if not LEAST_REASON <= len(why) <= LONGEST_REASON:
        raise InvalidRequest(
            f"Give a reason of {LEAST_REASON} to {LONGEST_REASON} characters: it is kept with what you do.", code=code
        )
    return why
