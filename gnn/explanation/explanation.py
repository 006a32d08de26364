"""Explanation: the sub-graph that a customer's or application's score rests on, found in the surroundings that online scoring sees.

What is explained is the model's estimate, or that of the rules. Where own fraud is confirmed the score is the policy's, whatever the ties.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from gnn.arrays.channels import APPLICATION, APPLIED, CHANNELS, CUSTOMER
from gnn.explanation.hiding import Hiding, Tie
from gnn.explanation.search import search
from gnn.online import Assessed, Seen
from graph_model.errors import InvalidRequest, NotFound
from graph_model.records import AsOf, Node, NodeRef, RiskAssessment
from graph_model.schema import SCHEMA
from graph_model.services.lookup import view_as_of
from graph_model.store import GraphStore

_APPLICATIONS = 1_000  # of a customer, among which the latest is looked for


class Looks(Protocol):
    """What sees an application in its surroundings, as a model of a name sees it; `gnn.online.Scorer` does."""

    def look(self, application: str | NodeRef, *, as_of: datetime, version: str | None = None) -> Seen: ...


@dataclass(frozen=True, slots=True)
class Relation:
    """A relationship of the graph, by the node ids of its ends."""

    type: str
    start: str
    end: str


@dataclass(frozen=True, slots=True)
class ExplainedTie:
    """A customer's use of an identifier (of another customer, where one referred or vouches): by a relationship of the customer or, where
    they have none themselves, of their latest application that has; `others` is how many more there are. `drop` is its part in the fall of
    the score where the whole sub-graph goes."""

    customer: str
    identifier: str
    relation: Relation
    others: int
    drop: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """`score` is what scoring says, `estimate` what it rests on here, `without` the estimate where all the ties are gone, and `only` where of
    all ties around only these are left. `degraded` is that of the scoring."""

    subject: str
    customer: str
    application: str
    score: float
    estimate: float
    without: float
    only: float
    ties: tuple[ExplainedTie, ...]
    made: tuple[Relation, ...]  # who made the applications of these relationships
    source: str
    model_version: str
    as_of: datetime
    degraded: tuple[str, ...]

    @property
    def node_ids(self) -> list[str]:
        """The nodes of the sub-graph, the subject first."""
        ends = [end for tie in self.ties for end in (tie.relation.start, tie.relation.end)]
        makers = [end for relation in self.made for end in (relation.start, relation.end)]
        return list(dict.fromkeys((self.subject, *ends, *makers)))


def explain_score(store: GraphStore, scorer: Looks, node_id: str, *, now: datetime) -> Explanation | None:
    """What the last score of a customer or an application by `now` rests on: as of the moment that it speaks of, by the model that gave it,
    or, where that can't be used any more, by the one that serves for that moment. The node and the score are those that a page as of `now`
    shows; the surroundings are what scoring knew. None for a customer who had not applied: online scoring sees nobody without an
    application. Raises NotFound for a node that scoring did not know of; InvalidRequest `explanation.subject` for a node that is neither."""
    shown = view_as_of(now)
    node = next(iter(store.get_by_id([node_id], as_of=shown)), None)
    if node is None:
        raise NotFound("There is no such node as of that moment.")
    if node.label not in (CUSTOMER, APPLICATION):
        raise InvalidRequest(
            f"A score of type {node.label} is a mean of its customers' scores. Ask for one of these customers, or for an application.",
            code="explanation.subject",
        )
    last = next(iter(store.assessments(node_id, as_of=shown, limit=1)), None)
    as_of = now if last is None else last.as_of
    if len(store.get_by_id([node_id], as_of=AsOf.at(as_of))) == 0:
        raise NotFound("It was recorded after that moment: scoring did not know of it. Ask as of a later one.")
    seen = _seen(store, scorer, node, as_of, None if last is None else last.model_version)
    if seen is None:
        return None
    found = seen.judged(store, as_of=as_of, scored_at=now)
    row, told = (0, found.application) if node.label == APPLICATION else (1, found.customer)
    return _explained(store, seen, row, told, found)


def _seen(store: GraphStore, scorer: Looks, node: Node, as_of: datetime, version: str | None) -> Seen | None:
    """The surroundings of an application, or of a customer, by any application of theirs."""
    if node.label == APPLICATION:
        return scorer.look(node.node_id, as_of=as_of, version=version)
    (handle,) = store.handles([node.node_id])
    found = store.edges_at([handle], types=(APPLIED,), cap=_APPLICATIONS, as_of=AsOf.at(as_of))
    made = [application for columns in found.columns for application in columns.end.tolist()]
    for application in store.node_ids(made):
        seen = scorer.look(application, as_of=as_of, version=version)
        if seen.ego.handle == handle:  # of several who are said to have made it only one counts
            return seen
    return None


def _explained(store: GraphStore, seen: Seen, row: int, told: RiskAssessment, assessed: Assessed) -> Explanation:
    one = np.array([row])
    asked, table = seen.asked[one], replace(seen.table, values=seen.table.values[one])
    found = search(
        Hiding(seen.judge, seen.arrays, asked, table, seen.rings),
        seen.arrays,
        int(asked.customer[0]),
        moment=int(asked.moment[0]),
        hub_cap=seen.judge.features.rings.hub_cap,
    )
    relations = [_relations(seen, tie) for tie in found.ties]
    made = _made(seen, [start for (_, start, _), *_ in relations])
    shown = [*(first for first, *_ in relations), *made]
    names = _Names(store, [handle for _, *ends in shown for handle in ends])
    handles = [
        (int(seen.arrays.customers.handles[tie.customer]), int(seen.arrays.identifiers.handles[tie.identifier]))
        for tie in found.ties
    ]
    return Explanation(
        subject=told.node_id,
        customer=assessed.customer.node_id,
        application=seen.application.node_id,
        score=told.score,
        estimate=found.estimate,
        without=found.without,
        only=found.only,
        ties=tuple(
            ExplainedTie(names[customer], names[identifier], names.relation(first), len(others), share)
            for (customer, identifier), (first, *others), share in zip(handles, relations, found.shares, strict=True)
        ),
        made=tuple(names.relation(edge) for edge in made),
        source=told.source.value,
        model_version=told.model_version,
        as_of=told.as_of,
        degraded=assessed.degraded,
    )


_Edge = tuple[str, int, int]  # type, handles of start and end


def _relations(seen: Seen, tie: Tie) -> Sequence[_Edge]:
    """The relationships that make a tie: those of the customer first, then those of the latest application."""
    applications = seen.arrays.applications
    made = dict(zip(applications.handles.tolist(), applications.applied_at.tolist(), strict=True))
    return sorted(_all_relations(seen, tie), key=lambda edge: (edge[1] in made, -made.get(edge[1], 0), -edge[1]))


def _all_relations(seen: Seen, tie: Tie) -> Iterator[_Edge]:
    arrays = seen.arrays
    customer, head = (
        int(arrays.customers.handles[tie.customer]),
        int(arrays.identifiers.handles[tie.identifier]),
    )
    block = int(arrays.identifiers.label[tie.identifier])
    own = arrays.applications.handles[arrays.applications.customer == tie.customer]
    persons = [channel for channel in CHANNELS if channel.between_persons]
    if block >= len(SCHEMA.identifiers):  # a person, who stands for what hangs on them by one type
        yield persons[block - len(SCHEMA.identifiers)].relationship, head, customer
        return
    label = arrays.identifiers.labels[block]
    for type in dict.fromkeys(c.relationship for c in CHANNELS if c.head == label and not c.between_persons):
        for start_label, end_label in SCHEMA.relationship(type).ends:
            if end_label != label:
                continue
            starts: NDArray[np.int64] = np.array([customer]) if start_label == CUSTOMER else own
            edges = seen.ego.scan_edges(type, start_label, end_label)
            for start in np.unique(edges.start[(edges.end == head) & np.isin(edges.start, starts)]).tolist():
                yield type, start, head


def _made(seen: Seen, starts: Sequence[int]) -> list[_Edge]:
    """Who made those of these nodes that are applications."""
    applications = seen.arrays.applications
    rows = np.flatnonzero(np.isin(applications.handles, list(dict.fromkeys(starts))))
    makers = seen.arrays.customers.handles[applications.customer[rows]]
    return [
        (APPLIED, maker, made) for maker, made in zip(makers.tolist(), applications.handles[rows].tolist(), strict=True)
    ]


class _Names:
    """Node ids of handles, read at once."""

    def __init__(self, store: GraphStore, handles: Sequence[int]) -> None:
        each = list(dict.fromkeys(handles))
        self._ids = dict(zip(each, store.node_ids(each), strict=True))

    def __getitem__(self, handle: int) -> str:
        return self._ids[handle]

    def relation(self, edge: _Edge) -> Relation:
        type, start, end = edge
        return Relation(type, self[start], self[end])
