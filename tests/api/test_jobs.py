"""Jobs: an operator starts a long one, every server tells how far it is, one runs at a time, and one that dies is not taken for one at work."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from api import job_worker, jobs, process_identity
from api.job_records import CANCEL_PREFIX, GONE, KEPT, PREFIX, Job, JobKind, JobStatus, Subject, forget_old, parse
from api.process_identity import identify, is_alive
from api.settings import Settings
from graph_model.errors import Forbidden, InvalidRequest, NotFound, StoreLocked
from graph_model.principal import Principal, Role
from graph_model.store import GraphStore, OnProgress, utc_now
from graph_model.stores import open_store
from tests.api import queries
from tests.api.conftest import Client, Served
from tests.api.serving import serving
from tests.api.test_cli import guanxi, refused
from tests.api.test_http import _KeepOpen
from tests.fixtures import reference_case

NOW = datetime(2026, 7, 1, 3, 0, tzinfo=UTC)
OLAF = Principal("olaf", Role.OPERATOR)
SOON = 60.0


@pytest.fixture(scope="module")
def desk(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(home, tmp_path_factory.mktemp("jobs")) as served:
        yield served


@pytest.fixture
def small(tmp_path: Path) -> Iterator[tuple[GraphStore, Settings]]:
    settings = Settings(home=tmp_path)
    store = open_store(settings.store_address, create=True)
    reference_case.load(store)
    yield store, settings
    store.close()


def ended(client: Client, job_id: str) -> dict[str, Any]:
    until = time.monotonic() + SOON
    while time.monotonic() < until:
        job: dict[str, Any] = client.data(queries.ONE_JOB, id=job_id)["job"]
        if job["status"] not in ("QUEUED", "RUNNING"):
            return job
        time.sleep(0.1)
    raise AssertionError(f"the job is still {job}")


def ended_here(store: GraphStore, job_id: str) -> Job:
    until = time.monotonic() + SOON
    while time.monotonic() < until:
        job = jobs.job(store, OLAF, job_id, now=utc_now())
        assert job is not None
        if not job.open:
            return job
        time.sleep(0.05)
    raise AssertionError("the job did not end")


def children(job_id: str) -> list[int]:
    """Processes of ours that work on the job."""
    found = []
    for task in Path("/proc/self/task").iterdir():
        for pid in (task / "children").read_text().split():
            command = Path(f"/proc/{pid}/cmdline")
            if command.exists() and job_id.encode() in command.read_bytes():
                found.append(int(pid))
    return found


def descriptors(pid: int) -> list[str]:
    """What a process has open, as far as it has not closed it while we look."""
    found = []
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            found.append(str(link.readlink()))
    return found


def record(store: GraphStore, **changed: Any) -> Job:
    job = replace(Job("0000000000001-test", JobKind.CHECK, JobStatus.QUEUED, "olaf", NOW, NOW), **changed)
    store.put_state(PREFIX + job.id, job.dump())
    return job


def known_as(pid: int) -> dict[str, Any]:
    process = identify(pid)
    return {"pid": pid, "host": process.host, "place": process.place, "began": process.began}


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    """A process that has nothing to do with any job."""
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    yield process
    process.kill()
    process.wait()


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_everybody_is_scored_by_a_process_that_holds_nothing_of_the_servers(desk: Served) -> None:
    operator = desk.client(Role.OPERATOR)
    started = operator.data(queries.START_JOB, kind="SCORE")["startJob"]
    assert (started["status"], started["startedBy"], started["stuck"]) == ("QUEUED", "operator", False)
    (pid,) = children(started["id"])
    assert not [name for name in descriptors(pid) if name.startswith("socket:")]
    job = ended(operator, started["id"])
    assert job["status"] == "DONE" and job["message"].startswith("9 customers"), job
    assert job["finishedAt"] is not None
    # Another server on the same graph tells the same.
    other = open_store(desk.runtime.store.address)
    assert [one.message for one in jobs.jobs(other, OLAF, first=1, now=utc_now())] == [job["message"]]
    other.close()
    until = time.monotonic() + SOON
    while is_alive(pid) and time.monotonic() < until:
        time.sleep(0.05)
    assert not Path(f"/proc/{pid}").exists()  # not even as a zombie
    assert desk.runtime.store.get_by_id([desk.case.subject_id])[0].grade is not None


def test_a_backup_and_a_check_end_with_what_was_done(desk: Served) -> None:
    operator = desk.client(Role.OPERATOR)
    backup = ended(operator, operator.data(queries.START_JOB, kind="BACKUP")["startJob"]["id"])
    assert backup["status"] == "DONE", backup
    (copy,) = (desk.runtime.settings.home / "backups").iterdir()
    assert copy.name in backup["message"]
    check = ended(operator, operator.data(queries.START_JOB, kind="CHECK")["startJob"]["id"])
    assert check["status"] == "DONE" and "sound" in check["message"], check
    assert [job["kind"] for job in operator.data(queries.JOBS, first=2)["jobs"]] == ["CHECK", "BACKUP"]


def test_of_two_that_are_started_at_once_one_is_refused_and_told_of_the_other(desk: Served) -> None:
    def start(_: int) -> dict[str, Any]:
        return desk.client(Role.OPERATOR).post(queries.START_JOB, {"kind": "BACKUP"}).json()

    with ThreadPoolExecutor(4) as threads:
        bodies = list(threads.map(start, range(4)))
    (started,) = [body["data"]["startJob"]["id"] for body in bodies if "errors" not in body]
    refusals = [body["errors"][0] for body in bodies if "errors" in body]
    assert {error["extensions"]["code"] for error in refusals} == {"job.running"} and len(refusals) == 3
    assert any(started in error["message"] for error in refusals)
    operator = desk.client(Role.OPERATOR)
    cancelled = operator.data(queries.CANCEL_JOB, id=started)["cancelJob"]
    assert cancelled["id"] == started
    assert ended(operator, started)["status"] in ("CANCELLED", "DONE")
    assert operator.code(queries.CANCEL_JOB, id=started) == "job.ended"


def test_a_command_that_loads_the_graph_keeps_a_scoring_from_starting(small: tuple[GraphStore, Settings]) -> None:
    store, settings = small
    loader = open_store(settings.store_address)
    with loader.writing("ingest"), pytest.raises(jobs.JobRunning):
        jobs.start(store, settings, OLAF, JobKind.SCORE, now=utc_now())
    loader.close()
    assert jobs.jobs(store, OLAF, first=10, now=utc_now()) == []


# --- in this process: what a job tells -----------------------------------------------------------------------------


@pytest.fixture
def handlers() -> Iterator[None]:
    """A job's process takes signals to itself; here they are given back."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_a_kill_ends_it_between_two_stages_and_not_within_one(
    small: tuple[GraphStore, Settings], handlers: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, settings = small
    job, steps = record(store), []

    def work(_: GraphStore, __: Settings, ___: datetime, on_progress: OnProgress) -> str:
        on_progress("reading", 0, 2)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0.05)
        steps.append("the stage goes on to its end")
        on_progress("writing", 1, 2)
        steps.append("and the next one never begins")
        return "done"

    monkeypatch.setattr(job_worker, "WORK", {JobKind.CHECK: work})
    assert job_worker.run(store, settings, job.id, clock=utc_now, pid=os.getpid()) is JobStatus.CANCELLED
    assert steps == ["the stage goes on to its end"]
    told = jobs.job(store, OLAF, job.id, now=utc_now())
    assert told is not None and (told.status, told.stage) == (JobStatus.CANCELLED, "reading")


