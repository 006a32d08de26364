"""Idempotency: under one key one thing is done once, whoever asks how often and whatever crashes in between.

A key is reserved in the store by an atomic swap, together with a digest of what was asked and the moment that everything done under it is dated.
A reservation is held for some time; whoever repeats after its holder is gone takes it over, with that same moment, and ends with the same result.
Names and digests are keyed hashes: a client's key may say whom it is about.
"""

import hashlib
import hmac
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from graph_model.deadline import seconds_left
from graph_model.errors import GuanxiError, InvalidRequest
from graph_model.store import GraphStore

LONGEST_KEY = 200
HELD = timedelta(seconds=30)  # longer than any request may run
WAIT_SECONDS = 5.0
_POLL_SECONDS = 0.05
_FREE = datetime(1970, 1, 1, tzinfo=UTC)


class IdempotencyConflict(GuanxiError):
    code = "idempotency.conflict"

    def __init__(self) -> None:
        super().__init__("This idempotency key was used for something else. Take a new key for another application.")


class IdempotencyInProgress(GuanxiError):
    code = "idempotency.in_progress"
    retry_after = 1

    def __init__(self) -> None:
        super().__init__(
            "The same is being done under this key right now. Repeat it in a moment: the answer will be one."
        )


@dataclass(frozen=True, slots=True)
class Reservation:
    """A key that is ours for now. Whatever is done under it is dated `at`."""

    name: str
    digest: str
    at: datetime
    text: str  # as it stands in the store


@dataclass(frozen=True, slots=True)
class Done:
    """What was answered under a key."""

    answer: dict[str, Any]


class Idempotency:
    """The keys of one principal. `clock` is the product's; waiting is real time."""

    def __init__(self, store: GraphStore, principal: str, *, secret: bytes, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._principal = principal
        self._secret = secret
        self._clock = clock

    def reserve(self, key: str, asked: object, *, now: datetime) -> Reservation | Done:
        """Raises InvalidRequest idempotency.key, IdempotencyConflict where something else was asked under the key, or
        IdempotencyInProgress where another is still at it after some seconds."""
        if not 1 <= len(key) <= LONGEST_KEY or not key.isprintable() or key.isspace():
            raise InvalidRequest(
                f"An idempotency key has 1 to {LONGEST_KEY} printable characters.", code="idempotency.key"
            )
        name = f"idempotency/{self._principal}/{hashlib.sha256(key.encode()).hexdigest()}"
        digest = self._digest(asked)
        until = time.monotonic() + min(WAIT_SECONDS, seconds_left() or WAIT_SECONDS)
        while True:
            text = self._store.state(name)
            if text is None:
                reserved = self._reserved(name, digest, now)
                if self._store.swap_state(name, expected=None, value=reserved.text):
                    return reserved
                continue
            known = orjson.loads(text)
            if not hmac.compare_digest(known["digest"], digest):
                raise IdempotencyConflict
            if known["answer"] is not None:
                return Done(known["answer"])
            if datetime.fromisoformat(known["until"]) <= self._clock():
                taken = self._reserved(name, digest, datetime.fromisoformat(known["at"]))
                if self._store.swap_state(name, expected=text, value=taken.text):
                    return taken
                continue
            if time.monotonic() >= until:
                raise IdempotencyInProgress
            time.sleep(_POLL_SECONDS)

    def complete(self, reservation: Reservation, answer: dict[str, Any]) -> dict[str, Any]:
        """Keeps the answer, for good. Returns the one that stands: that of another, where one took over meanwhile."""
        text = _text(reservation.digest, reservation.at, _FREE, answer)
        if self._store.swap_state(reservation.name, expected=reservation.text, value=text):
            return answer
        standing = self._store.state(reservation.name)
        kept: dict[str, Any] | None = None if standing is None else orjson.loads(standing)["answer"]
        return answer if kept is None else kept

    def give_up(self, reservation: Reservation, *, began: bool) -> None:
        """Frees the key at once: as if it had never been asked, or, where something was written, to be finished with the same moment."""
        text = _text(reservation.digest, reservation.at, _FREE, None) if began else None
        self._store.swap_state(reservation.name, expected=reservation.text, value=text)

    def _reserved(self, name: str, digest: str, at: datetime) -> Reservation:
        return Reservation(name, digest, at, _text(digest, at, self._clock() + HELD, None))

    def _digest(self, asked: object) -> str:
        text = orjson.dumps(asked, option=orjson.OPT_SORT_KEYS)
        return hmac.new(self._secret, text, hashlib.sha256).hexdigest()


def _text(digest: str, at: datetime, until: datetime, answer: dict[str, Any] | None) -> str:
    return orjson.dumps({"digest": digest, "at": at, "until": until, "answer": answer}).decode()
