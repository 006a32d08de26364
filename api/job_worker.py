"""`python -m api.job_worker ID`: the process of one job. It tells how far it is in the store, and ends between stages when it is asked to."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from api import job_marketing
from api.audit_chain import verify
from api.bootstrap import audit_head
from api.errors import describe
from api.gate import policy_of
from api.job_records import (
    CANCEL_PREFIX,
    MOST_KEPT,
    PREFIX,
    STARTING,
    WAITING,
    Job,
    JobKind,
    JobStatus,
    newest,
    parse,
    read,
)
from api.job_subjects import require_still
from api.logs import configure, log
from api.process_identity import identify
from api.settings import Settings
from graph_model.errors import GuanxiError, NotFound, StoreError, StoreLocked, where
from graph_model.moments import whole
from graph_model.services.backups import note_backup
from graph_model.services.segments.computing import Outcome as SegmentOutcome
from graph_model.services.segments.computing import compute as compute_segments
from graph_model.services.tags.computing import Outcome as TagOutcome
from graph_model.services.tags.computing import base_date_of, compute
from graph_model.store import GraphStore, OnProgress, utc_now
from graph_model.stores import open_store

BEAT_SECONDS = 2.0
LOOK_SECONDS = 0.5  # between two looks whether somebody still has the store
TURN_SECONDS = 2.0  # between two looks whether its turn in the line has come
ALONE = frozenset({JobKind.SCORE, JobKind.TRAIN, JobKind.TAGS, JobKind.SEGMENT})  # need the store to themselves
END_TRIES = 60  # of writing how a job ended, each of which waits for its turn in the store


class Cancelled(Exception):
    """Somebody asked the job to end."""


class Told:
    """The job's record, kept up to date: at every stage at once, and at every beat of the heart. May be used from both threads.

    A store that is busy or full for a moment keeps nobody from working: what could not be told is told at the next beat.
    """

    def __init__(self, store: GraphStore, job: Job, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._clock = clock
        self._lock = threading.Lock()
        self._job = job
        self._stop = threading.Event()
        self.cancelled = threading.Event()

    def begin(self, pid: int) -> None:
        process = identify(pid)
        self._tell(status=JobStatus.RUNNING, pid=pid, host=process.host, place=process.place, began=process.began)
        threading.Thread(target=self._beat, daemon=True, name="heartbeat").start()

    def progress(self, stage: str, done: int, total: int) -> None:
        """Raises Cancelled where that was asked: between two stages or pieces, so nothing is half done. What is complete is not cancelled."""
        if self.cancelled.is_set() and not 0 < total <= done:
            raise Cancelled
        with self._lock:
            new = stage != self._job.stage
            self._job = replace(self._job, stage=stage, done=done, total=total)
        if new:
            self._tell()

    @property
    def waits(self) -> bool:
        """Whether the work itself has told nothing yet, and so has done nothing."""
        return not self._job.at_work

    def end(self, status: JobStatus, message: str) -> None:
        """Raises a StoreError where the store could not be written to for minutes."""
        self._stop.set()
        with self._lock:
            self._job = self._job.ended(status, message, now=whole(self._clock()))
            for tried in range(1, END_TRIES + 1):
                try:
                    self._store.put_state(PREFIX + self._job.id, self._job.dump())
                    return
                except StoreError as exc:
                    log.warning("job.end_failed", code=exc.code, tried=tried)
                    if tried == END_TRIES:
                        raise
                    time.sleep(BEAT_SECONDS)

    def _beat(self) -> None:
        while not self._stop.wait(BEAT_SECONDS):
            self._tell()

    def _tell(self, **changed: object) -> None:
        with self._lock:
            if self._stop.is_set():
                return
            self._job = replace(self._job, heartbeat_at=whole(self._clock()), **changed)  # type: ignore[arg-type]
            try:
                standing = self._store.state(PREFIX + self._job.id)
                if (
                    standing is not None and not parse(standing).open
                ):  # given up meanwhile: somebody else may be at work
                    self.cancelled.set()
                    self._stop.set()
                    return
                self._store.swap_state(PREFIX + self._job.id, expected=standing, value=self._job.dump())
                if self._store.state(CANCEL_PREFIX + self._job.id) is not None:
                    self.cancelled.set()
            except GuanxiError as exc:
                log.warning("job.heartbeat_failed", code=exc.code)


Work = Callable[[GraphStore, Settings, datetime, OnProgress], str]  # what a job does; returns how it ended, in words


def run(store: GraphStore, settings: Settings, job_id: str, *, clock: Callable[[], datetime], pid: int) -> JobStatus:
    """Does one job and tells of it. Raises NotFound for a job that was never started."""
    text = store.state(PREFIX + job_id)
    if text is None:
        raise NotFound("There is no such job.")
    job = parse(text)
    told = Told(store, job, clock)
    signal.signal(signal.SIGTERM, lambda *_: told.cancelled.set())
    signal.signal(signal.SIGINT, lambda *_: told.cancelled.set())
    if store.state(CANCEL_PREFIX + job_id) is not None:
        told.cancelled.set()
    told.begin(pid)
    try:
        told.progress(STARTING, 0, 0)
        status, message = JobStatus.DONE, _done(store, settings, job, clock, told)
    except Cancelled:
        status, message = JobStatus.CANCELLED, "Cancelled. What was committed before stays."
    except Exception as exc:  # the boundary of the process: whatever it is, the job's record says that it failed
        described = describe(exc)
        status, message = JobStatus.FAILED, f"[{described.code}] {described.message}"
        log.error("job.failed", job=job_id, code=described.code, **where(exc))
    told.end(status, message)
    log.info("job.ended", job=job_id, status=status.value)
    return status


def _done(store: GraphStore, settings: Settings, job: Job, clock: Callable[[], datetime], told: Told) -> str:
    """Does it when its turn has come, and as soon as nobody else has the store to themselves, if whoever asked for it still may."""
    while len(ahead := _ahead(store, job, clock())) > 0:
        while any(_open(store, each, clock()) for each in ahead):
            told.progress(WAITING, 0, 0)
            time.sleep(TURN_SECONDS)
    while True:
        try:
            if job.line:
                require_still(settings, job, now=clock())
                return job_marketing.MARKETING[job.kind](store, settings, job, lambda: whole(clock()), told.progress)
            return WORK[job.kind](store, settings, whole(clock()), told.progress)
        except StoreLocked:
            if not told.waits or job.kind not in ALONE:
                raise
        told.progress(WAITING, 0, 0)
        time.sleep(LOOK_SECONDS)


def _ahead(store: GraphStore, job: Job, now: datetime) -> Sequence[str]:
    """Who came before and is still in the same line, by id; and who came later and is at work, because the record of this one was late to be seen."""
    if not job.line:
        return ()
    others = (each for each in newest(store, limit=MOST_KEPT, now=now) if each.open and each.line == job.line)
    return [each.id for each in others if each.id < job.id or (each.id > job.id and each.at_work)]


def _open(store: GraphStore, job_id: str, now: datetime) -> bool:
    found = read(store, job_id, now=now)
    return found is not None and found.open


def _score(store: GraphStore, settings: Settings, now: datetime, on_progress: OnProgress) -> str:
    return _scored(store, settings, now, on_progress, retrain=False)


def _train(store: GraphStore, settings: Settings, now: datetime, on_progress: OnProgress) -> str:
    return _scored(store, settings, now, on_progress, retrain=True)


def _scored(store: GraphStore, settings: Settings, now: datetime, on_progress: OnProgress, *, retrain: bool) -> str:
    from gnn.score import score

    # Who started the job is in its record and in the audit chain.
    by, models = f"a job ({JobKind.TRAIN if retrain else JobKind.SCORE})", settings.model_folder
    done = score(store, as_of=now, scored_at=now, models=models, retrain=retrain, by=by, on_progress=on_progress)
    trained = " (just trained)" if done.trained else ""
    return f"{done.customers:,} customers, {done.rings:,} rings; model {done.model_version}{trained}, policy {done.policy_version}."


def _backup(store: GraphStore, settings: Settings, now: datetime, on_progress: OnProgress) -> str:
    folder = settings.home / "backups"
    folder.mkdir(mode=0o700, exist_ok=True)
    target = folder / f"guanxi-{now:%Y%m%dT%H%M%S}Z.db"
    store.backup(target, on_progress=on_progress)
    note_backup(store, now=now)
    return f"Written to {folder.name}/{target.name} in the home folder."


def _check(store: GraphStore, settings: Settings, now: datetime, on_progress: OnProgress) -> str:
    on_progress("graph", 0, 0)
    store.check(thorough=True)
    on_progress("audit lines", 0, 0)
    last = verify(store, audit_head(settings, store.address), on_progress=on_progress)
    return f"The graph is sound, and so are the {last.sequence:,} lines of its audit chain."


def _tags(store: GraphStore, settings: Settings, now: datetime, on_progress: OnProgress) -> str:
    by = f"a job ({JobKind.TAGS})"
    base_date = base_date_of(now)
    done = compute(store, base_date=base_date, by=by, clock=utc_now, on_progress=on_progress)
    return f"{_told(f'tags of {base_date}', done)} {_segments(store, settings, by, on_progress)}".rstrip()


def _segments(store: GraphStore, settings: Settings, by: str, on_progress: OnProgress) -> str:
    """After the tags, which they read. Between the two a job of marketing, or a load, may have come in: then when it is through."""
    while True:
        try:
            done = compute_segments(store, policy_of(settings), by=by, clock=utc_now, on_progress=on_progress)
        except StoreLocked:
            on_progress(WAITING, 0, 0)
            time.sleep(LOOK_SECONDS)
        else:
            return _told("segments", done) if len(done) > 0 else ""


def _told(what: str, outcomes: Sequence[TagOutcome | SegmentOutcome]) -> str:
    """Those that failed are not named: whoever sees jobs need not know of every tag."""
    failed = sum(outcome.failed for outcome in outcomes)
    current = sum(outcome.run is None for outcome in outcomes)
    told = f"{len(outcomes) - current - failed} {what} computed, {current} were current."
    return told if failed == 0 else f"{told} {failed} failed: their last runs say why."


WORK: Mapping[JobKind, Work] = {
    JobKind.SCORE: _score,
    JobKind.TRAIN: _train,
    JobKind.BACKUP: _backup,
    JobKind.CHECK: _check,
    JobKind.TAGS: _tags,
}


def main() -> int:
    settings = Settings()
    configure(settings.log_level)
    store = open_store(settings.store_address)
    try:
        status = run(store, settings, sys.argv[1], clock=utc_now, pid=os.getpid())
    finally:
        store.close()
    return 0 if status in (JobStatus.DONE, JobStatus.CANCELLED) else 1


if __name__ == "__main__":
    sys.exit(main())
