"""A graph's nodes and edges as columns, one list per field: for whoever asks for thousands of them. An object per element costs GraphQL several times
what making the graph does."""

from collections.abc import Sequence
from datetime import datetime

import strawberry

from api.graphql.enums import Grade, GraphNodeKind
from api.graphql.link_types import HumanLink
from graph_model.services import views


@strawberry.type(description="The fields of `GraphNode` as lists; the same place in each is the same node.")
class NodeColumns:
    id: list[strawberry.ID]
    kind: list[GraphNodeKind]
    type: list[str]
    caption: list[str]
    grade: list[Grade | None]
    score: list[float | None]
    ring_id: list[strawberry.ID | None]
    x: list[float]
    y: list[float]
    hop: list[int | None]
    degree: list[int]
    is_subject: list[bool]
    size: list[int]
    risky: list[int]
    blocklisted: list[bool]

    @classmethod
    def of(cls, nodes: Sequence[views.CanvasNode]) -> "NodeColumns":
        return cls(
            id=[strawberry.ID(node.id) for node in nodes],
            kind=[GraphNodeKind(node.kind.value) for node in nodes],
            type=[node.type for node in nodes],
            caption=[node.caption for node in nodes],
            grade=[node.grade for node in nodes],
            score=[node.score for node in nodes],
            ring_id=[None if node.ring_id is None else strawberry.ID(node.ring_id) for node in nodes],
            x=[node.x for node in nodes],
            y=[node.y for node in nodes],
            hop=[node.hop for node in nodes],
            degree=[node.degree for node in nodes],
            is_subject=[node.is_subject for node in nodes],
            size=[node.size for node in nodes],
            risky=[node.risky for node in nodes],
            blocklisted=[node.blocklisted for node in nodes],
        )


@strawberry.type(description="A link that a person drew, and its place in the columns of edges.")
class LinkAt:
    place: int
    link: HumanLink


@strawberry.type(
    description="The fields of `GraphEdge` as lists; the same place in each is the same edge. What its type says, the schema has by type."
)
class EdgeColumns:
    id: list[strawberry.ID]
    source: list[int] = strawberry.field(description="The place of the node in the columns of nodes.")
    target: list[int] = strawberry.field(description="The place of the node in the columns of nodes.")
    type: list[str]
    qualifier: list[str | None]
    first_seen: list[datetime]
    last_seen: list[datetime]
    human: list[bool]
    weight: list[int]
    links: list[LinkAt] = strawberry.field(description="What people drew, by place; few.")

    @classmethod
    def of(cls, graph: views.RelationGraph) -> "EdgeColumns":
        edges = graph.edges
        place = {node.id: at for at, node in enumerate(graph.nodes)}
        drawn = [
            LinkAt(place=at, link=HumanLink.of(edge.link)) for at, edge in enumerate(edges) if edge.link is not None
        ]
        return cls(
            id=[strawberry.ID(edge.id) for edge in edges],
            source=[place[edge.source] for edge in edges],
            target=[place[edge.target] for edge in edges],
            type=[edge.type for edge in edges],
            qualifier=[edge.qualifier or None for edge in edges],
            first_seen=[edge.first_seen for edge in edges],
            last_seen=[edge.last_seen for edge in edges],
            human=[edge.human for edge in edges],
            weight=[edge.weight for edge in edges],
            links=drawn,
        )
