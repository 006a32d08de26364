"""What a canvas shows, as frozen values: nodes with positions, edges, the overview and what was left out. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from graph_model.records import Grade, Omission
from graph_model.schema import SCHEMA
from graph_model.services.links import HumanLink


class NodeKind(StrEnum):
    NODE = "node"
    COMMUNITY = "community"  # stands for `size` nodes


@dataclass(frozen=True, slots=True)
class CanvasNode:
    """A node or community with its place. `caption` is masked as its reader must have it."""

    id: str
    kind: NodeKind
    type: str
    caption: str
    grade: Grade | None
    score: float | None
    ring_id: str | None
    x: float
    y: float
    hop: int | None
    degree: int  # relationships in the whole store
    is_subject: bool = False
    size: int = 1
    risky: int = 0  # nodes of grade C or D among those it stands for
    blocklisted: bool = False


@dataclass(frozen=True, slots=True)
class CanvasEdge:
    """A relationship, or `weight` of them between two communities."""

    id: str
    source: str
    target: str
    type: str
    qualifier: str
    first_seen: datetime
    last_seen: datetime
    human: bool
    weight: int = 1
    link: HumanLink | None = None  # what a person drew


@dataclass(frozen=True, slots=True)
class OverviewCell:
    """Nodes of one type within a grade. The subject (主节点) is a cell of its own. `node_ids` are ids on the canvas."""

    type: str
    is_subject: bool
    count: int
    node_ids: Sequence[str]


@dataclass(frozen=True, slots=True)
class OverviewRow:
    grade: Grade | None  # None: not graded
    cells: Sequence[OverviewCell]

    @property
    def count(self) -> int:
        return sum(cell.count for cell in self.cells)


@dataclass(frozen=True, slots=True)
class Overview:
    """调查概述: grade × entity type, the best grade first, nodes without a grade last."""

    rows: Sequence[OverviewRow]

    @property
    def total(self) -> int:
        return sum(row.count for row in self.rows)


@dataclass(frozen=True, slots=True)
class Member:
    """What the overview counts: one node, and the id under which the canvas shows it (its own, or its community's)."""

    shown_as: str
    type: str
    grade: Grade | None
    is_subject: bool


@dataclass(frozen=True, slots=True)
class RelationGraph:
    """A graph ready to draw. `total` counts nodes before any aggregation; of one community that is opened, those of the whole graph."""

    subject_id: str
    nodes: Sequence[CanvasNode]
    edges: Sequence[CanvasEdge]
    overview: Overview
    omissions: Sequence[Omission]
    aggregated: bool
    total: int
    simplified: bool = False  # there was no time to arrange it well


@dataclass(frozen=True, slots=True)
class Expansion:
    """What one node's expansion adds to a canvas."""

    nodes: Sequence[CanvasNode]
    edges: Sequence[CanvasEdge]
    omissions: Sequence[Omission]


def overview(members: Sequence[Member]) -> Overview:
    """Counted from the very members that are drawn, so that table and canvas can't disagree."""
    found: dict[tuple[Grade | None, bool, str], list[str]] = {}
    for member in members:
        found.setdefault((member.grade, member.is_subject, member.type), []).append(member.shown_as)
    rows = []
    for grade in (*Grade, None):
        keys = [key for key in found if key[0] is grade]
        keys.sort(key=lambda key: (not key[1], SCHEMA.labels.index(key[2])))
        cells = tuple(OverviewCell(k[2], k[1], len(found[k]), tuple(dict.fromkeys(found[k]))) for k in keys)
        if len(cells) > 0:
            rows.append(OverviewRow(grade, cells))
    return Overview(tuple(rows))
