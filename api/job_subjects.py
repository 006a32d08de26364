"""What jobs of marketing are about: who may start one on what, who is told of it, and whether what was asked can be done at all."""

from dataclasses import replace
from datetime import datetime

from api.job_records import Job, JobKind, JobStatus, Subject, Vouched
from api.key_records import State
from api.keys import Keys
from api.secrets import server_secret
from api.settings import Settings
from api.users import Users
from graph_model.errors import Forbidden, InvalidRequest, NotFound
from graph_model.principal import MACHINE, Principal, Right
from graph_model.services import audiences
from graph_model.services.deliveries import deliveries, require_unsent
from graph_model.services.segments import dictionary as segments
from graph_model.services.tags import dictionary as tags
from graph_model.store import GraphStore

MOST_CODES = 100


def right_of(kind: JobKind, subject: Subject) -> Right:
    """The one that the same takes without a job."""
    match kind:
        case JobKind.SEGMENT:
            return Right.EDIT_TAGS
        case JobKind.TAGS if len(subject.codes) > 0:
            return Right.EDIT_TAGS
        case JobKind.AUDIENCE | JobKind.SEND:
            return Right.MARKET
        case _:
            return Right.RUN_JOBS


def checked(
    store: GraphStore, settings: Settings, principal: Principal, kind: JobKind, subject: Subject, *, now: datetime
) -> Subject:
    """A subject as the job keeps it, where the principal may do this to it. Raises InvalidRequest job.subject for one that doesn't fit the kind,
    NotFound for what is not there for them, and what can be told of an audience or a sending before it is begun."""
    principal.require(right_of(kind, subject))
    if subject.codes and kind not in (JobKind.TAGS, JobKind.SEGMENT):
        raise _unfit("Codes are for the kinds TAGS and SEGMENT.")
    if (subject.audience or subject.draft is not None or subject.receiver) and kind not in (
        JobKind.AUDIENCE,
        JobKind.SEND,
    ):
        raise _unfit("An audience is for the kinds AUDIENCE and SEND.")
    match kind:
        case JobKind.SEGMENT:
            if len(subject.codes) != 1:
                raise _unfit("Name one segment by its code.")
            segments.find(store, principal, subject.codes[0])
        case JobKind.TAGS:
            if len(subject.codes) > MOST_CODES:
                raise _unfit(f"Name {MOST_CODES} tags at most.")
            for code in subject.codes:
                if tags.find(store, principal, code).kind.is_given:
                    raise InvalidRequest(
                        f"There is nothing to compute of {code}: its values are given.", code="tag.kind"
                    )
            return replace(subject, codes=tuple(dict.fromkeys(subject.codes)))
        case JobKind.AUDIENCE:
            return _drawn(store, principal, subject)
        case JobKind.SEND:
            return _sent(store, settings, principal, subject, now)
        case _:
            pass
    return subject


def vouched(settings: Settings, principal: Principal) -> Vouched:
    """What says now who somebody is that a server let in."""
    if principal.name.startswith(MACHINE):
        return Vouched.KEYS
    return Vouched.PROVIDER if Users(settings.home).find(principal.name) is None else Vouched.USERS


def require_still(settings: Settings, job: Job, *, now: datetime) -> None:
    """Of whoever asked for a job of marketing, which is done as them and may be long after. Raises Forbidden where they were removed or revoked, or are
    somebody else by now."""
    asked = job.principal
    if not _still(settings, job.vouched, asked, now):
        raise Forbidden(
            "Whoever asked for this job may not do so any more: the user or the key was removed, or has other rights now. "
            "Somebody who may can start it again."
        )
    asked.require(right_of(job.kind, job.subject))


def _still(settings: Settings, by: Vouched, asked: Principal, now: datetime) -> bool:
    match by:
        case Vouched.SHELL:
            return True
        case Vouched.KEYS:
            keys = Keys(settings.home, server_secret(settings.home, settings.secret.get_secret_value()))
            return any(key.principal == asked and keys.state(key, now=now) is State.GOOD for key in keys.all())
        case Vouched.USERS:
            user = Users(settings.home).find(asked.name)
            return user is not None and user.principal == asked
        case Vouched.PROVIDER:  # nobody with a password has taken the name since
            trusted = settings.oidc_issuer != "" and asked.role.value in settings.oidc_role_map.values()
            return trusted and Users(settings.home).find(asked.name) is None


class Sight:
    """What one principal may see of jobs, in one request: each tag and segment that they are about is looked up once."""

    def __init__(self, store: GraphStore, principal: Principal) -> None:
        self._store, self._principal = store, principal
        self._known: dict[tuple[bool, str], bool] = {}

    def subject_of(self, job: Job) -> bool:
        """Whoever could have started it on that, and nobody else: who may not know of a segment or an audience learns no more of it from its jobs."""
        if not job.line:
            return True
        if not self._principal.may(right_of(job.kind, job.subject)):
            return False
        return all(self._knows(job.kind is JobKind.SEGMENT, code) for code in job.subject.codes)

    def told(self, job: Job) -> Job | None:
        """A job as the principal may see it, None where they may not. Refusals of a gate are exact to some and not to others: in full they are told to who
        was refused, and to who may see exclusions."""
        sees = self.subject_of(job)
        if not self._principal.may(Right.SEE_JOBS) and not (job.line and sees):
            return None
        if not sees:
            return replace(job, subject=Subject(), message=_in_short(job.message))
        if job.status is JobStatus.FAILED and job.line and not self._principal.may(Right.SEE_EXCLUSIONS):
            return job if job.principal == self._principal else replace(job, message=_in_short(job.message))
        return job

    def _knows(self, segment: bool, code: str) -> bool:
        found = self._known.get((segment, code))
        if found is None:
            try:
                (segments.find if segment else tags.find)(self._store, self._principal, code)
                found = True
            except (Forbidden, NotFound):
                found = False
            self._known[segment, code] = found
        return found


def _in_short(message: str) -> str:
    """The code of a failure, without its words."""
    code, bracket, _ = message.partition("]")
    return code + bracket if bracket and code.startswith("[") else ""


def _drawn(store: GraphStore, principal: Principal, subject: Subject) -> Subject:
    if (subject.draft is None) == (subject.audience == "") or subject.version or subject.receiver:
        raise _unfit("Describe a new audience (name, channel, purpose, recipe), or name one by its id to draw it anew.")
    if subject.draft is not None:
        return replace(subject, draft=audiences.checked(store, principal, subject.draft))
    audiences.one(store, principal, subject.audience)
    return subject


def _sent(store: GraphStore, settings: Settings, principal: Principal, subject: Subject, now: datetime) -> Subject:
    if not subject.audience or not subject.receiver or subject.draft is not None:
        raise _unfit("Name the audience by its id, and the receiver.")
    from api.webhooks import receiver_of

    receiver_of(settings, subject.receiver)
    audience = audiences.one(store, principal, subject.audience)
    of = audiences.version(store, principal, audience, subject.version or None)
    audiences.require_open(of, now)
    for delivery in deliveries(store, principal, audience, of):
        if delivery.receiver == subject.receiver:
            require_unsent(delivery)
    return replace(subject, version=of.number)


def _unfit(what: str) -> InvalidRequest:
    return InvalidRequest(what, code="job.subject")
