"""The head of the audit chain, signed and kept in the home folder, outside the store: who cuts the last lines off the chain is found by it.

It lags behind the chain by a second at most, and is never moved past a chain that no longer holds it. It is made while the chain is empty, and by
`guanxi audit seal`; a head that is missing later was taken away, and no server makes another.
"""

import fcntl
import hashlib
import hmac
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import orjson

from graph_model.audit import GENESIS
from graph_model.errors import GuanxiError
from graph_model.records import AuditEntry


class Lines(Protocol):
    """What is read of a store here."""

    @property
    def address(self) -> str: ...

    def audit(self, *, after: int = 0, limit: int = 1_000) -> list[AuditEntry]: ...


class HeadUnusable(GuanxiError):
    """There is no head of this chain, or one that this server's secret didn't sign."""

    code = "audit.head"


class ChainCut(GuanxiError):
    """The chain no longer holds the line that the head names."""

    code = "audit.cut"

    def __init__(self, sequence: int) -> None:
        super().__init__(
            f"The audit chain ended at line {sequence} or later once, and that line is gone or another. Compare the graph with a backup. "
            "Where it was restored from one on purpose, run `guanxi audit seal`."
        )


MISSING = (
    "No signed head of this audit chain is in the home folder, so nobody can tell whether its last lines are there. For a copy, or a chain that "
    "no server has written to yet, use --without-head; otherwise look who removed it. `guanxi audit seal` makes a new one."
)


@dataclass(frozen=True, slots=True)
class Head:
    """The last line that was known; before the first it is 0 and GENESIS."""

    sequence: int
    digest: str


class HeadFile:
    """One per home and store address. `written` is the address as the settings have it: earlier versions named the file after that."""

    def __init__(self, home: Path, address: str, key: bytes, *, written: str = "") -> None:
        self.path = home / _name(address)
        self._key = key
        self._earlier = [home / _name(other) for other in (written, *_relative(address)) if other not in ("", address)]

    def read(self) -> Head | None:
        """None where there is no file. Raises HeadUnusable for one that was not written with this key."""
        if self.path.exists():
            return self._read(self.path)
        earlier = [head for path in self._earlier if (head := self._read(path)) is not None]
        return max(earlier, key=lambda head: head.sequence, default=None)

    def begin(self, store: Lines) -> None:
        """Make the head of a chain that has no line yet, and none of any other. Before who is to move it writes the first line."""
        with self._locked():
            if self.read() is None and len(store.audit(limit=1)) == 0:
                self._write(Head(0, GENESIS))

    def advance(self, store: Lines, entry: AuditEntry) -> None:
        """Name a later line. Raises ChainCut, leaving the head as it is, where the chain doesn't hold the line named before, and HeadUnusable
        where no head says which that was."""
        with self._locked():
            kept = self.read()
            if kept is None:
                raise HeadUnusable(MISSING)
            require(store, kept)
            if kept.sequence < entry.sequence:
                self._write(Head(entry.sequence, entry.digest))

    def seal(self, head: Head) -> None:
        """Name a line whatever was named before."""
        with self._locked():
            self._write(head)

    def _write(self, head: Head) -> None:
        body = {"sequence": head.sequence, "digest": head.digest, "signature": self._sign(head, self.path.name)}
        draft = self.path.with_name(f"{self.path.name}.{os.getpid()}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            os.write(descriptor, orjson.dumps(body))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        draft.replace(self.path)
        for path in self._earlier:
            path.unlink(missing_ok=True)

    def _read(self, path: Path) -> Head | None:
        try:
            kept = orjson.loads(path.read_bytes())
            head = Head(int(kept["sequence"]), str(kept["digest"]))
            if hmac.compare_digest(str(kept["signature"]), self._sign(head, path.name)):
                return head
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError):
            pass
        raise HeadUnusable(
            f"{path.name} in the home folder was not signed by this server's secret. Look who changed it; "
            "`guanxi audit seal` makes a new one."
        )

    def _sign(self, head: Head, name: str) -> str:
        return hmac.new(self._key, f"{name} {head.sequence} {head.digest}".encode(), hashlib.sha256).hexdigest()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        descriptor = os.open(
            self.path.with_name(f"{self.path.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
        )
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def require(store: Lines, head: Head) -> None:
    """Raises ChainCut where the chain doesn't hold the line of the head."""
    if head.sequence == 0:
        return
    found = store.audit(after=head.sequence - 1, limit=1)
    if len(found) == 0 or found[0].sequence != head.sequence or found[0].digest != head.digest:
        raise ChainCut(head.sequence)


def _name(address: str) -> str:
    return f"audit-head-{hashlib.sha256(address.encode()).hexdigest()[:12]}"


def _relative(address: str) -> list[str]:
    """How a file's address may have been written from a folder above it."""
    scheme, colon, path = address.partition(":///")
    parts = Path(path).parts[1:] if path.startswith("/") else ()
    return [f"{scheme}{colon}{'/'.join(parts[first:])}" for first in range(len(parts))]
