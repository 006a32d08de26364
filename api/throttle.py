"""Throttle: how often a log-in may fail before it has to wait. In memory, per process; times are given, so that it can be tested."""

import threading
from collections import OrderedDict, deque
from datetime import datetime, timedelta

from graph_model.errors import GuanxiError

FAILURES = 5
WINDOW = timedelta(minutes=5)
REMEMBERED = 10_000  # names; the ones not tried for longest are forgotten first


class LoginThrottled(GuanxiError):
    code = "login.throttled"

    def __init__(self, seconds: int) -> None:
        super().__init__(f"Too many failed log-ins. Try again in {seconds} seconds.")


class Throttle:
    """Counts failures by name (not by address: the UI forwards everybody's log-in from its own)."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._failures: OrderedDict[str, deque[datetime]] = OrderedDict()

    def check(self, name: str, *, now: datetime) -> None:
        """Raises LoginThrottled after FAILURES failures within WINDOW."""
        with self._lock:
            failures = self._recent(name, now)
            if len(failures) >= FAILURES:
                raise LoginThrottled(max(1, int((failures[0] + WINDOW - now).total_seconds())))

    def failed(self, name: str, *, now: datetime) -> None:
        with self._lock:
            self._recent(name, now).append(now)
            self._failures.move_to_end(name)
            while len(self._failures) > REMEMBERED:
                self._failures.popitem(last=False)

    def succeeded(self, name: str) -> None:
        with self._lock:
            self._failures.pop(name, None)

    def _recent(self, name: str, now: datetime) -> deque[datetime]:
        failures = self._failures.setdefault(name, deque(maxlen=FAILURES))
        while len(failures) > 0 and failures[0] + WINDOW <= now:
            failures.popleft()
        return failures