def test_a_cancellation_reaches_a_job_on_another_machine(
    small: tuple[GraphStore, Settings], handlers: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, settings = small
    monkeypatch.setattr(job_worker, "BEAT_SECONDS", 0.02)
    job, begun = record(store, host="elsewhere"), threading.Event()

    def work(_: GraphStore, __: Settings, ___: datetime, on_progress: OnProgress) -> str:
        begun.set()
        for done in range(10_000):
            on_progress("counting", done, 10_000)
            time.sleep(0.01)
        return "done"

    def ask() -> None:
        begun.wait(SOON)
        store.put_state(CANCEL_PREFIX + job.id, "olaf")

    monkeypatch.setattr(job_worker, "WORK", {JobKind.CHECK: work})
    asker = threading.Thread(target=ask)
    asker.start()
    assert job_worker.run(store, settings, job.id, clock=utc_now, pid=os.getpid()) is JobStatus.CANCELLED
    asker.join()


def test_a_failure_is_told_by_its_code_and_without_paths(
    small: tuple[GraphStore, Settings], handlers: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, settings = small

    def work(*_: object) -> str:
        raise StoreLocked(str(settings.home), "process 1")

    monkeypatch.setattr(job_worker, "WORK", {JobKind.CHECK: work})
    job = record(store)
    assert job_worker.run(store, settings, job.id, clock=utc_now, pid=os.getpid()) is JobStatus.FAILED
    told = jobs.job(store, OLAF, job.id, now=utc_now())
    assert told is not None and told.message.startswith("[store_locked]") and str(settings.home) not in told.message
    with pytest.raises(NotFound):
        job_worker.run(store, settings, "no-such-job", clock=utc_now, pid=os.getpid())


# --- jobs that die -------------------------------------------------------------------------------------------------


def test_a_job_whose_process_was_killed_is_lost_and_the_next_may_start(small: tuple[GraphStore, Settings]) -> None:
    store, settings = small
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    job = record(store, status=JobStatus.RUNNING, heartbeat_at=utc_now(), **known_as(process.pid))
    store.put_state("jobs-current", job.id)
    with pytest.raises(jobs.JobRunning):
        jobs.start(store, settings, OLAF, JobKind.CHECK, now=utc_now())
    process.kill()  # and nobody has waited for it yet: a zombie is no process at work
    until = time.monotonic() + SOON
    while is_alive(process.pid) and time.monotonic() < until:
        time.sleep(0.01)
    lost = jobs.job(store, OLAF, job.id, now=utc_now())
    process.wait()
    assert lost is not None and lost.status is JobStatus.LOST and lost.finished_at is not None
    started = jobs.start(store, settings, OLAF, JobKind.CHECK, now=utc_now())
    assert ended_here(store, started.id).status is JobStatus.DONE


def test_a_process_that_ends_before_it_speaks_is_noticed_at_once(
    small: tuple[GraphStore, Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    store, settings = small
    with monkeypatch.context() as patch:
        patch.setattr(sys, "executable", "/bin/false")
        started = jobs.start(store, settings, OLAF, JobKind.CHECK, now=utc_now())
    lost = ended_here(store, started.id)
    assert (lost.status, "status 1" in lost.message) == (JobStatus.LOST, True)


def test_a_heart_that_has_not_beaten_for_a_minute_is_reported(small: tuple[GraphStore, Settings]) -> None:
    store, _ = small
    job = record(store, status=JobStatus.RUNNING, host="elsewhere", pid=1, heartbeat_at=NOW)
    for seconds, stuck in ((59, False), (61, True)):
        found = jobs.job(store, OLAF, job.id, now=NOW + timedelta(seconds=seconds))
        assert found is not None and (found.status, found.stuck(NOW + timedelta(seconds=seconds))) == (
            JobStatus.RUNNING, stuck,
        )  # fmt: skip


def test_a_job_of_a_machine_that_vanished_is_lost_after_minutes_and_the_next_may_start(
    small: tuple[GraphStore, Settings],
) -> None:
    store, settings = small
    vanished = {"status": JobStatus.RUNNING, "host": "a container of yesterday", "pid": 12}
    job = record(store, heartbeat_at=utc_now() - GONE + timedelta(minutes=1), **vanished)
    store.put_state("jobs-current", job.id)
    with pytest.raises(jobs.JobRunning):
        jobs.start(store, settings, OLAF, JobKind.CHECK, now=utc_now())
    record(store, heartbeat_at=utc_now() - GONE - timedelta(seconds=1), **vanished)
    started = jobs.start(store, settings, OLAF, JobKind.CHECK, now=utc_now())
    lost = jobs.job(store, OLAF, job.id, now=NOW)
    assert lost is not None and lost.status is JobStatus.LOST
    assert ended_here(store, started.id).status is JobStatus.DONE


def test_cancelling_a_silent_job_ends_its_record_and_one_that_wakes_up_stops(
    small: tuple[GraphStore, Settings], handlers: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, settings = small
    job = record(store, status=JobStatus.RUNNING, host="elsewhere", pid=12, heartbeat_at=NOW)
    assert jobs.cancel(store, OLAF, job.id, now=NOW + timedelta(seconds=30)).open  # it beat a moment ago: it is asked
    over = jobs.cancel(store, OLAF, job.id, now=NOW + timedelta(seconds=90))
    assert (over.status, over.finished_at) == (JobStatus.CANCELLED, NOW + timedelta(seconds=90))
    with pytest.raises(InvalidRequest):
        jobs.cancel(store, OLAF, job.id, now=NOW + timedelta(seconds=90))

    monkeypatch.setattr(job_worker, "WORK", {JobKind.CHECK: lambda *_: "did what nobody wanted any more"})
    store.swap_state(CANCEL_PREFIX + job.id, expected="olaf", value=None)
    assert job_worker.run(store, settings, job.id, clock=utc_now, pid=os.getpid()) is JobStatus.CANCELLED


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_another_process_that_got_the_pid_of_a_dead_job_is_neither_believed_nor_killed(
    small: tuple[GraphStore, Settings], sleeper: subprocess.Popen[bytes]
) -> None:
    store, _ = small
    then = {**known_as(sleeper.pid), "began": "1"}
    record(store, status=JobStatus.RUNNING, heartbeat_at=utc_now(), **then)
    lost = jobs.job(store, OLAF, "0000000000001-test", now=utc_now())
    assert lost is not None and lost.status is JobStatus.LOST
    # Before the last boot, or in a container of the same name: only the silence tells.
    for elsewhere in ({"place": "another boot pid:[1]"}, {"host": "elsewhere"}, {"place": "", "began": ""}):
        job = record(store, status=JobStatus.RUNNING, heartbeat_at=NOW, **{**known_as(sleeper.pid), **elsewhere})
        assert jobs.cancel(store, OLAF, job.id, now=NOW).open
        found = jobs.job(store, OLAF, job.id, now=NOW + GONE + timedelta(seconds=1))
        assert found is not None and found.status is JobStatus.LOST
    time.sleep(0.1)
    assert sleeper.poll() is None


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_the_process_of_a_job_is_asked_to_end(
    small: tuple[GraphStore, Settings], sleeper: subprocess.Popen[bytes]
) -> None:
    store, _ = small
    job = record(store, status=JobStatus.RUNNING, heartbeat_at=NOW, **known_as(sleeper.pid))
    found = jobs.job(store, OLAF, job.id, now=NOW + 2 * GONE)
    assert found is not None and found.open  # silent, but there: it is told as stuck and not taken for dead
    jobs.cancel(store, OLAF, job.id, now=NOW)
    assert sleeper.wait(SOON) == -signal.SIGTERM


def test_where_nothing_tells_processes_apart_silence_does_and_nobody_is_killed(
    small: tuple[GraphStore, Settings],
    sleeper: subprocess.Popen[bytes],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store, _ = small
    monkeypatch.setattr(process_identity, "_PROC", tmp_path / "no such folder")
    process_identity.this_place.cache_clear()
    try:
        job = record(store, status=JobStatus.RUNNING, heartbeat_at=NOW, **known_as(sleeper.pid))
        assert (job.place, job.began) == ("", "")
        assert jobs.cancel(store, OLAF, job.id, now=NOW).open
        found = jobs.job(store, OLAF, job.id, now=NOW + GONE + timedelta(seconds=1))
        assert found is not None and found.status is JobStatus.LOST
        assert sleeper.poll() is None
    finally:
        process_identity.this_place.cache_clear()


class Busy(_KeepOpen):
    """A store that another process holds while `busy` is above nothing; each refused write counts it down."""

    busy = 0

    def put_state(self, name: str, value: str) -> None:
        self._refuse()
        self._store.put_state(name, value)

    def swap_state(self, name: str, *, expected: str | None, value: str | None) -> bool:
        self._refuse()
        return self._store.swap_state(name, expected=expected, value=value)

    def _refuse(self) -> None:
        if self.busy > 0:
            self.busy -= 1
            raise StoreLocked("graph.db", "process 1")


def test_a_busy_moment_kills_no_job_and_its_end_is_told_when_it_is_over(
    small: tuple[GraphStore, Settings], handlers: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, settings = small
    monkeypatch.setattr(job_worker, "BEAT_SECONDS", 0.01)
    busy = Busy(store)

    def work(_: GraphStore, __: Settings, ___: datetime, on_progress: OnProgress) -> str:
        busy.busy = 1_000_000
        on_progress("reading", 0, 2)
        on_progress("writing", 1, 2)
        busy.busy = 3
        return "all was well"

    monkeypatch.setattr(job_worker, "WORK", {JobKind.CHECK: work})
    job = record(store)
    assert job_worker.run(busy, settings, job.id, clock=utc_now, pid=os.getpid()) is JobStatus.DONE  # type: ignore[arg-type]
    told = jobs.job(store, OLAF, job.id, now=utc_now())
    assert told is not None and (told.status, told.message) == (JobStatus.DONE, "all was well")


def test_what_is_done_when_the_cancellation_comes_is_told_as_done(
    small: tuple[GraphStore, Settings], handlers: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, settings = small

    def work(_: GraphStore, __: Settings, ___: datetime, on_progress: OnProgress) -> str:
        on_progress("scoring", 2, 3)
        os.kill(os.getpid(), signal.SIGTERM)
        on_progress("scoring", 3, 3)  # the last commit was before this
        return "9 customers"

    monkeypatch.setattr(job_worker, "WORK", {JobKind.CHECK: work})
    job = record(store)
    assert job_worker.run(store, settings, job.id, clock=utc_now, pid=os.getpid()) is JobStatus.DONE


def test_what_a_newer_version_noted_of_a_job_keeps_nobody_from_reading_it() -> None:
    job = Job("1", JobKind.SEGMENT, JobStatus.DONE, "mei", NOW, NOW, subject=Subject(codes=("young",)))
    noted = orjson.loads(job.dump())
    noted |= {"mood": "good", "subject": noted["subject"] | {"colour": "red"}}
    assert parse(orjson.dumps(noted).decode()) == job


def test_old_jobs_are_forgotten(small: tuple[GraphStore, Settings]) -> None:
    store, _ = small
    for number in range(KEPT + 5):
        record(store, id=f"{number:013d}-test", status=JobStatus.DONE)
    for job_id in ("0000000000004-test", "0000000000005-test"):
        store.put_state(CANCEL_PREFIX + job_id, "olaf")
    later = {"kind": JobKind.AUDIENCE, "subject": Subject(audience="spring"), "role": "marketer"}
    record(store, id="1000000000000-test", status=JobStatus.QUEUED, heartbeat_at=utc_now(), **later)
    for number in range(1, KEPT + 5):
        record(store, id=f"{10**12 + number:013d}-test", status=JobStatus.DONE, **later)
    forget_old(store)
    kept = [name.removeprefix(PREFIX) for name in store.states(PREFIX, limit=3 * KEPT)]
    checks, drawn = [each for each in kept if each[0] == "0"], [each for each in kept if each[0] == "1"]
    assert len(checks) == KEPT and checks[0] == f"{KEPT + 4:013d}-test", "marketing's many push out none of them"
    assert len(drawn) == KEPT + 1 and drawn[-1] == "1000000000000-test", "what is open is not forgotten"
    assert list(store.states(CANCEL_PREFIX)) == [f"{CANCEL_PREFIX}0000000000005-test"]


def test_who_may_do_what(small: tuple[GraphStore, Settings]) -> None:
    store, settings = small
    for role in (Role.INVESTIGATOR, Role.SUPERVISOR, Role.RISK_ENGINE, Role.MARKETER):
        with pytest.raises(Forbidden):
            jobs.start(store, settings, Principal("x", role), JobKind.CHECK, now=NOW)
    with pytest.raises(Forbidden):
        jobs.jobs(store, Principal("x", Role.INVESTIGATOR), first=1, now=NOW)
    with pytest.raises(InvalidRequest):
        jobs.jobs(store, OLAF, first=0, now=NOW)
    with pytest.raises(NotFound):
        jobs.cancel(store, OLAF, "no-such-job", now=NOW)


def test_the_command_line_starts_waits_lists_and_cancels(small: tuple[GraphStore, Settings]) -> None:
    _, settings = small
    assert "No job" in guanxi("jobs", "list", home=settings.home).stdout
    waited = guanxi("jobs", "start", "backup", "--wait", home=settings.home)
    assert waited.returncode == 0 and "backups/guanxi-" in waited.stdout, waited
    shown = guanxi("jobs", "list", home=settings.home).stdout
    assert "backup" in shown and "done" in shown and "command line" in shown
    refused(guanxi("jobs", "cancel", "no-such-job", home=settings.home), "not_found", 3)
    refused(guanxi("jobs", "cancel", shown.splitlines()[1].split()[0], home=settings.home), "job.ended", 2)
