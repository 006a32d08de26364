"""Kernels of the nets: places among what was learnt from, the mean over linked nodes and how far from it nodes are, and sampling of neighbours.
Numba; strict floating point, so repeatable."""

import numpy as np
from numpy.typing import NDArray

from gnn.arrays.compiled import kernel
from gnn.arrays.csr import Index, Pointer

Rows = NDArray[np.float32]
Shares = NDArray[np.float32]


@kernel
def places(edges: Rows, values: Rows) -> Rows:
    """Where each value [n, f] lies among its column's quantiles [q, f], 0..1; one that fills several quantiles lies in their middle."""
    steps, columns = edges.shape
    out = np.empty(values.shape, dtype=np.float32)
    for column in range(columns):
        rising = edges[:, column].copy()
        for row in range(len(values)):
            value = values[row, column]
            low = np.searchsorted(rising, value, side="left")
            high = np.searchsorted(rising, value, side="right")
            middle = (low + high - 1) / 2 / (steps - 1)
            out[row, column] = min(max(middle, 0.0), 1.0)
    return out


@kernel
def mean_over(indptr: Pointer, indices: Index, values: Rows) -> Rows:
    """For each target [t] the mean of its sources' rows of `values` [s, d]; zeros without sources."""
    targets, width = len(indptr) - 1, values.shape[1]
    out = np.zeros((targets, width), dtype=np.float32)
    for target in range(targets):
        begin, end = indptr[target], indptr[target + 1]
        if begin == end:
            continue
        row = out[target]
        for position in range(begin, end):
            other = values[indices[position]]
            for column in range(width):
                row[column] += other[column]
        scale = np.float32(1.0) / np.float32(end - begin)
        for column in range(width):
            row[column] *= scale
    return out


@kernel
def spread(own: Rows, sums: Rows, share: Shares, column: int, means: Rows, apart: Rows) -> None:
    """Of one relation the means [n, d], which are the `sums` times the target's share, and how far the `own` rows are from them, into columns of
    `means` and `apart` from one on."""
    rows, width = own.shape
    for row in range(rows):
        total, mean, scale = sums[row], means[row, column : column + width], share[row]
        for place in range(width):
            mean[place] = total[place] * scale
        mine, far = own[row], apart[row, column : column + width]
        for place in range(width):
            far[place] = abs(mine[place] - mean[place])


@kernel
def spread_back(
    own: Rows, means: Rows, share: Shares, column: int, by_mean: Rows, apart: Rows, to_own: Rows, to_sums: Rows
) -> None:
    """The way back of `spread`. `by_mean` and `apart` have the gradients of what it gave: those of own rows are added to `to_own`, those of sums are
    put into `to_sums`, and the distances once more into `apart`."""
    rows, width = own.shape
    for row in range(rows):
        mine, mean, scale = own[row], means[row, column : column + width], share[row]
        low, far = by_mean[row, column : column + width], apart[row, column : column + width]
        into, out = to_own[row], to_sums[row]
        for place in range(width):
            difference = mine[place] - mean[place]
            moved = far[place] if difference > 0 else (-far[place] if difference < 0 else np.float32(0))
            into[place] += moved
            out[place] = (low[place] - moved) * scale
            far[place] = abs(difference)


@kernel
def sample_links(
    indptr: Pointer, indices: Index, wanted: NDArray[np.int64], most: int, seed: int
) -> tuple[Pointer, Index]:
    """Of each of the `wanted` targets at most `most` sources, without replacement, by reservoir: pointers [wanted + 1], and sources."""
    state = np.uint64(seed) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(0x2545F4914F6CDD1D)
    pointer = np.zeros(len(wanted) + 1, dtype=np.int64)
    for i in range(len(wanted)):
        pointer[i + 1] = pointer[i] + min(most, indptr[wanted[i] + 1] - indptr[wanted[i]])
    found = np.empty(pointer[-1], dtype=np.int32)
    for i in range(len(wanted)):
        begin, degree, base = indptr[wanted[i]], indptr[wanted[i] + 1] - indptr[wanted[i]], pointer[i]
        for k in range(degree):
            if k < most:
                found[base + k] = indices[begin + k]
                continue
            state ^= state << np.uint64(13)  # xorshift64
            state ^= state >> np.uint64(7)
            state ^= state << np.uint64(17)
            place = np.int64(state % np.uint64(k + 1))
            if place < most:
                found[base + place] = indices[begin + k]
    return pointer, found
