"""Which cells of a table are not told: those of few people, and as many others that none of those can be computed from the rest. Pure.

Totals of rows and columns are told, so a cell that is left out alone is a subtraction away. For each small cell others are left out with it, at the
corners of rectangles: what one corner has more, the next has less, and every total stays what it is. They are chosen so that the small cell could
still be anything below LEAST_TOLD, as far as the totals themselves leave that open; where no corners do, the whole inside of the table is not told.
Rounding comes on top and is not relied on.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from graph_model.services.gate import LEAST_TOLD

Table = NDArray[np.int64]
Marks = NDArray[np.bool_]


def left_out(table: Table, totals: Table | None = None) -> Marks:
    """True for the cells that are not told. `totals` are those of the rows where a person may be in several columns of one."""
    hidden: Marks = table < LEAST_TOLD
    small = np.argwhere(hidden)
    order = np.argsort([-table[row, column] for row, column in small], kind="stable")
    for row, column in small[order].tolist():
        corners = _Corners(table, totals, row, column)
        if not corners.hide(hidden):
            return np.ones_like(hidden)
    return hidden


class _Corners:
    """The search for rectangles around one small cell. What is given and taken at a corner is not given or taken there again."""

    def __init__(self, table: Table, totals: Table | None, row: int, column: int) -> None:
        self._table = table
        self._row, self._column = row, column
        count = int(table[row, column])
        least, most = 0, LEAST_TOLD - 1
        if totals is None:
            in_row, in_column = int(table[row].sum()), int(table[:, column].sum())
            least = max(0, in_row + in_column - int(table.sum()))
            most = min(most, in_row, in_column)
        self._more, self._less = most - count, count - least  # how far it should be able to go
        self._up, self._down = table.copy(), table.copy()
        # Where somebody may be in several columns no cell can outgrow its row.
        self._free = np.ones(table.shape, dtype=np.bool_)
        if totals is not None:
            self._free = table + LEAST_TOLD <= totals[:, None]

    def hide(self, hidden: Marks) -> bool:
        """Mark the corners as not told. False where there are none that do."""
        while self._more > 0 or self._less > 0:
            found = self._best(hidden)
            if found is None:
                return False
            row, column = found
            up = min(self._more, int(self._up[self._row, column]), int(self._up[row, self._column]))
            down = min(self._less, int(self._down[row, column]))
            for place in self._places(row, column):
                hidden[place] = True
            self._up[self._row, column] -= up
            self._up[row, self._column] -= up
            self._down[row, column] -= down
            self._more, self._less = self._more - up, self._less - down
        return True

    def _best(self, hidden: Marks) -> tuple[int, int] | None:
        """The corner across: what helps most, then leaves out the fewest cells more, then the fewest people more."""
        beside, below = self._up[self._row][None, :], self._up[:, self._column][:, None]
        gain = np.minimum(np.minimum(beside, below), self._more) + np.minimum(self._down, self._less)
        fits = self._free & self._free[self._row][None, :] & self._free[:, self._column][:, None]
        fits[self._row, :] = fits[:, self._column] = False
        gain = np.where(fits, gain, 0)
        if gain.max(initial=0) <= 0:
            return None
        open_cells = (~hidden).astype(np.int64)
        open_people = np.where(hidden, 0, self._table)
        cells = open_cells + open_cells[self._row][None, :] + open_cells[:, self._column][:, None]
        people = open_people + open_people[self._row][None, :] + open_people[:, self._column][:, None]
        order = np.lexsort((people.ravel(), cells.ravel(), -gain.ravel()))
        best = np.unravel_index(int(order[0]), gain.shape)
        return int(best[0]), int(best[1])

    def _places(self, row: int, column: int) -> Iterator[tuple[int, int]]:
        yield from ((self._row, column), (row, self._column), (row, column))
