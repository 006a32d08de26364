"""The head of the audit chain, signed and kept in the home folder, outside the store: who cuts the last lines off the chain is found by it.

It lags behind the chain by a second at most, and is never moved past a chain that no longer holds it.
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

from api.logs import log
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


@dataclass(frozen=True, slots=True)
class Head:
    """The last line that was known."""

    sequence: int
    digest: str


class HeadFile:
    """One per home and store address."""

    def __init__(self, home: Path, address: str, key: bytes) -> None:
        name = hashlib.sha256(address.encode()).hexdigest()[:12]
        self.path = home / f"audit-head-{name}"
        self._key = key

    def read(self) -> Head | None:
        """None where there is no file. Raises HeadUnusable for one that was not written with this key."""
        try:
            kept = orjson.loads(self.path.read_bytes())
            head = Head(int(kept["sequence"]), str(kept["digest"]))
            if hmac.compare_digest(str(kept["signature"]), self._sign(head)):
                return head
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError):
            pass
        raise HeadUnusable(
            f"{self.path.name} in the home folder was not signed by this server's secret. Look who changed it; "
            "`guanxi audit seal` makes a new one."
        )

    def advance(self, store: Lines, entry: AuditEntry) -> None:
        """Name a later line. Raises ChainCut, leaving the head as it is, where the chain doesn't hold the line named before."""
        with self._locked():
            kept = self.read()
            if kept is None:
                log.warning("audit.head_made", sequence=entry.sequence)  # expected once, at the chain's beginning
            else:
                require(store, kept)
            if kept is None or kept.sequence < entry.sequence:
                self._write(Head(entry.sequence, entry.digest))

    def seal(self, head: Head) -> None:
        """Name a line whatever was named before."""
        with self._locked():
            self._write(head)

    def _write(self, head: Head) -> None:
        body = {"sequence": head.sequence, "digest": head.digest, "signature": self._sign(head)}
        draft = self.path.with_name(f"{self.path.name}.{os.getpid()}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            os.write(descriptor, orjson.dumps(body))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        draft.replace(self.path)

    def _sign(self, head: Head) -> str:
        return hmac.new(
            self._key, f"{self.path.name} {head.sequence} {head.digest}".encode(), hashlib.sha256
        ).hexdigest()

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
    found = store.audit(after=head.sequence - 1, limit=1)
    if len(found) == 0 or found[0].sequence != head.sequence or found[0].digest != head.digest:
        raise ChainCut(head.sequence)
