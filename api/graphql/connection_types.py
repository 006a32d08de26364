"""Relay connections: pages of a list, cut by keyset. A cursor is opaque to clients and names a place in the order, not a number of rows."""

import base64
import binascii
from collections.abc import Sequence

import orjson
import strawberry

from graph_model.errors import InvalidRequest

MAX_PAGE = 100
_LONGEST_CURSOR = 512

CursorPart = str | int | float | None


@strawberry.type(description="Where a page lies in its list.")
class PageInfo:
    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


def page_info(cursors: Sequence[str], *, has_next: bool, has_previous: bool) -> PageInfo:
    return PageInfo(
        has_next_page=has_next,
        has_previous_page=has_previous,
        start_cursor=cursors[0] if len(cursors) > 0 else None,
        end_cursor=cursors[-1] if len(cursors) > 0 else None,
    )


def check_first(first: int) -> int:
    """Raises InvalidRequest where `first` is not within 1..MAX_PAGE."""
    if not 1 <= first <= MAX_PAGE:
        raise InvalidRequest(f"first is between 1 and {MAX_PAGE}.")
    return first


def encode_cursor(kind: str, *parts: CursorPart) -> str:
    """A cursor of a list of this kind. Parts are what the list is ordered by; none may be personal."""
    return base64.urlsafe_b64encode(orjson.dumps([kind, *parts])).decode().rstrip("=")


def decode_cursor(kind: str, cursor: str, *types: type | tuple[type, ...]) -> tuple[CursorPart, ...]:
    """The parts of a cursor that `encode_cursor` made for the same kind, each of its type. Raises InvalidRequest `cursor.invalid`."""
    refused = InvalidRequest(
        "after is no cursor of this list. Take it from pageInfo or edges, with the same filter and order, or leave it out.",
        code="cursor.invalid",
    )
    if len(cursor) > _LONGEST_CURSOR:
        raise refused
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        found = orjson.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (UnicodeEncodeError, binascii.Error, orjson.JSONDecodeError) as exc:
        raise refused from exc
    if not isinstance(found, list) or len(found) != len(types) + 1 or found[0] != kind:
        raise refused
    parts = tuple(found[1:])
    for part, expected in zip(parts, types, strict=True):
        if not isinstance(part, expected) or isinstance(part, bool):
            raise refused
    return parts
