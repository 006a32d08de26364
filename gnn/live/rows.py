"""Rows: adjacency rows that can be changed one by one. Each row lies in one piece; one that outgrows its place moves to the end, with room to grow."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gnn.arrays.csr import Pointer

_SPARE = 10  # a tenth more than is there, so that the first changes copy nothing


def grown(values: NDArray[Any], size: int, fill: int = 0) -> NDArray[Any]:
    """The values with place for `size`, and some to spare where there was none."""
    if len(values) >= size:
        return values
    wider = np.full(size + size // _SPARE + 64, fill, dtype=values.dtype)
    wider[: len(values)] = values
    return wider


class Rows:
    """Row i goes from `first[i]` to before `end[i]` in each of `columns`, which are longer than what is in use."""

    def __init__(self, ptr: Pointer, columns: Sequence[NDArray[Any]]) -> None:
        self.count = len(ptr) - 1
        self._used = int(ptr[-1])
        self._room: dict[int, int] = {}  # where a row that has moved must end; others have no room
        self.first = grown(ptr[:-1], self.count + 1)
        self.end = grown(ptr[1:], self.count + 1)
        self.columns = [grown(column, self._used + 1) for column in columns]

    def of(self, row: int) -> slice:
        return slice(int(self.first[row]), int(self.end[row]))

    def put(self, row: int, values: Sequence[NDArray[Any]]) -> None:
        """Replace the row's entries."""
        count = len(values[0])
        first = int(self.first[row])
        if first + count > self._room.get(row, int(self.end[row])):
            first, room = self._used, count + count // 2 + 4
            self._used += room
            self._room[row] = self._used
            self.columns = [grown(column, self._used) for column in self.columns]
            self.first[row] = first
        self.end[row] = first + count
        for column, entries in zip(self.columns, values, strict=True):
            column[first : first + count] = entries

    def add(self, rows: int) -> None:
        """So many more rows, empty."""
        self.count += rows
        self.first, self.end = grown(self.first, self.count), grown(self.end, self.count)

    @property
    def bytes(self) -> int:
        return sum(values.nbytes for values in (self.first, self.end, *self.columns))
