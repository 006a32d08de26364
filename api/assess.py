"""Assessing an application as it comes: its records are written, it is scored online, a versioned policy decides, and the answer is kept under
the caller's idempotency key. A part that is down is told in the answer, which is then the policy's for what is missing, and never an error:
the application itself is in the graph by then."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from api.answer import Answer, from_plain, to_plain
from api.application_form import ApplicationForm, ApplicationInvalid, CleanForm, FieldError, clean
from api.idempotency import Done, Idempotency, keyed_hash
from api.logs import log
from gnn.decision import Decision, decide
from gnn.decision_policy import Outcome, load_decision_policy
from gnn.evidence import Evidence, customers_of, evidence_of
from graph_model.deadline import seconds_left, within
from graph_model.errors import StoreError, StoreTimeout, where
from graph_model.moments import whole
from graph_model.principal import Principal, Right
from graph_model.records import GraphBatch, NodeRef, Ring
from graph_model.store import GraphStore

if TYPE_CHECKING:
    from gnn.online import Assessed  # loads what learns, which only who scores needs

SCORING_FAILED, SCORING_TIMEOUT = "scoring_failed", "scoring_timeout"
EVIDENCE_UNAVAILABLE, RING_UNAVAILABLE = "evidence_unavailable", "ring_unavailable"
_AFTER_SCORING = 2.0  # seconds that scoring leaves for deciding, of the time there is; a quarter where that is little


class OnlineScorer(Protocol):
    """What scores one application that is in the store; `gnn.online.Scorer` is one."""

    def assess(
        self, application: str | NodeRef, *, as_of: datetime, scored_at: datetime, write: bool = True
    ) -> "Assessed": ...


def assess(
    store: GraphStore,
    scorer: OnlineScorer,
    principal: Principal,
    form: ApplicationForm,
    *,
    key: str,
    secret: bytes,
    held: timedelta,
    clock: Callable[[], datetime],
) -> Answer:
    """`held` is how long a key stays reserved for a caller who doesn't come back. Raises ApplicationInvalid for fields that can't be taken,
    the errors of `Idempotency`, and the store's where it can't write."""
    principal.require(Right.ASSESS)
    now = whole(clock())
    cleaned = clean(form, now=now)  # what can't be taken reserves nothing
    keys = Idempotency(store, principal.name, secret=secret, held=held, clock=clock)
    reserved = keys.reserve(key, form.plain(), now=now)
    if isinstance(reserved, Done):
        done, mine = reserved, False
    else:
        began = False
        try:
            if reserved.at != now:
                cleaned = clean(form, now=reserved.at)
            _take(store, cleaned, secret=secret)
            store.upsert(cleaned.records(now=reserved.at, source=principal.source))
            began = True
            # Not before what it decides on, even where the clock is another server's.
            plain = to_plain(_decided(store, scorer, cleaned, now=max(reserved.at, whole(clock()))))
            done = keys.complete(reserved, plain)
            mine = done.answer == plain
        except BaseException:
            with suppress(StoreError):  # then the reservation runs out by itself
                keys.give_up(reserved, began=began)
            raise
    answer = from_plain(done.answer)
    if not done.settled:
        told = answer.fact(cleaned.application, source=principal.source, recorded_at=whole(clock()))
        keys.settle(done, GraphBatch(facts=[told]))
    return replace(answer, replayed=not mine)


def _take(store: GraphStore, cleaned: CleanForm, *, secret: bytes) -> None:
    """An application is one customer's: a number that is another's is a mistake, or worse. Whoever comes first with it has it for good, also
    among those who come at once; who has it by files has it already."""
    known = store.get(cleaned.application)
    owners = set() if known is None else {customer.ref for customer in customers_of(store, known.node_id)}
    taken = len(owners) > 0 and cleaned.customer not in owners
    if not taken:
        name = f"application-owner/{keyed_hash(secret, 'application', cleaned.application.key)}"
        me = keyed_hash(secret, "customer", cleaned.customer.key)
        taken = not store.swap_state(name, expected=None, value=me) and store.state(name) != me
    if taken:
        message = "Another customer has made the application of this id. Give this one an id of its own."
        raise ApplicationInvalid([FieldError("applicationId", "application.taken", message)])


def _decided(store: GraphStore, scorer: OnlineScorer, cleaned: CleanForm, *, now: datetime) -> Answer:
    application, customer = store.get(cleaned.application), store.get(cleaned.customer)
    assert application is not None and customer is not None  # they were written
    applied = application.properties.get("applied_at")
    # A clock of theirs that is ahead of ours must not hide the application from its own scoring.
    moment = max(now, applied) if isinstance(applied, datetime) else now
    because: set[str] = set()
    evidence: Evidence | None = None
    try:  # before scoring, which may take all the time there is: hard rules decline in any case
        evidence = evidence_of(store, application.node_id, now=now, horizon=moment)
    except StoreError as exc:
        because.add(EVIDENCE_UNAVAILABLE)
        log.error("assess.evidence_unavailable", application=application.node_id, **where(exc))
    assessed: Assessed | None = None
    try:
        with _time_for_scoring():
            assessed = scorer.assess(application.node_id, as_of=moment, scored_at=now)
        because.update(assessed.degraded)
    except Exception as exc:  # whatever goes wrong in scoring, a person can still look at the application
        because.add(SCORING_TIMEOUT if isinstance(exc, StoreTimeout) else SCORING_FAILED)
        log.error("assess.scoring_failed", application=application.node_id, **where(exc))
    scored = None if assessed is None else assessed.application
    ring: Ring | None = None
    if scored is not None and scored.ring_id is not None:
        try:
            ring = store.ring(scored.ring_id)
        except StoreError as exc:
            because.add(RING_UNAVAILABLE)
            log.error("assess.ring_unavailable", application=application.node_id, **where(exc))
    score, grade = (None, None) if scored is None else (scored.score, scored.grade)
    if evidence is None:
        decision = Decision(Outcome.REVIEW, (), load_decision_policy().version)
    else:
        decision = decide(evidence, score=score, grade=grade, degraded=because)
    return Answer(
        application_id=application.node_id,
        customer_id=customer.node_id,
        decision=decision.decision,
        rules=tuple(decision.rules),
        score=score,
        grade=grade,
        reasons=() if scored is None else tuple(scored.reasons),
        ring=ring,
        model_version=None if scored is None else scored.model_version,
        policy_version=None if scored is None else scored.policy_version,
        decision_policy_version=decision.policy_version,
        assessed_at=now,
        because=tuple(sorted(because)),
    )


@contextmanager
def _time_for_scoring() -> Iterator[None]:
    """Less than there is, where there is an end to it."""
    left = seconds_left()
    if left is None:
        yield
        return
    with within(left - min(_AFTER_SCORING, left / 4)):
        yield
