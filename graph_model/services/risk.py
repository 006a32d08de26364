"""Score look-ups: an identifier in, what the last scoring said of it out. A part that is down, missing or old is said, never guessed.

As-of is strict here: what had been seen, scored and recorded by then. A decision that is looked at again must find what it was made from.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import TypeVar

from graph_model.errors import InvalidRequest, InvalidValue, StoreError
from graph_model.predicates import Among
from graph_model.principal import Principal, Right
from graph_model.records import AsOf, Fact, Grade, Node, NodeRef, Reason, Ring, RiskAssessment, ScoreSource, Scoring
from graph_model.services.lookup import clean_key
from graph_model.store import GraphStore

MAX_SCORES = 200
RULES_PREFIX = "rules-"  # a scoring without a model names the rules as its model
TELLING_FACTS = frozenset({"label", "disposition", "blocklist"})  # what people state about the subject's own risk

Found = TypeVar("Found")


class Degraded(StrEnum):
    """Why an answer is less than it could be."""

    UNKNOWN_SUBJECT = "unknown_subject"  # the identifier is sound and not in the graph
    NEVER_SCORED = "never_scored"
    STALE = "stale"  # what the score speaks of is older than the lender wants
    CHANGED_SINCE = "changed_since"  # seen again, labelled, disposed of or listed after the scoring
    RULES_ONLY = "rules_only"  # too little confirmed fraud was known to learn from
    SCORING_UNFINISHED = (
        "scoring_unfinished"  # of a scoring of everybody that is at work or broke off: it may be taken back
    )
    DETAILS_UNAVAILABLE = "details_unavailable"  # score and grade only: the scoring itself could not be read
    RING_UNAVAILABLE = "ring_unavailable"
    HISTORY_UNAVAILABLE = "history_unavailable"  # whether something was stated since could not be read


@dataclass(frozen=True, slots=True)
class Freshness:
    """How old the knowledge behind a score is."""

    age: timedelta  # since the moment the score speaks of
    changed_since: bool


@dataclass(frozen=True, slots=True)
class ScoreView:
    """What is known of one identifier's risk at a moment (now where `as_of` is None). `node` is None for one that the graph does not know."""

    type: str
    node: Node | None
    assessment: RiskAssessment | None
    ring: Ring | None
    freshness: Freshness | None
    degraded: tuple[Degraded, ...]
    as_of: AsOf | None = None

    @property
    def score(self) -> float | None:
        if self.assessment is not None:
            return self.assessment.score
        return None if self.node is None else self.node.score

    @property
    def grade(self) -> Grade | None:
        if self.assessment is not None:
            return self.assessment.grade
        return None if self.node is None else self.node.grade

    @property
    def reasons(self) -> Sequence[Reason]:
        return () if self.assessment is None else self.assessment.reasons


@dataclass(frozen=True, slots=True)
class Looker:
    """Who looks, when, and how old a score may be before it is called stale."""

    store: GraphStore
    principal: Principal
    now: datetime
    fresh: timedelta
    moment: datetime | None = None  # None: now

    @property
    def as_of(self) -> AsOf | None:
        return None if self.moment is None else AsOf.at(self.moment)

    @property
    def at(self) -> datetime:
        return self.now if self.moment is None else self.moment


def score_by_key(looker: Looker, label: str, text: str) -> ScoreView:
    """By the natural key of a node of this type, as somebody wrote it. Raises InvalidValue with the reason of the key's property type."""
    looker.principal.require(Right.SEE_RISK)
    node = looker.store.get(NodeRef(label, clean_key(label, text)), as_of=looker.as_of)
    return (
        ScoreView(label, None, None, None, None, (Degraded.UNKNOWN_SUBJECT,))
        if node is None
        else _told(looker, [node])[0]
    )


