"""Workers: a bounded number of threads in which operations run, so that no store call blocks the event loop; what doesn't fit is refused."""

import asyncio
import contextvars
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from graph_model.errors import GuanxiError

T = TypeVar("T")
OnChange = Callable[[int, int, int], None]  # running, waiting, stuck


class Overloaded(GuanxiError):
    code = "overloaded"
    retry_after = 1

    def __init__(self) -> None:
        super().__init__("The server has more to do than it can. Nothing was done.")


class OperationTimeout(GuanxiError):
    code = "graphql.timeout"

    def __init__(self, seconds: float) -> None:
        super().__init__(
            f"The operation did not end within {seconds:g} seconds. A mutation may still take effect: look before you repeat it."
        )


class Workers:
    """At most `threads` operations at once and `waiting` in line. One that was given up keeps its thread until it ends, so that a store that
    hangs makes the server refuse rather than pile up."""

    def __init__(self, threads: int, waiting: int, *, on_change: OnChange | None = None) -> None:
        self._threads = threads
        self._most = threads + waiting
        self._on_change = on_change
        self._lock = threading.Lock()
        self._taken = 0
        self._stuck = 0
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="operation")

    @property
    def running(self) -> int:
        """Operations that hold a thread now."""
        return min(self._taken, self._threads)

    @property
    def stuck(self) -> int:
        """Operations that were given up and run on."""
        return self._stuck

    async def run(self, function: Callable[[], T], *, seconds: float | None = None) -> T:
        """Raises Overloaded when the line is full, OperationTimeout after `seconds`."""
        self._count(1)
        future = self._executor.submit(contextvars.copy_context().run, function)
        future.add_done_callback(self._ended)
        waiter = asyncio.wrap_future(future)
        done, _ = await asyncio.wait({waiter}, timeout=seconds)
        if len(done) == 0:
            waiter.cancel()
            if not future.cancel():  # it runs: its slot is free when it ends
                with self._lock:
                    self._stuck += 1
                future.add_done_callback(self._came_back)
            raise OperationTimeout(seconds or 0)
        return waiter.result()

    def _ended(self, _: "Future[T]") -> None:
        self._count(-1)

    def _came_back(self, _: "Future[T]") -> None:
        with self._lock:
            self._stuck -= 1
        self._count(0)

    def _count(self, change: int) -> None:
        with self._lock:
            if change > 0 and self._taken >= self._most:
                raise Overloaded
            self._taken += change
            running = min(self._taken, self._threads)
            waiting, stuck = self._taken - running, self._stuck
        if self._on_change is not None:
            self._on_change(running, waiting, stuck)
