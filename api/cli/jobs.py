"""`guanxi jobs`: long work in processes of their own; the same that GraphQL tells of."""

import time
from contextlib import closing
from typing import Annotated

import typer

from api import jobs
from api.cli.chain import audited
from api.cli.terminal import HomeOption, StoreOption, columns, out, progress_bar, settings_from
from api.job_records import Job, JobKind, JobStatus, Subject
from graph_model.errors import GuanxiError
from graph_model.principal import Principal, Role
from graph_model.store import GraphStore, utc_now
from graph_model.stores import open_store

app = typer.Typer(help="Long work: scoring, training, backup, check.", no_args_is_help=True)

OPERATOR = Principal("command line", Role.OPERATOR)
_LOOK_SECONDS = 0.5


class JobFailed(GuanxiError):
    """A job that was waited for and did not end well."""

    code = "job.failed"


@app.command("list")
def list_jobs(
    limit: Annotated[int, typer.Option(min=1, max=jobs.MOST, help="The newest so many.")] = 20,
    home: HomeOption = None,
    store: StoreOption = None,
) -> None:
    """Jobs of all servers, the newest first."""
    now = utc_now()
    with closing(open_store(settings_from(home=home, store=store).store_address)) as opened:
        found = jobs.jobs(opened, OPERATOR, first=limit, now=now)
    table = columns("id", "kind", "status", "stage", "by", "started", "message", whole=("id", "started"))
    for job in found:
        status = f"{job.status} (stuck)" if job.stuck(now) else job.status.value
        started = job.started_at.isoformat(timespec="minutes")
        table.add_row(job.id, job.kind, status, _stage(job), job.started_by, started, job.message)
    out.print(table if len(found) > 0 else "No job was started yet.")


@app.command()
def start(
    kind: Annotated[JobKind, typer.Argument(help="What to do.")],
    code: Annotated[list[str] | None, typer.Option(help="A tag's or a segment's; of tags as many as you like.")] = None,
    wait: Annotated[
        bool, typer.Option("--wait", help="Stay until it has ended; status 1 where it did not end well.")
    ] = False,
    home: HomeOption = None,
    store: StoreOption = None,
) -> None:
    """Start a job and return; it goes on by itself. One runs at a time; a segment, and tags by name, wait for their turn."""
    settings = settings_from(home=home, store=store)
    with closing(open_store(settings.store_address)) as opened:
        with audited(settings, opened, "jobs.start", OPERATOR.role, detail={"kind": kind.value}):
            subject = Subject(tuple(code or ()))
            job = jobs.start(opened, settings, OPERATOR, kind, subject, at_shell=True, now=utc_now())
        out.print(f"{job.id} was started. Look at it with: guanxi jobs list")
        if wait:
            job = _waited(opened, job)
    if wait and job.status is not JobStatus.DONE:
        raise JobFailed(f"The job ended as {job.status}. {job.message}")
    if wait:
        out.print(job.message)


@app.command()
def cancel(
    id: Annotated[str, typer.Argument(help="A job's id from the list.")],
    home: HomeOption = None,
    store: StoreOption = None,
) -> None:
    """Ask a job to end before its next stage; what it has committed stays."""
    settings = settings_from(home=home, store=store)
    with closing(open_store(settings.store_address)) as opened:
        known = jobs.job(opened, OPERATOR, id, now=utc_now())
        with audited(settings, opened, "jobs.cancel", OPERATOR.role, detail={} if known is None else {"job": known.id}):
            jobs.cancel(opened, OPERATOR, id, now=utc_now())
    out.print(f"{id} was asked to end.")


def _waited(store: GraphStore, job: Job) -> Job:
    with progress_bar() as on_progress:
        while job.open:
            time.sleep(_LOOK_SECONDS)
            job = jobs.job(store, OPERATOR, job.id, now=utc_now()) or job
            if job.stage:
                on_progress(job.stage, job.done, job.total)
    return job


def _stage(job: Job) -> str:
    if not job.stage or not job.open:
        return ""
    return f"{job.stage} {job.done:,}/{job.total:,}" if job.total else job.stage
