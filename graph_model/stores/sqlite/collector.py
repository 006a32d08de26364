"""The garbage collector during large writes: they make many objects and no cycles, and looking for cycles among them is a quarter of their time."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_MANY = 1_000


@contextmanager
def without_collector(rows: int) -> Iterator[None]:
    """Leaves it alone for small writes, and where the caller has switched it off."""
    pause = rows > _MANY and gc.isenabled()
    if pause:
        gc.disable()
    try:
        yield
    finally:
        if pause:
            gc.enable()
