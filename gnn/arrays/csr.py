"""CSR adjacency from pairs of integer arrays. Pure; indices are int32, so a graph may hold 2^31 nodes of one kind at most."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gnn.arrays.compiled import kernel

Index = NDArray[np.int32]
Pointer = NDArray[np.int64]
Weights = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Csr:
    """Row i's entries are `indices[indptr[i]:indptr[i + 1]]`; `order[k]` is the position of entry k in the arrays it was built from."""

    indptr: Pointer
    indices: Index
    order: Pointer

    @property
    def rows(self) -> int:
        return len(self.indptr) - 1

    def degree(self) -> Pointer:
        return np.diff(self.indptr)


def build_csr(start: NDArray[np.integer], end: NDArray[np.integer], rows: int) -> Csr:
    """Group pairs by `start`. Within a row entries keep the order in which they were given, so sort by time first where time matters."""
    indptr, order = group(start.astype(np.int32, copy=False), rows)
    return Csr(indptr, end.astype(np.int32, copy=False)[order], order)


@kernel
def group(keys: Index, rows: int) -> tuple[Pointer, Pointer]:
    """A stable counting sort: row pointers, and the order that lists positions by key."""
    indptr = np.zeros(rows + 1, dtype=np.int64)
    for key in keys:
        indptr[key + 1] += 1
    for row in range(rows):
        indptr[row + 1] += indptr[row]
    cursor = indptr[:-1].copy()
    order = np.empty(len(keys), dtype=np.int64)
    for position in range(len(keys)):
        key = keys[position]
        order[cursor[key]] = position
        cursor[key] += 1
    return indptr, order


@kernel
def components(indptr: Pointer, indices: Index, within: Index) -> tuple[Index, int]:
    """Number the connected components of the symmetric graph, edges between different `within` ignored; numbers follow the lowest member."""
    rows = len(indptr) - 1
    label = np.full(rows, -1, dtype=np.int32)
    stack = np.empty(rows, dtype=np.int32)
    found = 0
    for seed in range(rows):
        if label[seed] >= 0:
            continue
        label[seed] = found
        stack[0] = seed
        height = 1
        while height > 0:
            height -= 1
            node = stack[height]
            for position in range(indptr[node], indptr[node + 1]):
                other = indices[position]
                if label[other] < 0 and within[other] == within[node]:
                    label[other] = found
                    stack[height] = other
                    height += 1
        found += 1
    return label, found


@kernel
def aggregate(indptr: Pointer, indices: Index, values: Weights) -> tuple[Weights, Weights, Pointer]:
    """For each row the mean, the maximum and the count of its neighbours' `values`. NaN neighbours are not counted; a row without any is NaN."""
    rows = len(indptr) - 1
    mean = np.full(rows, np.nan)
    highest = np.full(rows, np.nan)
    count = np.zeros(rows, dtype=np.int64)
    for row in range(rows):
        total = 0.0
        top = -np.inf
        known = 0
        for position in range(indptr[row], indptr[row + 1]):
            value = values[indices[position]]
            if not np.isnan(value):
                total += value
                known += 1
                top = max(top, value)
        count[row] = known
        if known > 0:
            mean[row] = total / known
            highest[row] = top
    return mean, highest, count
