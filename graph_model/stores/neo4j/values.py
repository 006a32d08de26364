"""How values are kept in Neo4j: moments as integer milliseconds, dates as ISO text, the rest as they are. Pure.

Not the server's own temporal types: those cost several times the bytes and the decoding, and the other store keeps integers too.
"""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from graph_model.errors import InvalidRequest
from graph_model.moments import from_ms, to_ms
from graph_model.records import AsOf
from graph_model.schema import Property, StorageKind, Value

_FOREVER = 2**63 - 1

Cell = str | int | float | bool | None


def bounds(as_of: AsOf | None) -> tuple[int, int]:
    """The greatest event and recording moments that are visible."""
    if as_of is None:
        return _FOREVER, _FOREVER
    return to_ms(as_of.event), _FOREVER if as_of.recorded is None else to_ms(as_of.recorded)


def window(as_of: AsOf | None, now: int) -> dict[str, int]:
    """The parameters that bound what is visible; what ends by `alive` is not there."""
    event, recorded = bounds(as_of)
    return {"event": event, "recorded": recorded, "alive": now if as_of is None else min(event, recorded)}


def encode(name: str, kind: StorageKind, value: object) -> Cell:
    """Raises InvalidRequest where the value is not of the kind that the schema declares."""
    match kind, value:
        case (StorageKind.BOOLEAN, bool()):
            return value
        case (StorageKind.TEXT, str()):
            return str(value)
        case (StorageKind.INTEGER, int()) if not isinstance(value, bool):
            return int(value)
        case (StorageKind.REAL, int() | float()) if not isinstance(value, bool):
            return float(value)
        case (StorageKind.MOMENT, datetime()):
            return to_ms(value)
        case (StorageKind.DATE, date()) if not isinstance(value, datetime):
            return value.isoformat()
    raise InvalidRequest(f"The value of {name} is no {kind.value}. Clean it with the schema's property type first.")


_DECODERS: dict[StorageKind, Callable[[Any], Value]] = {
    StorageKind.DATE: date.fromisoformat,
    StorageKind.MOMENT: from_ms,
}


def decoder(declared: Property) -> Callable[[Any], Value] | None:
    """What turns a cell back into a value; None where the cell is the value."""
    return _DECODERS.get(declared.type.storage)
