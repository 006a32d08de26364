"""What goes into a graph and what comes out of it, as frozen values. Pure.

Two families. *Records* go in and name nodes by natural key, because files do. *Nodes* and *edges* come out and carry the opaque `node_id`,
which is what URLs, canvases, GraphQL ids and logs use: a natural key is personal data.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple

from graph_model.schema import Value

EMPTY: Mapping[str, Value] = MappingProxyType({})


class Grade(StrEnum):
    """评级: A is the lowest risk, D the highest."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"


class ScoreSource(StrEnum):
    RULES = "rules"
    MODEL = "model"
    OVERRIDE = "override"


@dataclass(frozen=True, slots=True)
class AsOf:
    """The moment from which the graph is looked at. Both bounds are inclusive; both datetimes are aware.

    `event` bounds when a thing happened (first_seen, known_at); `recorded` bounds when it came to be known to us, or is None
    to use all that was learnt since. `AsOf.at(t)` is the strict form that replays, scores and training rows use.
    """

    event: datetime
    recorded: datetime | None

    @classmethod
    def at(cls, moment: datetime) -> "AsOf":
        return cls(event=moment, recorded=moment)


# --- records: going in ---------------------------------------------------------------------------------------------
# Files come as millions of these. Named tuples are made in half the time that frozen dataclasses take, and as unalterable.


class NodeRef(NamedTuple):
    """A node by its natural key, already cleaned by the schema's property type."""

    label: str
    key: str


class NodeRecord(NamedTuple):
    """One observation of a node. Property values are clean; a missing name says nothing, it does not erase.

    `implied`: all it tells is what the key implies (a resident ID its holder's birth date), for a node that merely is mentioned. It is
    taken where this record makes the node."""

    ref: NodeRef
    seen: datetime
    recorded_at: datetime
    source: str
    properties: Mapping[str, Value] = EMPTY
    implied: bool = False


class EdgeRecord(NamedTuple):
    """One observation of a relationship. Its identity is (start, type, end, qualifier)."""

    type: str
    start: NodeRef
    end: NodeRef
    first_seen: datetime
    last_seen: datetime
    recorded_at: datetime
    source: str
    qualifier: str = ""
    properties: Mapping[str, Value] = EMPTY


class Fact(NamedTuple):
    """A dated, append-only statement about a node: a status, a label (`at` is its known_at), a consent, a disposition.

    `source` says who states it: a file's source, `user:NAME` or `key:NAME`. `note` is the reason in words; it is no part of a fact's identity.
    """

    about: NodeRef
    kind: str
    value: str
    at: datetime
    recorded_at: datetime
    source: str
    topic: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class GraphBatch:
    """Records that are written together or not at all. Every end of an edge and subject of a fact is among `nodes` or in the store."""

    nodes: Sequence[NodeRecord] = ()
    edges: Sequence[EdgeRecord] = ()
    facts: Sequence[Fact] = ()


@dataclass(frozen=True, slots=True)
class UpsertResult:
    """For each record of the batch, in its order, whether it created what it names (True) or met it there (False)."""

    nodes_created: Sequence[bool]
    edges_created: Sequence[bool]
    facts_created: Sequence[bool]


# --- the graph: coming out -----------------------------------------------------------------------------------------
# Answers are made of hundreds of these: named tuples too.


class Node(NamedTuple):
    """A node as it is kept. Score, grade and ring are those of its latest assessment (at or before the as-of that was asked)."""

    node_id: str
    label: str
    key: str
    first_seen: datetime
    last_seen: datetime
    recorded_at: datetime
    source: str
    properties: Mapping[str, Value] = EMPTY
    score: float | None = None
    grade: Grade | None = None
    ring_id: str | None = None

    @property
    def ref(self) -> NodeRef:
        return NodeRef(self.label, self.key)


