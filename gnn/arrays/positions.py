"""Positions: where a handle stands among others. Pure."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_SPARSE = 16  # handles to a position


@dataclass(frozen=True, slots=True)
class Positions:
    """Handle -> position among rising handles, -1 for one that is not among them."""

    handles: NDArray[np.int64]  # rising
    table: NDArray[np.int32] | None  # by handle, where few handles lie between those that are among them

    @classmethod
    def of(cls, handles: NDArray[np.int64]) -> "Positions":
        greatest = int(handles.max(initial=-1))
        # The surroundings of one customer are some thousand handles of millions.
        if greatest >= _SPARSE * (len(handles) + 1):
            return cls(handles, None)
        table = np.full(greatest + 2, -1, dtype=np.int32)  # the last stands for handles beyond
        table[handles] = np.arange(len(handles), dtype=np.int32)
        return cls(handles, table)

    def __call__(self, handles: NDArray[np.int64]) -> NDArray[np.int32]:
        if self.table is not None:
            beyond = len(self.table) - 1
            return self.table[np.where((handles >= 0) & (handles < beyond), handles, beyond)]
        place = np.minimum(np.searchsorted(self.handles, handles), len(self.handles) - 1)
        return np.where(self.handles[place] == handles, place, -1).astype(np.int32)
