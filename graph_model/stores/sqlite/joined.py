"""Columns of a query: SQLite joins the cells of each into one text, which numpy and orjson read in one go. That is three times as fast as
fetching rows, each of which would become a tuple of Python objects first. Reals are fetched as rows, since their text has 15 digits only.
"""

# ruff: noqa: S608 - statements are made of fixed fragments and names of the schema; values are always parameters

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from graph_model.columns import MISSING_MOMENT

Parameters = dict[str, int | str | float | None]
_Places = Parameters | Sequence[int | str | float | None]  # by name, or in order

_MOST_DIGITS = 18  # of a number of 64 bits


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a query, and whether its cells are integers (None is `MISSING_MOMENT`), reals (None is NaN) or texts."""

    name: str
    kind: type

    @property
    def joined(self) -> str:
        if self.kind is int:
            return f"group_concat(coalesce({self.name}, {MISSING_MOMENT}))"
        return f"json_group_array({self.name})"


def read(connection: sqlite3.Connection, query: str, columns: Sequence[Column], parameters: _Places) -> list[Any]:
    """For each column an array of integers or reals, or a list of texts."""
    joined = [column for column in columns if column.kind is not float]
    texts = connection.execute(f"SELECT {', '.join(c.joined for c in joined)} FROM ({query})", parameters).fetchone()
    cells: dict[str, Any] = {}
    for column, text in zip(joined, texts, strict=True):
        if column.kind is int:
            cells[column.name] = np.fromstring(text or "", dtype=np.int64, sep=",")
        else:
            cells[column.name] = orjson.loads(text)
    reals = [column.name for column in columns if column.kind is float]
    if len(reals) > 0:
        found = connection.execute(f"SELECT {', '.join(reals)} FROM ({query})", parameters).fetchall()
        cells |= zip(reals, np.array(found, dtype=np.float64).reshape(-1, len(reals)).T, strict=True)
    return [cells[column.name] for column in columns]


def read_pairs(
    connection: sqlite3.Connection, query: str, parameters: _Places, *, handles: int, below: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The columns `handle` and `beside`, both 0 or more: no handle is above `handles`, and what is beside it is below a number. Each row becomes one
    number of as many digits as any other, which are added up column by column: twice as fast as reading numbers of any length out of a text."""
    left, right = len(str(handles)), len(str(max(below - 1, 0)))
    if 1 + left + right > _MOST_DIGITS:
        column, beside = read(connection, query, [Column("handle", int), Column("beside", int)], parameters)
        return column, beside
    # The leading one keeps the zeros.
    (text,) = connection.execute(
        f"SELECT group_concat(({10**left} + handle) * {10**right} + beside, '') FROM ({query})", parameters
    ).fetchone()
    found = np.frombuffer((text or "").encode(), dtype=np.uint8).reshape(-1, 1 + left + right)
    return _number(found[:, 1 : 1 + left]), _number(found[:, 1 + left :])


def _number(digits: NDArray[np.uint8]) -> NDArray[np.int64]:
    number = np.zeros(len(digits), dtype=np.int64)
    for place in range(digits.shape[1]):
        number *= 10
        number += digits[:, place]
    number -= int("1" * digits.shape[1]) * ord("0")
    return number
