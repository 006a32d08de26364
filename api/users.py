"""The people who may log in: a file of argon2 hashes in the home folder, changed by `guanxi users`, read again whenever it changes."""

import hashlib
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

import orjson
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from api.private_files import KeptFile
from graph_model.errors import GuanxiError
from graph_model.principal import Principal, Role

FILE_NAME = "users.json"
LEAST_PASSWORD = 10
LONGEST_PASSWORD = 256
# One lane: a log-in must not take every core. Above OWASP's least for argon2id.
HASHER = PasswordHasher(time_cost=3, memory_cost=32 * 1024, parallelism=1)
NAME = re.compile(r"[a-z][a-z0-9_.\-]{1,31}")


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

    @property
    def generation(self) -> str:
        """Sessions are bound to it: another role or another password makes another one. Says nothing of the password (the hash is salted)."""
        text = f"{self.name}\n{self.role}\n{self.password_hash}"
        return hashlib.sha256(text.encode()).hexdigest()[:24]


@cache
def _nobody() -> str:
    """Verified against when a name is unknown, so that the time taken doesn't tell which names exist."""
    return HASHER.hash(os.urandom(16).hex())


class Users:
    """The password file."""

    def __init__(self, home: Path) -> None:
        path = home / FILE_NAME
        self._file = KeptFile[Mapping[str, User]](path, load=lambda data: _load(path, data), dump=_dump, empty={})

    def find(self, name: str) -> User | None:
        return self._file.read().get(name)

    def all(self) -> Sequence[User]:
        return tuple(sorted(self._file.read().values(), key=lambda user: user.name))

    def verify(self, name: str, password: str) -> User | None:
        """The user with this password; None for a wrong name and a wrong password alike. Takes some 50 ms of CPU by design."""
        user = self.find(name.strip().lower())
        try:
            matches = HASHER.verify(_nobody() if user is None else user.password_hash, password)
        except (VerificationError, InvalidHashError):
            return None
        return user if matches else None

    def add(self, name: str, role: str, password: str, *, now: datetime, replace: bool = False) -> User:
        """Raises UserError: user.name, user.role, user.password, or user.exists unless `replace`, which ends the user's sessions."""
        if not NAME.fullmatch(name):
            raise UserError(
                "A user name has 2 to 32 lower-case letters, digits or any of _ . - and begins with a letter.",
                code="user.name",
            )
        if role not in set(Role):
            raise UserError(f"There is no role {role!r}. There are: {', '.join(Role)}.", code="user.role")
        if not LEAST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
            raise UserError(f"A password has {LEAST_PASSWORD} to {LONGEST_PASSWORD} characters.", code="user.password")
        if name in self._file.read() and not replace:
            raise _exists(name)
        user = User(name, Role(role), HASHER.hash(password), now.isoformat(timespec="seconds"))

        def with_user(users: Mapping[str, User]) -> Mapping[str, User]:
            if name in users and not replace:  # another process was quicker
                raise _exists(name)
            return {**users, name: user}

        self._file.change(with_user)
        return user

    def remove(self, name: str) -> None:
        """Raises UserError for an unknown name. The user's sessions end at once."""

        def without_user(users: Mapping[str, User]) -> Mapping[str, User]:
            if name not in users:
                raise UserError(f"There is no user {name}. `guanxi users list` shows them.")
            return {each: user for each, user in users.items() if each != name}

        self._file.change(without_user)


def _exists(name: str) -> UserError:
    return UserError(f"There is a user {name} already. Remove it first, or pass --replace.", code="user.exists")


def _load(path: Path, data: bytes) -> Mapping[str, User]:
    try:
        rows = orjson.loads(data)["users"]
        return {
            row["name"]: User(row["name"], Role(row["role"]), row["password_hash"], row["created_at"]) for row in rows
        }
    except (ValueError, KeyError, TypeError) as exc:
        raise UserError(
            f"{path} is damaged. Restore it, or delete it and add the users again.", code="users.damaged"
        ) from exc


def _dump(users: Mapping[str, User]) -> bytes:
    body = {"version": 1, "users": [asdict(users[name]) for name in sorted(users)]}
    return orjson.dumps(body, option=orjson.OPT_INDENT_2)
