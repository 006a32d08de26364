"""Mutations of jobs: start one, cancel one."""

import strawberry

from api import jobs
from api.graphql.context import Info
from api.graphql.declare import mutation
from api.graphql.job_types import DrawInput, Job, SendInput
from api.job_records import JobKind, Subject
from graph_model.errors import InvalidRequest


@strawberry.type
class JobMutation:
    @mutation(
        "Start a long job in a process of its own and return at once. SCORE, TRAIN, BACKUP, CHECK and TAGS of all run one at a time; TAGS by `codes`, SEGMENT "
        "(`code`), AUDIENCE (`audience`) and SEND (`send`) stand in lines of their own, and the one that is at the same already is answered. They take the "
        "rights of computeSegment, drawAudience and the like, and are done as whoever asked. Errors: job.running, which names it, job.too_many, "
        "job.subject, not_found, audience.name, audience.channel, audience.purpose, audience.recipe, audience.expired, audience.withdrawn, text.personal, "
        "tag.kind, webhook.receiver, webhook.delivered; `message` begins with the code of what went wrong later."
    )
    def start_job(
        self,
        info: Info,
        kind: JobKind,
        code: strawberry.ID | None = None,
        codes: list[strawberry.ID] | None = None,
        audience: DrawInput | None = None,
        send: SendInput | None = None,
    ) -> Job:
        context = info.context
        # The job outlives this request: it is watched with the server's store, not with the request's.
        started = jobs.start(
            context.runtime.store,
            context.runtime.settings,
            context.principal,
            kind,
            _subject(code, codes, audience, send),
            now=context.now,
        )
        return Job.of(started, context.now)

    @mutation(
        "Ask a job to end before its next stage; what it has committed stays. The answer is how it was when asked. "
        "Errors: job.ended, not_found."
    )
    def cancel_job(self, info: Info, id: strawberry.ID) -> Job:
        context = info.context
        return Job.of(jobs.cancel(context.store, context.principal, id, now=context.now), context.now)


def _subject(
    code: str | None, codes: list[strawberry.ID] | None, audience: DrawInput | None, send: SendInput | None
) -> Subject:
    """Raises InvalidRequest job.subject where more than one is given."""
    if sum(given is not None for given in (code, codes, audience, send)) > 1:
        raise InvalidRequest("Give one of code, codes, audience and send.", code="job.subject")
    if audience is not None:
        return audience.subject()
    if send is not None:
        return send.subject()
    return Subject(codes=tuple(codes or ()) if code is None else (code,))
