"""The decision policy: which rules there are, with their sentences, and the versioned file that says what each of them leads to."""

import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

from graph_model.errors import InvalidRequest
from graph_model.records import Grade
from graph_model.schema import Caption

DEFAULT_DECISION_POLICY = Path(__file__).with_name("decision.toml")


class Outcome(StrEnum):
    """From the best to the worst; `FactKind` decision has the same codes."""

    APPROVE = "approve"
    REVIEW = "review"
    DECLINE = "decline"


SEVERITY = {outcome: place for place, outcome in enumerate(Outcome)}

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
    "SEVERAL_APPLICANTS": Caption(
        "同一申请关联 {applicants} 名申请人", "{applicants} customers are said to have made this application"
    ),
    "BACKDATED": Caption(
        "申请时间比送达早 {days} 天", "The application is said to have been made {days} days before it arrived"
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
class DecisionPolicy:
    """A decision policy file."""

    version: str
    grades: Mapping[Grade, Outcome]
    decline_score: float
    rules: Mapping[str, Outcome]
    least_age: int
    most_applications: int
    window_days: int
    backdated_days: int
    review_degraded: frozenset[str]


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
        self._only(self._section("limits"), {"least_age", "applications", "window_days", "backdated_days"}, "limits.")
        self._only(self._section("degraded"), {"review"}, "degraded.")
        outcomes = {grade: self._outcome("grades", grade.value, tuple(Outcome)) for grade in Grade}
        if sorted(outcomes.values(), key=SEVERITY.__getitem__) != list(outcomes.values()):
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
            backdated_days=self._whole("limits", "backdated_days"),
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
