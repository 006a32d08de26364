"""GraphQL types of jobs, and what one is asked to be about."""

from datetime import datetime

import strawberry

from api import job_records
from api.graphql.audience_types import RecipeInput
from api.graphql.consent_types import Channel
from api.job_records import JobKind, JobStatus, Subject
from graph_model.errors import InvalidRequest
from graph_model.services.audiences import Draft

strawberry.enum(
    JobKind,
    description="SCORE: everyone, with the current model. TRAIN: a new model first. BACKUP: a copy in the home folder. CHECK: read all "
    "of the graph and of the audit chain. TAGS: all tags and segments of the daily schedule, for today, or some tags by their `codes`. SEGMENT: the "
    "one of this `code`, for today. AUDIENCE: draws `audience`. SEND: posts a version of an audience to a receiver.",
)
strawberry.enum(
    JobStatus,
    description="QUEUED: its process is starting. LOST: its process is gone without a word; what it had committed is kept.",
)


@strawberry.input(
    description="An audience to be drawn: a new one as drawAudience describes it, whose id will be the job's, or one that is there by its `id`."
)
class DrawInput:
    id: strawberry.ID | None = None
    name: str | None = None
    channel: Channel | None = None
    purpose: str | None = None
    recipe: RecipeInput | None = None

    def subject(self) -> Subject:
        """Raises InvalidRequest job.subject for half a description, and for an id with one."""
        described = any(each is not None for each in (self.name, self.channel, self.purpose, self.recipe))
        if not described:
            return Subject(audience=self.id or "")
        if (
            self.id is not None
            or self.name is None
            or self.channel is None
            or self.purpose is None
            or self.recipe is None
        ):
            raise InvalidRequest(
                "Describe a new audience by name, channel, purpose and recipe, all of them; or name one by its id alone to draw it anew.",
                code="job.subject",
            )
        return Subject(draft=Draft(self.name, self.channel.value, self.purpose, self.recipe.recipe()))


@strawberry.input(
    description="Which version of an audience, the newest when none is named, goes to which of `receivers`."
)
class SendInput:
    audience: strawberry.ID
    receiver: str
    version: int | None = None

    def subject(self) -> Subject:
        return Subject(audience=self.audience, version=self.version or 0, receiver=self.receiver)


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
    codes: list[strawberry.ID] = strawberry.field(description="Of the tags, or of the segment, that it computes.")
    audience: strawberry.ID | None = strawberry.field(
        description="Which one it draws or sends: one that is drawn for the first time is there when the job is done."
    )
    draws: str | None = strawberry.field(description="The name of the new audience.")
    version: int | None = strawberry.field(description="Which version it sends.")
    receiver: str | None = strawberry.field(description="To whom it sends.")

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
            codes=[strawberry.ID(code) for code in job.subject.codes],
            audience=strawberry.ID(job.audience) if job.audience else None,
            draws=None if job.subject.draft is None else job.subject.draft.name,
            version=job.subject.version or None,
            receiver=job.subject.receiver or None,
        )
