"""Moments as stores keep them, in whole milliseconds: what is answered for a write is what a read will answer."""

from datetime import datetime


def whole(moment: datetime) -> datetime:
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def milliseconds(moment: datetime) -> int:
    """Since 1970 UTC, as columns hold them."""
    return round(moment.timestamp() * 1000)
