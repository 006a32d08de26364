"""GraphQL types of what a canvas shows: nodes with places, edges, overview, omissions."""

from datetime import datetime

import strawberry

from api.graphql.column_types import EdgeColumns, NodeColumns
from api.graphql.declare import resolver
from api.graphql.enums import Grade, GraphNodeKind
from api.graphql.link_types import HumanLink
from graph_model.records import Omission
from graph_model.schema import SCHEMA
from graph_model.services import views


@strawberry.type(
    description="A node on the canvas, or a community that stands for `size` nodes. The caption is masked as its reader must have it."
)
class GraphNode:
    id: strawberry.ID
    kind: GraphNodeKind
    type: str = strawberry.field(description="Schema label; of a community, the most common one in it.")
    caption: str
    grade: Grade | None
    score: float | None
    ring_id: strawberry.ID | None
    x: float
    y: float
    hop: int | None
    degree: int = strawberry.field(description="Relationships in the whole store.")
    is_subject: bool = strawberry.field(description="The main node 主节点, or the community that holds it.")
    size: int
    risky: int = strawberry.field(description="Nodes of grade C or D among the `size` that it stands for.")
    blocklisted: bool = strawberry.field(
        description="On the blocklist 黑名单 at the as-of moment. Of a community: false."
    )

    @classmethod
    def of(cls, node: views.CanvasNode) -> "GraphNode":
        return cls(
            id=strawberry.ID(node.id),
            kind=GraphNodeKind(node.kind.value),
            type=node.type,
            caption=node.caption,
            grade=node.grade,
            score=node.score,
            ring_id=None if node.ring_id is None else strawberry.ID(node.ring_id),
            x=node.x,
            y=node.y,
            hop=node.hop,
            degree=node.degree,
            is_subject=node.is_subject,
            size=node.size,
            risky=node.risky,
            blocklisted=node.blocklisted,
        )


@strawberry.type(description="A relationship, or `weight` of them between two communities.")
class GraphEdge:
    id: strawberry.ID
    source: strawberry.ID
    target: strawberry.ID
    type: str
    caption_zh: str
    caption_en: str
    qualifier: str | None
    first_seen: datetime
    last_seen: datetime
    human: bool
    weight: int
    link: HumanLink | None = strawberry.field(description="What a person drew; null for what files and machines told.")

    @classmethod
    def of(cls, edge: views.CanvasEdge) -> "GraphEdge":
        caption = SCHEMA.relationship(edge.type).caption
        return cls(
            id=strawberry.ID(edge.id),
            source=strawberry.ID(edge.source),
            target=strawberry.ID(edge.target),
            type=edge.type,
            caption_zh=caption.zh,
            caption_en=caption.en,
            qualifier=edge.qualifier or None,
            first_seen=edge.first_seen,
            last_seen=edge.last_seen,
            human=edge.human,
            weight=edge.weight,
            link=None if edge.link is None else HumanLink.of(edge.link),
        )


@strawberry.type(
    name="Omission",
    description="A node with more neighbours along one relationship type than are shown: “50 of 3,412”.",
)
class OmissionType:
    node_id: strawberry.ID
    type: str
    shown: int
    total: int

    @classmethod
    def of(cls, omission: Omission) -> "OmissionType":
        return cls(
            node_id=strawberry.ID(omission.node_id), type=omission.type, shown=omission.shown, total=omission.total
        )


@strawberry.type(description="Nodes of one type within a grade. The main node 主节点 is a row of its own.")
class OverviewCell:
    type: str
    is_subject: bool
    caption_zh: str
    caption_en: str
    count: int
    node_ids: list[strawberry.ID] = strawberry.field(
        description="Ids on the canvas; of an aggregated graph, its communities."
    )

    @classmethod
    def of(cls, cell: views.OverviewCell) -> "OverviewCell":
        caption = SCHEMA.node(cell.type).caption
        return cls(
            type=cell.type,
            is_subject=cell.is_subject,
            caption_zh="主节点" if cell.is_subject else caption.zh,
            caption_en="main node" if cell.is_subject else caption.en,
            count=cell.count,
            node_ids=[strawberry.ID(node_id) for node_id in cell.node_ids],
        )


@strawberry.type
class OverviewRow:
    grade: Grade | None = strawberry.field(description="null: not graded.")
    count: int
    types: list[OverviewCell]

    @classmethod
    def of(cls, row: views.OverviewRow) -> "OverviewRow":
        return cls(grade=row.grade, count=row.count, types=[OverviewCell.of(cell) for cell in row.cells])


@strawberry.type(description="调查概述: counted from the very nodes of the graph beside it. A first, not graded last.")
class Overview:
    total: int
    rows: list[OverviewRow]

    @classmethod
    def of(cls, found: views.Overview) -> "Overview":
        return cls(total=found.total, rows=[OverviewRow.of(row) for row in found.rows])


@strawberry.type(description="关系图: nodes with places in canvas pixels, the subject at (0, 0).")
class RelationGraph:
    subject_id: strawberry.ID
    overview: Overview
    omissions: list[OmissionType]
    aggregated: bool = strawberry.field(description="True when nodes stand for communities.")
    total: int = strawberry.field(
        description="Nodes before aggregation; with `community`, those of the graph that it is a part of."
    )
    simplified: bool = strawberry.field(
        description="True when time ran out before all nodes were arranged well; nothing is missing."
    )
    found: strawberry.Private[views.RelationGraph]

    @resolver("One object each; for thousands, `nodeColumns` is quicker.")
    def nodes(self) -> list[GraphNode]:
        return [GraphNode.of(node) for node in self.found.nodes]

    @resolver("One object each; for thousands, `edgeColumns` is quicker.")
    def edges(self) -> list[GraphEdge]:
        return [GraphEdge.of(edge) for edge in self.found.edges]

    @resolver("The same nodes as columns.")
    def node_columns(self) -> NodeColumns:
        return NodeColumns.of(self.found.nodes)

    @resolver("The same edges as columns.")
    def edge_columns(self) -> EdgeColumns:
        return EdgeColumns.of(self.found)

    @classmethod
    def of(cls, graph: views.RelationGraph) -> "RelationGraph":
        return cls(
            subject_id=strawberry.ID(graph.subject_id),
            overview=Overview.of(graph.overview),
            omissions=[OmissionType.of(omission) for omission in graph.omissions],
            aggregated=graph.aggregated,
            total=graph.total,
            simplified=graph.simplified,
            found=graph,
        )


@strawberry.type(description="What expanding one node adds: new nodes with places, and edges to known ones too.")
class Expansion:
    nodes: list[GraphNode]
    edges: list[GraphEdge]
    omissions: list[OmissionType]

    @classmethod
    def of(cls, found: views.Expansion) -> "Expansion":
        return cls(
            nodes=[GraphNode.of(node) for node in found.nodes],
            edges=[GraphEdge.of(edge) for edge in found.edges],
            omissions=[OmissionType.of(omission) for omission in found.omissions],
        )