def scores_by_id_number(looker: Looker, id_numbers: Sequence[str]) -> list[ScoreView | InvalidValue]:
    """One answer or refusal for each, in order. Raises InvalidRequest `scores.too_many` beyond MAX_SCORES, `scores.none` for an empty list."""
    looker.principal.require(Right.SEE_RISK)
    if len(id_numbers) == 0:
        raise InvalidRequest("Give at least one ID number.", code="scores.none")
    if len(id_numbers) > MAX_SCORES:
        raise InvalidRequest(
            f"{len(id_numbers)} ID numbers are too many: {MAX_SCORES} are answered at once. Ask in parts.",
            code="scores.too_many",
        )
    keys = [_key_or_refusal(text) for text in id_numbers]
    wanted = list(dict.fromkeys(key for key in keys if isinstance(key, str)))
    nodes = looker.store.select("Customer", Among("id_number", wanted), limit=MAX_SCORES) if len(wanted) > 0 else []
    if looker.as_of is not None and len(nodes) > 0:
        nodes = looker.store.get_by_id([node.node_id for node in nodes], as_of=looker.as_of)
    views = {node.key: view for node, view in zip(nodes, _told(looker, nodes), strict=True)}
    unknown = ScoreView("Customer", None, None, None, None, (Degraded.UNKNOWN_SUBJECT,))
    return [key if isinstance(key, InvalidValue) else views.get(key, unknown) for key in keys]


def _key_or_refusal(text: str) -> str | InvalidValue:
    try:
        return clean_key("Customer", text)
    except InvalidValue as exc:
        return exc


def _told(looker: Looker, nodes: Sequence[Node]) -> list[ScoreView]:
    store, as_of = looker.store, looker.as_of
    facts = _or_none(partial(store.facts_of, [node.node_id for node in nodes], as_of=as_of))
    assessed = [(node, _or_none(partial(store.assessments, node.node_id, as_of=as_of, limit=1))) for node in nodes]
    names = {name for node, found in assessed if (name := _ring_id(node, found)) is not None}
    rings = {name: _or_none(partial(store.ring, name, as_of=as_of)) for name in names}
    unfinished = None if len(nodes) == 0 else _or_none(store.unfinished_scoring)
    return [_view(looker, node, found, rings, facts, unfinished) for node, found in assessed]


def _or_none(read: Callable[[], Found]) -> Found | None:
    """None where the store can't: the answer is then given without this part, and says so."""
    try:
        return read()
    except StoreError:
        return None


def _ring_id(node: Node, found: Sequence[RiskAssessment] | None) -> str | None:
    return found[0].ring_id if found else node.ring_id


def _view(
    looker: Looker,
    node: Node,
    found: Sequence[RiskAssessment] | None,
    rings: Mapping[str, Ring | None],
    facts: Mapping[str, Sequence[Fact]] | None,
    unfinished: Scoring | None,
) -> ScoreView:
    degraded: list[Degraded] = []
    assessment = found[0] if found else None
    freshness: Freshness | None = None
    if found is None:
        degraded.append(Degraded.DETAILS_UNAVAILABLE)
    elif assessment is None:
        degraded.append(Degraded.NEVER_SCORED)
    else:
        stated = () if facts is None else facts.get(node.node_id, ())
        freshness = _freshness(looker, node, assessment, stated)
        if freshness.age > looker.fresh:
            degraded.append(Degraded.STALE)
        if freshness.changed_since:
            degraded.append(Degraded.CHANGED_SINCE)
        if facts is None:
            degraded.append(Degraded.HISTORY_UNAVAILABLE)
        if assessment.source is ScoreSource.RULES and assessment.model_version.startswith(RULES_PREFIX):
            degraded.append(Degraded.RULES_ONLY)
        if unfinished is not None and _is_of(assessment, unfinished):
            degraded.append(Degraded.SCORING_UNFINISHED)
    name = _ring_id(node, found)
    ring = None if name is None else rings[name]
    if name is not None and ring is None:
        degraded.append(Degraded.RING_UNAVAILABLE)
    return ScoreView(node.label, node, assessment, ring, freshness, tuple(degraded), looker.as_of)


def _is_of(assessment: RiskAssessment, scoring: Scoring) -> bool:
    """A scoring of a model is of rules too, for whom they decide."""
    return (assessment.as_of, assessment.scored_at, assessment.model_version, assessment.policy_version) == (
        scoring.as_of,
        scoring.scored_at,
        scoring.model_version,
        scoring.policy_version,
    )


def _freshness(looker: Looker, node: Node, assessment: RiskAssessment, stated: Sequence[Fact]) -> Freshness:
    later = any(fact.kind in TELLING_FACTS and fact.recorded_at > assessment.scored_at for fact in stated)
    return Freshness(
        age=max(looker.at - assessment.as_of, timedelta(0)),
        changed_since=later or node.last_seen > assessment.as_of,
    )
