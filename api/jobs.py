"""Jobs: long work that a server starts as a process of its own and anybody may watch. One runs at a time."""

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

from api.job_records import (
    CANCEL_PREFIX,
    PREFIX,
    Job,
    JobKind,
    JobStatus,
    forget_old,
    newest,
    parse,
    read,
)
from api.logs import log
from api.process_identity import is_here, is_running, this_host, this_place
from api.secrets import ensure_home
from api.settings import Settings
from graph_model.errors import GuanxiError, InvalidRequest, NotFound, StoreError, StoreLocked
from graph_model.moments import to_ms, whole
from graph_model.principal import Principal, Right
from graph_model.store import GraphStore

MOST = 100  # jobs listed at once
_CURRENT = "jobs-current"  # the id of the job that was started last


class JobRunning(GuanxiError):
    """Another long job is at work."""

    code = "job.running"


def start(store: GraphStore, settings: Settings, principal: Principal, kind: JobKind, *, now: datetime) -> Job:
    """Starts a job and returns at once. Raises JobRunning, naming what is at work."""
    principal.require(Right.RUN_JOBS)
    now = whole(now)
    job = Job(
        id=f"{to_ms(now):013d}-{secrets.token_hex(4)}",
        kind=kind,
        status=JobStatus.QUEUED,
        started_by=principal.name,
        started_at=now,
        heartbeat_at=now,
        host=this_host(),
        place=this_place(),
    )
    # The record is there before the turn is taken, so that whoever comes next sees whose turn it is.
    store.put_state(PREFIX + job.id, job.dump())
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
    process wake up, it finds that and stops. Raises NotFound, or InvalidRequest job.ended."""
    principal.require(Right.RUN_JOBS)
    job = _known(store, job_id, now)
    if not job.open:
        raise InvalidRequest("The job has ended already.", code="job.ended")
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
    return job


def jobs(store: GraphStore, principal: Principal, *, first: int, now: datetime) -> Sequence[Job]:
    """The newest first. Raises InvalidRequest outside 1..MOST."""
    principal.require(Right.SEE_JOBS)
    if not 1 <= first <= MOST:
        raise InvalidRequest(f"first is between 1 and {MOST}.")
    return newest(store, limit=first, now=now)


def job(store: GraphStore, principal: Principal, job_id: str, *, now: datetime) -> Job | None:
    principal.require(Right.SEE_JOBS)
    return read(store, job_id, now=now)


def log_file(settings: Settings, job_id: str) -> Path:
    """What a job's process has to say that is for nobody but the operator of the machine."""
    return settings.home / "jobs" / f"{job_id}.log"


def _known(store: GraphStore, job_id: str, now: datetime) -> Job:
    found = read(store, job_id, now=now)
    if found is None:
        raise NotFound("There is no such job.")
    return found


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
            _require_free(store)
        if store.swap_state(_CURRENT, expected=last, value=job.id):
            return


def _require_free(store: GraphStore) -> None:
    """A command on the machine may hold the store too."""
    try:
        with store.writing("start a job"):
            pass
    except StoreLocked as exc:
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
