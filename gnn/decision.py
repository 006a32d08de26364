"""Decision: approve, review or decline an application, from its score and grade and from hard rules, by a versioned policy file.

`evidence_of` reads what the rules need from the store; `decide` is pure. Every rule that hits is told by code, with the numbers that its
sentence holds and never a personal value. The worst outcome of all stands: decline over review over approve. What is not known leads to a
review, never to an approval.
"""

import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

from graph_model.errors import InvalidRequest, NotFound, UnknownName
from graph_model.records import AsOf, Grade, Node
from graph_model.schema import SCHEMA, Caption, Value
from graph_model.schema.identifiers import birth_date_of
from graph_model.schema.property_types import LOCAL_ZONE
from graph_model.store import GraphStore

DEFAULT_DECISION_POLICY = Path(__file__).with_name("decision.toml")
BLOCKLIST_FACT, LISTED = "blocklist", "listed"
_AROUND = 5_000  # relationships of a type that are read of an application or customer


class Outcome(StrEnum):
    """From the best to the worst; `FactKind` decision has the same codes."""

    APPROVE = "approve"
    REVIEW = "review"
    DECLINE = "decline"


_SEVERITY = {outcome: place for place, outcome in enumerate(Outcome)}

# The documented list (docs/scoring.md; a test compares the two). Sentences hold numbers, grades and codes only.
RULES: Mapping[str, Caption] = {
    "ID_EXPIRED": Caption("证件已过期 {days} 天", "The ID document expired {days} days ago"),
    "UNDER_AGE": Caption("申请人 {age} 周岁，未满 {least} 周岁", "The applicant is {age} years old, under {least}"),
    "BLOCKLISTED": Caption(
        "申请人或其信息中有 {listed} 项在黑名单上，其中本人 {persons} 项",
        "{listed} of the applicant and what they use are on the blocklist, {persons} of them the person",
    ),
    "TOO_MANY_APPLICATIONS": Caption(
        "近 {days} 天内提交 {applications} 笔申请，上限 {most} 笔",
        "{applications} applications within {days} days, where {most} are allowed",
    ),
    "ID_EXPIRY_UNKNOWN": Caption("证件有效期未知", "It is not known when the ID document expires"),
    "BIRTH_DATE_UNKNOWN": Caption("出生日期未知", "The date of birth is not known"),
    "CUSTOMER_UNKNOWN": Caption("申请人未知", "It is not known who applied"),
    "NOT_SCORED": Caption("未能评分", "There is no score"),
    "DEGRADED": Caption("评分受限：{reasons}", "The score is limited: {reasons}"),
    "GRADE": Caption("评级为 {grade}", "The grade is {grade}"),
    "SCORE": Caption("评分 {score} 不低于 {decline}", "The score of {score} is not below {decline}"),
}
_FROM_SCORE = ("GRADE", "SCORE")  # their outcome is the policy's for grade and score, the others' is in its [rules]


@dataclass(frozen=True, slots=True)
class RuleHit:
    """A rule that spoke against approving: its code, what it leads to, and the numbers of its sentence."""

    code: str
    outcome: Outcome
    values: Mapping[str, float | int | str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do with an application. `rules` are those that hit, the worst first; none for an approval."""

    decision: Outcome
    rules: Sequence[RuleHit]
    policy_version: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the hard rules look at. `today` is the day in the zone of the product; None is what is not known.
    `listed` counts the blocklisted nodes among application, customer and what is within one hop of either, by label."""

    today: date
    customer_known: bool
    birth_date: date | None
    id_expiry_date: date | None
    listed: Mapping[str, int]
    applications: int  # by the customer within the policy's window, this one included


@dataclass(frozen=True, slots=True)
class DecisionPolicy:
    """A decision policy file."""

    version: str
    grades: Mapping[Grade, Outcome]
    decline_score: float
    rules: Mapping[str, Outcome]
    least_age: int
    most_applications: int
    window_days: int
    review_degraded: frozenset[str]


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
    hits.sort(key=lambda hit: -_SEVERITY[hit.outcome])  # stable: within an outcome in the order of the list
    return Decision(hits[0].outcome if len(hits) > 0 else Outcome.APPROVE, tuple(hits), policy.version)


def _hard_rules(evidence: Evidence, policy: DecisionPolicy) -> list[tuple[str, dict[str, float | int | str]]]:
    found: list[tuple[str, dict[str, float | int | str]]] = []
    if not evidence.customer_known:
        found.append(("CUSTOMER_UNKNOWN", {}))
    if evidence.id_expiry_date is None:
        found.append(("ID_EXPIRY_UNKNOWN", {}))
    elif evidence.id_expiry_date < evidence.today:
        found.append(("ID_EXPIRED", {"days": (evidence.today - evidence.id_expiry_date).days}))
    if evidence.birth_date is None:
        found.append(("BIRTH_DATE_UNKNOWN", {}))
    elif (age := age_on(evidence.today, evidence.birth_date)) < policy.least_age:
        found.append(("UNDER_AGE", {"age": age, "least": policy.least_age}))
    if (listed := sum(evidence.listed.values())) > 0:
        found.append(("BLOCKLISTED", {"listed": listed, "persons": evidence.listed.get("Customer", 0)}))
    if evidence.applications > policy.most_applications:
        values: dict[str, float | int | str] = {
            "applications": evidence.applications,
            "days": policy.window_days,
            "most": policy.most_applications,
        }
        found.append(("TOO_MANY_APPLICATIONS", values))
    return found


def age_on(day: date, birth: date) -> int:
    """Whole years; the birthday counts, and who was born on 29 February has it on 1 March of other years. Not negative."""
    return max(0, day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day)))


