"""GraphQL types of risk: assessments, reasons, a subject's ring, and the answers to score look-ups."""

from datetime import datetime

import strawberry

from api.graphql.context import Info
from api.graphql.declare import resolver
from api.graphql.enums import Grade, Language
from api.reasons import sentence
from graph_model import records
from graph_model.services import rings, risk
from graph_model.services.tags import reading

MOTIF = (
    "What its members have most in common: device_farm, shared_account (for pay-out), address_mill, phone_chain (emergency contacts), "
    "intermediary or guarantor_circle; null where nothing holds it together clearly."
)


@strawberry.type(
    description="Why a score is what it is: a documented code, a sentence with its numbers, and its share of the score."
)
class Reason:
    code: str
    text: str
    weight: float

    @classmethod
    def of(cls, reason: records.Reason, language: Language) -> "Reason":
        return cls(code=reason.code, text=sentence(reason, language.value), weight=reason.weight)


@strawberry.type(
    description="One scoring: a calibrated probability of fraud, its grade, and the versions that made them."
)
class Assessment:
    score: float
    grade: Grade
    source: str
    model_version: str
    policy_version: str
    as_of: datetime
    scored_at: datetime
    found: strawberry.Private[records.RiskAssessment]

    @resolver("Up to five, the weightiest first.")
    def reasons(self, language: Language = Language.ZH) -> list[Reason]:
        return [Reason.of(reason, language) for reason in self.found.reasons]

    @classmethod
    def of(cls, found: records.RiskAssessment) -> "Assessment":
        return cls(
            score=found.score,
            grade=found.grade,
            source=found.source.value,
            model_version=found.model_version,
            policy_version=found.policy_version,
            as_of=found.as_of,
            scored_at=found.scored_at,
            found=found,
        )


@strawberry.type(description="团伙: customers that one scoring found to belong together.")
class Ring:
    id: strawberry.ID
    size: int = strawberry.field(description="Customers in it.")
    known_fraud: int
    known_fraud_share: float
    density: float | None
    motif: str | None = strawberry.field(description=MOTIF)
    as_of: datetime

    @classmethod
    def of(cls, ring: records.Ring) -> "Ring":
        motif = ring.facts.get("motif")
        return cls(
            id=strawberry.ID(ring.ring_id),
            size=ring.size,
            known_fraud=ring.known_fraud,
            known_fraud_share=rings.share(ring),
            density=rings.number(ring, "density"),
            motif=str(motif) if motif is not None else None,
            as_of=ring.as_of,
        )


@strawberry.type(description="How old the knowledge behind a score is.")
class Freshness:
    age_seconds: int = strawberry.field(description="From the moment that the score speaks of to now, or to `asOf`.")
    changed_since: bool = strawberry.field(
        description="Seen again, labelled, disposed of or listed after the scoring, which therefore does not know it."
    )

    @classmethod
    def of(cls, freshness: risk.Freshness) -> "Freshness":
        return cls(age_seconds=int(freshness.age.total_seconds()), changed_since=freshness.changed_since)


@strawberry.type(
    description="What is known of one identifier's risk. Where a part is missing, old or down the answer says so in `degradedBecause`."
)
class ScoreAnswer:
    subject_id: strawberry.ID | None = strawberry.field(description="The node's opaque id; null when not found.")
    type: str = strawberry.field(description="The node type that was asked for.")
    found: bool
    score: float | None = strawberry.field(
        description="Of a customer or application a calibrated probability of fraud; of an identifier a summary of its customers."
    )
    grade: Grade | None
    ring: Ring | None
    model_version: str | None
    policy_version: str | None
    source: str | None = strawberry.field(description="rules, model or override.")
    as_of: datetime | None = strawberry.field(description="The moment the score speaks of.")
    scored_at: datetime | None
    freshness: Freshness | None
    degraded: bool
    degraded_because: list[str] = strawberry.field(
        description="unknown_subject, never_scored, stale, changed_since, rules_only, details_unavailable, ring_unavailable, "
        "history_unavailable, scoring_unfinished. A client treats a code it does not know as degraded."
    )
    seen: strawberry.Private[risk.ScoreView]

    @resolver("Up to five, the weightiest first.")
    def reasons(self, language: Language = Language.ZH) -> list[Reason]:
        return [Reason.of(reason, language) for reason in self.seen.reasons]

    @resolver("Tags of the node in short: `code`, or `code=value`.")
    def tags(self, info: Info) -> list[str]:
        node, context = self.seen.node, info.context
        if node is None:
            return []
        return reading.in_short(context.store, context.principal, node.node_id, as_of=self.seen.as_of)

    @classmethod
    def of(cls, seen: risk.ScoreView) -> "ScoreAnswer":
        node, assessment = seen.node, seen.assessment
        return cls(
            subject_id=None if node is None else strawberry.ID(node.node_id),
            type=seen.type,
            found=node is not None,
            score=seen.score,
            grade=seen.grade,
            ring=None if seen.ring is None else Ring.of(seen.ring),
            model_version=None if assessment is None else assessment.model_version,
            policy_version=None if assessment is None else assessment.policy_version,
            source=None if assessment is None else assessment.source.value,
            as_of=None if assessment is None else assessment.as_of,
            scored_at=None if assessment is None else assessment.scored_at,
            freshness=None if seen.freshness is None else Freshness.of(seen.freshness),
            degraded=len(seen.degraded) > 0,
            degraded_because=[why.value for why in seen.degraded],
            seen=seen,
        )


@strawberry.type(description="Why one of many ID numbers was refused. The number itself is never repeated.")
class ScoreError:
    code: str
    message: str


@strawberry.type(description="One of many: either an answer or an error.")
class ScoreItem:
    index: int = strawberry.field(description="The place in the list that was asked, from 0.")
    answer: ScoreAnswer | None
    error: ScoreError | None
