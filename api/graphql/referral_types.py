"""GraphQL types of referral circles (推荐圈). What a role may not know is null, or a field of its own."""

from dataclasses import asdict
from datetime import datetime
from enum import Enum

import strawberry

from api.graphql.connection_types import PageInfo
from api.graphql.context import Info
from api.graphql.declare import resolver
from api.graphql.enums import Grade
from api.graphql.node_types import Node
from api.graphql.ring_types import RingBond
from graph_model.moments import from_ms
from graph_model.records import AsOf
from graph_model.services import circle_lists
from graph_model.services.circle_lists import Circle, Member, Referral
from graph_model.services.referrals import Circles


@strawberry.enum(
    description="What circles are ordered by, the greatest first; equals by id. By DRAWN: for whoever may see the graph."
)
class CircleOrder(Enum):
    SIZE = "size"
    DEPTH = "depth"
    APPLIED = "applied"
    DRAWN = "drawn"


@strawberry.enum(
    description="Reach: people brought in directly and through others. Influence: PageRank that starts at those brought in who drew a loan."
)
class KeyOrder(Enum):
    REACH = "reach"
    INFLUENCE = "influence"


@strawberry.input(description="The least of each, as the role is told it.")
class CircleFilter:
    min_size: int = 0
    min_depth: int = 0
    min_applied: int = 0

    def least(self) -> circle_lists.CircleFilter:
        return circle_lists.CircleFilter(self.min_size, self.min_depth, self.min_applied)


@strawberry.type(
    description="Everybody so many steps from the beginning of a circle. Rounded to 5 and null below 10 as the circle's numbers are."
)
class CircleLevel:
    depth: int
    people: int | None
    applied: int | None = strawberry.field(description="Of them, who applied after they were brought in.")
    approved: int | None
    drawn: int | None


@strawberry.type(description="What those brought in are worth. For whoever may see risk.")
class CircleQuality:
    brought: int
    a: int
    b: int
    c: int
    d: int
    unscored: int
    confirmed_fraud: int
    circular_referrals: int = strawberry.field(description="Referrals on a way that leads back to its beginning.")
    self_referrals: int = strawberry.field(
        description="Referrals of somebody who uses the referrer's own phone, device or bank account. Families do, too."
    )


@strawberry.type(description="One person of a circle.")
class CircleMember:
    depth: int
    reach: int = strawberry.field(description="Brought in, directly and through others.")
    direct: int
    influence: float
    brought_by: strawberry.ID | None
    grade: Grade | None = strawberry.field(description="null when never scored.")
    confirmed_fraud: bool | None
    found: strawberry.Private[Member]
    moment: strawberry.Private[AsOf]

    @resolver("The person, captions masked.")
    def node(self, info: Info) -> Node:
        return Node.of(info, self.found.node, self.moment)

    @classmethod
    def of(cls, member: Member, moment: AsOf) -> "CircleMember":
        return cls(
            depth=member.depth,
            reach=member.reach,
            direct=member.direct,
            influence=member.influence,
            brought_by=None if member.brought_by is None else strawberry.ID(member.brought_by),
            grade=member.grade,
            confirmed_fraud=member.confirmed_fraud,
            found=member,
            moment=moment,
        )


@strawberry.type(description="One referral between people of a circle.")
class CircleReferral:
    source: strawberry.ID
    target: strawberry.ID
    at: datetime
    first: bool = strawberry.field(description="Whether it is the one that brought the target in.")
    circular: bool | None
    shared: list[RingBond] | None = strawberry.field(description="Identifiers that both use, by type.")

    @classmethod
    def of(cls, referral: Referral) -> "CircleReferral":
        shared = referral.shared
        return cls(
            source=strawberry.ID(referral.source),
            target=strawberry.ID(referral.target),
            at=from_ms(referral.at),
            first=referral.first,
            circular=referral.circular,
            shared=None if shared is None else [RingBond(type=label, count=count) for label, count in shared.items()],
        )


@strawberry.type(
    description="A circle drawn: its people, nearest to the beginning first, and the referrals among them."
)
class CircleGraph:
    members: list[CircleMember]
    referrals: list[CircleReferral]
    omitted: int


@strawberry.type(
    description="推荐圈: everybody who hangs together by referrals. To whoever may not see the graph, numbers are rounded to 5 and null below 10."
)
class ReferralCircle:
    id: strawberry.ID
    size: int
    depth: int = strawberry.field(description="Steps from who was first to who is farthest.")
    referrals: int | None
    brought: int | None = strawberry.field(description="People who were brought in by somebody of the circle.")
    applied: int | None = strawberry.field(description="Of them, who applied after that.")
    approved: int | None = strawberry.field(description="Null to whoever may not see the graph, as `drawn` is.")
    drawn: int | None
    as_of: datetime
    found: strawberry.Private[Circle]
    circles: strawberry.Private[Circles]

    @resolver("How many people there are at each step from the beginning.")
    def levels(self, info: Info) -> list[int | None]:
        told = circle_lists.levels(self.circles, info.context.principal, self.found)
        return [level.people for level in told]

    @resolver("Its levels, and what became of those brought in at each.")
    def level_table(self, info: Info) -> list[CircleLevel]:
        told = circle_lists.levels(self.circles, info.context.principal, self.found)
        return [CircleLevel(**asdict(level)) for level in told]

    @resolver("Grades and confirmed fraud of those brought in, and signs of abuse.")
    def quality(self, info: Info) -> CircleQuality:
        told = circle_lists.quality(info.context.store, self.circles, info.context.principal, self.found)
        return CircleQuality(
            brought=told.brought,
            unscored=told.unscored,
            confirmed_fraud=told.confirmed_fraud,
            circular_referrals=told.circular_referrals,
            self_referrals=told.self_referrals,
            **{grade.value.lower(): count for grade, count in told.grades.items()},
        )

    @resolver("Who brought most, up to 100.")
    def key_members(self, info: Info, by: KeyOrder = KeyOrder.REACH, first: int = 10) -> list[CircleMember]:
        context = info.context
        found = circle_lists.key_members(
            context.store,
            self.circles,
            context.principal,
            self.found,
            by=circle_lists.KeyOrder(by.value),
            first=first,
        )
        return [CircleMember.of(member, self._moment) for member in found]

    @resolver("The circle as a graph of at most `limit` people (1,000).")
    def graph(self, info: Info, limit: int = 300) -> CircleGraph:
        context = info.context
        drawn = circle_lists.circle_graph(context.store, self.circles, context.principal, self.found, limit=limit)
        return CircleGraph(
            members=[CircleMember.of(member, self._moment) for member in drawn.members],
            referrals=[CircleReferral.of(referral) for referral in drawn.referrals],
            omitted=drawn.omitted,
        )

    @property
    def _moment(self) -> AsOf:
        return AsOf.at(self.circles.people.as_of)

    @classmethod
    def of(cls, circles: Circles, circle: Circle) -> "ReferralCircle":
        return cls(
            id=strawberry.ID(circle.id),
            size=circle.size,
            depth=circle.depth,
            referrals=circle.referrals,
            brought=circle.brought,
            applied=circle.applied,
            approved=circle.approved,
            drawn=circle.drawn,
            as_of=circles.people.as_of,
            found=circle,
            circles=circles,
        )


@strawberry.type
class ReferralCircleEdge:
    cursor: str
    node: ReferralCircle


@strawberry.type(description="Referral circles, page by page.")
class ReferralCircleConnection:
    edges: list[ReferralCircleEdge]
    page_info: PageInfo
    total_count: int
