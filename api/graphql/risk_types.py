"""GraphQL types of risk: assessments, reasons and rings."""

from datetime import datetime

import strawberry

from api.graphql.declare import resolver
from api.graphql.enums import Grade, Language
from api.reasons import sentence
from graph_model import records


@strawberry.type(
    description="Why a score is what it is: a documented code, a sentence with its numbers, and its share of the score."
)
class Reason:
    code: str
    text: str
    weight: float


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
        return [
            Reason(code=reason.code, text=sentence(reason, language.value), weight=reason.weight)
            for reason in self.found.reasons
        ]

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
    motif: str | None
    as_of: datetime

    @classmethod
    def of(cls, ring: records.Ring) -> "Ring":
        density, motif = ring.facts.get("density"), ring.facts.get("motif")
        return cls(
            id=strawberry.ID(ring.ring_id),
            size=ring.size,
            known_fraud=ring.known_fraud,
            known_fraud_share=ring.known_fraud / ring.size if ring.size > 0 else 0.0,
            density=float(density) if isinstance(density, int | float) else None,
            motif=str(motif) if motif is not None else None,
            as_of=ring.as_of,
        )
