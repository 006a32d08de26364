"""Compilation of the kernels: one decorator, so that every kernel is compiled and cached alike; and how many of them run at once.

Kernels compile when first called and are cached on disk beside the code, so that only the first run on a machine pays. They release the
GIL. Floating point stays strict: the same input gives the same bytes on a machine, which the models' content hashes rely on.
"""

import os
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import numba

P = ParamSpec("P")
R = TypeVar("R")


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile `function` with numba on first use."""
    compiled: Callable[P, R] = numba.njit(cache=True, nogil=True)(function)
    return compiled


def cores() -> int:
    """How many threads whole-graph work is shared out to: OMP_NUM_THREADS, as for the libraries; left out, every core that the process may use."""
    told = os.environ.get("OMP_NUM_THREADS", "")
    if told.isdigit() and int(told) > 0:
        return int(told)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
