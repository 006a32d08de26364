"""Moments as everything keeps them: whole milliseconds since 1970 UTC; what is finer is cut off. Pure."""

from datetime import UTC, datetime, timedelta

from graph_model.errors import InvalidRequest

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EXACT_MS = 2**32 * 1000
_MILLISECOND = timedelta(milliseconds=1)


def to_ms(moment: datetime) -> int:
    """Raises InvalidRequest for a moment without a time zone."""
    try:
        return (moment - _EPOCH) // _MILLISECOND
    except TypeError as exc:
        raise InvalidRequest("A moment has no time zone. Give every datetime a tzinfo, such as UTC.") from exc


def from_ms(moment: int) -> datetime:
    # A double holds seconds to the microsecond up to 2^32, the year 2106; beyond that the exact way is five times slower.
    if -_EXACT_MS < moment < _EXACT_MS:
        return datetime.fromtimestamp(moment / 1000, UTC)
    return _EPOCH + timedelta(milliseconds=moment)


def whole(moment: datetime) -> datetime:
    """A moment as it will be read again, in its own time zone."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
