"""Errors of the graph model: each carries a stable code and says what to do next. `api/errors.py` maps the codes outwards."""

import traceback
from collections.abc import Sequence
from pathlib import Path


class GuanxiError(Exception):
    """An expected failure. `code` is stable and documented; the message is for people and holds no personal data."""

    code = "internal"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        if code is not None:
            self.code = code


class InvalidValue(GuanxiError):
    """A value that its property type refuses. `reason` is a stable code such as `id.checksum`; the value is not repeated."""

    code = "invalid_value"

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class UnknownName(GuanxiError):
    """A node type, relationship type or property that the schema does not declare."""

    code = "unknown_name"


class NotFound(GuanxiError):
    code = "not_found"


class NotKnownThen(NotFound):
    """What was asked for is known, but was not at the moment asked about."""

    code = "not_known_then"


class Forbidden(GuanxiError):
    code = "forbidden"


class InvalidRequest(GuanxiError):
    """Options that make no sense together or lie outside their bounds."""

    code = "invalid_request"


class StoreError(GuanxiError):
    """The store can't do what was asked; nothing was half written."""

    code = "store_failed"


class StoreMissing(StoreError):
    code = "store_missing"

    def __init__(self, where: str) -> None:
        super().__init__(f"There is no graph at {where}. Load one with `guanxi ingest FILES`, or try `guanxi demo`.")


class StoreLocked(StoreError):
    code = "store_locked"

    def __init__(self, where: str, holder: str) -> None:
        super().__init__(f"{where} is held for writing by {holder}. Wait for it to end or stop it, then try again.")


class StoreLoading(StoreError):
    """A first load is at work, or was broken off: relationships are not filed at their ends yet."""

    code = "store_loading"

    def __init__(self) -> None:
        super().__init__(
            "The graph is being loaded for the first time: relationships can be followed once that is through. Wait for it. Where no load is at "
            "work, one was broken off: run the same `guanxi ingest` again, or start `guanxi serve`, which files what is there."
        )


class StoreNewer(StoreError):
    code = "store_newer"

    def __init__(self, where: str, found: int, known: int) -> None:
        super().__init__(
            f"{where} was written by a newer Guanxi (store version {found}; this one knows up to {known}). Upgrade Guanxi."
        )


class StoreReadOnly(StoreError):
    code = "store_read_only"

    def __init__(self, where: str) -> None:
        super().__init__(f"{where} can't be written to. Check the permissions of the file and of its folder.")


class StoreFull(StoreError):
    code = "store_full"

    def __init__(self, where: str) -> None:
        super().__init__(
            f"The disk that holds {where} is full. What was committed before is safe: free some space and run the command again."
        )


class StoreCorrupt(StoreError):
    code = "store_corrupt"

    def __init__(self, where: str | Path, findings: Sequence[str] = ()) -> None:
        """`findings` say what is damaged; no value of a row is among them."""
        told = f" ({'; '.join(findings)})" if len(findings) > 0 else ""
        super().__init__(
            f"{where} is damaged or is no Guanxi graph{told}. `guanxi doctor` says where; `guanxi restore BACKUP` puts back one that "
            "`guanxi backup` made."
        )
        self.findings = tuple(findings)


class StoreUnavailable(StoreError):
    """The engine does not answer (a server that is down, a time-out)."""

    code = "store_unavailable"


class StoreTimeout(StoreError):
    """A read that was stopped at its deadline."""

    code = "store_timeout"

    def __init__(self) -> None:
        super().__init__(
            "The graph did not answer in time and the read was stopped. Ask for less, or try again in a moment."
        )


class CapabilityMissing(StoreError):
    """What this engine declares that it can't do."""

    code = "capability_missing"


def where(error: BaseException) -> dict[str, object]:
    """What may be logged of an error: its type and its place, and our own words. Others' (in a store's error, a driver's) may hold a value."""
    ours = isinstance(error, GuanxiError) and not isinstance(error, StoreError)
    frames = traceback.extract_tb(error.__traceback__)[-6:]
    return {
        "error": type(error).__name__,
        "at": [f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno}" for frame in frames],
        **({"words": str(error)} if ours else {}),
    }
