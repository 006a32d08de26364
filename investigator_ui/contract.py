"""The API's answers as the UI reads them: frozen values, one per GraphQL type, parsed and dumped with camelCase names."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any, TypeVar

from pydantic import ConfigDict, TypeAdapter
from pydantic.alias_generators import to_camel
from pydantic.dataclasses import dataclass

ANSWER = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="ignore")

T = TypeVar("T")

Json = Any  # what JSON holds on its way in or out: a dcc.Store, an element of the canvas


class Grade(StrEnum):
    A = "A"
    B = "B"
    C = "C"
    D = "D"


class NodeKind(StrEnum):
    NODE = "NODE"
    COMMUNITY = "COMMUNITY"


@dataclass(frozen=True, slots=True, config=ANSWER)
class Me:
    name: str
    role: str
    rights: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, config=ANSWER)
class LoggedIn:
    token: str
    expires_at: datetime
    name: str
    role: str


@dataclass(frozen=True, slots=True, config=ANSWER)
class LogInMethods:
    """How one may log in. `oidc_start` is where single sign-on begins, where there is one."""

    oidc_name: str | None = None
    oidc_start: str | None = None


@dataclass(frozen=True, slots=True, config=ANSWER)
class Attribute:
    name: str
    caption_zh: str
    caption_en: str
    masked: bool
    personal: bool
    value: str | None = None
    display_zh: str | None = None
    display_en: str | None = None


@dataclass(frozen=True, slots=True, config=ANSWER)
class Reason:
    code: str
    text: str
    weight: float


@dataclass(frozen=True, slots=True, config=ANSWER)
class Assessment:
    score: float
    grade: Grade
    source: str
    model_version: str
    policy_version: str
    as_of: datetime
    scored_at: datetime
    reasons_zh: tuple[Reason, ...] = ()
    reasons_en: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True, config=ANSWER)
class Ring:
    id: str
    size: int
    known_fraud: int
    known_fraud_share: float
    as_of: datetime
    density: float | None = None
    motif: str | None = None


@dataclass(frozen=True, slots=True, config=ANSWER)
class StatusEntry:
    status: str
    caption_zh: str
    caption_en: str
    at: datetime


@dataclass(frozen=True, slots=True, config=ANSWER)
class NodeRef:
    """Enough of a node to name it on the screen and to open it."""

    id: str
    type: str
    caption: str


@dataclass(frozen=True, slots=True, config=ANSWER)
class FactView:
    """What somebody stated about a node, such as a disposition."""

    value: str
    caption_zh: str
    caption_en: str
    at: datetime
    source: str
    note: str = ""


@dataclass(frozen=True, slots=True, config=ANSWER)
class Decided:
    """What was decided about an application, oldest first."""

    facts: tuple[FactView, ...] = ()


@dataclass(frozen=True, slots=True, config=ANSWER)
class ApplicationView:
    node: NodeRef
    product: str | None = None
    channel: str | None = None
    amount: float | None = None
    applied_at: datetime | None = None
    outcome: str | None = None
    statuses: tuple[StatusEntry, ...] = ()
    decided: Decided = Decided()


@dataclass(frozen=True, slots=True, config=ANSWER)
class Degree:
    """How many relationships of one type a node has, to neighbours of one type, in the whole store."""

    type: str
    neighbour_type: str
    count: int


@dataclass(frozen=True, slots=True, config=ANSWER)
class BlocklistEntry:
    """A place on the blocklist: who said so last, why, since when and until when."""

    node_id: str
    type: str
    caption: str
    reason: str
    source: str
    since: datetime
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, config=ANSWER)
class Node:
    id: str
    type: str
    caption: str
    attributes: tuple[Attribute, ...]
    first_seen: datetime
    last_seen: datetime
    source: str
    degrees: tuple[Degree, ...]
    assessment: Assessment | None = None
    ring_id: str | None = None
    blocklist_entry: BlocklistEntry | None = None
    dispositions: tuple[FactView, ...] = ()


@dataclass(frozen=True, slots=True, config=ANSWER)
class GraphNode:
    id: str
    kind: NodeKind
    type: str
    caption: str
    x: float
    y: float
    degree: int
    is_subject: bool
    size: int
    risky: int = 0
    blocklisted: bool = False
    grade: Grade | None = None
    score: float | None = None
    ring_id: str | None = None
    hop: int | None = None


@dataclass(frozen=True, slots=True, config=ANSWER)
class LinkMark:
    """What the canvas says of a link that an investigator drew."""

    id: str
    author: str


@dataclass(frozen=True, slots=True, config=ANSWER)
class GraphEdge:
    id: str
    source: str
    target: str
    type: str
    first_seen: datetime
    last_seen: datetime
    human: bool
    weight: int
    caption_zh: str = ""  # not asked for where there are thousands: the schema has it by type
    caption_en: str = ""
    qualifier: str | None = None
    link: LinkMark | None = None


@dataclass(frozen=True, slots=True, config=ANSWER)
class Omission:
    """What was left out at a node: `shown` of `total` neighbours by relationships of one type."""

    node_id: str
    type: str
    shown: int
    total: int


@dataclass(frozen=True, slots=True, config=ANSWER)
class OverviewCell:
    type: str
    is_subject: bool
    caption_zh: str
    caption_en: str
    count: int
    node_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, config=ANSWER)
class OverviewRow:
    count: int
    types: tuple[OverviewCell, ...]
    grade: Grade | None = None


@dataclass(frozen=True, slots=True, config=ANSWER)
class Overview:
    total: int
    rows: tuple[OverviewRow, ...]


@dataclass(frozen=True, slots=True, config=ANSWER)
class RelationGraph:
    subject_id: str
    nodes: tuple[GraphNode, ...]
    edges: tuple[GraphEdge, ...]
    overview: Overview
    omissions: tuple[Omission, ...]
    aggregated: bool
    total: int
    simplified: bool = False


@dataclass(frozen=True, slots=True, config=ANSWER)
class Expansion:
    nodes: tuple[GraphNode, ...]
    edges: tuple[GraphEdge, ...]
    omissions: tuple[Omission, ...]


@dataclass(frozen=True, slots=True, config=ANSWER)
class ExplainedTie:
    """A customer's use of an identifier, and its part in the fall of the score where all ties of the explanation go."""

    customer_id: str
    identifier_id: str
    drop: float


