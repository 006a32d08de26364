"""The referral circles that a server has at hand. They are counted over all referrals at once, so an answer is kept while it is good enough.

Good enough: nothing was written since, or counting took so long that it would be the server's chief occupation otherwise.
"""

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime

from graph_model.moments import whole
from graph_model.services.referrals import Circles, circles_of
from graph_model.store import GraphStore

_KEPT = 4  # moments
_REST = 20  # an answer is kept for so many times as long as it took


@dataclass(frozen=True, slots=True)
class _Counted:
    circles: Circles
    changed_at: datetime | None
    until: float  # of the monotonic clock


class ReferralBook:
    """Thread-safe; of several who ask at once one counts."""

    def __init__(self, secret: bytes) -> None:
        """The secret is the gate's: circles are named by it."""
        self._secret = secret
        self._lock = threading.Lock()
        self._counted: OrderedDict[datetime, _Counted] = OrderedDict()
        self._newest: _Counted | None = None

    def now(self, store: GraphStore, now: datetime) -> Circles:
        """As of now, or of a moment shortly before."""
        with self._lock:
            changed_at = store.statistics().changed_at
            if self._newest is None or not self._is_good(self._newest, changed_at):
                self._newest = self._count(store, whole(now), changed_at)
            return self._newest.circles

    def at(self, store: GraphStore, moment: datetime) -> Circles:
        with self._lock:
            changed_at = store.statistics().changed_at
            found = self._counted.get(moment)
            if found is None or not self._is_good(found, changed_at):
                found = self._count(store, moment, changed_at)
            self._counted.move_to_end(moment)
            return found.circles

    def _is_good(self, found: _Counted, changed_at: datetime | None) -> bool:
        return found.changed_at == changed_at or time.monotonic() < found.until

    def _count(self, store: GraphStore, moment: datetime, changed_at: datetime | None) -> _Counted:
        began = time.monotonic()
        circles = circles_of(store, self._secret, as_of=moment)
        ended = time.monotonic()
        found = _Counted(circles, changed_at, ended + _REST * (ended - began))
        self._counted[moment] = found
        while len(self._counted) > _KEPT:
            self._counted.popitem(last=False)
        return found
