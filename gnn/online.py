"""Online: one application scored as it comes, by the very code that scores everyone in batch."""

import threading
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

import numpy as np
import orjson

from gnn.arrays.export import export
from gnn.arrays.graph import NEVER
from gnn.explain import explain
from gnn.features.build import FeatureConfig, FeatureTable, describe, vocabulary_of
from gnn.features.questions import at_present
from gnn.models.model import CURRENT, Model, load
from gnn.policy import GRADES, Policy, load_policy
from gnn.reasons import MAX_REASONS
from gnn.rules import Rules
from graph_model.columns import AssessmentColumns
from graph_model.errors import NotFound
from graph_model.records import AsOf, NodeRef, Reason, RiskAssessment, ScoreSource
from graph_model.store import GraphStore


class Degraded(StrEnum):
    """Why an answer is less than it could be. Stable codes; docs/scoring.md tells them."""

    RULES_ONLY = "rules_only"  # there is no model: rules gave the score
    NO_RING_SNAPSHOT = "no_ring_snapshot"  # nothing was scored in batch yet, so nobody is known to be in a ring
    RING_SNAPSHOT_OLD = "ring_snapshot_old"  # rings are those of an earlier mark than batch would take
    HUB_TRUNCATED = "hub_truncated"  # an identifier has so many users that only the most recent were read
    EGO_TRUNCATED = "ego_truncated"  # the surroundings are so large that not all of them were read


@dataclass(frozen=True, slots=True)
class Assessed:
    """What one scoring says of an application and of its customer."""

    application: RiskAssessment
    customer: RiskAssessment
    degraded: tuple[str, ...]  # codes of `Degraded`, sorted; none for an answer that batch would have given


class Scorer:
    """Scores single applications with the current model of a folder. Cheap to build, and may be used from many threads."""

    def __init__(self, store: GraphStore, models: Path, *, policy: Policy | None = None) -> None:
        self._store = store
        self._models = models
        self._policy = policy or load_policy()
        self._lock = threading.Lock()
        self._loaded: tuple[str, Model | None] | None = None

    def assess(
        self, application: str | NodeRef, *, as_of: datetime, scored_at: datetime, write: bool = True
    ) -> Assessed:
        """Score an application, by node id or natural key, that is in the store. With `write`, append the assessments of the application
        and of its customer. Raises NotFound for an application that is not known as of then, or whose customer is not."""
        moment = AsOf.at(as_of)
        node_id = self._node_id(application, moment)
        (handle,) = self._store.handles([node_id])
        arrays = export(self._store, as_of=moment)
        rows = np.flatnonzero(arrays.applications.handles == handle)
        if len(rows) == 0:
            raise NotFound("There is no such application with a customer as of that moment. Load it, then ask again.")
        model = self._model(as_of)
        judge: Model | Rules = Rules() if model is None else model
        asked = at_present(arrays)
        customer = int(arrays.applications.customer[rows[0]])
        latest = arrays.application_order[arrays.applications.customer[arrays.application_order] == customer][-1]
        chosen = asked[np.array([rows[0], latest])]
        config = FeatureConfig() if model is None else model.features
        words = vocabulary_of(arrays, asked) if model is None else model.vocabulary
        table = describe(arrays, chosen, words, config=config)
        people = self._store.node_ids([int(arrays.customers.handles[customer])])
        (person,) = self._store.get_by_id(people, as_of=moment)
        own = arrays.applications.fraud_known < NEVER
        confirmed = int(own[arrays.applications.customer == customer].sum())
        version = judge.version

        def assessment(row: int, of: str, confirmed: int) -> RiskAssessment:
            part = FeatureTable(table.names, table.coded, table.tabular, table.values[row : row + 1])
            score = float(judge.probability(part)[0])
            reasons: tuple[Reason, ...] = ()
            if score >= self._policy.thresholds[0] or confirmed > 0:
                (reasons,) = explain(part, judge.contributions(part))
            source = ScoreSource.RULES if model is None else ScoreSource.MODEL
            if confirmed > 0:
                fact = Reason("CONFIRMED_FRAUD", 1.0, {"own_fraud": confirmed})
                reasons = (fact, *(r for r in reasons if r.code != fact.code))[:MAX_REASONS]
                score, source = max(score, self._policy.confirmed), ScoreSource.RULES
            return RiskAssessment(
                node_id=of,
                score=score,
                grade=self._policy.grade(score),
                ring_id=person.ring_id,
                reasons=reasons,
                source=source,
                model_version=version,
                policy_version=self._policy.version,
                as_of=as_of,
                scored_at=scored_at,
            )

        found = Assessed(
            assessment(0, node_id, int(own[rows[0]])),
            assessment(1, person.node_id, confirmed),
            tuple([Degraded.RULES_ONLY] if model is None else []),
        )
        if write:
            for one in (found.application, found.customer):
                self._append(one)
        return found

    def _node_id(self, application: str | NodeRef, moment: AsOf) -> str:
        if isinstance(application, NodeRef):
            node = self._store.get(application, as_of=moment)
        else:
            node = next(iter(self._store.get_by_id([application], as_of=moment)), None)
        if node is None or node.label != "Application":
            raise NotFound("There is no such application as of that moment. Load it, then ask again.")
        return node.node_id

    def _model(self, as_of: datetime) -> Model | None:
        with self._lock:
            try:
                current = (self._models / CURRENT).read_text(encoding="utf-8").strip()
            except FileNotFoundError:
                return None
            if self._loaded is None or self._loaded[0] != current:
                self._loaded = (current, load(self._models))
            model = self._loaded[1]
        known = model is not None and datetime.fromisoformat(str(model.card["as_of"])) <= as_of
        return model if known else None

    def _append(self, one: RiskAssessment) -> None:
        texts = [{"code": r.code, "weight": r.weight, "values": dict(r.values)} for r in one.reasons]
        self._store.append_assessments(
            AssessmentColumns(
                handles=np.array(self._store.handles([one.node_id]), dtype=np.int64),
                score=np.array([one.score]),
                grade=np.array([GRADES.index(one.grade)], dtype=np.int8),
                ring=np.array([-1 if one.ring_id is None else 0], dtype=np.int32),
                rings=[] if one.ring_id is None else [one.ring_id],
                reasons=[orjson.dumps(texts).decode()],
            ),
            source=one.source,
            model_version=one.model_version,
            policy_version=one.policy_version,
            as_of=one.as_of,
            scored_at=one.scored_at,
        )
