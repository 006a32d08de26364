"""Sessions: opaque tokens signed by the server, good for some hours, and the list of those that were logged out before their time."""

import base64
import hmac
import secrets
import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson

from api.private_files import changing, replace
from graph_model.errors import GuanxiError

FILE_NAME = "ended-sessions"


class Unauthenticated(GuanxiError):
    """No token, or one that isn't good (any more)."""

    code = "unauthenticated"


@dataclass(frozen=True, slots=True)
class Session:
    """Who logged in and until when it holds. `bound` is what it stands and falls with (`User.generation`); `serial` names it in the
    list of ended ones."""

    user: str
    role: str
    bound: str
    serial: str
    expires_at: datetime


class Sessions:
    """Makes and checks tokens. Ended sessions are kept in a file, so that every worker and the next start know of them."""

    def __init__(self, key: bytes, home: Path, *, lifetime: timedelta) -> None:
        self._key = key
        self._path = home / FILE_NAME
        self._lifetime = lifetime
        self._lock = threading.Lock()
        self._read_at: tuple[int, int, int] | None = None
        self._ended: set[str] = set()

    def begin(self, user: str, role: str, *, bound: str, now: datetime) -> tuple[str, Session]:
        expires_at = (now + self._lifetime).replace(microsecond=0)
        session = Session(user, role, bound, secrets.token_hex(8), expires_at)
        body = orjson.dumps([user, role, bound, session.serial, int(expires_at.timestamp())])
        return f"{_text(body)}.{_text(self._sign(body))}", session

    def check(self, token: str, *, now: datetime) -> Session:
        """Raises Unauthenticated, in the same words whatever is wrong with the token."""
        head, _, tail = token.partition(".")
        try:
            body, signature = _bytes(head), _bytes(tail)
            if not hmac.compare_digest(self._sign(body), signature):
                raise Unauthenticated("The session is not valid. Log in.")
            user, role, bound, serial, expires = orjson.loads(body)
        except ValueError as exc:
            raise Unauthenticated("The session is not valid. Log in.") from exc
        session = Session(user, role, bound, serial, datetime.fromtimestamp(expires, UTC))
        if session.expires_at <= now or serial in self._ended_now():
            raise Unauthenticated("The session has ended. Log in again.")
        return session

    def end(self, session: Session) -> None:
        """Log out: the token is worthless from now on."""
        with changing(self._path), self._path.open("a", encoding="ascii") as file:
            file.write(f"{session.serial} {int(session.expires_at.timestamp())}\n")

    def _ended_now(self) -> set[str]:
        try:
            status = self._path.stat()
        except FileNotFoundError:
            return set()
        stamp = (status.st_mtime_ns, status.st_ino, status.st_size)
        with self._lock:
            if stamp != self._read_at:
                lines = self._path.read_text(encoding="ascii").splitlines()
                self._ended, self._read_at = {line.partition(" ")[0] for line in lines}, stamp
            return self._ended

    def forget_expired(self, *, now: datetime) -> None:
        """Drop ended sessions whose tokens have expired anyway; called when a server starts."""
        if not self._path.exists():
            return
        with changing(self._path):
            lines = self._path.read_text(encoding="ascii").splitlines()
            kept = [line for line in lines if int(line.partition(" ")[2] or 0) > now.timestamp()]
            replace(self._path, "".join(f"{line}\n" for line in kept).encode("ascii"))

    def _sign(self, body: bytes) -> bytes:
        return hmac.digest(self._key, body, "sha256")


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
