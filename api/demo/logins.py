"""The demo's users: one per role that has something to see, with passwords made once and kept beside the made-up data, readable by their owner only."""

import os
import secrets
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import orjson

from api.users import Users
from graph_model.principal import Role

FILE_NAME = "demo-logins.json"
PEOPLE = (
    ("investigator", Role.INVESTIGATOR, ""),
    ("supervisor", Role.SUPERVISOR, ""),
    ("scientist", Role.DATA_SCIENTIST, ""),
    ("marketer", Role.MARKETER, "/tags"),
    ("operator", Role.OPERATOR, ""),
)


@dataclass(frozen=True, slots=True)
class DemoLogin:
    """`page`: where they land, where that is not the search."""

    name: str
    role: Role
    password: str
    page: str


def demo_logins(home: Path, *, now: datetime) -> list[DemoLogin]:
    """The log-ins of this home; made at the first run, the same ever after."""
    users, path = Users(home), home / FILE_NAME
    kept: dict[str, str] = orjson.loads(path.read_bytes()) if path.exists() else {}
    logins = [DemoLogin(name, role, kept.get(name) or secrets.token_urlsafe(9), page) for name, role, page in PEOPLE]
    for login in logins:
        if users.find(login.name) is None or login.name not in kept:
            users.add(login.name, login.role, login.password, now=now, replace=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(orjson.dumps({login.name: login.password for login in logins}, option=orjson.OPT_INDENT_2))
    return logins
