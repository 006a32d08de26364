"""Property types: how a value is cleaned, checked, masked and captioned. Plain kinds here; identifiers in `identifiers.py`.

Every property type turns what a file or a person gives into one canonical value, or raises `InvalidValue` with a stable reason.
`clean(clean(x)) == clean(x)` holds for every type; a property test asserts it.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from enum import Enum
from typing import ClassVar

from graph_model.errors import InvalidValue
from graph_model.schema.text import tidy

Value = str | int | float | bool | date | datetime

# Files without an offset come from one country's systems; China has kept a single zone without daylight saving since 1991.
LOCAL_ZONE = timezone(timedelta(hours=8), "Asia/Shanghai")
LONG_TERM = date(9999, 12, 31)


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

    def mask(self, value: Value) -> str:
        """What someone without the right sees. Nothing of the value, unless a type says otherwise."""
        return "***"

    def caption(self, value: Value) -> str:
        """How a person with the right reads it."""
        return str(value)


@dataclass(frozen=True)
class Text(PropertyType):
    name: ClassVar[str] = "text"
    max_length: int = 200

    def clean(self, raw: str) -> str:
        text = tidy(raw)
        if len(text) == 0:
            raise InvalidValue("text.empty", "The text is empty.")
        if len(text) > self.max_length:
            raise InvalidValue("text.too_long", f"The text is longer than {self.max_length} characters.")
        return text


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

    def clean(self, raw: str) -> str:
        folded = tidy(raw).casefold().replace(" ", "_").replace("-", "_")
        for code, zh, en in self.options:
            if folded in (code, zh, en.casefold().replace(" ", "_").replace("-", "_")):
                return code
        codes = ", ".join(code for code, _, _ in self.options)
        raise InvalidValue("choice.unknown", f"The value is none of: {codes}.")

    def codes(self) -> Sequence[str]:
        return tuple(code for code, _, _ in self.options)


@dataclass(frozen=True)
class Whole(PropertyType):
    name: ClassVar[str] = "whole"
    storage: ClassVar[StorageKind] = StorageKind.INTEGER
    least: int | None = None

    def clean(self, raw: str) -> int:
        try:
            number = int(tidy(raw).replace(",", ""))
        except ValueError as exc:
            raise InvalidValue("number.malformed", "The value is no whole number.") from exc
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
        try:
            number = float(tidy(raw).replace(",", "").removeprefix("¥"))
        except ValueError as exc:
            raise InvalidValue("number.malformed", "The value is no amount.") from exc
        if not 0 < number < 1e12:
            raise InvalidValue("number.out_of_range", "The amount is not between 0 and 10^12.")
        return round(number, 2)

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
        digits = text.replace("/", "-").replace(".", "-")
        try:
            if len(digits) == 8 and digits.isdigit():
                return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
            return date.fromisoformat(digits)
        except ValueError as exc:
            raise InvalidValue("date.malformed", "The value is no date of the form YYYY-MM-DD.") from exc

    def mask(self, value: Value) -> str:
        return f"{str(value)[:4]}-**-**"


@dataclass(frozen=True)
class Moment(PropertyType):
    """A point in time, kept in UTC to the millisecond. Without an offset it is read as Asia/Shanghai."""

    name: ClassVar[str] = "moment"
    storage: ClassVar[StorageKind] = StorageKind.MOMENT

    def clean(self, raw: str) -> datetime:
        text = tidy(raw)
        try:
            moment = datetime.fromisoformat(text)
        except ValueError as exc:
            raise InvalidValue(
                "moment.malformed", "The value is no moment of the form 2026-03-02T09:30:00+08:00."
            ) from exc
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=LOCAL_ZONE)
        if not 1900 <= moment.year <= 9998:
            raise InvalidValue("moment.out_of_range", "The year is not between 1900 and 9998.")
        moment = moment.astimezone(UTC)
        return moment.replace(microsecond=moment.microsecond // 1000 * 1000)

    def caption(self, value: Value) -> str:
        return value.isoformat(timespec="seconds") if isinstance(value, datetime) else str(value)
