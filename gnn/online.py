"""Online: one application scored as it comes, by the very code that scores everyone in batch.

The customer's surroundings are read from the store, made into the arrays that batch makes of everyone, and described, judged and explained
by the same functions. Rings can't be seen from there: they are those of the last batch scoring. Where an answer is less than batch would
give, it says why, and is given.
"""

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path

import numpy as np
import structlog

from gnn.arrays.channels import APPLICATION
from gnn.arrays.export import export
from gnn.arrays.graph import NEVER, GraphArrays
from gnn.ego import Ego, ego_of
from gnn.features.build import FeatureConfig, FeatureTable, RingSource, mark_of
from gnn.features.questions import QuestionSet
from gnn.features.ties import ties_of
from gnn.features.walk import RingView
from gnn.judge import Judge, confirmed_frauds
from gnn.live.facing import facing
from gnn.live.graph import LiveGraph
from gnn.live.live import Live
from gnn.live.rings import LiveRings
from gnn.models.files import CURRENT
from gnn.models.model import CARD, Model, folders_of, learnt_by, load_version
from gnn.policy import GRADES, Policy, load_policy
from gnn.rings.snapshot import RingSnapshot, Snapshots, nobody
from gnn.rules import Rules
from gnn.score import reasons_json
from graph_model.columns import AssessmentColumns
from graph_model.errors import InvalidRequest, NotFound
from graph_model.moments import to_ms
from graph_model.records import AsOf, Node, NodeRef, RiskAssessment, ScoreSource
from graph_model.store import GraphStore

log = structlog.get_logger(__name__)

_HELD_MODELS = 3  # the current one, the one before a promotion, and one of a moment of the past


class Degraded(StrEnum):
    """Why an answer is less than batch scoring would give. Stable codes; docs/scoring.md tells them."""

    RULES_ONLY = "rules_only"  # there is no model for that moment: rules gave the score
    MODEL_DAMAGED = "model_damaged"  # there is one that can't be used: rules gave the score
    NO_RING_SNAPSHOT = "no_ring_snapshot"  # no batch scoring left its rings: nobody is known to be in one
    RING_SNAPSHOT_OLD = "ring_snapshot_old"  # the rings are of an earlier mark than batch would take
    HUB_TRUNCATED = "hub_truncated"  # an identifier has so many users that only the most recent were read
    EGO_TRUNCATED = "ego_truncated"  # the surroundings are so large that not all of them were read


@dataclass(frozen=True, slots=True)
class Assessed:
    """What one scoring says of an application and of its customer."""

    application: RiskAssessment
    customer: RiskAssessment
    degraded: tuple[str, ...]  # codes of `Degraded`, sorted; none for an answer that batch would have given


