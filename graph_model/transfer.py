"""Moving house: what a whole store holds, as records that any other store takes in, page by page. Pure.

The parts are moved in the order of `Part`: whatever a record names was moved before it. A page goes on where the one before ended; its `after` is
the engine's own and means nothing to another. `Bounds`, taken once, keep what is written meanwhile to new nodes out of every part alike.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

import orjson

from graph_model.records import AuditEntry, EdgeRecord, Fact, LinkEdit, Node, NodeRef, Ring, RiskAssessment, Scoring
from graph_model.tagging import TagRun, TagValue

OWN_STATES = "copy."  # names of small texts that begin so belong to a copy and are never moved


class Part(StrEnum):
    NODES = "nodes"
    EDGES = "edges"  # of the sources; links drawn by hand are their edits
    FACTS = "facts"
    LINKS = "links"
    RUNS = "runs"  # every scoring that has assessments, in the order in which they were begun
    ASSESSMENTS = "assessments"
    RINGS = "rings"
    SCORINGS = "scorings"  # the complete ones
    TAG_RUNS = "tag_runs"  # in the order in which they were begun
    TAGS = "tags"  # the history of each node's values, by rising run
    AUDIT = "audit"
    STATE = "state"


@dataclass(frozen=True, slots=True)
class KeptNode:
    """A node, and when its properties were observed, which decides what overwrites them."""

    node: Node
    properties_at: datetime | None


@dataclass(frozen=True, slots=True)
class SmallText:
    name: str
    value: str


Record = (
    KeptNode
    | EdgeRecord
    | Fact
    | LinkEdit
    | Scoring
    | RiskAssessment
    | Ring
    | TagRun
    | TagValue
    | AuditEntry
    | SmallText
)


@dataclass(frozen=True, slots=True)
class Bounds:
    """The greatest of each when the move began."""

    handle: int
    run: int
    audit: int


@dataclass(frozen=True, slots=True)
class Page:
    """`after` is what the next page is asked for with; None where there is none."""

    records: Sequence[Record]
    after: str | None


def kind_of(part: Part, record: Record) -> str:
    """What a record is counted as."""
    match record:
        case KeptNode():
            return f"{part} {record.node.label}"
        case EdgeRecord():
            return f"{part} {record.type}"
        case Fact():
            return f"{part} {record.kind}"
        case _:
            return part.value


@dataclass(slots=True)
class Checksums:
    """How many records of each kind, and a sum that is the same in whatever order they come and differs where any record does."""

    counts: dict[str, int] = field(default_factory=dict)
    sums: dict[str, int] = field(default_factory=dict)

    def add(self, part: Part, records: Sequence[Record]) -> None:
        for record in records:
            kind = kind_of(part, record)
            text = orjson.dumps(record, default=_plain, option=orjson.OPT_SORT_KEYS)
            number = int.from_bytes(hashlib.blake2b(text, digest_size=16).digest())
            self.counts[kind] = self.counts.get(kind, 0) + 1
            self.sums[kind] = (self.sums.get(kind, 0) + number) % 2**128

    def differences(self, other: "Checksums") -> list[str]:
        """The kinds that are not the same in both, by name."""
        kinds = sorted(self.counts.keys() | other.counts.keys())
        return [kind for kind in kinds if self._of(kind) != other._of(kind)]

    def _of(self, kind: str) -> tuple[int, int]:
        return self.counts.get(kind, 0), self.sums.get(kind, 0)


def _plain(value: object) -> object:
    match value:
        case Mapping():
            return dict(value)
        case Node() | EdgeRecord() | Fact() | NodeRef():
            return value._asdict()
    raise TypeError(type(value).__name__)
