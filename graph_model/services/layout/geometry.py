"""Geometry shared by the layouts: sizes in canvas pixels, and arrays of points."""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SPACING = 72.0  # least distance between two nodes: the largest node is 56 wide, and its label wants air
CLEAR = 1.005 * SPACING  # what layouts aim at, so that rounding can't bring two nodes nearer


def adjacency(count: int, edges: Ints) -> csr_array:
    """The undirected graph as a sparse matrix of ones, without loops and parallel edges. `edges` has shape [m, 2]."""
    kept = edges[edges[:, 0] != edges[:, 1]]
    rows, cols = np.concatenate([kept[:, 0], kept[:, 1]]), np.concatenate([kept[:, 1], kept[:, 0]])
    matrix = csr_array((np.ones(len(rows)), (rows, cols)), shape=(count, count))
    matrix.sum_duplicates()
    matrix.data[:] = 1.0
    return matrix


def neighbours(matrix: csr_array, node: int) -> Ints:
    found: Ints = matrix.indices[matrix.indptr[node] : matrix.indptr[node + 1]].astype(np.int64)
    return found
