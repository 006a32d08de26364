"""Compilation of the kernels: one decorator, so that every kernel is compiled and cached alike.

Kernels compile when first called and are cached on disk beside the code, so that only the first run on a machine pays. They release the
GIL. Floating point stays strict: the same input gives the same bytes on a machine, which the models' content hashes rely on.
"""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

import numba

P = ParamSpec("P")
R = TypeVar("R")


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile `function` with numba on first use."""
    compiled: Callable[P, R] = numba.njit(cache=True, nogil=True)(function)
    return compiled
