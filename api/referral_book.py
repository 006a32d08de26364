"""The referral circles that a server has at hand. They are counted over all referrals at once, aside of the requests that ask for them.

One thread counts, one moment after the other. Who asks gets the last answer while a newer one is on its way; who asks where there is none yet waits a
little, and is told to come again where that isn't enough. An answer is good while nothing was written since, or while counting anew would be the
server's chief occupation.
"""

import threading
import time
from collections import OrderedDict
from concurrent.futures import Future
from concurrent.futures import TimeoutError as Late
from dataclasses import dataclass
from datetime import datetime

from api.logs import log
from graph_model.deadline import seconds_left
from graph_model.errors import GuanxiError, where
from graph_model.moments import whole
from graph_model.services.referrals import Circles, circles_of
from graph_model.store import GraphStore

_KEPT = 4  # moments
_REST = 20  # an answer is kept for so many times as long as it took
_IN_PASSING = 0.5  # seconds that somebody who could have the last answer waits for a newer one
_PATIENCE = 5.0  # and somebody for whom there is none
_LINE = 8  # moments that may wait for their turn; more are refused
_ENDING = 5.0


class CirclesCounting(GuanxiError):
    code = "circles.counting"
    retry_after = 5

    def __init__(self) -> None:
        super().__init__("The referral circles are being counted for the first time. Ask again in a few seconds.")


class _Ended(Exception):
    """The server goes down while circles are counted."""


@dataclass(frozen=True, slots=True)
class _Counted:
    circles: Circles
    changed_at: datetime | None
    until: float  # of the monotonic clock


class ReferralBook:
    """Thread-safe. The secret is the gate's: circles are named by it."""

    def __init__(self, store: GraphStore, secret: bytes) -> None:
        self._store = store
        self._secret = secret
        self._lock = threading.Lock()
        self._turn = threading.Lock()
        self._ended = threading.Event()
        self._newest: _Counted | None = None
        self._counted: OrderedDict[datetime, _Counted] = OrderedDict()
        self._coming: dict[datetime | None, Future[_Counted]] = {}  # by moment, None for the newest

    def now(self, now: datetime) -> Circles:
        """As of now, or of a moment shortly before. Raises CirclesCounting."""
        return self._found(None, whole(now))

    def at(self, moment: datetime) -> Circles:
        """Raises CirclesCounting."""
        return self._found(moment, moment)

    def close(self) -> None:
        """What is being counted is given up."""
        self._ended.set()
        if self._turn.acquire(timeout=_ENDING):
            self._turn.release()

    def _found(self, key: datetime | None, moment: datetime) -> Circles:
        changed_at = self._store.statistics().changed_at
        with self._lock:
            kept = self._newest if key is None else self._counted.get(key)
            if kept is not None and (kept.changed_at == changed_at or time.monotonic() < kept.until):
                if key is not None:
                    self._counted.move_to_end(key)
                return kept.circles
            if kept is not None and key not in self._coming and len(self._coming) >= _LINE:
                return kept.circles
            coming = self._coming.get(key) or self._begin(key, moment, changed_at)
        try:
            return coming.result(_IN_PASSING if kept is not None else _patience()).circles
        except (Late, GuanxiError) as exc:
            if kept is not None:
                return kept.circles
            if isinstance(exc, GuanxiError):
                raise
            raise CirclesCounting from exc

    def _begin(self, key: datetime | None, moment: datetime, changed_at: datetime | None) -> Future[_Counted]:
        if len(self._coming) >= _LINE:
            raise CirclesCounting
        coming: Future[_Counted] = Future()
        self._coming[key] = coming
        # A thread of its own has no deadline: what a request waits for may take longer than the request.
        threading.Thread(
            target=self._count, args=(coming, key, moment, changed_at), name="referral circles", daemon=True
        ).start()
        return coming

    def _count(
        self, coming: Future[_Counted], key: datetime | None, moment: datetime, changed_at: datetime | None
    ) -> None:
        try:
            with self._turn:
                self._go_on()
                began = time.monotonic()
                circles = circles_of(self._store, self._secret, as_of=moment, on_progress=self._go_on)
                ended = time.monotonic()
            found = _Counted(circles, changed_at, ended + _REST * (ended - began))
            with self._lock:
                if key is None:
                    self._newest = found
                self._counted[moment] = found
                while len(self._counted) > _KEPT:
                    self._counted.popitem(last=False)
                del self._coming[key]
            coming.set_result(found)
        except Exception as exc:  # a boundary: whatever it is, who waits must hear of it
            with self._lock:
                del self._coming[key]
            if not self._ended.is_set():
                log.error("circles.failed", **where(exc))
            coming.set_exception(CirclesCounting() if self._ended.is_set() else exc)

    def _go_on(self, *_: object) -> None:
        if self._ended.is_set():
            raise _Ended


def _patience() -> float:
    left = seconds_left()
    return _PATIENCE if left is None else max(0.0, min(_PATIENCE, left / 2))
