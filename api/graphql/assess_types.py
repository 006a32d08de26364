"""GraphQL types of assessing: the application that comes in, and the decision that goes out."""

from datetime import datetime
from enum import Enum

import strawberry

from api import assess
from api.application_form import Applicant, ApplicationForm, Kinded
from api.graphql.declare import resolver
from api.graphql.enums import Grade, Language
from api.graphql.risk_types import Reason, Ring
from api.reasons import rule_sentence
from gnn.decision import Outcome


@strawberry.enum
class AddressKind(Enum):
    HOME = "home"
    WORK = "work"
    DELIVERY = "delivery"


@strawberry.enum(description="PAY_IN: repayments are taken from it. PAY_OUT: the loan is paid out to it.")
class AccountRole(Enum):
    PAY_IN = "pay_in"
    PAY_OUT = "pay_out"


@strawberry.input(
    description="The person's document and attributes, as customers.csv has them; only the document is needed."
)
class ApplicantInput:
    id_number: str = strawberry.field(description="18-digit resident ID, or TYPE:number for another document.")
    name: str | None = None
    sex: str | None = None
    birth_date: str | None = None
    id_expiry_date: str | None = strawberry.field(default=None, description="A date, or 长期 for one without end.")
    education: str | None = None
    marital_status: str | None = None
    mobile_carrier: str | None = None
    registered_at: str | None = strawberry.field(default=None, description="The application's moment when left out.")


@strawberry.input
class AddressInput:
    kind: AddressKind
    text: str


@strawberry.input
class BankAccountInput:
    role: AccountRole
    number: str


@strawberry.input(
    description="An application with all it comes with; the same values in files make the same graph (docs/data-layout.md). "
    "Moments without an offset are read as Asia/Shanghai. Lists have at most 20 entries."
)
class ApplicationInput:
    application_id: str = strawberry.field(description="The lender's own number; it names no person.")
    customer: ApplicantInput
    applied_at: str | None = strawberry.field(default=None, description="Now when left out.")
    product: str | None = None
    channel: str | None = None
    amount: float | None = None
    term_months: int | None = None
    phones: list[str] = strawberry.field(default_factory=list)
    devices: list[str] = strawberry.field(default_factory=list)
    addresses: list[AddressInput] = strawberry.field(default_factory=list)
    bank_accounts: list[BankAccountInput] = strawberry.field(default_factory=list)
    employer: str | None = None
    email: str | None = None
    ip: str | None = None
    social_accounts: list[str] = strawberry.field(default_factory=list, description="platform:handle")
    emergency_contacts: list[str] = strawberry.field(default_factory=list, description="Phone numbers.")
    referrer: str | None = strawberry.field(default=None, description="Document of the customer who referred this one.")
    guarantors: list[str] = strawberry.field(default_factory=list, description="Documents of those who vouch.")

    def form(self) -> ApplicationForm:
        person = self.customer
        return ApplicationForm(
            application_id=self.application_id,
            customer=Applicant(
                id_number=person.id_number,
                name=person.name,
                sex=person.sex,
                birth_date=person.birth_date,
                id_expiry_date=person.id_expiry_date,
                education=person.education,
                marital_status=person.marital_status,
                mobile_carrier=person.mobile_carrier,
                registered_at=person.registered_at,
            ),
            applied_at=self.applied_at,
            product=self.product,
            channel=self.channel,
            amount=self.amount,
            term_months=self.term_months,
            phones=self.phones,
            devices=self.devices,
            addresses=[Kinded(one.kind.value, one.text) for one in self.addresses],
            bank_accounts=[Kinded(one.role.value, one.number) for one in self.bank_accounts],
            employer=self.employer,
            email=self.email,
            ip=self.ip,
            social_accounts=self.social_accounts,
            emergency_contacts=self.emergency_contacts,
            referrer=self.referrer,
            guarantors=self.guarantors,
        )


strawberry.enum(Outcome, name="Decision", description="What to do with an application.")


@strawberry.type(description="A rule that spoke against approving: a documented code, and a sentence with its numbers.")
class RuleHit:
    code: str
    text: str
    leads_to: Outcome


@strawberry.type(
    description="The decision on an application, and what it rests on. A part that was down is told in `degradedBecause`; the decision is then "
    "a review at best."
)
class DecisionAnswer:
    application_id: strawberry.ID = strawberry.field(description="Node id.")
    customer_id: strawberry.ID = strawberry.field(description="Node id.")
    decision: Outcome
    score: float | None = strawberry.field(description="Calibrated probability of fraud; null where scoring failed.")
    grade: Grade | None
    ring: Ring | None
    model_version: str | None
    policy_version: str | None = strawberry.field(description="Of the policy that grades.")
    decision_policy_version: str
    assessed_at: datetime
    degraded: bool
    degraded_because: list[str] = strawberry.field(
        description="rules_only, no_ring_snapshot, ring_snapshot_old, hub_truncated, ego_truncated, scoring_failed, scoring_timeout, "
        "evidence_unavailable, ring_unavailable. A client treats a code it does not know as degraded."
    )
    replayed: bool = strawberry.field(description="Given before under the same idempotency key; nothing was done anew.")
    found: strawberry.Private[assess.Answer]

    @resolver("Which hard rules, grade or score spoke against approving, the worst first; empty for an approval.")
    def rules(self, language: Language = Language.ZH) -> list[RuleHit]:
        return [
            RuleHit(code=hit.code, text=rule_sentence(hit, language.value), leads_to=hit.outcome)
            for hit in self.found.rules
        ]

    @resolver("Why the score is what it is: up to five, the weightiest first.")
    def reasons(self, language: Language = Language.ZH) -> list[Reason]:
        return [Reason.of(reason, language) for reason in self.found.reasons]

    @classmethod
    def of(cls, answer: assess.Answer) -> "DecisionAnswer":
        return cls(
            application_id=strawberry.ID(answer.application_id),
            customer_id=strawberry.ID(answer.customer_id),
            decision=answer.decision,
            score=answer.score,
            grade=answer.grade,
            ring=None if answer.ring is None else Ring.of(answer.ring),
            model_version=answer.model_version,
            policy_version=answer.policy_version,
            decision_policy_version=answer.decision_policy_version,
            assessed_at=answer.assessed_at,
            degraded=len(answer.because) > 0,
            degraded_because=list(answer.because),
            replayed=answer.replayed,
            found=answer,
        )
