"""The audit trail of one process: records wait together and are committed together, and an operation is answered when its record is committed.

One thread writes. While it commits, the next records gather; so under load a commit holds many, and at rest one. Where another process holds the
store it tries again until a record has waited for PATIENCE. Where a commit fails for another reason, or a record has waited so long, the
operations that waited for it are refused (`audit.unavailable`): nothing is answered that isn't in the chain.
"""

import asyncio
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as Late
from dataclasses import dataclass
from typing import Protocol

from api.audit_head import HeadFile
from api.logs import log
from graph_model.errors import GuanxiError, StoreError, StoreLocked, where
from graph_model.records import AuditEntry, AuditRecord
from graph_model.store import GraphStore

TOGETHER = 500  # records of one commit
LINE = 5_000  # records that may wait; more are refused
PATIENCE = 10.0  # seconds until an operation is refused whose record isn't committed
AGAIN_SECONDS = 0.02  # between two tries of a store that another process holds
NAMED = 20  # requests that the log names of those whose record couldn't be written
HEAD_SECONDS = 1.0


class AuditUnavailable(GuanxiError):
    code = "audit.unavailable"

    def __init__(self) -> None:
        super().__init__("The audit chain can't be written to at the moment.")


class Meter(Protocol):
    """Who counts what is written."""

    def audit_waiting(self, records: int) -> None: ...

    def audit_committed(self, records: int, seconds: float) -> None: ...

    def audit_failed(self, records: int) -> None: ...

    def audit_head(self, good: bool) -> None: ...


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    """A record, who waits for it, and since when."""

    record: AuditRecord
    future: "Future[None]"
    since: float

    @property
    def too_long(self) -> bool:
        return time.monotonic() - self.since >= PATIENCE


class AuditTrail:
    """May be used from any thread. Its own thread begins with the first record and ends with `close`; a later record begins another."""

    def __init__(self, store: GraphStore, head: HeadFile | None, meter: Meter) -> None:
        self._store = store
        self._head = head
        self._meter = meter
        self._changed = threading.Condition()
        self._waiting: list[_Waiting] = []
        self._thread: threading.Thread | None = None
        self._closing = False
        self._begin_head()

    async def write(self, record: AuditRecord) -> None:
        """Returns when the record is committed. Raises AuditUnavailable."""
        waiter = asyncio.wrap_future(self.submit(record))
        done, _ = await asyncio.wait({waiter}, timeout=PATIENCE)
        if len(done) == 0:
            waiter.cancel()
            raise AuditUnavailable
        waiter.result()

    def write_from_thread(self, record: AuditRecord) -> None:
        """The same, for a worker thread. Raises AuditUnavailable."""
        try:
            self.submit(record).result(PATIENCE)
        except Late as exc:
            raise AuditUnavailable from exc

    def close(self) -> None:
        """Commit what waits and move the head to the last line."""
        with self._changed:
            thread, self._closing = self._thread, True
            self._changed.notify_all()
        if thread is not None:
            thread.join(PATIENCE)

    def submit(self, record: AuditRecord) -> "Future[None]":
        future: Future[None] = Future()
        with self._changed:
            if len(self._waiting) >= LINE:
                raise AuditUnavailable
            self._waiting.append(_Waiting(record, future, time.monotonic()))
            if self._thread is None:
                self._closing = False
                self._thread = threading.Thread(target=self._run, name="audit", daemon=True)
                self._thread.start()
            self._changed.notify_all()
        return future

    def _run(self) -> None:
        newest: AuditEntry | None = None  # committed, and not yet in the head
        moved = time.monotonic() - HEAD_SECONDS
        while True:
            with self._changed:
                while len(self._waiting) == 0 and not self._closing:
                    if not self._changed.wait(None if newest is None else HEAD_SECONDS):
                        break
                together, self._waiting = self._waiting[:TOGETHER], self._waiting[TOGETHER:]
                left, ending = len(self._waiting), self._closing and len(together) == 0
                if ending:
                    self._thread = None
            self._meter.audit_waiting(left + len(together))
            newest = self._commit(together) or newest
            if newest is not None and (ending or time.monotonic() - moved >= HEAD_SECONDS):
                self._move_head(newest)
                newest, moved = None, time.monotonic()
            if ending:
                return

    def _commit(self, together: Sequence[_Waiting]) -> AuditEntry | None:
        """The last line that was written. Records that can't be written together are tried in halves: one may be at fault."""
        begun = time.perf_counter()
        while len(together) > 0:
            try:
                entries = self._store.append_audit([each.record for each in together])
            except StoreLocked as exc:  # a long write of another process, which ends some time
                late = [each for each in together if each.too_long]
                self._refuse(late, exc)
                together = [each for each in together if each not in late]
                time.sleep(AGAIN_SECONDS)
                continue
            except Exception as exc:  # a boundary: whatever it is, who waits must hear of it, and the thread goes on
                if len(together) > 1 and not isinstance(exc, StoreError):
                    middle = len(together) // 2
                    first, rest = self._commit(together[:middle]), self._commit(together[middle:])
                    return rest or first
                self._refuse(together, exc)
                return None
            self._meter.audit_committed(len(together), time.perf_counter() - begun)
            for each in together:
                _tell(each.future, None)
            return entries[-1]
        return None

    def _refuse(self, these: Sequence[_Waiting], why: Exception) -> None:
        if len(these) == 0:
            return
        code = why.code if isinstance(why, GuanxiError) else "internal"
        asked = [each.record.detail.get("request_id") for each in these[:NAMED]]
        log.error("audit.failed", records=len(these), code=code, requests=asked, **where(why))
        self._meter.audit_failed(len(these))
        for each in these:
            _tell(each.future, AuditUnavailable())

    def _begin_head(self) -> None:
        """Before the first line of a chain there is a head, so that a head that is missing later was taken away."""
        if self._head is None:
            return
        try:
            self._head.begin(self._store)
        except (GuanxiError, OSError) as exc:
            log.error("audit.head", code=getattr(exc, "code", "file.unusable"), sequence=0)

    def _move_head(self, entry: AuditEntry) -> None:
        if self._head is None:
            return
        try:
            self._head.advance(self._store, entry)
            self._meter.audit_head(True)
        except (GuanxiError, OSError) as exc:
            # Operations go on: `guanxi audit verify` and the metric tell it, and stopping the business is not ours to decide.
            log.error("audit.head", code=getattr(exc, "code", "file.unusable"), sequence=entry.sequence)
            self._meter.audit_head(False)


def _tell(future: "Future[None]", error: AuditUnavailable | None) -> None:
    if future.set_running_or_notify_cancel():  # False where who waited has given up
        if error is None:
            future.set_result(None)
        else:
            future.set_exception(error)


class LogTrail(AuditTrail):
    """For a store that can't be written to (GUANXI_READ_ONLY): the records go to the log instead of the chain."""

    def _commit(self, together: Sequence[_Waiting]) -> AuditEntry | None:
        for each in together:
            record = each.record
            log.info(
                "audit",
                at=record.at.isoformat(),
                actor=record.actor,
                role=record.role,
                operation=record.operation,
                subjects=list(record.subjects),
                result=record.result,
                **record.detail,
            )
            _tell(each.future, None)
        return None
