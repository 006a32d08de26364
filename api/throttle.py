"""Throttle: how often a log-in may fail before it has to wait. One small file that all server processes of the machine share.

A file under a lock, rather than memory or the store: memory is one process's own, and whether somebody may guess on must not depend on a store that is
busy, read-only or elsewhere. Every attempt is counted before its password is looked at and taken back when it was right, so that any number sent at
once still get no more than FAILURES guesses. Names are kept as keyed hashes: people type their passwords into the wrong field.
"""

import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import orjson

from api.private_files import changing, replace
from graph_model.errors import GuanxiError

FILE_NAME = "log-in-attempts.json"
FAILURES = 5
WINDOW = timedelta(minutes=5)
REMEMBERED = 10_000  # names; the ones not tried for longest are forgotten first

Attempts = dict[str, list[float]]


class LoginThrottled(GuanxiError):
    code = "login.throttled"

    def __init__(self, seconds: int) -> None:
        super().__init__(f"Too many failed log-ins. Try again in {seconds} seconds.")


class Throttle:
    """Counts attempts by name (not by address: the UI forwards everybody's log-in from its own). Times are given, so that it can be tested."""

    def __init__(self, home: Path, key: bytes) -> None:
        self._path = home / FILE_NAME
        self._key = key

    def count(self, name: str, *, now: datetime) -> None:
        """Count an attempt that is about to be made. Raises LoginThrottled, counting nothing, after FAILURES within WINDOW."""
        mark = self._mark(name)
        with changing(self._path):
            attempts = _recent(self._read(), now)
            made = attempts.pop(mark, [])
            if len(made) >= FAILURES:
                raise LoginThrottled(max(1, int(made[0] + WINDOW.total_seconds() - now.timestamp())))
            attempts[mark] = [*made, now.timestamp()]  # last, as the most recent
            kept = dict(list(attempts.items())[-REMEMBERED:])
            replace(self._path, orjson.dumps(kept))

    def succeeded(self, name: str) -> None:
        """Forget the attempts of a name whose password was right."""
        with changing(self._path):
            attempts = self._read()
            if attempts.pop(self._mark(name), None) is not None:
                replace(self._path, orjson.dumps(attempts))

    def _mark(self, name: str) -> str:
        return hmac.digest(self._key, name.encode(), "sha256").hex()[:32]

    def _read(self) -> Attempts:
        try:
            found = orjson.loads(self._path.read_bytes())
        except (
            FileNotFoundError,
            orjson.JSONDecodeError,
        ):  # a damaged file is begun anew: nobody is locked out for ever
            return {}
        return found if isinstance(found, dict) else {}


def _recent(attempts: Mapping[str, Sequence[float]], now: datetime) -> Attempts:
    since = (now - WINDOW).timestamp()
    recent = {mark: [at for at in times if at > since] for mark, times in attempts.items()}
    return {mark: times for mark, times in recent.items() if len(times) > 0}
