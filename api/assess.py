"""Assessing an application as it comes: its records are written, it is scored online, a versioned policy decides, and the answer is kept under
the caller's idempotency key. A part that is down leads to a flagged review, never to an error: the application itself is in the graph by then."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from api.application_form import ApplicationForm, ApplicationInvalid, CleanForm, FieldError, clean
from api.idempotency import Done, Idempotency
from api.logs import log, where
from gnn.decision import Decision, Outcome, RuleHit, customers_of, decide, evidence_of, load_decision_policy
from graph_model.errors import StoreError, StoreTimeout
from graph_model.principal import Principal, Right
from graph_model.records import Fact, Grade, GraphBatch, NodeRef, Reason, Ring
from graph_model.services.moments import whole
from graph_model.store import GraphStore

if TYPE_CHECKING:
    from gnn.online import Assessed  # loads what learns, which only who scores needs

SCORING_FAILED, SCORING_TIMEOUT = "scoring_failed", "scoring_timeout"
EVIDENCE_UNAVAILABLE, RING_UNAVAILABLE = "evidence_unavailable", "ring_unavailable"


class OnlineScorer(Protocol):
    """What scores one application that is in the store; `gnn.online.Scorer` is one."""

    def assess(
        self, application: str | NodeRef, *, as_of: datetime, scored_at: datetime, write: bool = True
    ) -> "Assessed": ...


@dataclass(frozen=True, slots=True)
class Answer:
    """A decision and all that it rests on. `because` holds the codes of what was missing; `replayed` says that it was given before."""

    application_id: str  # node ids
    customer_id: str
    decision: Outcome
    rules: tuple[RuleHit, ...]
    score: float | None
    grade: Grade | None
    reasons: tuple[Reason, ...]
    ring: Ring | None
    model_version: str | None
    policy_version: str | None
    decision_policy_version: str
    assessed_at: datetime
    because: tuple[str, ...]
    replayed: bool = False


def assess(
    store: GraphStore,
    scorer: OnlineScorer,
    principal: Principal,
    form: ApplicationForm,
    *,
    key: str,
    secret: bytes,
    clock: Callable[[], datetime],
) -> Answer:
    """Raises ApplicationInvalid for fields that can't be taken, the errors of `Idempotency.reserve`, and the store's where it can't write."""
    principal.require(Right.ASSESS)
    now = whole(clock())
    cleaned = clean(form, now=now)  # what can't be taken reserves nothing
    keys = Idempotency(store, principal.name, secret=secret, clock=clock)
    reserved = keys.reserve(key, form.plain(), now=now)
    if isinstance(reserved, Done):
        return replace(_from_plain(reserved.answer), replayed=True)
    began = False
    try:
        if reserved.at != now:
            cleaned = clean(form, now=reserved.at)
        _require_own(store, cleaned)
        records = cleaned.records(store, now=reserved.at, source=principal.source)
        store.upsert(records)
        began = True
        answer = _decided(store, scorer, principal, cleaned, at=reserved.at)
        kept = keys.complete(reserved, _plain(answer))
    except BaseException:
        with suppress(StoreError):  # then the reservation runs out by itself
            keys.give_up(reserved, began=began)
        raise
    return answer if kept == _plain(answer) else replace(_from_plain(kept), replayed=True)


def _require_own(store: GraphStore, cleaned: CleanForm) -> None:
    """An application is one customer's: a number that was another's is a mistake, or worse."""
    known = store.get(cleaned.application)
    if known is None:
        return
    owners = {customer.ref for customer in customers_of(store, known.node_id)}
    if len(owners) > 0 and cleaned.customer not in owners:
        message = "Another customer has made the application of this id. Give this one an id of its own."
        raise ApplicationInvalid([FieldError("applicationId", "application.taken", message)])


