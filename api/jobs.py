"""Jobs: long work that a server starts as a process of its own, and anybody who may know of it watches.

Of what scores, trains, backs up, checks or computes all tags one is at work, and another is refused. What marketing asks for stands in line: segments
and tags by name in one, drawing audiences in another, and one for each receiver; lines go on beside each other and beside the rest. Only what needs the
store to itself waits for whoever has it.
"""

import os
import secrets
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import orjson

from api.job_records import (
    CANCEL_PREFIX,
    COMPUTING,
    MOST_KEPT,
    NOTHING,
    PREFIX,
    Job,
    JobKind,
    JobStatus,
    Subject,
    Vouched,
    forget_old,
    newest,
    parse,
    read,
)
from api.job_subjects import Sight, checked, vouched
from api.logs import log
from api.process_identity import is_here, is_running, this_host, this_place
from api.secrets import ensure_home
from api.settings import Settings
from graph_model.errors import GuanxiError, InvalidRequest, NotFound, StoreError, StoreLocked
from graph_model.moments import to_ms, whole
from graph_model.principal import Principal, Right
from graph_model.store import GraphStore

MOST = 100  # jobs listed at once
MOST_OPEN = 12  # jobs of marketing at work or in line: each is a process
_CURRENT = "jobs-current"  # the id of the job that was started last


class JobRunning(GuanxiError):
    """Another long job is at work."""

    code = "job.running"


class TooManyJobs(GuanxiError):
    """The lines of marketing's jobs are long enough."""

    code = "job.too_many"


def start(
    store: GraphStore,
    settings: Settings,
    principal: Principal,
    kind: JobKind,
    subject: Subject = NOTHING,
    *,
    at_shell: bool = False,
    now: datetime,
) -> Job:
    """Starts a job and returns at once; of marketing's, the one that is at the same already, where there is one. `at_shell`: no server let the principal
    in, the machine did. Raises JobRunning, naming what is at work, TooManyJobs, and whatever `job_subjects.checked` raises."""
    now = whole(now)
    subject = checked(store, settings, principal, kind, subject, now=now)
    job = Job(
        id=f"{to_ms(now):013d}-{secrets.token_hex(4)}",
        kind=kind,
        status=JobStatus.QUEUED,
        started_by=principal.name,
        started_at=now,
        heartbeat_at=now,
        host=this_host(),
        place=this_place(),
        role=principal.role,
        scopes=None if principal.scopes is None else tuple(sorted(principal.scopes)),
        subject=subject,
        vouched=Vouched.SHELL if at_shell else vouched(settings, principal),
    )
    if job.line:
        same = _same(store, job, now)
        if same is not None:
            return same
    # The record is there before the turn is taken, so that whoever comes next sees whose turn it is.
    store.put_state(PREFIX + job.id, job.dump())
    if not job.line:
        try:
            _take_turn(store, job, now)
        except BaseException:
            store.swap_state(PREFIX + job.id, expected=job.dump(), value=None)
            raise
    forget_old(store)
    process = _spawn(settings, job.id)
    # Somebody has to wait for the process, or it stays behind as a zombie.
    threading.Thread(target=_reap, args=(process, store, job.id), daemon=True, name=f"job {job.id}").start()
    log.info("job.started", job=job.id, kind=kind.value, actor=principal.name)
    return job


def cancel(store: GraphStore, principal: Principal, job_id: str, *, now: datetime) -> Job:
    """Asks a job to end before its next stage; what it has committed stays. One that has not been heard of is taken for ended: should its
    process wake up, it finds that and stops. Who may not run jobs cancels those of marketing that they started. Raises NotFound, Forbidden, or
    InvalidRequest job.ended."""
    job, sight = _known(store, job_id, now), Sight(store, principal)
    if not principal.may(Right.RUN_JOBS) and sight.told(job) is None:
        raise _unknown()
    if not job.open:
        raise InvalidRequest("The job has ended already.", code="job.ended")
    if not job.line or not sight.subject_of(job) or job.started_by != principal.name:
        principal.require(Right.RUN_JOBS)
    # For a process on another machine, or one that is only starting.
    store.put_state(CANCEL_PREFIX + job_id, principal.name)
    if job.pid and job.process.certain and is_here(job.process) and is_running(job.process):
        with suppress(ProcessLookupError):
            os.kill(job.pid, signal.SIGTERM)
    if job.stuck(now):
        over = job.ended(
            JobStatus.CANCELLED, "Cancelled after it had not been heard of. What it had committed is kept.", now=now
        )
        # Where it has spoken in between, it is at work and hears of the cancellation itself.
        job = (
            over
            if store.swap_state(PREFIX + job_id, expected=job.dump(), value=over.dump())
            else _known(store, job_id, now)
        )
    log.info("job.cancelled", job=job_id, actor=principal.name)
    return sight.told(job) or job


