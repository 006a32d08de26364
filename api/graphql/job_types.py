"""GraphQL types of jobs."""

from datetime import datetime

import strawberry

from api import job_records
from api.job_records import JobKind, JobStatus

strawberry.enum(
    JobKind,
    description="SCORE: everyone, with the current model. TRAIN: a new model first. BACKUP: a copy in the home folder. CHECK: read all "
    "of the graph and of the audit chain. TAGS: all tags of the daily schedule, for today.",
)
strawberry.enum(
    JobStatus,
    description="QUEUED: its process is starting. LOST: its process is gone without a word; what it had committed is kept.",
)


@strawberry.type(
    description="Long work that a server started. `stage`, `done` and `total` say how far it is; `message` how it ended."
)
class Job:
    id: strawberry.ID
    kind: JobKind
    status: JobStatus
    stage: str
    done: int
    total: int = strawberry.field(description="0 where it can't be known.")
    started_by: str
    started_at: datetime
    finished_at: datetime | None
    heartbeat_at: datetime
    message: str
    stuck: bool = strawberry.field(description="It should be at work, but has not been heard of for a minute.")

    @classmethod
    def of(cls, job: job_records.Job, now: datetime) -> "Job":
        return cls(
            id=strawberry.ID(job.id),
            kind=job.kind,
            status=job.status,
            stage=job.stage,
            done=job.done,
            total=job.total,
            started_by=job.started_by,
            started_at=job.started_at,
            finished_at=job.finished_at,
            heartbeat_at=job.heartbeat_at,
            message=job.message,
            stuck=job.stuck(now),
        )