def _decided(
    store: GraphStore, scorer: OnlineScorer, principal: Principal, cleaned: CleanForm, *, at: datetime
) -> Answer:
    application, customer = store.get(cleaned.application), store.get(cleaned.customer)
    assert application is not None and customer is not None  # they were written
    applied = application.properties.get("applied_at")
    # A clock of theirs that is ahead of ours must not hide the application from its own scoring.
    moment = max(at, applied) if isinstance(applied, datetime) else at
    because: set[str] = set()
    assessed: Assessed | None = None
    try:
        assessed = scorer.assess(application.node_id, as_of=moment, scored_at=at)
        because.update(assessed.degraded)
    except Exception as exc:  # whatever goes wrong in scoring, a person can still look at the application
        because.add(SCORING_TIMEOUT if isinstance(exc, StoreTimeout) else SCORING_FAILED)
        log.error("assess.scoring_failed", application=application.node_id, **where(exc))
    scored = None if assessed is None else assessed.application
    score, grade = (None, None) if scored is None else (scored.score, scored.grade)
    try:
        evidence = evidence_of(store, application.node_id, now=moment)
        decision = decide(evidence, score=score, grade=grade, degraded=because)
    except StoreError as exc:
        because.add(EVIDENCE_UNAVAILABLE)
        log.error("assess.evidence_unavailable", application=application.node_id, **where(exc))
        decision = Decision(Outcome.REVIEW, (), load_decision_policy().version)
    ring: Ring | None = None
    if scored is not None and scored.ring_id is not None:
        try:
            ring = store.ring(scored.ring_id)
        except StoreError as exc:
            because.add(RING_UNAVAILABLE)
            log.error("assess.ring_unavailable", application=application.node_id, **where(exc))
    answer = Answer(
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
        assessed_at=at,
        because=tuple(sorted(because)),
    )
    told = Fact(application.ref, "decision", answer.decision.value, at, at, principal.source, note=_in_short(answer))
    store.upsert(GraphBatch(facts=[told]))
    return answer


def _in_short(answer: Answer) -> str:
    """The decision's note: by which policy and rules, and on what score."""
    parts = [f"policy {answer.decision_policy_version}"]
    if answer.score is not None and answer.grade is not None:
        parts.append(f"score {answer.score:.3f} {answer.grade.value} by {answer.model_version}")
    parts += [", ".join(rule.code for rule in answer.rules)] if answer.rules else []
    parts += [f"degraded: {', '.join(answer.because)}"] if answer.because else []
    return "; ".join(parts)


# --- an answer as it is kept: plain JSON -----------------------------------------------------------------------------


def _plain(answer: Answer) -> dict[str, Any]:
    ring = answer.ring
    return {
        "application_id": answer.application_id,
        "customer_id": answer.customer_id,
        "decision": answer.decision.value,
        "rules": [{"code": r.code, "outcome": r.outcome.value, "values": dict(r.values)} for r in answer.rules],
        "score": answer.score,
        "grade": None if answer.grade is None else answer.grade.value,
        "reasons": [{"code": r.code, "weight": r.weight, "values": dict(r.values)} for r in answer.reasons],
        "ring": None
        if ring is None
        else {
            "ring_id": ring.ring_id,
            "size": ring.size,
            "known_fraud": ring.known_fraud,
            "as_of": ring.as_of.isoformat(),
            "scored_at": ring.scored_at.isoformat(),
            "model_version": ring.model_version,
            "facts": {name: ring.facts.get(name) for name in ("density", "motif")},
        },
        "model_version": answer.model_version,
        "policy_version": answer.policy_version,
        "decision_policy_version": answer.decision_policy_version,
        "assessed_at": answer.assessed_at.isoformat(),
        "because": list(answer.because),
    }


def _from_plain(kept: dict[str, Any]) -> Answer:
    ring = kept["ring"]
    return Answer(
        application_id=kept["application_id"],
        customer_id=kept["customer_id"],
        decision=Outcome(kept["decision"]),
        rules=tuple(RuleHit(r["code"], Outcome(r["outcome"]), r["values"]) for r in kept["rules"]),
        score=kept["score"],
        grade=None if kept["grade"] is None else Grade(kept["grade"]),
        reasons=tuple(Reason(r["code"], r["weight"], r["values"]) for r in kept["reasons"]),
        ring=None
        if ring is None
        else Ring(
            ring_id=ring["ring_id"],
            size=ring["size"],
            known_fraud=ring["known_fraud"],
            as_of=datetime.fromisoformat(ring["as_of"]),
            scored_at=datetime.fromisoformat(ring["scored_at"]),
            model_version=ring["model_version"],
            facts=ring["facts"],
        ),
        model_version=kept["model_version"],
        policy_version=kept["policy_version"],
        decision_policy_version=kept["decision_policy_version"],
        assessed_at=datetime.fromisoformat(kept["assessed_at"]),
        because=tuple(kept["because"]),
    )
