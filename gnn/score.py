"""Score: the whole graph as of a moment, from the store's export to assessments and rings written back.

Every application is scored as of that moment, and a customer as the latest of their applications. Whoever has fraud confirmed by then gets the
policy's score for it. Identifiers get a summary of their customers. Communities worth an alert become rings.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import orjson
import structlog
from numpy.typing import NDArray

from gnn.arrays.channels import CUSTOMER
from gnn.arrays.csr import Index, Weights
from gnn.arrays.export import export
from gnn.arrays.graph import NEVER, GraphArrays
from gnn.contenders import TREES
from gnn.features.build import FeatureTable, RingSource, people_of, ring_view
from gnn.features.questions import at_present, latest_rows
from gnn.features.walk import RingView
from gnn.judge import Judge, confirmed_frauds
from gnn.models.model import model_of, save
from gnn.policy import GRADES, Policy, load_policy
from gnn.registry.registry import Registry
from gnn.rings.cpm import communities
from gnn.rings.detect import measure
from gnn.rings.projection import project
from gnn.rings.report import alerted, name_rings, ring_facts
from gnn.rings.snapshot import keep
from gnn.summary import holding_ring, identifier_scores, own_identifiers
from gnn.train import TrainConfig, train
from gnn.write_back import write_back
from graph_model.columns import AssessmentColumns
from graph_model.errors import InvalidRequest
from graph_model.records import AsOf, Reason, Ring, ScoreSource, Scoring
from graph_model.schema import SCHEMA
from graph_model.services.unfinished import take_back_unfinished
from graph_model.store import GraphStore, OnProgress

log = structlog.get_logger(__name__)

# Assessments of one commit: under a second, so that what others write, the audit for one, gets in between; a server holds it in memory.
AT_ONCE = 20_000
_ESTIMATED, _EXPLAINED = 100_000, 1_000  # rows between two words of progress


@dataclass(frozen=True, slots=True)
class ScoreSummary:
    """What one scoring did."""

    as_of: datetime
    scored_at: datetime
    source: ScoreSource  # rules where too little fraud is known to learn from
    model_version: str
    policy_version: str
    trained: bool
    customers: int
    applications: int
    identifiers: int
    rings: int
    grades: Mapping[str, int]  # customers by grade
    motifs: Mapping[str, int]  # rings by motif, those that have one
    card: Mapping[str, object]  # of the model: its data window and how good it was


def require_anybody(store: GraphStore, arrays: GraphArrays, as_of: datetime) -> None:
    """Raises InvalidRequest where the graph has customers, but none that was known then: most likely nobody said when they were recorded."""
    if len(arrays.customers.handles) == 0 and store.count(CUSTOMER) > 0:
        raise InvalidRequest(
            f"No customer of the graph had been recorded by {as_of:%Y-%m-%d %H:%M} UTC. Files of the past need their recorded_at column; "
            "without it, what they hold is known from the day it was loaded.",
            code="score.nobody",
        )


@dataclass(frozen=True, slots=True)
class _Judged:
    """Scores and reasons of customers and applications, by position. `confirmed` counts a customer's own confirmed frauds."""

    customers: Weights
    applications: Weights
    confirmed: NDArray[np.int64]
    reasons: Mapping[int, tuple[Reason, ...]]  # of customers; none for those graded A
    latest: NDArray[np.int64]  # each customer's latest application, -1 for none


def score(
    store: GraphStore,
    *,
    as_of: datetime,
    scored_at: datetime,
    models: Path,
    retrain: bool = False,
    by: str = "guanxi score",
    policy: Policy | None = None,
    config: TrainConfig | None = None,
    on_progress: OnProgress | None = None,
) -> ScoreSummary:
    """Score all that is known as of a moment, and write it back. `models` is the model folder; a model is trained there first, on what is
    known as of the same moment, where it holds none that fits or `retrain` is set; `by` is who then promotes it. Without a `config` that tells
    otherwise what is trained anew chooses among the contenders that the champion was chosen from. Raises StoreLocked while
    another long job writes, and InvalidRequest (`train.no_torch`) where a net serves and is to be taught anew without torch."""
    policy = policy or load_policy()
    config = config or TrainConfig(contenders=Registry(models).contenders if retrain else (TREES,))
    with store.writing("score"):
        # Before anything is read: names of rings go by what the last whole scoring showed.
        take_back_unfinished(store, on_progress=on_progress)
        arrays = export(store, as_of=AsOf.at(as_of), on_progress=on_progress)
        require_anybody(store, arrays, as_of)
        model, folder = (None, models) if retrain else model_of(models, as_of)
        trained = False
        if model is None:
            model = train(arrays, config=config, on_progress=on_progress)
            trained = model is not None
            if model is not None and folder == models:
                why = "Trained by the scoring that was to use it."
                Registry(models).adopt(model, policy=policy, by=by, reason=why, now=scored_at)
            elif model is not None:
                save(model, folder)
        judge = Judge(model, policy, config.features)
        features, version = judge.features, judge.version
        views: dict[int, RingView] = {}

        def rings_at(mark: int) -> RingView:
            views[mark] = ring_view(arrays, people_of(arrays), mark, features.rings)
            return views[mark]

        judged = _judge(arrays, judge, rings_at, on_progress)
        for view in views.values() if model is not None else ():  # rules don't look at rings
            keep(store, models, view, handles=arrays.customers.handles, as_of=arrays.as_of, config=features.rings)
        _tell(on_progress, "scoring", 1, 3)

        hub_cap = features.rings.hub_cap
        graph = project(arrays.incidence, before=arrays.as_of + 1, hub_cap=hub_cap)
        found = communities(graph, gamma=features.rings.gamma, seed=features.rings.seed)
        rings = measure(graph, found, min_size=features.rings.min_size)
        confirmed = judged.confirmed > 0
        named = name_rings(store, arrays, rings, alerted(rings, judged.customers, policy))
        ring = named.of(rings.ring)
        held = holding_ring(arrays.incidence, ring, hub_cap=hub_cap)
        facts = ring_facts(store, arrays, graph, rings, named, scores=judged.customers, held=held, hub_cap=hub_cap)
        known_fraud = rings.count(confirmed)
        _tell(on_progress, "scoring", 2, 3)

        columns, by_rule = _columns(arrays, judged, ring, held, named.names, policy)
        source = judge.source
        scoring = Scoring(source, version, policy.version, as_of, scored_at)
        written = [
            Ring(name, int(rings.size[number]), int(known_fraud[number]), as_of, scored_at, version, told)
            for name, number, told in zip(named.names, named.numbers.tolist(), facts, strict=True)
        ]
        write_back(store, scoring, written, columns, by_rule, at_once=AT_ONCE, on_progress=on_progress)
        _tell(on_progress, "scoring", 3, 3)
    grades = np.bincount(policy.grades(judged.customers), minlength=len(GRADES))
    summary = ScoreSummary(
        as_of=as_of,
        scored_at=scored_at,
        source=source,
        model_version=version,
        policy_version=policy.version,
        trained=trained,
        customers=len(judged.customers),
        applications=len(judged.applications),
        identifiers=len(columns.handles) - len(judged.customers) - len(judged.applications),
        rings=len(named.names),
        grades={grade.value: int(count) for grade, count in zip(GRADES, grades, strict=True)},
        motifs=Counter(str(told["motif"]) for told in facts if told["motif"] is not None),
        card={} if model is None else model.card,
    )
    log.info("score.done", customers=summary.customers, rings=summary.rings, model=version, source=source.value)
    return summary


