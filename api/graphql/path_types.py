"""GraphQL type of a path between two nodes."""

import strawberry

from api.graphql.canvas_types import GraphEdge
from api.graphql.context import Info
from api.graphql.node_types import Node
from graph_model import records
from graph_model.services.paths import RankedPath


@strawberry.type(
    description="How two nodes hang together, node by node, and in one sentence with captions masked as the reader must have them."
)
class PathView:
    nodes: list[Node] = strawberry.field(description="From the one asked for to the other.")
    edges: list[GraphEdge] = strawberry.field(
        description="The relationship between each node and the next, either way round."
    )
    hops: int
    cost: float = strawberry.field(
        description="One per relationship, and for each node between the doublings of its relationships beyond two."
    )
    sentence_zh: str
    sentence_en: str

    @classmethod
    def of(cls, info: Info, found: RankedPath, moment: records.AsOf | None) -> "PathView":
        return cls(
            nodes=[Node.of(info, node, moment) for node in found.nodes],
            edges=[GraphEdge.of(edge) for edge in found.edges],
            hops=len(found.edges),
            cost=found.cost,
            sentence_zh=found.sentence.zh,
            sentence_en=found.sentence.en,
        )
