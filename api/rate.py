"""Rate: a bucket of tokens per principal. An operation takes out what it costs; who has too little left waits. In memory, per process."""

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from graph_model.errors import GuanxiError

REMEMBERED = 10_000  # principals; the one that asked longest ago is forgotten first


class RateLimited(GuanxiError):
    code = "rate.limited"

    def __init__(self, seconds: int) -> None:
        super().__init__(f"Too much was asked in a short time. Try again in {seconds} seconds.")
        self.retry_after = seconds


class Buckets:
    """Each holds `capacity` at first and gets `refill` per second back."""

    def __init__(self, capacity: float, refill: float, *, seconds: Callable[[], float] = time.monotonic) -> None:
        self._capacity = capacity
        self._refill = refill
        self._seconds = seconds
        self._lock = threading.Lock()
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()  # what was left, and when

    def charge(self, name: str, cost: float) -> None:
        """Raises RateLimited, taking nothing, where less is left than `cost`."""
        now = self._seconds()
        with self._lock:
            level = self._level(name, now)
            if level < cost:
                raise RateLimited(max(1, math.ceil((min(cost, self._capacity) - level) / self._refill)))
            self._keep(name, level - cost, now)

    def fine(self, name: str, cost: float) -> None:
        """Take out what a request cost that was refused; the bucket may be left owing."""
        now = self._seconds()
        with self._lock:
            self._keep(name, max(self._level(name, now) - cost, -self._capacity), now)

    def _level(self, name: str, now: float) -> float:
        level, since = self._levels.get(name, (self._capacity, now))
        return min(self._capacity, level + (now - since) * self._refill)

    def _keep(self, name: str, level: float, now: float) -> None:
        self._levels[name] = (level, now)
        self._levels.move_to_end(name)
        while len(self._levels) > REMEMBERED:
            self._levels.popitem(last=False)
