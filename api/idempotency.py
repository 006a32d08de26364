"""Idempotency: under one key one thing is done once, whoever asks how often and whatever crashes in between.

A key is reserved in the store by an atomic swap, together with a digest of what was asked and the moment that everything done under it is dated.
A reservation is held for some time; whoever repeats after its holder is gone takes it over, with that same moment, and ends with the same result.
Names and digests are keyed hashes: a client's key may say whom it is about. What an answer leaves in the graph is written by `settle`, in one
transaction with the word that it is: whoever finds an answer that isn't settled settles it.
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
from graph_model.records import GraphBatch
from graph_model.store import GraphStore

LONGEST_KEY = 200
WRITING = timedelta(seconds=30)  # for what a request writes after its time is up, waiting for other writers included
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
    """A key that is ours for now. What was asked under it was asked first `at`."""

    name: str
    digest: str
    at: datetime
    text: str  # as it stands in the store


@dataclass(frozen=True, slots=True)
class Done:
    """What was answered under a key. Until it is `settled`, what it leaves in the graph may be missing there."""

    name: str
    text: str  # as it stands in the store
    answer: dict[str, Any]
    settled: bool


def held_for(operation_seconds: float) -> timedelta:
    """Longer than a request may run that is given up after so many seconds."""
    return timedelta(seconds=operation_seconds) + WRITING


class Idempotency:
    """The keys of one principal. `clock` is the product's; waiting is real time. `held` is longer than any request may run."""

    def __init__(
        self, store: GraphStore, principal: str, *, secret: bytes, held: timedelta, clock: Callable[[], datetime]
    ) -> None:
        self._store = store
        self._principal = principal
        self._secret = secret
        self._held = held
        self._clock = clock

    def reserve(self, key: str, asked: object, *, now: datetime) -> Reservation | Done:
        """Raises InvalidRequest idempotency.key, IdempotencyConflict where something else was asked under the key, or
        IdempotencyInProgress where another is still at it after some seconds."""
        if not 1 <= len(key) <= LONGEST_KEY or not key.isprintable() or key.isspace():
            raise InvalidRequest(
                f"An idempotency key has 1 to {LONGEST_KEY} printable characters.", code="idempotency.key"
            )
        name = f"idempotency/{self._principal}/{keyed_hash(self._secret, 'key', self._principal, key)}"
        digest = keyed_hash(self._secret, "asked", orjson.dumps(asked, option=orjson.OPT_SORT_KEYS).decode())
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
                return Done(name, text, known["answer"], known["settled"])
            if datetime.fromisoformat(known["until"]) <= self._clock():
                taken = self._reserved(name, digest, datetime.fromisoformat(known["at"]))
                if self._store.swap_state(name, expected=text, value=taken.text):
                    return taken
                continue
            if time.monotonic() >= until:
                raise IdempotencyInProgress
            time.sleep(_POLL_SECONDS)

    def complete(self, reservation: Reservation, answer: dict[str, Any]) -> Done:
        """Keeps the answer, for good. Returns the one that stands: that of another, where one took over meanwhile."""
        text = _text(reservation.digest, reservation.at, _FREE, answer)
        if self._store.swap_state(reservation.name, expected=reservation.text, value=text):
            return Done(reservation.name, text, answer, settled=False)
        standing = self._store.state(reservation.name)
        known = None if standing is None else orjson.loads(standing)
        if standing is None or known is None or known["answer"] is None:
            raise IdempotencyInProgress  # who took over is at it, and the answer will be theirs
        return Done(reservation.name, standing, known["answer"], known["settled"])

    def settle(self, done: Done, left: GraphBatch) -> None:
        """Writes what the answer leaves in the graph, together with the word that it is written."""
        self._store.upsert(left, state={done.name: orjson.dumps({**orjson.loads(done.text), "settled": True}).decode()})

    def give_up(self, reservation: Reservation, *, began: bool) -> None:
        """Frees the key at once: as if it had never been asked, or, where something was written, to be finished with the same moment."""
        text = _text(reservation.digest, reservation.at, _FREE, None) if began else None
        self._store.swap_state(reservation.name, expected=reservation.text, value=text)

    def _reserved(self, name: str, digest: str, at: datetime) -> Reservation:
        return Reservation(name, digest, at, _text(digest, at, self._clock() + self._held, None))


def keyed_hash(secret: bytes, use: str, *parts: str) -> str:
    """Of texts, for one use; without the secret nobody can try whether a text is the one that was hashed."""
    return hmac.new(secret, orjson.dumps([use, *parts]), hashlib.sha256).hexdigest()


def _text(digest: str, at: datetime, until: datetime, answer: dict[str, Any] | None) -> str:
    return orjson.dumps({"digest": digest, "at": at, "until": until, "answer": answer, "settled": False}).decode()
