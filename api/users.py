"""The people who may log in: a file of argon2 hashes in the home folder, changed by `guanxi users`, read again whenever it changes."""

import os
import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

import orjson
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from api.secrets import ensure_home
from graph_model.errors import GuanxiError
from graph_model.principal import Principal, Role

FILE_NAME = "users.json"
LEAST_PASSWORD = 10
LONGEST_PASSWORD = 256
# One lane: a log-in must not take every core. Above OWASP's least for argon2id.
HASHER = PasswordHasher(time_cost=3, memory_cost=32 * 1024, parallelism=1)
_NAME = re.compile(r"[a-z][a-z0-9_.\-]{1,31}")


class UserError(GuanxiError):
    """A user that can't be added, found or read; the code says which."""

    code = "user.unknown"


@dataclass(frozen=True, slots=True)
class User:
    name: str
    role: Role
    password_hash: str
    created_at: str  # ISO 8601, UTC

    @property
    def principal(self) -> Principal:
        return Principal(self.name, self.role)


@cache
def _nobody() -> str:
    """Verified against when a name is unknown, so that the time taken doesn't tell which names exist."""
    return HASHER.hash(os.urandom(16).hex())


class Users:
    """The password file. Every change replaces it whole, so a reader never sees half of one."""

    def __init__(self, home: Path) -> None:
        self._path = home / FILE_NAME
        self._lock = threading.Lock()
        self._read_at: tuple[int, int] | None = None
        self._users: Mapping[str, User] = {}

    def find(self, name: str) -> User | None:
        return self._current().get(name)

    def all(self) -> Sequence[User]:
        return tuple(sorted(self._current().values(), key=lambda user: user.name))

    def verify(self, name: str, password: str) -> User | None:
        """The user with this password; None for a wrong name and a wrong password alike. Takes some 50 ms of CPU by design."""
        user = self.find(name.strip().lower())
        try:
            matches = HASHER.verify(_nobody() if user is None else user.password_hash, password)
        except (VerificationError, InvalidHashError):
            return None
        return user if matches else None

    def add(self, name: str, role: str, password: str, *, now: datetime, replace: bool = False) -> User:
        """Raises UserError: user.name, user.role, user.password, or user.exists unless `replace`."""
        if not _NAME.fullmatch(name):
            raise UserError(
                "A user name has 2 to 32 lower-case letters, digits or any of _ . - and begins with a letter.",
                code="user.name",
            )
        if role not in set(Role):
            raise UserError(f"There is no role {role!r}. There are: {', '.join(Role)}.", code="user.role")
        if not LEAST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
            raise UserError(f"A password has {LEAST_PASSWORD} to {LONGEST_PASSWORD} characters.", code="user.password")
        users = dict(self._current())
        if name in users and not replace:
            raise UserError(f"There is a user {name} already. Remove it first, or pass --replace.", code="user.exists")
        user = User(name, Role(role), HASHER.hash(password), now.isoformat(timespec="seconds"))
        users[name] = user
        self._write(users)
        return user

    def remove(self, name: str) -> None:
        """Raises UserError for an unknown name. The user's sessions end at once."""
        users = dict(self._current())
        if users.pop(name, None) is None:
            raise UserError(f"There is no user {name}. `guanxi users list` shows them.")
        self._write(users)

    def _current(self) -> Mapping[str, User]:
        try:
            status = self._path.stat()
        except FileNotFoundError:
            return {}
        stamp = (status.st_mtime_ns, status.st_ino)
        with self._lock:
            if stamp != self._read_at:
                self._users, self._read_at = self._read(), stamp
            return self._users

    def _read(self) -> Mapping[str, User]:
        try:
            rows = orjson.loads(self._path.read_bytes())["users"]
            return {
                row["name"]: User(row["name"], Role(row["role"]), row["password_hash"], row["created_at"])
                for row in rows
            }
        except (ValueError, KeyError, TypeError) as exc:
            raise UserError(
                f"{self._path} is damaged. Restore it, or delete it and add the users again.", code="users.damaged"
            ) from exc

    def _write(self, users: Mapping[str, User]) -> None:
        ensure_home(self._path.parent)
        draft = self._path.with_name(f"{FILE_NAME}.{os.getpid()}")
        body = {"version": 1, "users": [asdict(users[name]) for name in sorted(users)]}
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(orjson.dumps(body, option=orjson.OPT_INDENT_2))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._path)
