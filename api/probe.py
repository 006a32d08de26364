"""The probe: one thread of its own that looks whether the store answers, so that a look is neither queued behind operations nor adds to a pile."""

import asyncio
import threading
import time
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass

from api.metrics import Metrics
from graph_model.store import GraphStore, Statistics


@dataclass(frozen=True, slots=True)
class Look:
    """What a look at the store found."""

    seconds: float
    statistics: Statistics


class StoreProbe:
    """Whoever asks while a look is under way is told of that one. A store that hangs keeps one thread, however often it is asked."""

    def __init__(self, store: GraphStore, metrics: Metrics) -> None:
        self._store = store
        self._metrics = metrics
        self._lock = threading.Lock()
        self._under_way: Future[Look] | None = None
        self._since = 0.0
        self._latest = float("-inf")

    async def look(self, seconds: float) -> Look | None:
        """None where the store doesn't answer within `seconds`, counted from the beginning of the look. Raises what the store raises."""
        future, since = self._begin()
        waiter = asyncio.wrap_future(future)
        left = max(0.0, since + seconds - time.monotonic())
        done, _ = await asyncio.wait({waiter}, timeout=left)
        if len(done) == 0:
            self._metrics.store(time.monotonic() - since, None)
            return None
        return waiter.result()

    async def refresh(self, *, older_than: float, seconds: float) -> None:
        """Bring the store's metrics up to date, where the latest look is old."""
        if time.monotonic() - self._latest > older_than:
            with suppress(Exception):  # a boundary: the look has told the metrics, which is all that is wanted here
                await self.look(seconds)

    def _begin(self) -> "tuple[Future[Look], float]":
        with self._lock:
            if self._under_way is None:
                self._under_way, self._since = Future(), time.monotonic()
                self._under_way.set_running_or_notify_cancel()  # who waits may give up, the look may not
                threading.Thread(target=self._run, args=(self._under_way,), name="store probe", daemon=True).start()
            return self._under_way, self._since

    def _run(self, future: "Future[Look]") -> None:
        begun = time.perf_counter()
        try:
            self._store.check()
            seconds = time.perf_counter() - begun
            look = Look(seconds, self._store.statistics())
            self._metrics.store(seconds, look.statistics)
        except Exception as exc:  # a boundary: handed to whoever waits
            self._end()
            self._metrics.store(time.perf_counter() - begun, None)
            future.set_exception(exc)
        else:
            self._end()
            future.set_result(look)

    def _end(self) -> None:
        with self._lock:
            self._under_way, self._latest = None, time.monotonic()
