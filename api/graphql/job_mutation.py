"""Mutations of jobs: start one, cancel one."""

import strawberry

from api import jobs
from api.graphql.context import Info
from api.graphql.declare import mutation
from api.graphql.job_types import Job
from api.job_records import JobKind


@strawberry.type
class JobMutation:
    @mutation(
        "Start a long job in a process of its own and return at once; one runs at a time. Errors: job.running, which names it."
    )
    def start_job(self, info: Info, kind: JobKind) -> Job:
        context = info.context
        # The job outlives this request: it is watched with the server's store, not with the request's.
        started = jobs.start(context.runtime.store, context.runtime.settings, context.principal, kind, now=context.now)
        return Job.of(started, context.now)

    @mutation(
        "Ask a job to end before its next stage; what it has committed stays. The answer is how it was when asked. "
        "Errors: job.ended, not_found."
    )
    def cancel_job(self, info: Info, id: strawberry.ID) -> Job:
        context = info.context
        return Job.of(jobs.cancel(context.store, context.principal, id, now=context.now), context.now)
