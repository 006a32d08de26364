"""Values as words: numbers, shares, days and moments, in the lender's time zone. Pure."""

from datetime import datetime
from zoneinfo import ZoneInfo


def number(value: int) -> str:
    return f"{value:,}"


def share(value: float) -> str:
    """A probability or a share as a percentage; what is not zero never reads as zero."""
    percent = value * 100
    if 0 < percent < 0.1:
        return "<0.1%"
    return f"{percent:.1f}%" if percent < 10 else f"{percent:.0f}%"


def amount(value: float) -> str:
    return f"¥{value:,.0f}" if value == int(value) else f"¥{value:,.2f}"


def moment(value: datetime, zone: ZoneInfo) -> str:
    return value.astimezone(zone).strftime("%Y-%m-%d %H:%M")


def day(value: datetime, zone: ZoneInfo) -> str:
    return value.astimezone(zone).strftime("%Y-%m-%d")


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]