class Scorer:
    """Scores single applications of a store with the current model of a folder; a new model or new rings are taken up with the next
    application. Cheap to build: what it needs is read when it is first needed. May be used from many threads."""

    def __init__(
        self, store: GraphStore, models: Path, *, policy: Policy | None = None, live: Live | None = None
    ) -> None:
        """With `live`, the graph in memory, what it can answer is not read from the store."""
        self._store = store
        self._models = _Models(models)
        self._snapshots = Snapshots(store, models)
        self._policy = policy or load_policy()
        self._live = live
        self._rings = LiveRings(store)
        if live is not None:
            live.prepare_by(self._place_rings)

    def _place_rings(self, graph: LiveGraph, now: datetime) -> None:
        """Where the members of rings are in a graph that was just read: at a million customers nobody's answer should wait for that."""
        mark = mark_of(to_ms(now) + 1)
        snapshot = self._snapshots.newest(mark=mark, as_of=to_ms(now), config=FeatureConfig().rings)
        self._rings.view(graph, snapshot, mark)

    def assess(
        self, application: str | NodeRef, *, as_of: datetime, scored_at: datetime, write: bool = True
    ) -> Assessed:
        """Score an application that is in the store, by node id or natural key. With `write`, append the assessments of the application
        and of its customer. Raises NotFound for an application that is not known as of then, or whose customer is not."""
        told = self._remembered(application, as_of) if as_of <= scored_at else None
        if told is None:
            told = self.look(application, as_of=as_of).told
        found = judged(self._store, told, as_of=as_of, scored_at=scored_at)
        if write:
            _append(self._store, found)
        return found

    def _remembered(self, application: str | NodeRef, as_of: datetime) -> "Told | None":
        """What the graph in memory tells; None where it doesn't."""
        model = None if self._live is None else self._models.of(as_of)
        if self._live is None or not isinstance(model, Model):
            return None
        moment = AsOf.at(as_of)
        node = _application(self._store, application, moment)
        (handle,) = self._store.handles([node.node_id])
        judge = Judge(model, self._policy, FeatureConfig())
        config = judge.features.rings
        now = to_ms(as_of) + 1
        # Before the graph is brought up to date, so that whoever is in a ring of it is known.
        snapshot = self._snapshots.newest(mark=mark_of(now), as_of=now - 1, config=config)
        with self._live.at(as_of) as graph:
            if graph is None:
                return None
            view = self._rings.view(graph, snapshot, mark_of(now))
            found = facing(
                graph,
                handle,
                moment=now,
                vocabulary=model.vocabulary,
                view=view,
                hub_cap=config.hub_cap,
                around=model.net is not None,
            )
        if found is None:
            return None
        degraded = () if snapshot is not None and snapshot.mark == mark_of(now) else (_of_rings(snapshot),)
        return Told(
            application=node,
            judge=judge,
            table=model.completed(found.table(self._store, model.vocabulary, moment), found.surroundings),
            person=found.person,
            frauds=found.frauds,
            latest=found.handles[0] == found.handles[1],
            ties=found.ties,
            degraded=degraded,
        )

    def look(self, application: str | NodeRef, *, as_of: datetime, version: str | None = None) -> "Seen":
        """What scoring sees of an application as of a moment: its surroundings, and the features made of them. With `version`, as the
        model of that name or the rules see them, where they can still be used: a score of before a promotion was another model's."""
        moment = AsOf.at(as_of)
        node = _application(self._store, application, moment)
        found = self._models.of(as_of, version=version)
        model = found if isinstance(found, Model) else None
        judge = Judge(model, self._policy, FeatureConfig())
        config = judge.features.rings
        (handle,) = self._store.handles([node.node_id])
        around = judge.net is not None
        ego = ego_of(self._store, handle, as_of=moment, hub_cap=config.hub_cap, hubs_described=around)
        if ego is None:
            raise NotFound(
                "Nobody is known to have made the application as of that moment. Load who applied, then ask again."
            )
        arrays = export(ego, as_of=moment)
        asked = _asked(arrays, handle)
        degraded = {
            code
            for code, holds in (
                (Degraded.RULES_ONLY, found is Degraded.RULES_ONLY),
                (Degraded.MODEL_DAMAGED, found is Degraded.MODEL_DAMAGED),
                (Degraded.HUB_TRUNCATED, ego.hub_truncated),
                (Degraded.EGO_TRUNCATED, ego.truncated),
            )
            if holds
        }

        def rings(mark: int) -> RingView:
            if model is None:  # rules don't look at rings
                return nobody(len(arrays.customers.handles), mark)
            snapshot = self._snapshots.newest(mark=mark, as_of=arrays.as_of, config=config)
            if snapshot is None:
                degraded.add(Degraded.NO_RING_SNAPSHOT)
                return nobody(len(arrays.customers.handles), mark)
            if snapshot.mark < mark:
                degraded.add(Degraded.RING_SNAPSHOT_OLD)
            # Of those further away no ring is looked at.
            view = snapshot.view(self._store.node_ids(ego.described.tolist()))
            ring = np.full(len(arrays.customers.handles), -1, dtype=np.int32)
            ring[np.searchsorted(arrays.customers.handles, ego.described)] = view.ring
            return view._replace(ring=ring)

        table = judge.describe(arrays, asked, rings=rings)
        return Seen(node, judge, ego, arrays, asked, rings, table, tuple(sorted(code.value for code in degraded)))


