"""The audit chain as the command line reads it: line by line, with what breaks it."""

from collections.abc import Iterator

from api.audit_head import ChainCut, Head, HeadFile, HeadUnusable
from graph_model.audit import GENESIS, digest
from graph_model.errors import GuanxiError
from graph_model.records import AuditEntry
from graph_model.store import GraphStore, OnProgress

TOLD_EVERY = 1_000


class AuditBroken(GuanxiError):
    """A line of the audit chain that does not follow from the one before."""

    code = "audit.broken"

    def __init__(self, line: int) -> None:
        super().__init__(
            f"Line {line} of the audit chain was changed, removed or moved. Compare the graph with a backup."
        )


def lines(store: GraphStore, *, after: int = 0) -> Iterator[AuditEntry]:
    while len(entries := store.audit(after=after)) > 0:
        yield from entries
        after = entries[-1].sequence


def verify(store: GraphStore, head: HeadFile | None, *, on_progress: OnProgress | None = None) -> Head:
    """The last line of a whole chain. Raises AuditBroken with the first line that doesn't follow, ChainCut where the last ones are gone,
    HeadUnusable where no head says which was the last. Without a head (a copy, another home) only what is there is looked at."""
    # Read first: lines that are written meanwhile only make the chain longer.
    signed = head.read() if head is not None else None
    last, at_head = Head(0, GENESIS), GENESIS
    for entry in lines(store):
        if entry.sequence != last.sequence + 1:
            raise AuditBroken(last.sequence + 1)
        if digest(last.digest, entry) != entry.digest:
            raise AuditBroken(entry.sequence)
        last = Head(entry.sequence, entry.digest)
        if signed is not None and entry.sequence == signed.sequence:
            at_head = entry.digest
        if on_progress is not None and entry.sequence % TOLD_EVERY == 0:
            on_progress("audit lines", entry.sequence, 0 if signed is None else max(signed.sequence, entry.sequence))
    if signed is not None and at_head != signed.digest:
        raise ChainCut(signed.sequence)
    if head is not None and signed is None and last.sequence > 0:
        raise HeadUnusable(
            "No signed head of this audit chain is in the home folder, so nobody can tell whether its last lines are there. For a copy, or a "
            "chain that no server has written to yet, use --without-head; otherwise look who removed it. `guanxi audit seal` makes a new one."
        )
    return last