def _judge(arrays: GraphArrays, judge: Judge, rings: RingSource, on_progress: OnProgress | None) -> _Judged:
    asked = at_present(arrays)
    table = judge.describe(arrays, asked, rings=rings, on_progress=on_progress)
    _tell(on_progress, "scoring", 0, 3)
    scores = _estimated(judge, table, on_progress)
    own = arrays.applications.fraud_known < NEVER
    confirmed = confirmed_frauds(arrays)
    rows = latest_rows(arrays, asked)
    people = scores[rows]
    told = np.flatnonzero((people >= judge.policy.thresholds[0]) | (confirmed > 0))
    part = FeatureTable(table.names, table.coded, table.tabular, table.values[rows[told]])
    del table
    reasons: dict[int, tuple[Reason, ...]] = {}
    for number, (customer, given) in enumerate(
        zip(told.tolist(), judge.explained(part, confirmed[told]), strict=True), start=1
    ):
        reasons[customer] = given
        if number % _EXPLAINED == 0 or number == len(told):
            _tell(on_progress, "explaining", number, len(told))
    return _Judged(
        customers=judge.settle(people, confirmed),
        applications=judge.settle(scores[: len(own)], own),
        confirmed=confirmed,
        reasons=reasons,
        latest=asked.application[rows].astype(np.int64),
    )


def _estimated(judge: Judge, table: FeatureTable, on_progress: OnProgress | None) -> Weights:
    """The score of each row, in pieces: rules hold eight bytes for each of a row's columns."""
    scores = np.empty(len(table.values))
    for first in range(0, len(scores), _ESTIMATED):
        rows = slice(first, first + _ESTIMATED)
        scores[rows] = judge.estimate(FeatureTable(table.names, table.coded, table.tabular, table.values[rows]))
        _tell(on_progress, "estimating", min(rows.stop, len(scores)), len(scores))
    return scores


def _columns(
    arrays: GraphArrays, judged: _Judged, ring: Index, held: Index, names: Sequence[str], policy: Policy
) -> tuple[AssessmentColumns, NDArray[np.bool_]]:
    """Customers, applications, identifiers; and which of them the policy's rule for confirmed fraud decided."""
    shared = identifier_scores(arrays.incidence, judged.customers)
    own = np.concatenate([own_identifiers(arrays.identifiers, label) for label in SCHEMA.identifiers])
    own = own[~np.isnan(shared[own])]
    scores = np.concatenate((judged.customers, judged.applications, shared[own]))
    texts = ["[]"] * len(scores)
    for customer, reasons in judged.reasons.items():
        texts[customer] = reasons_json(reasons)
        if judged.latest[customer] >= 0:
            texts[len(judged.customers) + int(judged.latest[customer])] = texts[customer]
    by_rule = np.zeros(len(scores), dtype=np.bool_)
    by_rule[: len(judged.customers)] = judged.confirmed > 0
    by_rule[len(judged.customers) : len(judged.customers) + len(judged.applications)] = (
        arrays.applications.fraud_known < NEVER
    )
    columns = AssessmentColumns(
        handles=np.concatenate(
            (arrays.customers.handles, arrays.applications.handles, arrays.identifiers.handles[own])
        ),
        score=scores,
        grade=policy.grades(scores),
        ring=np.concatenate((ring, ring[arrays.applications.customer], held[own])).astype(np.int32),
        rings=list(names),
        reasons=texts,
    )
    return columns, by_rule


def reasons_json(reasons: Sequence[Reason]) -> str:
    return orjson.dumps([{"code": r.code, "weight": r.weight, "values": dict(r.values)} for r in reasons]).decode()


def _tell(on_progress: OnProgress | None, stage: str, done: int, total: int) -> None:
    if on_progress is not None:
        on_progress(stage, done, total)
