"""How values are kept in SQLite: moments as integer milliseconds, dates as ISO text, booleans as 0 and 1. Pure."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from graph_model.errors import InvalidRequest
from graph_model.moments import from_ms, to_ms
from graph_model.records import AsOf
from graph_model.schema import Property, StorageKind, Value

FOREVER = 2**63 - 1

Cell = str | int | float | None

SQL_TYPES = {
    StorageKind.TEXT: "TEXT",
    StorageKind.INTEGER: "INTEGER",
    StorageKind.REAL: "REAL",
    StorageKind.BOOLEAN: "INTEGER",
    StorageKind.DATE: "TEXT",
    StorageKind.MOMENT: "INTEGER",
}


class Milliseconds(dict[datetime, int]):
    """`to_ms` that remembers, for a batch: the records of one row share their moments."""

    def __missing__(self, moment: datetime) -> int:
        result = self[moment] = to_ms(moment)
        return result


class Datetimes(dict[int, datetime]):
    """`from_ms` that remembers, for an answer: its three moments are often one, and its edges were often seen together."""

    def __missing__(self, moment: int) -> datetime:
        result = self[moment] = from_ms(moment)
        return result


def bounds(as_of: AsOf | None) -> tuple[int, int]:
    """The greatest event and recording moments that are visible."""
    if as_of is None:
        return FOREVER, FOREVER
    return to_ms(as_of.event), FOREVER if as_of.recorded is None else to_ms(as_of.recorded)


_FITS: dict[StorageKind, tuple[type, ...]] = {
    StorageKind.TEXT: (str,),
    StorageKind.INTEGER: (int,),
    StorageKind.REAL: (float, int),
    StorageKind.BOOLEAN: (bool,),
    StorageKind.DATE: (date,),
    StorageKind.MOMENT: (datetime,),
}
_CONVERT: dict[StorageKind, Callable[[Any], Cell]] = {
    StorageKind.TEXT: str,
    StorageKind.INTEGER: int,
    StorageKind.REAL: float,
    StorageKind.BOOLEAN: int,
    StorageKind.DATE: date.isoformat,
    StorageKind.MOMENT: to_ms,
}
_DECODERS: dict[StorageKind, Callable[[Any], Value]] = {
    StorageKind.BOOLEAN: bool,
    StorageKind.DATE: date.fromisoformat,
    StorageKind.MOMENT: from_ms,
}


def encoder(name: str, kind: StorageKind) -> Callable[[object], Cell]:
    """What turns a value into a cell. It raises InvalidRequest where the value is not of the kind that the schema declares."""
    fits, convert = _FITS[kind], _CONVERT[kind]

    def encode(value: object) -> Cell:
        # The very type first, which is nearly always so; a subclass will do (a Grade is text) where it doesn't mean something else.
        if type(value) not in fits and not _is_kind_of(value, fits):
            raise InvalidRequest(
                f"The value of {name} is no {kind.value}. Clean it with the schema's property type first."
            )
        return convert(value)

    return encode


def _is_kind_of(value: object, fits: tuple[type, ...]) -> bool:
    return isinstance(value, fits) and not isinstance(value, bool | datetime)


def decoder(declared: Property) -> Callable[[Any], Value] | None:
    """What turns a cell back into a value; None where the cell is the value."""
    return _DECODERS.get(declared.type.storage)
