"""Kernels of the nets: places among what was learnt from, the mean over linked nodes, and sampling of neighbours, over CSR. Numba; strict
floating point, so repeatable."""

import numpy as np
from numpy.typing import NDArray

from gnn.arrays.compiled import kernel
from gnn.arrays.csr import Index, Pointer

Rows = NDArray[np.float32]


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
def sum_scaled(indptr: Pointer, indices: Index, scale: NDArray[np.float32], values: Rows) -> Rows:
    """For each row the sum over its links of `scale[i] * values[i]`: the gradient of `mean_over`, with the links turned round."""
    rows, width = len(indptr) - 1, values.shape[1]
    out = np.zeros((rows, width), dtype=np.float32)
    for row in range(rows):
        into = out[row]
        for position in range(indptr[row], indptr[row + 1]):
            other = indices[position]
            factor = scale[other]
            source = values[other]
            for column in range(width):
                into[column] += factor * source[column]
    return out


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
