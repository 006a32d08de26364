"""The work of marketing's jobs: computing a segment or tags by name, drawing an audience, sending one. Done as whoever asked, so that the gate and the
audit see them and not a server."""

import time
from collections.abc import Callable, Mapping
from functools import partial

from api.gate import gate_of, policy_of
from api.job_records import Job, JobKind
from api.job_subjects import require_still
from api.settings import Settings
from graph_model.errors import InvalidRequest
from graph_model.services import audiences
from graph_model.services.referrals import circles_of
from graph_model.services.segments.computing import compute as compute_segments
from graph_model.services.tags.computing import base_date_of
from graph_model.services.tags.computing import compute as compute_tags
from graph_model.store import Clock, GraphStore, OnProgress

MarketingWork = Callable[[GraphStore, Settings, Job, Clock, OnProgress], str]  # returns how it ended, in words
_LOOK = 1.0  # seconds between two looks whether a rest is to be broken off


def segment(store: GraphStore, settings: Settings, job: Job, clock: Clock, on_progress: OnProgress) -> str:
    """Raises InvalidRequest with the run's own code where it could not be computed."""
    (outcome,) = compute_segments(
        store, policy_of(settings), codes=job.subject.codes, by=job.principal.source, clock=clock,
        on_progress=partial(_of_one, on_progress),
    )  # fmt: skip
    if outcome.run is not None and outcome.failed:
        raise InvalidRequest(outcome.run.message, code=outcome.run.code)
    current = " It was current." if outcome.run is None else ""
    return (
        "" if outcome.edition is None else f"Edition {outcome.edition.number} of {outcome.edition.base_date}.{current}"
    )


def tags(store: GraphStore, _settings: Settings, job: Job, clock: Clock, on_progress: OnProgress) -> str:
    """With what they read. Raises InvalidRequest tag.failed where one that was named could not be computed."""
    done = compute_tags(
        store, base_date=base_date_of(clock()), codes=job.subject.codes, by=job.principal.source, clock=clock,
        on_progress=on_progress,
    )  # fmt: skip
    failed = [each.code for each in done if each.failed and each.code in job.subject.codes]
    if failed:
        raise InvalidRequest(f"{', '.join(failed)} could not be computed: the last run says why.", code="tag.failed")
    current = sum(each.run is None for each in done)
    return f"{len(done) - current} tags computed, {current} were current."


def audience(store: GraphStore, settings: Settings, job: Job, clock: Clock, on_progress: OnProgress) -> str:
    gate, now, draft = gate_of(settings), clock(), job.subject.draft
    circles = circles_of(store, gate.secret, as_of=now, on_progress=on_progress)
    if draft is None:
        _, version = audiences.redraw(
            store, gate, circles, job.principal, job.subject.audience, now=now, on_progress=on_progress
        )
    else:
        _, version = audiences.create(
            store, gate, circles, job.principal, draft, now=now, own_id=job.id, on_progress=on_progress
        )
    return f"Version {version.number} with {version.members:,} members."


def send(store: GraphStore, settings: Settings, job: Job, clock: Clock, on_progress: OnProgress) -> str:
    """Goes on where an earlier sending was broken off. Nothing more goes out for somebody who lost their rights meanwhile."""
    from api.webhooks import receiver_of
    from api.webhooks import send as post

    principal, subject = job.principal, job.subject

    def still(stage: str, done: int, total: int) -> None:  # after each batch, and while the receiver is left alone
        require_still(settings, job, now=clock())
        on_progress(stage, done, total)

    found = audiences.one(store, principal, subject.audience)
    done = post(
        store, gate_of(settings), principal, found, audiences.version(store, principal, found, subject.version),
        receiver_of(settings, subject.receiver), clock=clock, note=lambda line: store.append_audit([line]),
        sleep=partial(_rest, still), on_progress=still,
    )  # fmt: skip
    return f"{done.sent:,} members of version {done.version} went to {done.receiver}."


MARKETING: Mapping[JobKind, MarketingWork] = {
    JobKind.SEGMENT: segment,
    JobKind.TAGS: tags,
    JobKind.AUDIENCE: audience,
    JobKind.SEND: send,
}


def _of_one(on_progress: OnProgress, stage: str, done: int, total: int) -> None:
    """One of one says nothing of how far it is."""
    on_progress(stage, done if done == total else 0, total if done == total else 0)


def _rest(on_progress: OnProgress, seconds: float) -> None:
    """Until the receiver is tried again; whoever cancels need not wait for it."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        on_progress("resting", 0, 0)
        time.sleep(min(_LOOK, left))
