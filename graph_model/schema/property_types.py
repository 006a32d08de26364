"""Property types: how a value is cleaned, checked, masked and captioned. Plain kinds here; identifiers in `identifiers.py`.

Every property type turns what a file or a person gives into one canonical value, or raises `InvalidValue` with a stable reason.
`clean(clean(x)) == clean(x)` holds for every type; a property test asserts it.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from enum import Enum
from functools import cached_property
from typing import ClassVar

from graph_model.errors import InvalidValue
from graph_model.schema.text import tidy

Value = str | int | float | bool | date | datetime

# Files without an offset come from one country's systems; China has kept a single zone without daylight saving since 1991.
LOCAL_ZONE = timezone(timedelta(hours=8), "Asia/Shanghai")
LONG_TERM = date(9999, 12, 31)

_WHOLE = re.compile(r"[+-]?[0-9]{1,30}")
_DECIMAL = re.compile(r"[+-]?(?:[0-9]{1,30}(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,2})?")
# How spreadsheets and people here write a day: 2026-3-2, 2026/03/02, 2026.3.2, 20260302, 2026年3月2日.
_YEAR_FIRST = r"([0-9]{4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?"
_DAY = re.compile(_YEAR_FIRST)
_SPREADSHEET = re.compile(_YEAR_FIRST + r"(?: |(?<=日))([0-9]{1,2}):([0-9]{1,2})(?::([0-9]{1,2}))?")


class StorageKind(Enum):
    """How a store keeps a value. MOMENT is milliseconds since 1970 UTC, DATE is ISO text."""

    TEXT = "text"
    INTEGER = "integer"
    REAL = "real"
    BOOLEAN = "boolean"
    DATE = "date"
    MOMENT = "moment"


class PropertyType(ABC):
    """One kind of value. Instances are immutable and shared."""

    name: ClassVar[str]
    storage: ClassVar[StorageKind] = StorageKind.TEXT

    @abstractmethod
    def clean(self, raw: str) -> Value:
        """The canonical value of `raw`. Raises InvalidValue; `raw` is not empty after trimming."""

    def keys(self, raw: str) -> tuple[str, ...]:
        """The canonical values under which somebody who types `raw` may mean a node. Raises InvalidValue where there are none."""
        return (str(self.clean(raw)),)

    def mask(self, value: Value) -> str:
        """What someone without the right sees. Nothing of the value, unless a type says otherwise."""
        return "***"

    def caption(self, value: Value) -> str:
        """How a person with the right reads it."""
        return str(value)

    @property
    def named(self) -> Sequence[tuple[str, str, str]]:
        """Values that have words: (code, zh, en)."""
        return ()


@dataclass(frozen=True)
class Text(PropertyType):
    """Any text. Of codes that many lenders use, `known` has the words, which stand for the code when they are written; others stay as they are."""

    name: ClassVar[str] = "text"
    max_length: int = 200
    known: tuple[tuple[str, str, str], ...] = ()  # (code, zh, en)

    @property
    def named(self) -> Sequence[tuple[str, str, str]]:
        return self.known

    def clean(self, raw: str) -> str:
        text = tidy(raw)
        if len(text) == 0:
            raise InvalidValue("text.empty", "The text is empty.")
        if len(text) > self.max_length:
            raise InvalidValue("text.too_long", f"The text is longer than {self.max_length} characters.")
        return self._codes.get(_folded(text), text) if self.known else text

    @cached_property
    def _codes(self) -> Mapping[str, str]:
        return _codes_of(self.known)


class PersonName(Text):
    """A person's name; masked to its first character (张**)."""

    name: ClassVar[str] = "person_name"

    def mask(self, value: Value) -> str:
        text = str(value)
        return text[:1] + "*" * max(1, len(text) - 1)


@dataclass(frozen=True)
class Choice(PropertyType):
    """One of a closed set of codes, each with a Chinese and an English caption."""

    name: ClassVar[str] = "choice"
    options: tuple[tuple[str, str, str], ...]  # (code, zh, en)

    @property
    def named(self) -> Sequence[tuple[str, str, str]]:
        return self.options

    def clean(self, raw: str) -> str:
        """Takes the code or either caption, in any case and with any of space, hyphen and underscore between words."""
        code = self._codes.get(_folded(raw))
        if code is None:
            raise InvalidValue("choice.unknown", f"The value is none of: {', '.join(self.codes())}.")
        return code

    @cached_property
    def _codes(self) -> Mapping[str, str]:
        return _codes_of(self.options)

    def codes(self) -> Sequence[str]:
        return tuple(code for code, _, _ in self.options)


def _codes_of(named: Sequence[tuple[str, str, str]]) -> Mapping[str, str]:
    """The code by each way of writing it, folded."""
    return {_folded(text): option[0] for option in named for text in option}


def _folded(text: str) -> str:
    return tidy(text).casefold().replace(" ", "_").replace("-", "_")


