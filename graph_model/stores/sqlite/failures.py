"""What SQLite's errors mean to us: a driver's exception never leaves the adapter."""

import sqlite3
from types import TracebackType

import orjson

from graph_model.errors import (
    InvalidRequest,
    StoreCorrupt,
    StoreError,
    StoreFull,
    StoreLoading,
    StoreLocked,
    StoreReadOnly,
    StoreTimeout,
    StoreUnavailable,
)

CORRUPT = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


_REFUSED_WRITES = (sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_SHMSIZE, sqlite3.SQLITE_IOERR_FSYNC)


def translate(error: sqlite3.Error, where: str) -> StoreError:
    """The error of ours that says what to do about `error`."""
    code = getattr(error, "sqlite_errorcode", None)
    match None if code is None else code & 0xFF:  # the low byte is the primary code
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return StoreLocked(where, "another process")
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM:
            return StoreReadOnly(where)
        case sqlite3.SQLITE_FULL:
            return StoreFull(where)
        case damage if damage in CORRUPT:
            return StoreCorrupt(where)
        case sqlite3.SQLITE_IOERR if (
            code in _REFUSED_WRITES
        ):  # a quota, a limit on the size of files, a disk that fails
            return StoreError(
                f"{where} can't be written to: {error}. What was committed before is safe: free some space, look at quotas and at the disk "
                "itself, and run the command again.",
                code=StoreFull.code,
            )
        case sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_IOERR | sqlite3.SQLITE_PROTOCOL:
            return StoreUnavailable(
                f"{where} can't be read: {error}. Check the disk and the permissions of the folder."
            )
        case sqlite3.SQLITE_ERROR if "no such table: adjacency" in str(error):  # see `filing.py`
            return StoreLoading()
        case sqlite3.SQLITE_INTERRUPT:  # only a deadline interrupts
            return StoreTimeout()
        case _:
            return StoreError(f"{where} failed: {error}. `guanxi doctor` looks for the cause.")


class translated:  # noqa: N801 - used as a word: `with translated(where):`
    """A block in which SQLite's errors, and those of values that it can't hold, become ours."""

    __slots__ = ("_where",)

    def __init__(self, where: str) -> None:
        self._where = where

    def __enter__(self) -> None:
        return None

    def __exit__(self, _: type[BaseException] | None, error: BaseException | None, __: TracebackType | None) -> None:
        if isinstance(error, sqlite3.Error):
            raise translate(error, self._where) from error
        if isinstance(error, UnicodeEncodeError | orjson.JSONEncodeError | OverflowError):
            raise InvalidRequest(
                "A value can't be kept: half a character, or a number beyond 64 bits. Clean it first."
            ) from error
