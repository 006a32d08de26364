"""Workers: a bounded number of threads in which operations run, so that no store call blocks the event loop; what doesn't fit is refused."""

import contextvars
from collections.abc import Callable
from typing import TypeVar

import anyio
import anyio.to_thread

from graph_model.errors import GuanxiError

T = TypeVar("T")


class Overloaded(GuanxiError):
    code = "overloaded"

    def __init__(self) -> None:
        super().__init__("The server has more to do than it can. Nothing was done.")


class Workers:
    """At most `threads` operations at once and `waiting` in line."""

    def __init__(self, threads: int, waiting: int) -> None:
        self._threads = threads
        self._waiting = waiting
        self._limiter: anyio.CapacityLimiter | None = None

    async def run(self, function: Callable[[], T]) -> T:
        """Raises Overloaded when the line is full."""
        if self._limiter is None:  # made inside the event loop that uses it
            self._limiter = anyio.CapacityLimiter(self._threads)
        if self._limiter.statistics().tasks_waiting >= self._waiting and self._limiter.available_tokens < 1:
            raise Overloaded
        context = contextvars.copy_context()
        return await anyio.to_thread.run_sync(lambda: context.run(function), limiter=self._limiter)