def render_rule(hit: RuleHit, language: str) -> str:
    """The rule's sentence; `zh…` gives Chinese, anything else English. Raises UnknownName for a code that is not on the list."""
    caption = RULES.get(hit.code)
    if caption is None:
        raise UnknownName(f"There is no rule {hit.code}. There are: {', '.join(RULES)}.")
    return caption.text(language).format_map(dict(hit.values))


# --- what the rules look at ------------------------------------------------------------------------------------------


def evidence_of(
    store: GraphStore, application_id: str, *, now: datetime, policy: DecisionPolicy | None = None
) -> Evidence:
    """Read the evidence about an application, by node id, as of `now`. Raises NotFound for an unknown one."""
    policy = policy or load_decision_policy()
    as_of = AsOf.at(now)
    customers = customers_of(store, application_id, as_of=as_of)
    person = customers[0] if len(customers) > 0 else None
    since = now - timedelta(days=policy.window_days)
    return Evidence(
        today=now.astimezone(LOCAL_ZONE).date(),
        customer_known=person is not None,
        birth_date=None if person is None else _birth_date(person),
        id_expiry_date=None if person is None else _day(person.properties, "id_expiry_date"),
        listed=_listed(store, application_id, customers, as_of),
        applications=sum(
            1
            for node in _applications_of(store, customers, as_of)
            if since < _moment(node.properties.get("applied_at"), node.first_seen) <= now
        ),
    )


def customers_of(store: GraphStore, application_id: str, *, as_of: AsOf | None = None) -> list[Node]:
    """Who made an application: most often one, none where it came without a person. Raises NotFound for an unknown application."""
    found = store.get_by_id([application_id], as_of=as_of)
    if len(found) == 0 or found[0].label != "Application":
        raise NotFound("There is no such application as of that moment. Ask for an application's node id.")
    makers = [h for h, label in _linked(store, [application_id], as_of, ("APPLIED",)).items() if label == "Customer"]
    return store.get_by_id(store.node_ids(sorted(makers)), as_of=as_of)


def _listed(store: GraphStore, application_id: str, customers: Sequence[Node], as_of: AsOf) -> dict[str, int]:
    """The blocklisted nodes by label. Another customer is no identifier of this one: only the person and what is used are looked at."""
    mine = {application_id: "Application"} | {customer.node_id: customer.label for customer in customers}
    around = _linked(store, list(mine), as_of, _SOURCE_TYPES)
    used = {handle: label for handle, label in around.items() if label != "Customer"}
    label_of = dict(zip(store.node_ids(list(used)), used.values(), strict=True)) | mine
    listed: dict[str, int] = {}
    for node_id in blocklisted(store, list(label_of), as_of=as_of):
        listed[label_of[node_id]] = listed.get(label_of[node_id], 0) + 1
    return listed


def blocklisted(store: GraphStore, node_ids: Sequence[str], *, as_of: AsOf) -> list[str]:
    """Those of the nodes whose newest blocklist fact at the moment says that they are listed."""
    facts = store.facts_of(node_ids, kind=BLOCKLIST_FACT, as_of=as_of)
    # Of facts of one moment the one recorded last decides, and a listing where even that is the same.
    newest = {
        node_id: max(known, key=lambda fact: (fact.at, fact.recorded_at, fact.value == LISTED))
        for node_id, known in facts.items()
        if len(known) > 0
    }
    return [node_id for node_id in node_ids if node_id in newest and newest[node_id].value == LISTED]


_SOURCE_TYPES = tuple(relationship.name for relationship in SCHEMA.relationships if not relationship.human)


