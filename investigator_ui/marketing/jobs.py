"""Jobs of the server as pages follow them: start one, and how far it is."""

from datetime import datetime

from pydantic.dataclasses import dataclass

from investigator_ui.client import UserApi, read
from investigator_ui.contract import ANSWER
from investigator_ui.errors import Refused
from investigator_ui.marketing.page import Call, Outcome, Progress
from investigator_ui.texts import text

JOB_FIELDS = "id kind status stage done total message startedAt stuck"
JOB = f"query PageJob($id: ID!) {{ job(id: $id) {{ {JOB_FIELDS} }} }}"
JOBS = f"query PageJobs {{ jobs(first: 5) {{ {JOB_FIELDS} }} }}"
START_JOB = f"mutation PageStartJob($kind: JobKind!) {{ startJob(kind: $kind) {{ {JOB_FIELDS} }} }}"
DOCUMENTS = {"PageJob": JOB, "PageJobs": JOBS, "PageStartJob": START_JOB}

STAGES = {"tags": "pages.tags", "segments": "pages.segments"}
AT_WORK = frozenset({"QUEUED", "RUNNING"})


@dataclass(frozen=True, slots=True, config=ANSWER)
class Job:
    id: str
    kind: str
    status: str
    stage: str
    done: int
    total: int
    message: str
    started_at: datetime
    stuck: bool

    @property
    def open(self) -> bool:
        return self.status in AT_WORK


def at_work(user: UserApi, kind: str) -> Job | None:
    """The job of a kind that is running now, if one is; who asks has the right to see jobs."""
    found = read(tuple[Job, ...], user.run(JOBS)["jobs"])
    return next((job for job in found if job.kind == kind and job.open), None)


def start(user: UserApi, kind: str) -> Job:
    return read(Job, user.run(START_JOB, kind=kind)["startJob"])


def follow(asked: Call[object]) -> Outcome:
    """Polled by a progress bar with the job's id."""
    answer = asked.user.run(JOB, id=str(asked.values.get("id", "")))["job"]
    if answer is None:
        raise Refused("not_found")
    job, lang = read(Job, answer), asked.look.lang
    failed = job.status not in {*AT_WORK, "DONE"}
    stage = text(STAGES.get(job.stage, "market.working"), lang)
    # How it ended the server says in English: that is shown to whoever reads it, and where something went wrong.
    message = job.message if failed or lang == "en" else ""
    return Progress(stage, job.done, job.total, ended=not job.open, failed=failed, message=message).outcome()


ACTIONS = {"job": follow}