class Edge(NamedTuple):
    """A relationship as it is kept. In an as-of read `last_seen` is the latest observation that is certain then: itself, or first_seen."""

    type: str
    start: str  # node_id
    end: str  # node_id
    first_seen: datetime
    last_seen: datetime
    recorded_at: datetime
    source: str
    qualifier: str = ""
    properties: Mapping[str, Value] = EMPTY

    @property
    def edge_id(self) -> str:
        """Unique among the edges of a graph, made of opaque ids."""
        return f"{self.start}~{self.type}~{self.end}~{self.qualifier}"


class Omission(NamedTuple):
    """What a capped answer left out: `shown` of `total` neighbours of a node along one relationship type."""

    node_id: str
    type: str
    shown: int
    total: int


@dataclass(frozen=True, slots=True)
class Subgraph:
    """Nodes and all edges among them (of the asked types), subject first. `hops` is the distance from the subject by node_id."""

    nodes: Sequence[Node]
    edges: Sequence[Edge]
    hops: Mapping[str, int] = field(default_factory=dict)
    omissions: Sequence[Omission] = ()


@dataclass(frozen=True, slots=True)
class Path:
    """A simple path, node by node; `edges[i]` joins `nodes[i]` and `nodes[i + 1]` in either direction."""

    nodes: Sequence[Node]
    edges: Sequence[Edge]


@dataclass(frozen=True, slots=True)
class SearchHit:
    node: Node
    property: str  # the property that matched


@dataclass(frozen=True, slots=True)
class Degree:
    """How many relationships of one type a node has, and towards which node type."""

    type: str
    neighbour_label: str
    count: int


# --- assessments and rings -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a score is what it is: a documented code, its share of the score, and the numbers that its sentence holds."""

    code: str
    weight: float
    values: Mapping[str, float | int | str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RiskAssessment:
    """One scoring of one node. Append-only. `as_of` is the moment it speaks of, `scored_at` when it was made."""

    node_id: str
    score: float  # 0..1; for customers and applications a calibrated probability of fraud
    grade: Grade
    ring_id: str | None
    reasons: Sequence[Reason]
    source: ScoreSource
    model_version: str
    policy_version: str
    as_of: datetime
    scored_at: datetime


@dataclass(frozen=True, slots=True)
class Scoring:
    """One complete scoring of the whole graph. `source` is where most of its assessments are from."""

    source: ScoreSource
    model_version: str
    policy_version: str
    as_of: datetime
    scored_at: datetime


@dataclass(frozen=True, slots=True)
class Ring:
    """A community found by one scoring. `ring_id` is stable from run to run; `facts` holds density, motif and the like."""

    ring_id: str
    size: int  # customers in it
    known_fraud: int  # of those, with confirmed fraud known at as_of
    as_of: datetime
    scored_at: datetime
    model_version: str
    facts: Mapping[str, Any] = field(default_factory=dict)


# --- what people draw ----------------------------------------------------------------------------------------------


class LinkAction(StrEnum):
    DRAW = "draw"
    ANNOTATE = "annotate"
    RETRACT = "retract"


@dataclass(frozen=True, slots=True)
class LinkEdit:
    """One edit of a link drawn by hand (a HUMAN_LINK). Append-only: the link as it is is its edits, one after the other.

    `reason`, `evidence` and `expires_at` are those from this edit on; a retraction keeps the link's own and gives its `reason` for retracting.
    """

    link_id: str
    action: LinkAction
    start: str  # node_id
    end: str  # node_id
    author: str
    at: datetime
    reason: str
    evidence: str = ""
    expires_at: datetime | None = None


# --- the audit chain -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """What is to be kept of one operation. `subjects` are keyed hashes, never natural keys; `detail` is plain JSON without personal data."""

    at: datetime
    actor: str
    role: str
    operation: str
    subjects: Sequence[str]
    result: str
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Who did what to whom. `subjects` are keyed hashes, never natural keys; `digest` chains to the entry before."""

    sequence: int
    at: datetime
    actor: str
    role: str
    operation: str
    subjects: Sequence[str]
    result: str
    detail: Mapping[str, Any]
    digest: str