def _linked(store: GraphStore, node_ids: Sequence[str], as_of: AsOf | None, types: Sequence[str]) -> dict[int, str]:
    """The ends of these nodes' relationships, by handle, with their labels."""
    found: dict[int, str] = {}
    for columns in store.edges_at(store.handles(node_ids), types=types, cap=_AROUND, as_of=as_of).columns:
        found |= dict.fromkeys(columns.start.tolist(), columns.start_label)
        found |= dict.fromkeys(columns.end.tolist(), columns.end_label)
    return found


def _applications_of(store: GraphStore, customers: Sequence[Node], as_of: AsOf) -> list[Node]:
    around = _linked(store, [customer.node_id for customer in customers], as_of, ("APPLIED",))
    made = [handle for handle, label in around.items() if label == "Application"]
    return store.get_by_id(store.node_ids(made), as_of=as_of)


def _birth_date(person: Node) -> date | None:
    """As given, else as the resident ID says; None where neither does."""
    given = _day(person.properties, "birth_date")
    try:
        return given or birth_date_of(person.key)
    except ValueError:
        return None


def _day(properties: Mapping[str, Value], name: str) -> date | None:
    value = properties.get(name)
    return value if isinstance(value, date) else None


def _moment(value: Value | None, otherwise: datetime) -> datetime:
    return value if isinstance(value, datetime) else otherwise


# --- the policy file -------------------------------------------------------------------------------------------------


@cache
def load_decision_policy(path: Path = DEFAULT_DECISION_POLICY) -> DecisionPolicy:
    """The decision policy in a file. Raises InvalidRequest that says which entry is wrong and what it should be."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise _refused(path, f"it can't be read as TOML ({exc})") from exc
    return _Parser(path, content).policy()


def _refused(path: Path, why: str) -> InvalidRequest:
    return InvalidRequest(
        f"{path.name} is no decision policy: {why}. Compare it with the one that comes with Guanxi.",
        code="decision.policy",
    )


class _Parser:
    """Reads a policy entry by entry, so that an error names the entry."""

    def __init__(self, path: Path, content: Mapping[str, Any]) -> None:
        self._path = path
        self._content = content

    def policy(self) -> DecisionPolicy:
        version = self._content.get("version")
        if not isinstance(version, str) or version == "":
            raise _refused(self._path, "it needs a version, a text that is not empty")
        self._only(self._content, {"version", "grades", "score", "rules", "limits", "degraded"}, "")
        grades, rules = self._section("grades"), self._section("rules")
        codes = [code for code in RULES if code not in _FROM_SCORE]
        self._only(grades, {grade.value for grade in Grade}, "grades.")
        self._only(rules, set(codes), "rules.")
        self._only(self._section("score"), {"decline"}, "score.")
        self._only(self._section("limits"), {"least_age", "applications", "window_days"}, "limits.")
        self._only(self._section("degraded"), {"review"}, "degraded.")
        outcomes = {grade: self._outcome("grades", grade.value, tuple(Outcome)) for grade in Grade}
        if sorted(outcomes.values(), key=_SEVERITY.__getitem__) != list(outcomes.values()):
            raise _refused(self._path, "in [grades] a worse grade leads to a better outcome")
        severe = (Outcome.REVIEW, Outcome.DECLINE)
        return DecisionPolicy(
            version=version,
            grades=outcomes,
            decline_score=self._share("score", "decline"),
            rules={code: self._outcome("rules", code, severe) for code in codes},
            least_age=self._whole("limits", "least_age"),
            most_applications=self._whole("limits", "applications"),
            window_days=self._whole("limits", "window_days"),
            review_degraded=frozenset(self._texts("degraded", "review")),
        )

    def _section(self, name: str) -> Mapping[str, Any]:
        section = self._content.get(name)
        if not isinstance(section, dict):
            raise _refused(self._path, f"it needs a section [{name}]")
        return section

    def _only(self, found: Mapping[str, Any], known: Collection[str], where: str) -> None:
        for name in found:
            if name not in known:
                raise _refused(self._path, f"{where}{name} is unknown; there are {', '.join(sorted(known))}")

    def _outcome(self, section: str, name: str, allowed: Sequence[Outcome]) -> Outcome:
        value = self._section(section).get(name)
        if not isinstance(value, str) or value not in allowed:
            raise _refused(
                self._path, f"{section}.{name} must be one of {', '.join(outcome.value for outcome in allowed)}"
            )
        return Outcome(value)

    def _share(self, section: str, name: str) -> float:
        value = self._section(section).get(name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 1:
            raise _refused(self._path, f"{section}.{name} must be a number above 0, at most 1")
        return float(value)

    def _whole(self, section: str, name: str) -> int:
        value = self._section(section).get(name)
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise _refused(self._path, f"{section}.{name} must be a whole number from 1")
        return value

    def _texts(self, section: str, name: str) -> list[str]:
        value = self._section(section).get(name)
        if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
            raise _refused(self._path, f"{section}.{name} must be a list of texts")
        return value