@dataclass(frozen=True, slots=True)
class Seen:
    """One application in its surroundings, and two questions with their features: the application's, and its customer's, who is asked
    about by the latest application."""

    application: Node
    judge: Judge
    ego: Ego
    arrays: GraphArrays
    asked: QuestionSet
    rings: RingSource
    table: FeatureTable
    degraded: tuple[str, ...]

    def judged(self, store: GraphStore, *, as_of: datetime, scored_at: datetime) -> Assessed:
        return judged(store, self.told, as_of=as_of, scored_at=scored_at)

    @property
    def told(self) -> "Told":
        mine, latest = self.asked.application.tolist()
        me = int(self.asked.customer[0])
        ties = ties_of(self.arrays.incidence, self.arrays.customers.handles, me, self.judge.features.rings.hub_cap)
        return Told(
            application=self.application,
            judge=self.judge,
            table=self.table,
            person=self.ego.handle,
            frauds=(
                int(self.arrays.applications.fraud_known[mine] < NEVER),
                int(confirmed_frauds(self.arrays)[me]),
            ),
            latest=mine == latest,
            ties={handle: strength for handle, strength in ties.items() if handle in self.ego.near},
            degraded=self.degraded,
        )


@dataclass(frozen=True, slots=True)
class Told:
    """All that a judgement of an application looks at, from wherever it was read. The first of two rows is the application's, the other its
    customer's, who is asked about by the latest application; `frauds` are confirmed ones, the application's and all of the customer's."""

    application: Node
    judge: Judge
    table: FeatureTable
    person: int  # the customer's handle
    frauds: tuple[int, int]
    latest: bool  # the application is the customer's latest
    ties: Mapping[int, float]  # how strongly the customer is tied to others, by handle
    degraded: tuple[str, ...]


def judged(store: GraphStore, told: Told, *, as_of: datetime, scored_at: datetime) -> Assessed:
    fraud, own = told.frauds
    confirmed = np.array([fraud, own], dtype=np.int64)
    # The latest application is told what its customer is, as in batch; the two rows are then one.
    rows = [1] if told.latest else [0, 1]
    estimates = told.judge.estimate(replace(told.table, values=told.table.values[rows]))
    scores = told.judge.settle(estimates[[0, 0] if told.latest else [0, 1]], confirmed)
    policy = told.judge.policy
    high = [row for row in rows if scores[row] >= policy.thresholds[0]]
    part = replace(told.table, values=told.table.values[high])
    reasons = dict(zip(high, told.judge.explained(part, confirmed[high]), strict=True))
    (person,) = _people(store, [told.person], AsOf.at(as_of))
    ring_id = _ring(store, told, person, AsOf.at(as_of))

    def assessment(place: int, node_id: str) -> RiskAssessment:
        score = float(scores[place])
        return RiskAssessment(
            node_id=node_id,
            score=score,
            grade=policy.grade(score),
            ring_id=ring_id,
            reasons=reasons.get(place, ()),
            source=ScoreSource.RULES if confirmed[place] > 0 else told.judge.source,
            model_version=told.judge.version,
            policy_version=policy.version,
            as_of=as_of,
            scored_at=scored_at,
        )

    customer = assessment(1, person.node_id)
    application = assessment(0, told.application.node_id)
    if told.latest:
        application = replace(application, reasons=customer.reasons)
    return Assessed(application, customer, told.degraded)


def _of_rings(snapshot: RingSnapshot | None) -> str:
    """Why rings are not those of the mark that batch would take."""
    return (Degraded.NO_RING_SNAPSHOT if snapshot is None else Degraded.RING_SNAPSHOT_OLD).value


def _application(store: GraphStore, application: str | NodeRef, moment: AsOf) -> Node:
    by_id = [] if isinstance(application, NodeRef) else store.get_by_id([application], as_of=moment)
    node = store.get(application, as_of=moment) if isinstance(application, NodeRef) else next(iter(by_id), None)
    if node is None or node.label != APPLICATION:
        raise NotFound("There is no such application as of that moment. Load it, then ask again.")
    return node


def _asked(arrays: GraphArrays, application: int) -> QuestionSet:
    """As `at_present` asks: the application, and the latest of its customer."""
    rows = np.flatnonzero(arrays.applications.handles == application)
    if len(rows) == 0:
        raise NotFound("The application was made after that moment. Ask as of a later one.")
    customer = arrays.applications.customer[rows[0]]
    order = arrays.application_order
    latest = order[arrays.applications.customer[order] == customer][-1]
    asked = np.array([rows[0], latest])
    return QuestionSet(
        arrays.applications.customer[asked],
        asked.astype(np.int32),
        np.full(2, arrays.as_of + 1, dtype=np.int64),
    )


