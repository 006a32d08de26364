"""Jobs of the server as pages follow them: start one, how far it is, why it failed, and stop it."""

import re
from collections.abc import Callable
from datetime import datetime

from pydantic.dataclasses import dataclass

from investigator_ui.address import Language
from investigator_ui.client import UserApi, read
from investigator_ui.contract import ANSWER, Json
from investigator_ui.errors import Refused
from investigator_ui.marketing.page import Call, Outcome, Progress
from investigator_ui.texts import TEXTS, problem, text

JOB_FIELDS = "id kind status stage done total message startedBy startedAt stuck codes audience draws version receiver"
JOB = f"query PageJob($id: ID!) {{ job(id: $id) {{ {JOB_FIELDS} }} }}"
JOBS = f"query PageJobs {{ jobs(first: 50) {{ {JOB_FIELDS} }} }}"
START_JOB = f"""mutation PageStartJob($kind: JobKind!, $code: ID, $codes: [ID!], $audience: DrawInput, $send: SendInput) {{
  startJob(kind: $kind, code: $code, codes: $codes, audience: $audience, send: $send) {{ {JOB_FIELDS} }} }}"""
CANCEL_JOB = "mutation PageCancelJob($id: ID!) { cancelJob(id: $id) { id } }"
DOCUMENTS = {"PageJob": JOB, "PageJobs": JOBS, "PageStartJob": START_JOB, "PageCancelJob": CANCEL_JOB}

AT_WORK = frozenset({"QUEUED", "RUNNING"})
_CODED = re.compile(r"\[([a-z_.]+)\] ?(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True, config=ANSWER)
class Job:
    """`audience`: which it draws or sends; `draws`: the name of one that is new."""

    id: str
    kind: str
    status: str
    stage: str
    done: int
    total: int
    message: str
    started_at: datetime
    stuck: bool
    started_by: str = ""
    codes: tuple[str, ...] = ()
    audience: str | None = None
    draws: str | None = None
    version: int | None = None
    receiver: str | None = None

    @property
    def open(self) -> bool:
        return self.status in AT_WORK

    @property
    def failed(self) -> bool:
        return not self.open and self.status != "DONE"


def newest(user: UserApi, of: Callable[[Job], bool]) -> Job | None:
    """The newest of those that the user may know of."""
    return next((job for job in read(tuple[Job, ...], user.run(JOBS)["jobs"]) if of(job)), None)


def at_work(user: UserApi, kind: str) -> Job | None:
    """The job of a kind that is running now, if one is; not one on some tags or a segment."""
    return newest(user, lambda job: job.kind == kind and job.open and not job.codes)


def computing(user: UserApi, kind: str, code: str) -> str:
    """Which job computes this tag or segment now, whoever started it; nothing where none does, or for who may not know."""
    if "edit_tags" not in user.me().rights:
        return ""
    found = newest(user, lambda job: job.open and job.kind == kind and code in job.codes)
    return "" if found is None else found.id


def start(user: UserApi, kind: str, **about: Json) -> Job:
    return read(Job, user.run(START_JOB, kind=kind, **about)["startJob"])


def why(job: Job, lang: Language) -> str:
    """Of one that did not get to its end."""
    if job.status in ("LOST", "CANCELLED"):
        return text("jobs.lost" if job.status == "LOST" else "jobs.cancelled", lang)
    coded = _CODED.match(job.message)
    if coded is None:
        return job.message
    happened, todo = problem(coded[1], lang)
    if lang == "en":
        return coded[2] or f"{happened}. {todo}"
    return f"{happened}。{todo}"


def follow(asked: Call[object]) -> Outcome:
    """Polled by a progress bar with the job's id."""
    return progress_of(_asked_for(asked), asked).outcome()


def arriving(asked: Call[object]) -> Outcome:
    """Polled likewise; when the audience is drawn, its page is next."""
    job = _asked_for(asked)
    told = progress_of(job, asked).outcome()
    drawn = job.kind == "AUDIENCE" and job.status == "DONE"
    return Outcome(values=told.values, go=f"/audiences/{job.audience}") if drawn else told


def progress_of(job: Job, asked: Call[object]) -> Progress:
    lang = asked.look.lang
    stage = f"jobs.stage_{job.stage}"
    words = text(stage if stage in TEXTS else "market.working", lang)
    if job.stuck:
        words = " · ".join((words, text("jobs.silent", lang)))
    # How it ended the server says in English: that is shown to whoever reads it.
    message = why(job, lang) if job.failed else job.message if lang == "en" else ""
    stoppable = job.started_by == asked.look.me.name or asked.look.may("run_jobs")
    return Progress(
        words, job.done, job.total, ended=not job.open, failed=job.failed, message=message, stoppable=stoppable
    )


def stop(asked: Call[object]) -> Outcome:
    asked.user.run(CANCEL_JOB, id=str(asked.values.get("id", "")))
    return Outcome(message=text("jobs.stopping", asked.look.lang))


def _asked_for(asked: Call[object]) -> Job:
    """Raises Refused for one that is not there."""
    answer = asked.user.run(JOB, id=str(asked.values.get("id", "")))["job"]
    if answer is None:
        raise Refused("not_found")
    return read(Job, answer)


ACTIONS = {"job": follow, "arriving": arriving, "stop": stop}