def jobs(store: GraphStore, principal: Principal, *, first: int, now: datetime) -> Sequence[Job]:
    """Those that the principal may know of, the newest first. Raises InvalidRequest outside 1..MOST."""
    _require_any(principal)
    if not 1 <= first <= MOST:
        raise InvalidRequest(f"first is between 1 and {MOST}.")
    limit, sight = first if principal.may(Right.SEE_JOBS) else MOST_KEPT, Sight(store, principal)
    seen = (sight.told(each) for each in newest(store, limit=limit, now=now))
    return [each for each in seen if each is not None][:first]


def job(store: GraphStore, principal: Principal, job_id: str, *, now: datetime) -> Job | None:
    """None where the principal may not know of it, too."""
    _require_any(principal)
    found = read(store, job_id, now=now)
    return None if found is None else Sight(store, principal).told(found)


def log_file(settings: Settings, job_id: str) -> Path:
    """What a job's process has to say that is for nobody but the operator of the machine."""
    return settings.home / "jobs" / f"{job_id}.log"


def _known(store: GraphStore, job_id: str, now: datetime) -> Job:
    found = read(store, job_id, now=now)
    if found is None:
        raise _unknown()
    return found


def _unknown() -> NotFound:
    return NotFound("There is no such job.")


def _require_any(principal: Principal) -> None:
    """Raises Forbidden for who may know of no job at all."""
    if not principal.may(Right.EDIT_TAGS) and not principal.may(Right.MARKET):
        principal.require(Right.SEE_JOBS)


def _same(store: GraphStore, job: Job, now: datetime) -> Job | None:
    """An open job that is at the same. Raises TooManyJobs."""
    lined = [each for each in newest(store, limit=MOST_KEPT, now=now) if each.open and each.line]
    for each in lined:
        if (each.kind, each.subject) == (job.kind, job.subject):
            return each
    if len(lined) >= MOST_OPEN:
        raise TooManyJobs(
            f"{len(lined)} jobs of marketing are at work or wait for their turn. Start it when some have ended."
        )
    return None


def _take_turn(store: GraphStore, job: Job, now: datetime) -> None:
    """Atomic among all servers: of two that start at once, one is refused."""
    while True:
        last = store.state(_CURRENT)
        other = None if last is None else read(store, last, now=now)
        if other is not None and other.open:
            raise JobRunning(
                f"The job {other.id} ({other.kind}) is at work since {other.started_at:%Y-%m-%d %H:%M} UTC. Wait for it, or cancel it."
            )
        if job.kind in (JobKind.SCORE, JobKind.TRAIN, JobKind.TAGS):
            _require_free(store, now)
        if store.swap_state(_CURRENT, expected=last, value=job.id):
            return


def _require_free(store: GraphStore, now: datetime) -> None:
    """A command on the machine may hold the store too. A job of marketing has it for a moment only, and the job waits for it."""
    try:
        with store.writing("start a job"):
            pass
    except StoreLocked as exc:
        if any(each.open and each.line == COMPUTING for each in newest(store, limit=MOST_KEPT, now=now)):
            return
        raise JobRunning(
            "A command on the server's machine is loading or scoring the graph. Wait for it to end, then start the job."
        ) from exc


def _spawn(settings: Settings, job_id: str) -> subprocess.Popen[bytes]:
    """In a session of its own, so that what stops the server leaves it alone. No socket of the server's is passed on."""
    home = ensure_home(settings.home).resolve()
    output = log_file(settings, job_id)
    output.parent.mkdir(mode=0o700, exist_ok=True)
    environment = dict(os.environ) | {"GUANXI_HOME": str(home), "GUANXI_STORE": _absolute(settings.store_address)}
    if settings.secret.get_secret_value():
        environment["GUANXI_SECRET"] = settings.secret.get_secret_value()
    if len(settings.webhooks) > 0:
        environment["GUANXI_WEBHOOKS"] = orjson.dumps(dict(settings.webhooks)).decode()
        environment["GUANXI_WEBHOOK_SECRET"] = settings.webhook_secret.get_secret_value()
    with os.fdopen(os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as target:
        return subprocess.Popen(
            [sys.executable, "-m", "api.job_worker", job_id],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=target,
            stderr=target,
            start_new_session=True,
        )


def _absolute(address: str) -> str:
    scheme, colon, path = address.partition(":///")
    return f"{scheme}{colon}{Path(path).resolve()}" if scheme == "sqlite" else address


def _reap(process: subprocess.Popen[bytes], store: GraphStore, job_id: str) -> None:
    status = process.wait()
    with suppress(
        StoreError
    ):  # a server that is going down has closed its store; the next reader will see that the process is gone
        name = PREFIX + job_id
        text = store.state(name)
        if text is not None and parse(text).open:
            now = parse(text).heartbeat_at
            message = f"Its process ended with status {status} before it was done; its log is in the home folder."
            store.swap_state(name, expected=text, value=parse(text).ended(JobStatus.LOST, message, now=now).dump())
