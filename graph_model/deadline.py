"""The deadline of what runs now: set where a request comes in, kept by whoever may take long. It follows the context into worker threads."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from graph_model.errors import StoreTimeout

_deadline: ContextVar[float | None] = ContextVar("deadline", default=None)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Everything inside is to end within so many seconds; an outer deadline that is nearer stands."""
    mine = time.monotonic() + seconds
    outer = _deadline.get()
    token = _deadline.set(mine if outer is None else min(mine, outer))
    try:
        yield
    finally:
        _deadline.reset(token)


def seconds_left() -> float | None:
    """Seconds to the deadline, negative when it is past; None without one."""
    deadline = _deadline.get()
    return None if deadline is None else deadline - time.monotonic()


def keep() -> None:
    """Called between the steps of a long read. Raises StoreTimeout where the deadline is past."""
    left = seconds_left()
    if left is not None and left <= 0:
        raise StoreTimeout