@dataclass(frozen=True)
class Whole(PropertyType):
    name: ClassVar[str] = "whole"
    storage: ClassVar[StorageKind] = StorageKind.INTEGER
    least: int | None = None

    def clean(self, raw: str) -> int:
        text = tidy(raw).replace(",", "")
        if not _WHOLE.fullmatch(text):
            raise InvalidValue("number.malformed", "The value is no whole number.")
        number = int(text)
        if self.least is not None and number < self.least:
            raise InvalidValue("number.too_small", f"The number is below {self.least}.")
        if abs(number) >= 2**63:
            raise InvalidValue("number.too_large", "The number is too large.")
        return number


@dataclass(frozen=True)
class Money(PropertyType):
    """An amount in yuan, more than 0."""

    name: ClassVar[str] = "money"
    storage: ClassVar[StorageKind] = StorageKind.REAL

    def clean(self, raw: str) -> float:
        text = tidy(raw).replace(",", "").removeprefix("¥").removesuffix("元").strip()
        if not _DECIMAL.fullmatch(text):
            raise InvalidValue("number.malformed", "The value is no amount.")
        number = round(float(text), 2)
        if not 0 < number < 1e12:
            raise InvalidValue("number.out_of_range", "The amount is not between 0 and 10^12.")
        return number

    def caption(self, value: Value) -> str:
        return f"{float(str(value)):,.2f}"


@dataclass(frozen=True)
class Flag(PropertyType):
    name: ClassVar[str] = "flag"
    storage: ClassVar[StorageKind] = StorageKind.BOOLEAN

    def clean(self, raw: str) -> bool:
        folded = tidy(raw).casefold()
        if folded in ("yes", "true", "1", "y", "是"):
            return True
        if folded in ("no", "false", "0", "n", "否"):
            return False
        raise InvalidValue("flag.malformed", "The value is neither yes nor no.")


@dataclass(frozen=True)
class Day(PropertyType):
    """A calendar date; `long-term` and 长期 stand for a document without an end."""

    name: ClassVar[str] = "day"
    storage: ClassVar[StorageKind] = StorageKind.DATE
    long_term: bool = False

    def clean(self, raw: str) -> date:
        text = tidy(raw)
        if self.long_term and text.casefold() in ("长期", "long-term", "long term", "longterm"):
            return LONG_TERM
        try:
            match = _DAY.fullmatch(text)
            return date.fromisoformat(text) if match is None else date(*map(int, match.groups()))
        except ValueError as exc:
            raise InvalidValue("date.malformed", "The value is no date of the form YYYY-MM-DD.") from exc

    def mask(self, value: Value) -> str:
        return f"{str(value)[:4]}-**-**"


def _spreadsheet_moment(match: re.Match[str]) -> datetime:
    year, month, day, *clock = map(int, match.groups("0"))
    hour, minute, second = clock or (0, 0, 0)
    return datetime(year, month, day, hour, minute, second, tzinfo=LOCAL_ZONE)


def _usual_moment(text: str) -> datetime | None:
    """What programs write, in a year that is in range wherever it is read: most of a file, so it is taken the short way."""
    if "T" not in text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if not 1900 < moment.year < 9998:
        return None
    return moment.replace(tzinfo=LOCAL_ZONE) if moment.tzinfo is None else moment


@dataclass(frozen=True)
class Moment(PropertyType):
    """A point in time, kept in UTC to the millisecond. Without an offset it is read as Asia/Shanghai."""

    name: ClassVar[str] = "moment"
    storage: ClassVar[StorageKind] = StorageKind.MOMENT

    def clean(self, raw: str) -> datetime:
        moment = _usual_moment(raw) or self._read(tidy(raw))
        moment = moment.astimezone(UTC)
        fraction = moment.microsecond % 1000
        return moment if fraction == 0 else moment.replace(microsecond=moment.microsecond - fraction)

    def _read(self, text: str) -> datetime:
        try:
            # What spreadsheets write never holds the letter; a day alone is its beginning.
            match = None if "T" in text else _SPREADSHEET.fullmatch(text) or _DAY.fullmatch(text)
            moment = datetime.fromisoformat(text) if match is None else _spreadsheet_moment(match)
        except ValueError as exc:
            raise InvalidValue(
                "moment.malformed",
                "The value is no moment of the form 2026-03-02T09:30:00+08:00, 2026/3/2 9:30 or 2026年3月2日.",
            ) from exc
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=LOCAL_ZONE)
        if not 1900 <= moment.astimezone(LOCAL_ZONE).year <= 9998:
            raise InvalidValue("moment.out_of_range", "The year is not between 1900 and 9998.")
        return moment

    def caption(self, value: Value) -> str:
        """To the minute, by the clock of those who read it."""
        return f"{value.astimezone(LOCAL_ZONE):%Y-%m-%d %H:%M}" if isinstance(value, datetime) else str(value)
