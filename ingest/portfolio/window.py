"""The 24 months that a portfolio covers, in seconds of local time since 1970. Never reads the clock."""

from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from ingest.portfolio.arrays import Ints

DAY = 86_400
HOUR = 3_600
MONTHS = 24
DEFAULT_END = date(2026, 10, 31)


def seconds(day: date) -> int:
    """The first second of `day`."""
    return (day - date(1970, 1, 1)).days * DAY


@dataclass(frozen=True, slots=True)
class Window:
    """From the first second of `start` to the last of `end`; both days belong to it."""

    start: date
    end: date

    @classmethod
    def ending(cls, end: date) -> "Window":
        day_after = end + timedelta(days=1)
        months = day_after.year * 12 + day_after.month - 1 - MONTHS
        year, month = divmod(months, 12)
        last_of_month = (date(year + (month == 11), (month + 1) % 12 + 1, 1) - timedelta(days=1)).day
        return cls(date(year, month + 1, min(day_after.day, last_of_month)), end)

    @property
    def first(self) -> int:
        return seconds(self.start)

    @property
    def last(self) -> int:
        return seconds(self.end) + DAY - 1


def moments(values: Ints) -> pl.Series:
    """ISO 8601 with China's offset; negative values become empty fields."""
    series = pl.Series(values)
    stamped = pl.from_epoch(series, time_unit="s").dt.strftime("%Y-%m-%dT%H:%M:%S+08:00")
    return stamped.to_frame("at").select(pl.when(series >= 0).then(pl.col("at"))).to_series()
