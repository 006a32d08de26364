"""Decision: approve, review or decline an application, from its score and grade and from hard rules, by a versioned policy. Pure.

Every rule that hits is told by code, with the numbers that its sentence holds and never a personal value. The worst outcome of all stands:
decline over review over approve. What is not known leads to a review, never to an approval.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from gnn.decision_policy import RULES, SEVERITY, DecisionPolicy, Outcome, load_decision_policy
from gnn.evidence import Evidence
from graph_model.errors import UnknownName
from graph_model.records import Grade

Values = Mapping[str, float | int | str]


@dataclass(frozen=True, slots=True)
class RuleHit:
    """A rule that spoke against approving: its code, what it leads to, and the numbers of its sentence."""

    code: str
    outcome: Outcome
    values: Values = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do with an application. `rules` are those that hit, the worst first; none for an approval."""

    decision: Outcome
    rules: Sequence[RuleHit]
    policy_version: str


def decide(
    evidence: Evidence,
    *,
    score: float | None,
    grade: Grade | None,
    degraded: Collection[str] = (),
    policy: DecisionPolicy | None = None,
) -> Decision:
    """The decision. Pure. Without score or grade it is never an approval."""
    policy = policy or load_decision_policy()
    hits = [RuleHit(code, policy.rules[code], values) for code, values in _hard_rules(evidence, policy)]
    limited = sorted(set(degraded) & policy.review_degraded)
    if len(limited) > 0:
        hits.append(RuleHit("DEGRADED", policy.rules["DEGRADED"], {"reasons": ", ".join(limited)}))
    if score is None or grade is None:
        hits.append(RuleHit("NOT_SCORED", policy.rules["NOT_SCORED"]))
    else:
        if policy.grades[grade] is not Outcome.APPROVE:
            hits.append(RuleHit("GRADE", policy.grades[grade], {"grade": grade.value}))
        if score >= policy.decline_score:
            values = {"score": round(score, 3), "decline": policy.decline_score}
            hits.append(RuleHit("SCORE", Outcome.DECLINE, values))
    hits.sort(key=lambda hit: -SEVERITY[hit.outcome])  # stable: within an outcome in the order of the list
    return Decision(hits[0].outcome if len(hits) > 0 else Outcome.APPROVE, tuple(hits), policy.version)


def _hard_rules(evidence: Evidence, policy: DecisionPolicy) -> Iterator[tuple[str, Values]]:
    """Of several applicants the worst counts for each rule."""
    people = evidence.applicants
    if len(people) == 0:
        yield "CUSTOMER_UNKNOWN", {}
    if len(people) > 1:
        yield "SEVERAL_APPLICANTS", {"applicants": len(people)}
    expiries = [person.id_expiry_date for person in people if person.id_expiry_date is not None]
    if len(expiries) < max(1, len(people)):
        yield "ID_EXPIRY_UNKNOWN", {}
    if len(expiries) > 0 and min(expiries) < evidence.today:
        yield "ID_EXPIRED", {"days": (evidence.today - min(expiries)).days}
    births = [person.birth_date for person in people if person.birth_date is not None]
    if len(births) < max(1, len(people)):
        yield "BIRTH_DATE_UNKNOWN", {}
    if len(births) > 0 and (age := age_on(evidence.today, max(births))) < policy.least_age:
        yield "UNDER_AGE", {"age": age, "least": policy.least_age}
    if (listed := sum(evidence.listed.values())) > 0:
        yield "BLOCKLISTED", {"listed": listed, "persons": evidence.listed.get("Customer", 0)}
    applications = max((person.applications for person in people), default=0)
    if applications > policy.most_applications:
        yield (
            "TOO_MANY_APPLICATIONS",
            {"applications": applications, "days": policy.window_days, "most": policy.most_applications},
        )
    if evidence.late_days >= policy.backdated_days:
        yield "BACKDATED", {"days": evidence.late_days}


def age_on(day: date, birth: date) -> int:
    """Whole years; the birthday counts, and who was born on 29 February has it on 1 March of other years. Not negative."""
    return max(0, day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day)))


def render_rule(hit: RuleHit, language: str) -> str:
    """The rule's sentence; `zh…` gives Chinese, anything else English. Raises UnknownName for a code that is not on the list."""
    caption = RULES.get(hit.code)
    if caption is None:
        raise UnknownName(f"There is no rule {hit.code}. There are: {', '.join(RULES)}.")
    return caption.text(language).format_map(dict(hit.values))
