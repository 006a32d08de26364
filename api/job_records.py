"""Jobs as the store keeps them: one small text per job, which its own process rewrites as it goes on, so that any server can tell how far it is."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import orjson

from api.process_identity import Process, is_here, is_running
from graph_model.principal import Principal, Right, Role
from graph_model.services.audience_records import recipe_of
from graph_model.services.audiences import Draft
from graph_model.store import GraphStore

PREFIX = "job/"
CANCEL_PREFIX = "job-cancel/"
KEPT = 200  # newest jobs that are remembered with a line, and as many without one
MOST_KEPT = 2 * KEPT + 100  # with those that are not forgotten yet
STARTING, WAITING = "starting", "waiting"  # stages before the work's own
SILENT = timedelta(seconds=60)  # a heart that has not beaten for so long is reported
COMPUTING = "computing"  # the line of segments and tags
GONE = timedelta(minutes=5)  # and a job whose process can't be looked up here is taken for dead


class JobKind(StrEnum):
    SCORE = "score"  # with the current model
    TRAIN = "train"  # a new model, then score
    BACKUP = "backup"
    CHECK = "check"  # read all of the graph and the audit chain
    TAGS = "tags"  # compute all tags and segments of the daily schedule for today, or some tags by name
    SEGMENT = "segment"  # compute who is in one segment today
    AUDIENCE = "audience"  # draw a seed audience, or one anew
    SEND = "send"  # post a version of an audience to a receiver


class JobStatus(StrEnum):
    QUEUED = "queued"  # its process is starting
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    LOST = "lost"  # its process is gone without a word


class Vouched(StrEnum):
    """What says that whoever asked for a job may do so, and is looked at again before it is done."""

    USERS = "users"  # the file of people
    KEYS = "keys"  # the file of API keys
    PROVIDER = "provider"  # of single sign-on: nothing of it can be looked at without them
    SHELL = "shell"  # the machine itself: an operator's command


OPEN = frozenset({JobStatus.QUEUED, JobStatus.RUNNING})


@dataclass(frozen=True, slots=True)
class Subject:
    """What a job of marketing is about: tags, or one segment; an audience that is to be (`draft`), or one that is there, and which `version` of it
    goes to which `receiver`."""

    codes: tuple[str, ...] = ()
    audience: str = ""
    draft: Draft | None = None
    version: int = 0
    receiver: str = ""


NOTHING = Subject()


@dataclass(frozen=True, slots=True)
class Job:
    """`stage`, `done` and `total` (0 where it can't be known) say how far it is; `message` how it ended. `role` and `scopes` are of who started it."""

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
    role: str = ""
    scopes: tuple[str, ...] | None = None
    subject: Subject = NOTHING
    vouched: Vouched = Vouched.USERS

    @property
    def open(self) -> bool:
        return self.status in OPEN

    @property
    def at_work(self) -> bool:
        """It has told something of the work itself, and not only that it waits."""
        return self.open and self.stage not in ("", STARTING, WAITING)

    @property
    def line(self) -> str:
        """Jobs of one line are at work one after the other, in the order in which they were asked for. Empty for those of which one alone is started."""
        return line_of(self.kind, self.subject)

    @property
    def principal(self) -> Principal:
        """Who asked: whom services and the audit see, whoever's process does it."""
        scopes = None if self.scopes is None else frozenset(map(Right, self.scopes))
        return Principal(self.started_by, Role(self.role), scopes)

    @property
    def audience(self) -> str:
        """The id of the audience that it is about: one that is drawn has the job's own."""
        return self.id if self.subject.draft is not None else self.subject.audience

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


def line_of(kind: JobKind, subject: Subject) -> str:
    match kind:
        case JobKind.SEGMENT:
            return COMPUTING
        case JobKind.TAGS if len(subject.codes) > 0:
            return COMPUTING
        case JobKind.AUDIENCE:
            return "drawing"
        case JobKind.SEND:
            return f"sending to {subject.receiver}"
        case _:
            return ""


def parse(text: str) -> Job:
    """What a newer version of the product noted besides is left out."""
    kept = _of(Job, orjson.loads(text))
    scopes = kept.pop("scopes", None)
    moments = {
        name: None if kept[name] is None else datetime.fromisoformat(kept[name])
        for name in ("started_at", "heartbeat_at", "finished_at")
    }
    return Job(
        **kept | moments | {
            "kind": JobKind(kept["kind"]),
            "status": JobStatus(kept["status"]),
            "scopes": None if scopes is None else tuple(scopes),
            "subject": _subject(kept.get("subject", {})),
            "vouched": Vouched(kept.get("vouched", Vouched.USERS)),
        }
    )  # fmt: skip


def _subject(kept: Mapping[str, Any]) -> Subject:
    draft = kept.get("draft")
    told = _of(Subject, kept) | {"codes": tuple(kept.get("codes", ()))}
    return Subject(
        **told | {"draft": None if draft is None else Draft(**draft | {"recipe": recipe_of(draft["recipe"])})}
    )


def _of(record: type, kept: Mapping[str, Any]) -> dict[str, Any]:
    known = {field.name for field in fields(record)}
    return {name: value for name, value in kept.items() if name in known}


def read(store: GraphStore, job_id: str, *, now: datetime) -> Job | None:
    """A job as it is; one whose process is gone is set to lost on the way."""
    text = store.state(PREFIX + job_id)
    return None if text is None else _seen(store, text, now)


def newest(store: GraphStore, *, limit: int, now: datetime) -> Sequence[Job]:
    return [_seen(store, text, now) for text in store.states(PREFIX, limit=limit).values()]


def forget_old(store: GraphStore) -> None:
    """Keeps the newest of marketing's, which are many, and the newest of the others: neither are forgotten for the other's sake."""
    seen = dict.fromkeys((False, True), 0)
    for name, text in store.states(PREFIX, limit=MOST_KEPT).items():
        job = parse(text)
        lined = job.line != ""
        seen[lined] += 1
        if seen[lined] > KEPT and not job.open and store.swap_state(name, expected=text, value=None):
            asked = store.state(CANCEL_PREFIX + job.id)
            if asked is not None:
                store.swap_state(CANCEL_PREFIX + job.id, expected=asked, value=None)


def _seen(store: GraphStore, text: str, now: datetime) -> Job:
    job = parse(text)
    if not job.gone(now):
        return job
    lost = job.ended(JobStatus.LOST, "Its process is gone. What it had committed is kept; start it again.", now=now)
    if store.swap_state(PREFIX + job.id, expected=text, value=lost.dump()):
        return lost
    standing = store.state(PREFIX + job.id)  # it has spoken after all
    return lost if standing is None else parse(standing)
