"""Jobs as the store keeps them: one small text per job, which its own process rewrites as it goes on, so that any server can tell how far it is."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

import orjson

from api.process_identity import Process, is_here, is_running
from graph_model.store import GraphStore

PREFIX = "job/"
CANCEL_PREFIX = "job-cancel/"
KEPT = 200  # newest jobs that are remembered
SILENT = timedelta(seconds=60)  # a heart that has not beaten for so long is reported
GONE = timedelta(minutes=5)  # and a job whose process can't be looked up here is taken for dead


class JobKind(StrEnum):
    SCORE = "score"  # with the current model
    TRAIN = "train"  # a new model, then score
    BACKUP = "backup"
    CHECK = "check"  # read all of the graph and the audit chain
    TAGS = "tags"  # compute all tags of the daily schedule for today


class JobStatus(StrEnum):
    QUEUED = "queued"  # its process is starting
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    LOST = "lost"  # its process is gone without a word


OPEN = frozenset({JobStatus.QUEUED, JobStatus.RUNNING})


@dataclass(frozen=True, slots=True)
class Job:
    """`stage`, `done` and `total` (0 where it can't be known) say how far it is; `message` how it ended."""

    id: str
    kind: JobKind
    status: JobStatus
    started_by: str
    started_at: datetime
    heartbeat_at: datetime
    stage: str = ""
    done: int = 0
    total: int = 0
    finished_at: datetime | None = None
    message: str = ""
    host: str = ""
    pid: int = 0  # 0 until its process speaks
    place: str = ""  # with `began`, which process the pid means: see process_identity
    began: str = ""

    @property
    def open(self) -> bool:
        return self.status in OPEN

    def stuck(self, now: datetime) -> bool:
        """It should be at work, but has not been heard of for a while."""
        return self.open and now - self.heartbeat_at > SILENT

    @property
    def process(self) -> Process:
        return Process(self.pid, self.host, self.place, self.began)

    def gone(self, now: datetime) -> bool:
        """It should be at work, but its process has ended, or is out of sight and has not been heard of for minutes."""
        if not self.open:
            return False
        if is_here(self.process) and self.pid != 0:
            if not is_running(self.process):
                return True
            if self.process.certain:
                return False
        return now - self.heartbeat_at > (GONE if self.pid != 0 or not is_here(self.process) else SILENT)

    def ended(self, status: JobStatus, message: str, *, now: datetime) -> "Job":
        return replace(self, status=status, message=message, finished_at=now, heartbeat_at=now)

    def dump(self) -> str:
        return orjson.dumps(asdict(self)).decode()


def parse(text: str) -> Job:
    kept = orjson.loads(text)
    moments = {
        name: None if kept[name] is None else datetime.fromisoformat(kept[name])
        for name in ("started_at", "heartbeat_at", "finished_at")
    }
    return Job(**{**kept, **moments, "kind": JobKind(kept["kind"]), "status": JobStatus(kept["status"])})


def read(store: GraphStore, job_id: str, *, now: datetime) -> Job | None:
    """A job as it is; one whose process is gone is set to lost on the way."""
    text = store.state(PREFIX + job_id)
    return None if text is None else _seen(store, text, now)


def newest(store: GraphStore, *, limit: int, now: datetime) -> Sequence[Job]:
    return [_seen(store, text, now) for text in store.states(PREFIX, limit=limit).values()]


def forget_old(store: GraphStore) -> None:
    """Keeps the newest."""
    for name, text in list(store.states(PREFIX, limit=KEPT + 100).items())[KEPT:]:
        if not parse(text).open:
            store.swap_state(name, expected=text, value=None)


def _seen(store: GraphStore, text: str, now: datetime) -> Job:
    job = parse(text)
    if not job.gone(now):
        return job
    lost = job.ended(JobStatus.LOST, "Its process is gone. What it had committed is kept; start it again.", now=now)
    if store.swap_state(PREFIX + job.id, expected=text, value=lost.dump()):
        return lost
    standing = store.state(PREFIX + job.id)  # it has spoken after all
    return lost if standing is None else parse(standing)
