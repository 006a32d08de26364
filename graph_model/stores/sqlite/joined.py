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

from graph_model.columns import MISSING_MOMENT

Parameters = dict[str, int | str | float | None]


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


def read(connection: sqlite3.Connection, query: str, columns: Sequence[Column], parameters: Parameters) -> list[Any]:
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
