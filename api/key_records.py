"""What is kept of an API key, and the file format it is kept in. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import orjson

from graph_model.errors import GuanxiError
from graph_model.principal import MACHINE, Principal, Right, Role

LIFETIME = re.compile(r"(\d{1,4})([hdw])")


class KeyRefused(GuanxiError):
    """A key that is not good; the same words whatever is wrong with it."""

    code = "key.refused"

    def __init__(self) -> None:
        super().__init__("The API key is unknown, expired or revoked. Ask the operator for a new one.")


class KeyTrouble(GuanxiError):
    """A key that can't be made, found or read; the code says which."""

    code = "key.unknown"


class State(StrEnum):
    GOOD = "good"
    EXPIRED = "expired"
    REVOKED = "revoked"
    OTHER_SECRET = "made with another secret"


@dataclass(frozen=True, slots=True)
class Key:
    """One key, without what it takes to use it. `scopes` None: all rights of the role."""

    id: str
    name: str
    role: Role
    scopes: frozenset[Right] | None
    digest: str
    made_with: str  # which secret the digest was made with
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None = None

    @property
    def principal(self) -> Principal:
        return Principal(f"{MACHINE}{self.name}", self.role, self.scopes)


def lifetime(text: str) -> timedelta | None:
    """`12h`, `90d`, `52w`; None for `never`. Raises KeyTrouble key.expires."""
    if text == "never":
        return None
    found = LIFETIME.fullmatch(text)
    if found is None or int(found[1]) == 0:
        raise KeyTrouble(
            "An expiry is a number of hours, days or weeks such as 12h, 90d, 52w; or never.", code="key.expires"
        )
    return int(found[1]) * {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}[found[2]]


def load_keys(data: bytes) -> Mapping[str, Key]:
    """By id. Raises ValueError, KeyError or TypeError where the file is damaged."""
    return {row["id"]: _key(row) for row in orjson.loads(data)["keys"]}


def _key(row: Mapping[str, str | list[str] | None]) -> Key:
    scopes = row["scopes"]
    return Key(
        id=str(row["id"]),
        name=str(row["name"]),
        role=Role(str(row["role"])),
        scopes=None if scopes is None else frozenset(Right(scope) for scope in scopes),
        digest=str(row["hmac"]),
        made_with=str(row["madeWith"]),
        created_at=datetime.fromisoformat(str(row["createdAt"])),
        expires_at=_moment(row["expiresAt"]),
        revoked_at=_moment(row["revokedAt"]),
    )


def _moment(value: str | list[str] | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(str(value))


def dump_keys(keys: Mapping[str, Key]) -> bytes:
    rows = [
        {
            "id": key.id,
            "name": key.name,
            "role": key.role,
            "scopes": None if key.scopes is None else sorted(key.scopes),
            "hmac": key.digest,
            "madeWith": key.made_with,
            "createdAt": key.created_at.isoformat(timespec="seconds"),
            "expiresAt": key.expires_at and key.expires_at.isoformat(timespec="seconds"),
            "revokedAt": key.revoked_at and key.revoked_at.isoformat(timespec="seconds"),
        }
        for key in keys.values()
    ]
    return orjson.dumps({"version": 1, "keys": rows}, option=orjson.OPT_INDENT_2)
