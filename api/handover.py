"""Handovers: who was signed on elsewhere waits under a code, for a minute, to be fetched once by the UI that the browser comes back to.

The code travels in a URL, so it is worth nothing by itself: it is fetched with the verifier whose SHA-256 the UI sent along at the start (as in PKCE).
One small file each in the home folder: whichever server process takes the file away has taken the handover.
"""

import base64
import hashlib
import hmac
import os
import secrets
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

import orjson

from api.oidc_errors import OidcRefused

FOLDER = "handovers"
HELD = timedelta(minutes=1)


class Handovers:
    """Times are given, so that it can be tested."""

    def __init__(self, home: Path) -> None:
        self._folder = home / FOLDER

    def give(self, user: str, role: str, *, challenge: str, now: datetime) -> str:
        """The code under which `take` finds them."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        self._forget_expired(now)
        code = secrets.token_urlsafe(32)
        until = (now + HELD).timestamp()
        descriptor = os.open(self._path(code), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(orjson.dumps([user, role, challenge, until]))
        return code

    def take(self, code: str, verifier: str, *, now: datetime) -> tuple[str, str]:
        """User and role, once. Raises OidcRefused oidc.code."""
        refused = OidcRefused("oidc.code", "The log-in was not finished in time, or already. Log in again.")
        try:
            data = self._path(code).read_bytes()
            self._path(code).unlink()  # of two that come at once, one fails here
            user, role, challenge, until = orjson.loads(data)
        except (FileNotFoundError, ValueError) as exc:
            raise refused from exc
        if until <= now.timestamp() or not hmac.compare_digest(challenge_of(verifier), challenge):
            raise refused
        return str(user), str(role)

    def _path(self, code: str) -> Path:
        return self._folder / hashlib.sha256(code.encode()).hexdigest()

    def _forget_expired(self, now: datetime) -> None:
        for path in self._folder.iterdir():
            with suppress(FileNotFoundError):
                if path.stat().st_mtime < (now - 10 * HELD).timestamp():
                    path.unlink()


def challenge_of(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")
