"""API keys: what machines send in place of a session. Kept as HMACs in the home folder, shown once, changed by `guanxi keys`.

The HMAC's own key is derived from the server's secret: another secret makes every key worthless.
"""

import hmac
import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from api.key_records import Key, KeyRefused, KeyTrouble, State, dump_keys, load_keys
from api.logs import log
from api.private_files import KeptFile
from api.secrets import derived
from api.users import NAME
from graph_model.principal import RIGHTS, Right, Role

FILE_NAME = "keys.json"
USES = "key-uses"
PREFIX = "gx_"
LONGEST = 128
USE_NOTED = timedelta(minutes=1)  # a use is noted at most so often
LETTERS = "abcdefghijkmnpqrstuvwxyz"  # ids are of letters only: a run of digits could be taken for a phone


class Keys:
    """The file of keys, and beside it one empty file per key whose time tells the last use: noting a use never touches the keys."""

    def __init__(self, home: Path, secret: bytes) -> None:
        self._path = home / FILE_NAME
        self._uses = home / USES
        self._hmac_key = derived(secret, "API keys")
        self._made_with = self._digest("which secret")[:12]
        self._noted: dict[str, datetime] = {}
        self._file = KeptFile[Mapping[str, Key]](self._path, load=self._load, dump=dump_keys, empty={})

    def check(self, text: str, *, now: datetime) -> Key:
        """The good key of this text. Raises KeyRefused."""
        key_id = text.removeprefix(PREFIX).partition("_")[0] if len(text) <= LONGEST else ""
        key = self._file.read().get(key_id)
        matches = hmac.compare_digest(self._digest(text), key.digest if key is not None else self._digest(""))
        if key is None or not matches:
            raise KeyRefused
        state = self.state(key, now=now)
        if state is not State.GOOD:
            log.warning("key.refused", key=key.id, state=state.value)
            raise KeyRefused
        self._note_use(key, now)
        return key

    def create(
        self, name: str, role: str, *, scopes: Sequence[str] = (), expires_at: datetime | None, now: datetime
    ) -> tuple[str, Key]:
        """A new key and its text, which can't be had again. Raises KeyTrouble: key.name, key.exists, key.scope, user.role."""
        if not NAME.fullmatch(name):
            raise KeyTrouble(
                "A key's name has 2 to 32 lower-case letters, digits or any of _ . - and begins with a letter.",
                code="key.name",
            )
        if role not in set(Role):
            raise KeyTrouble(f"There is no role {role!r}. There are: {', '.join(Role)}.", code="user.role")
        rights = RIGHTS[Role(role)]
        beyond = sorted(set(scopes) - rights)
        if len(beyond) > 0:
            raise KeyTrouble(
                f"The role {role} has no right to {', '.join(beyond)}. It has: {', '.join(sorted(rights)) or 'none'}.",
                code="key.scope",
            )
        key_id = "".join(secrets.choice(LETTERS) for _ in range(10))
        text = f"{PREFIX}{key_id}_{secrets.token_urlsafe(32)}"
        narrowed = frozenset(Right(scope) for scope in scopes) if len(scopes) > 0 else None
        key = Key(key_id, name, Role(role), narrowed, self._digest(text), self._made_with, now, expires_at)

        def with_key(keys: Mapping[str, Key]) -> Mapping[str, Key]:
            if any(each.name == name and self.state(each, now=now) is State.GOOD for each in keys.values()):
                raise KeyTrouble(
                    f"There is a good key {name} already. Revoke it first, or choose another name.", code="key.exists"
                )
            return {**keys, key_id: key}

        self._file.change(with_key)
        return text, key

    def revoke(self, name: str, *, now: datetime) -> Sequence[Key]:
        """Revoke the keys of a name, or the one of an id, for good and at once. Raises KeyTrouble where there is none left to revoke."""
        revoked: list[Key] = []

        def without(keys: Mapping[str, Key]) -> Mapping[str, Key]:
            revoked[:] = [
                replace(key, revoked_at=now)
                for key in keys.values()
                if name in (key.name, key.id) and key.revoked_at is None
            ]
            if len(revoked) == 0:
                raise KeyTrouble(f"There is no key {name} to revoke. `guanxi keys list` shows them.")
            return {**keys, **{key.id: key for key in revoked}}

        self._file.change(without)
        return tuple(revoked)

    def all(self) -> Sequence[Key]:
        return tuple(sorted(self._file.read().values(), key=lambda key: (key.name, key.created_at)))

    def state(self, key: Key, *, now: datetime) -> State:
        if key.revoked_at is not None:
            return State.REVOKED
        if key.expires_at is not None and key.expires_at <= now:
            return State.EXPIRED
        return State.GOOD if key.made_with == self._made_with else State.OTHER_SECRET

    def last_used(self, key: Key) -> float | None:
        """When the key was last used, to about a minute, as seconds of the epoch."""
        try:
            return (self._uses / key.id).stat().st_mtime
        except FileNotFoundError:
            return None

    def _note_use(self, key: Key, now: datetime) -> None:
        noted = self._noted.get(key.id)
        if noted is not None and now - noted < USE_NOTED:
            return
        self._noted[key.id] = now
        path = self._uses / key.id
        try:
            self._uses.mkdir(mode=0o700, exist_ok=True)
            path.touch(mode=0o600)
            os.utime(path, (now.timestamp(), now.timestamp()))
        except OSError as exc:  # a full disk keeps no machine out
            log.warning("key.use_not_noted", key=key.id, errno=exc.errno)

    def _digest(self, text: str) -> str:
        return hmac.digest(self._hmac_key, text.encode(), "sha256").hex()

    def _load(self, data: bytes) -> Mapping[str, Key]:
        try:
            return load_keys(data)
        except (ValueError, KeyError, TypeError) as exc:
            raise KeyTrouble(
                f"{self._path} is damaged. Restore it, or delete it and create the keys again.", code="keys.damaged"
            ) from exc
