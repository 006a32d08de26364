"""The audit chain: every line's digest covers the line before, so a changed, removed or reordered line is found. Pure."""

import hashlib
from collections.abc import Iterable

import orjson

from graph_model.errors import InvalidRequest
from graph_model.records import AuditEntry

GENESIS = "0" * 64


def digest(previous: str, entry: AuditEntry) -> str:
    """SHA-256 over the previous digest and the canonical form of a line (its own digest left out)."""
    body = {
        "sequence": entry.sequence,
        "at": entry.at.isoformat(timespec="milliseconds"),
        "actor": entry.actor,
        "role": entry.role,
        "operation": entry.operation,
        "subjects": list(entry.subjects),
        "result": entry.result,
        "detail": dict(entry.detail),
    }
    return hashlib.sha256(previous.encode() + orjson.dumps(body, option=orjson.OPT_SORT_KEYS)).hexdigest()


def first_break(entries: Iterable[AuditEntry], *, previous: str = GENESIS, after: int = 0) -> int | None:
    """The sequence of the first line that was changed or is not where it belongs; None when the chain is whole. `previous` is the digest of
    line `after`. Asks for a line only when those before it follow one from the other."""
    for expected, entry in enumerate(entries, start=after + 1):
        if entry.sequence != expected or digest(previous, entry) != entry.digest:
            return expected
        previous = entry.digest
    return None


def require_following(entries: Iterable[AuditEntry], sequence: int, previous: str) -> None:
    """Raises InvalidRequest where `entries` do not go on from line `sequence`, whose digest is `previous`."""
    broken = first_break(entries, previous=previous, after=sequence)
    if broken is not None:
        raise InvalidRequest(
            f"The audit chain is broken at line {broken}, so it can't be continued. Look with guanxi audit verify."
        )
