"""What the driver's errors mean to us. Messages of the server are not repeated: they may hold property values, which are personal data."""

from collections.abc import Iterator
from contextlib import contextmanager

import orjson
from neo4j.exceptions import (
    AuthError,
    ConfigurationError,
    DriverError,
    Neo4jError,
    ServiceUnavailable,
    SessionExpired,
)

from graph_model.errors import InvalidRequest, StoreError, StoreFull, StoreReadOnly, StoreTimeout, StoreUnavailable

OUT_OF_MEMORY = (
    "Neo.TransientError.General.MemoryPoolOutOfMemoryError",
    "Neo.TransientError.General.OutOfMemoryError",
    "Neo.DatabaseError.General.OutOfMemoryError",
)
_FORBIDDEN = ("Neo.ClientError.Security.Forbidden", "Neo.ClientError.General.WriteOnReadOnlyAccessModeDatabase")
_READ_ONLY = ("Neo.ClientError.General.ForbiddenOnReadOnlyDatabase",)


def out_of_memory(where: str) -> StoreError:
    return StoreError(
        f"{where} has not enough memory for this. Send smaller batches, or give the server more "
        "(dbms.memory.transaction.total.max, server.memory.heap.max_size)."
    )


def translate(error: DriverError | Neo4jError, where: str, reading: bool = False) -> StoreError | InvalidRequest:
    """The error of ours that says what to do about `error`."""
    match error:
        case AuthError():
            return StoreUnavailable(f"{where} refuses the user or the password. Check both in the store's URL.")
        case ServiceUnavailable() | SessionExpired():
            return StoreUnavailable(
                f"{where} does not answer. Check that Neo4j runs there and that the port can be reached, then try again."
            )
        case ConfigurationError():
            return InvalidRequest(
                f"The driver can't use {where}: {type(error).__name__}. Check the scheme and TLS of the URL."
            )
        case Neo4jError():
            return _of_server(error.code or "no code", where, reading)
        case _:
            return StoreError(f"{where} failed: {type(error).__name__}. `guanxi doctor` looks for the cause.")


def _of_server(code: str, where: str, reading: bool) -> StoreError:
    if reading and "TransactionTimedOut" in code:
        return StoreTimeout()
    if "TransactionTimedOut" in code or code == "Neo.TransientError.Transaction.LockAcquisitionTimeout":
        return StoreUnavailable(f"{where} took too long to answer. Ask for less, or try again when it is less busy.")
    if code in OUT_OF_MEMORY:
        return out_of_memory(where)
    if code in _FORBIDDEN or code in _READ_ONLY:
        return StoreReadOnly(where)
    if code == "Neo.ClientError.Database.DatabaseNotFound":
        return StoreUnavailable(f"{where} has no database of that name. Check the end of the store's URL.")
    if "DiskFull" in code or "NoSpace" in code:
        return StoreFull(where)
    if code.startswith("Neo.TransientError"):
        return StoreUnavailable(f"{where} could not finish ({code}). Try again.")
    return StoreError(f"{where} failed: {code}. `guanxi doctor` looks for the cause.")


@contextmanager
def translated(where: str, *, reading: bool = False) -> Iterator[None]:
    """A block in which the driver's errors become ours; one that stopped a read StoreTimeout."""
    try:
        yield
    except Neo4jError as error:
        # Not chained: the server's own words may quote a key.
        raise translate(error, where, reading) from None
    except DriverError as error:
        raise translate(error, where) from error
    except (UnicodeEncodeError, orjson.JSONEncodeError, OverflowError):
        # Not chained: it quotes the value.
        raise InvalidRequest(
            "A value can't be kept: half a character, or a number beyond 64 bits. Clean it first."
        ) from None
