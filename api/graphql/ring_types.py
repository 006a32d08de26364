"""GraphQL types of rings as lists: a ring's page, its members, and Relay connections of both."""

from datetime import datetime
from enum import Enum

import strawberry

from api.graphql.connection_types import PageInfo, check_first, decode_cursor, encode_cursor, page_info
from api.graphql.context import Info
from api.graphql.declare import resolver
from api.graphql.node_types import Node
from api.graphql.risk_types import MOTIF
from graph_model import records
from graph_model.services import rings


@strawberry.enum(description="What rings are ordered by, the greatest first; equals by id.")
class RingOrder(Enum):
    KNOWN_FRAUD = "known_fraud"
    KNOWN_FRAUD_SHARE = "known_fraud_share"
    SIZE = "size"
    MEAN_SCORE = "mean_score"
    NEW_MEMBERS = "new_members"


@strawberry.input(description="Bounds, all inclusive. A ring of which something asked for was not kept does not match.")
class RingFilter:
    min_size: int | None = None
    max_size: int | None = None
    min_known_fraud: int | None = None
    max_known_fraud: int | None = None
    min_known_fraud_share: float | None = None
    max_known_fraud_share: float | None = None
    min_mean_score: float | None = None
    max_mean_score: float | None = None
    motif: str | None = None
    held_by: str | None = strawberry.field(
        default=None, description="A node type of which shared identifiers hold the ring together."
    )

    def wanted(self) -> rings.RingFilter:
        return rings.RingFilter(**vars(self))


@strawberry.type(description="How many shared identifiers of one type hold a ring together.")
class RingBond:
    type: str
    count: int


@strawberry.type
class NodeEdge:
    cursor: str
    node: Node


@strawberry.type(description="Nodes, page by page.")
class NodeConnection:
    edges: list[NodeEdge]
    page_info: PageInfo
    total_count: int


@strawberry.type(
    description="团伙 by itself: customers that one scoring found to belong together, and what holds them."
)
class RingView:
    id: strawberry.ID
    size: int = strawberry.field(description="Customers in it.")
    known_fraud: int
    known_fraud_share: float
    mean_score: float | None
    density: float | None = strawberry.field(description="Tied pairs among possible pairs of its customers.")
    motif: str | None = strawberry.field(description=MOTIF)
    new_members: int | None = strawberry.field(
        description="Growth: customers first tied to it within 30 days of the scoring."
    )
    held_by: list[RingBond]
    model_version: str
    as_of: datetime
    scored_at: datetime
    found: strawberry.Private[records.Ring]
    moment: strawberry.Private[records.AsOf | None]

    @resolver("Those tied most strongly to the rest.")
    def key_members(self, info: Info) -> list[Node]:
        context = info.context
        found = rings.key_members(context.store, context.principal, self.found, as_of=self.moment)
        return [Node.of(info, node, self.moment) for node in found]

    @resolver(
        "Its customers, the highest score first, captions masked; up to 100 at a time. With `asOf` those who were in it then and "
        "still are. Errors: cursor.invalid."
    )
    def members(self, info: Info, first: int = 20, after: str | None = None) -> NodeConnection:
        context, kind = info.context, f"members:{self.id}"
        place = None
        if after is not None:
            score, node_id = decode_cursor(kind, after, (int, float), str)
            place = rings.MemberPlace(float(score or 0.0), str(node_id))
        page = rings.member_page(
            context.store,
            context.principal,
            self.found.ring_id,
            first=check_first(first),
            after=place,
            as_of=self.moment,
        )
        cursors = [
            encode_cursor(kind, at.score, at.node_id) for at in (rings.member_place(node) for node in page.members)
        ]
        return NodeConnection(
            edges=[
                NodeEdge(cursor=cursor, node=Node.of(info, node, self.moment))
                for cursor, node in zip(cursors, page.members, strict=True)
            ],
            page_info=page_info(cursors, has_next=page.has_next, has_previous=page.has_previous),
            total_count=page.total,
        )

    @classmethod
    def of(cls, ring: records.Ring, moment: records.AsOf | None) -> "RingView":
        motif, new = ring.facts.get("motif"), rings.number(ring, "new_30d")
        return cls(
            id=strawberry.ID(ring.ring_id),
            size=ring.size,
            known_fraud=ring.known_fraud,
            known_fraud_share=rings.share(ring),
            mean_score=rings.mean_score(ring),
            density=rings.number(ring, "density"),
            motif=None if motif is None else str(motif),
            new_members=None if new is None else int(new),
            held_by=[RingBond(type=label, count=count) for label, count in rings.held_by(ring).items()],
            model_version=ring.model_version,
            as_of=ring.as_of,
            scored_at=ring.scored_at,
            found=ring,
            moment=moment,
        )


@strawberry.type
class RingEdge:
    cursor: str
    node: RingView


@strawberry.type(description="Rings of one scoring, page by page. `totalCount` counts those that match the filter.")
class RingConnection:
    edges: list[RingEdge]
    page_info: PageInfo
    total_count: int