@dataclass(frozen=True, slots=True, config=ANSWER)
class Explanation:
    """The few ties that a score rests on. `estimate` is what the model says; it is the score, but where own fraud is confirmed."""

    subject_id: str
    customer_id: str
    score: float
    estimate: float
    estimate_without: float
    ties: tuple[ExplainedTie, ...]
    model_version: str
    degraded_because: tuple[str, ...]
    graph: RelationGraph


@dataclass(frozen=True, slots=True, config=ANSWER)
class TagEntry:
    """A tag that a node has, with its value."""

    code: str
    name_zh: str
    name_en: str
    category: str
    subcategory: str
    value_type: str
    value: str
    version: int
    since: date
    computed_at: datetime
    source: str


@dataclass(frozen=True, slots=True, config=ANSWER)
class Subject:
    node: NodeRef
    attributes: tuple[Attribute, ...]
    id_expired: bool
    assessment: Assessment | None = None
    ring: Ring | None = None
    portrait: tuple[TagEntry, ...] = ()
    applications: tuple[ApplicationView, ...] = ()


@dataclass(frozen=True, slots=True, config=ANSWER)
class SearchHit:
    id: str
    type: str
    caption: str
    matched: str
    grade: Grade | None = None


@dataclass(frozen=True, slots=True, config=ANSWER)
class Revealed:
    node_id: str
    property: str
    value: str
    expires_at: datetime


class LinkAction(StrEnum):
    DRAW = "draw"
    ANNOTATE = "annotate"
    RETRACT = "retract"


@dataclass(frozen=True, slots=True, config=ANSWER)
class LinkEdit:
    action: LinkAction
    author: str
    at: datetime
    reason: str
    evidence: str = ""
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, config=ANSWER)
class HumanLink:
    """A link drawn by an investigator, as it is now, and how it came to be so."""

    id: str
    source: str
    target: str
    author: str
    reason: str
    drawn_at: datetime
    evidence: str = ""
    expires_at: datetime | None = None
    ended_at: datetime | None = None
    edits: tuple[LinkEdit, ...] = ()


@dataclass(frozen=True, slots=True, config=ANSWER)
class Status:
    customers: int
    nodes: int
    edges: int
    version: str
    changed_at: datetime | None = None
    model_version: str | None = None


def parse(kind: type[T], answer: object) -> T:
    return TypeAdapter(kind).validate_python(answer)


def dump(value: object) -> Json:
    return TypeAdapter(type(value)).dump_python(value, mode="json", by_alias=True)
