"""What people write: why they do something, notes, evidence. Kept as typed but for white space and what nobody sees (evidence keeps its lines);
refused where it says nothing or gives somebody's number or address.

It is kept for good and shown unmasked, to roles that may reveal nothing too; so it may hold no personal value. It is never logged.
"""

import re
from collections.abc import Iterator
from itertools import pairwise

from graph_model.errors import InvalidRequest, InvalidValue
from graph_model.schema.identifiers import AccountNumber, EmailAddress, PhoneNumber, ResidentId, birth_date_of
from graph_model.schema.text import as_typed, tidy

LEAST_REASON = 4
LONGEST_REASON = 500

# Opaque ids and digests: a run of digits in one is chance.
_OPAQUE = re.compile(
    r"(?<![0-9A-Za-z])(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    r"|(?=[0-9]*[a-f])(?:[0-9a-f]{64}|[0-9a-f]{32}|[0-9a-f]{16}))(?![0-9A-Za-z])"
)
# Digits in groups, as people write numbers: 138 0013 8000, 6222-0200-…, +86 138…, 110105 19491231 002X.
_GROUPED = re.compile(r"\+?[0-9]+(?:[ \-][0-9]+)*(?:[ \-]?[Xx](?![0-9A-Za-z]))?")
_GROUP = re.compile(r"\+?[0-9]+(?:[Xx])?|[Xx]")
_E_MAIL = re.compile(r"[^\s@]{1,64}@[\w\-]+(?:\.[\w\-]+)+")
_DOCUMENT = re.compile(r"([A-Za-z_]+|[\u4e00-\u9fff]+): ?([A-Za-z0-9/\-]*[0-9]{4}[A-Za-z0-9/\-]*)")
_CARD_LENGTH = range(16, 20)
_MOBILE = re.compile(r"\+861[0-9]{10}")
_LONGEST = 24  # characters of the longest number, with a country code


def reason_of(text: str, *, code: str) -> str:
    """Raises InvalidRequest `code` for a reason that is too short to say anything, or too long, and as `refuse_personal` does."""
    why = as_typed(text)
    if not LEAST_REASON <= len(why) <= LONGEST_REASON:
        raise InvalidRequest(
            f"Give a reason of {LEAST_REASON} to {LONGEST_REASON} characters: it is kept with what you do.", code=code
        )
    refuse_personal(why)
    return why


def refuse_personal(text: str) -> None:
    """Raises InvalidRequest `text.personal` for a text with somebody's ID number, mobile, card or e-mail in it, however it is spaced. What was
    found is not repeated."""
    plain = _OPAQUE.sub(" # ", tidy(text))
    if any(_is_personal(number) for number in _numbers(plain)) or _has_address(plain) or _has_document(plain):
        raise InvalidRequest(
            "Name people by their page, not by number or address: this text is kept for good and shown unmasked. "
            "Take the ID number, phone, card or e-mail out of it.",
            code="text.personal",
        )


def _numbers(text: str) -> Iterator[str]:
    """Each group of digits, and neighbouring groups together where one and the same sign stands between them."""
    for run in _GROUPED.finditer(text):
        groups = list(_GROUP.finditer(run[0]))
        between = [run[0][left.end() : right.start()] for left, right in pairwise(groups)]
        for first, group in enumerate(groups):
            number = group[0]
            yield number
            for last in range(first + 1, len(groups)):
                number += groups[last][0]
                if between[last - 1] not in ("", between[first]) or len(number) > _LONGEST:
                    break
                yield number


def _is_personal(number: str) -> bool:
    digits = number.removeprefix("+")
    if len(digits) == 18 and _is_resident_id(digits):
        return True
    if not digits.isdigit():
        return False
    if len(digits) in _CARD_LENGTH and digits[0] in "3456":
        return _is_clean(AccountNumber(), digits)
    if len(digits) < 11:
        return False
    try:
        phone = PhoneNumber().clean(number)
    except InvalidValue:
        return False
    return number.startswith("+") or _MOBILE.fullmatch(phone) is not None


def _is_resident_id(text: str) -> bool:
    """One with a mistyped check digit is somebody's too."""
    try:
        ResidentId().clean(text)
    except InvalidValue as exc:
        if exc.reason != "id.checksum" or text[6:8] not in ("19", "20"):
            return False
        try:
            return birth_date_of(text) is not None
        except ValueError:
            return False
    return True


def _has_address(text: str) -> bool:
    return any(_is_clean(EmailAddress(), found[0]) for found in _E_MAIL.finditer(text))


def _has_document(text: str) -> bool:
    """Numbers of other documents as they are typed here: PASSPORT:E12345678."""
    return any(_is_clean(ResidentId(), f"{found[1]}:{found[2]}") for found in _DOCUMENT.finditer(text))


def _is_clean(kind: AccountNumber | EmailAddress | ResidentId, text: str) -> bool:
    try:
        kind.clean(text)
    except InvalidValue:
        return False
    return True
