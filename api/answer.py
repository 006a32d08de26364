"""An answer to an application: the decision with all that it rests on, the JSON that it is kept as, and the fact that tells it in the graph."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gnn.decision import RuleHit
from gnn.decision_policy import Outcome
from graph_model.records import Fact, Grade, NodeRef, Reason, Ring


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

    def fact(self, application: NodeRef, *, source: str, recorded_at: datetime) -> Fact:
        """Tells the decision in the graph, and in its note by which policy and rules, and on what score."""
        note = [f"policy {self.decision_policy_version}"]
        if self.score is not None and self.grade is not None:
            note.append(f"score {self.score:.3f} {self.grade.value} by {self.model_version}")
        note += [", ".join(rule.code for rule in self.rules)] if self.rules else []
        note += [f"degraded: {', '.join(self.because)}"] if self.because else []
        return Fact(
            application, "decision", self.decision.value, self.assessed_at, recorded_at, source, note="; ".join(note)
        )


def to_plain(answer: Answer) -> dict[str, Any]:
    """As JSON has it."""
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


def from_plain(kept: dict[str, Any]) -> Answer:
    """What `to_plain` made plain."""
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
