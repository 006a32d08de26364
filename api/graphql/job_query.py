"""Queries of jobs: any server tells of any server's."""

import strawberry

from api import jobs
from api.graphql.context import Info
from api.graphql.declare import resolver
from api.graphql.job_types import Job


@strawberry.type
class JobQuery:
    @resolver(
        "The newest jobs, of all servers. Who may not see all sees those of marketing that they could have started."
    )
    def jobs(self, info: Info, first: int = 20) -> list[Job]:
        context = info.context
        found = jobs.jobs(context.store, context.principal, first=first, now=context.now)
        return [Job.of(job, context.now) for job in found]

    @resolver("null when unknown.")
    def job(self, info: Info, id: strawberry.ID) -> Job | None:
        context = info.context
        found = jobs.job(context.store, context.principal, id, now=context.now)
        return None if found is None else Job.of(found, context.now)