def _people(store: GraphStore, handles: Sequence[int], as_of: AsOf) -> list[Node]:
    return store.get_by_id(store.node_ids(handles), as_of=as_of)


def _ring(store: GraphStore, told: Told, person: Node, as_of: AsOf) -> str | None:
    """The customer's ring as it was found last. Who is in none may join one by an application that came since: the ring to which the objective
    by which batch finds them would add the customer, all else being as it was; that is, where the ties to its members exceed gamma
    times their number most."""
    if person.ring_id is not None:
        return person.ring_id
    last = next(iter(store.assessments(person.node_id, as_of=as_of, limit=1)), None)
    if last is not None and told.application.first_seen <= last.as_of:
        return None
    ties = list(told.ties.items())
    gains: dict[str, float] = {}
    for node, (_, strength) in zip(_people(store, [handle for handle, _ in ties], as_of), ties, strict=True):
        if node.ring_id is not None:
            gains[node.ring_id] = gains.get(node.ring_id, 0.0) + strength
    for ring_id in gains:
        ring = store.ring(ring_id, as_of=as_of)
        gains[ring_id] -= told.judge.features.rings.gamma * (0 if ring is None else ring.size)
    best = max(gains, key=lambda ring_id: (gains[ring_id], ring_id), default=None)
    return best if best is not None and gains[best] > 0 else None


def _append(store: GraphStore, found: Assessed) -> None:
    """Confirmed fraud has a source of its own, the rules, so that the two may be parts of two scorings."""
    both = (found.application, found.customer)
    handles = store.handles([one.node_id for one in both])
    for source in dict.fromkeys(one.source for one in both):
        chosen = [(one, handle) for one, handle in zip(both, handles, strict=True) if one.source is source]
        names = sorted({one.ring_id for one, _ in chosen if one.ring_id is not None})
        rings = [-1 if one.ring_id is None else names.index(one.ring_id) for one, _ in chosen]
        store.append_assessments(
            AssessmentColumns(
                handles=np.array([handle for _, handle in chosen], dtype=np.int64),
                score=np.array([one.score for one, _ in chosen]),
                grade=np.array([GRADES.index(one.grade) for one, _ in chosen], dtype=np.int8),
                ring=np.array(rings, dtype=np.int32),
                rings=names,
                reasons=[reasons_json(one.reasons) for one, _ in chosen],
            ),
            source=source,
            model_version=found.application.model_version,
            policy_version=found.application.policy_version,
            as_of=found.application.as_of,
            scored_at=found.application.scored_at,
        )


class _Models:
    """The models of a folder, loaded once per version. Threads may share it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._held: OrderedDict[tuple[Path, str], Model] = OrderedDict()

    def of(self, as_of: datetime, *, version: str | None = None) -> Model | Degraded:
        """The model of this version, else the one that batch would take as of a moment, or why there is none."""
        folders = folders_of(self._folder, as_of)
        for folder in folders:
            named = self._load(folder, version) if version is not None and (folder / version / CARD).is_file() else None
            if isinstance(named, Model) and learnt_by(named, as_of):
                return named
        for folder in folders:
            found = self._current(folder)
            if isinstance(found, Degraded):
                return found
            if learnt_by(found, as_of):
                return Degraded.RULES_ONLY if version == Rules.version else found
        return Degraded.RULES_ONLY

    def _current(self, folder: Path) -> Model | Degraded:
        try:
            version = (folder / CURRENT).read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            return Degraded.RULES_ONLY
        return self._load(folder, version)

    def _load(self, folder: Path, version: str) -> Model | Degraded:
        with self._lock:
            if (folder, version) not in self._held:
                model = _sound(folder, version)
                if model is None:  # not held: it may be mended under the same version
                    return Degraded.MODEL_DAMAGED
                self._held[folder, version] = model
            while len(self._held) > _HELD_MODELS:
                self._held.popitem(last=False)
            return self._held[folder, version]


def _sound(folder: Path, version: str) -> Model | None:
    try:
        model = load_version(folder, version)
    except InvalidRequest as exc:
        log.warning("online.model_damaged", reason=exc.message)
        return None
    if model is None:
        log.warning("online.model_damaged", reason="It was made for other features than this version computes.")
    return model
