"""GraphQL types of seed audiences (种子人群). Members come out of the gate; whom it left out is told as the role may know."""

from datetime import datetime

import strawberry

from api.graphql.connection_types import PageInfo, check_first, decode_cursor, encode_cursor, page_info
from api.graphql.consent_types import Channel
from api.graphql.context import Info
from api.graphql.declare import resolver
from api.graphql.referral_types import KeyOrder
from graph_model.services import audiences, circle_lists, deliveries, gate, lookalikes
from graph_model.services.audience_records import Audience, Recipe, Version
from graph_model.services.deliveries import Delivery


@strawberry.input(
    description="Where people come from: circles, or all of them; everybody in them, or as many of the strongest spreaders. `grow` adds as many "
    "who are like them by tags of class marketing; 100,000 at most."
)
class RecipeInput:
    circles: list[strawberry.ID] = strawberry.field(default_factory=list)
    spreaders: int | None = None
    by: KeyOrder = KeyOrder.REACH
    grow: int = 0

    def recipe(self) -> Recipe:
        return Recipe(tuple(self.circles), self.spreaders, circle_lists.KeyOrder(self.by.value), self.grow)


@strawberry.type(
    description="How many the gate left out for one reason; each person counts once, for the first that held."
)
class Exclusion:
    reason: str
    count: int


@strawberry.type(description="A member who may be handed out now.")
class AudienceMember:
    node_id: strawberry.ID


@strawberry.type
class AudienceMemberEdge:
    cursor: str
    node: AudienceMember


@strawberry.type(
    description="Members page by page, in an order that says nothing. `totalCount` is of the draw; who left since is in no page."
)
class AudienceMemberConnection:
    edges: list[AudienceMemberEdge]
    page_info: PageInfo
    total_count: int


@strawberry.type(description="One value of a tag (null: without it) as look-alikes were found by it.")
class LikenessTrait:
    value: str | None
    of_seed: float = strawberry.field(description="How frequent it is in the seed, from counts rounded to 5.")
    of_everybody: float
    weight: float = strawberry.field(description="Above 0 it speaks for being like the seed. Weights add up.")


@strawberry.type(description="What a tag told of being like the seed.")
class TagLikeness:
    code: str
    name_zh: str
    name_en: str
    traits: list[LikenessTrait]

    @classmethod
    def of(cls, likeness: lookalikes.TagLikeness) -> "TagLikeness":
        traits = [
            LikenessTrait(
                value=trait.value, of_seed=trait.of_seed, of_everybody=trait.of_everybody, weight=trait.weight
            )
            for trait in likeness.traits
        ]
        return cls(code=likeness.code, name_zh=likeness.name_zh, name_en=likeness.name_en, traits=traits)


@strawberry.type(
    description="How far a version has been handed to one receiver. The job SEND goes on where it was broken off."
)
class AudienceDelivery:
    receiver: str
    begun_at: datetime
    ended_at: datetime | None = strawberry.field(description="When nobody was left to send; null before that.")
    sent: int
    batches: int

    @classmethod
    def of(cls, delivery: Delivery) -> "AudienceDelivery":
        return cls(
            receiver=delivery.receiver,
            begun_at=delivery.begun_at,
            ended_at=delivery.ended_at,
            sent=delivery.sent,
            batches=delivery.batches,
        )


@strawberry.type(description="One draw, frozen.")
class AudienceVersion:
    number: int
    drawn_by: str
    drawn_at: datetime
    valid_until: datetime
    policy_version: str
    members: int
    excluded: int | None = strawberry.field(
        description="Who was left out, all reasons together. Rounded to 5, and null below 10, to whoever may not see exclusions."
    )
    withdrawn: bool
    grown: int = strawberry.field(description="How many of the members are like the others, and not of the circles.")
    expired: bool = strawberry.field(description="Whether it is too old to be handed out: draw the audience anew.")
    kept: strawberry.Private[Version]
    of_audience: strawberry.Private[Audience]

    @resolver("To whom it was sent, or is being sent.")
    def deliveries(self, info: Info) -> list[AudienceDelivery]:
        context = info.context
        found = deliveries.deliveries(context.store, context.principal, self.of_audience, self.kept)
        return [AudienceDelivery.of(each) for each in found]

    @resolver("Who was considered: exactly the members and all who were left out.")
    def candidates(self) -> int:
        return self.kept.candidates

    @resolver("By what look-alikes were found: the most telling tag first, and of each the heaviest value.")
    def likeness(self) -> list[TagLikeness]:
        return [TagLikeness.of(each) for each in self.kept.likeness]

    @resolver("Whom the gate left out for what, to the last person.")
    def waterfall(self, info: Info) -> list[Exclusion]:
        steps = gate.told(info.context.principal, self.kept.excluded).steps or ()
        return [Exclusion(reason=reason, count=count) for reason, count in steps]

    @resolver("From which moment risk was looked at.")
    def risk_at(self) -> datetime:
        return self.kept.risk_at

    @resolver("Why it was withdrawn.")
    def withdrawal_reason(self) -> str | None:
        return None if self.kept.withdrawn is None else self.kept.withdrawn.reason

    @classmethod
    def of(cls, info: Info, audience: Audience, version: Version) -> "AudienceVersion":
        return cls(
            number=version.number,
            drawn_by=version.drawn_by,
            drawn_at=version.drawn_at,
            valid_until=version.valid_until,
            policy_version=version.policy_version,
            members=version.members,
            excluded=gate.told(info.context.principal, version.excluded).excluded,
            withdrawn=version.withdrawn is not None,
            grown=version.grown,
            expired=info.context.now > version.valid_until,
            kept=version,
            of_audience=audience,
        )


@strawberry.type(description="种子人群: people from referral circles who passed the gate.")
class AudienceView:
    id: strawberry.ID
    name: str
    channel: Channel
    purpose: str
    created_by: str
    created_at: datetime
    circles: list[strawberry.ID]
    spreaders: int | None
    by: KeyOrder
    grow: int = strawberry.field(description="How many look-alikes are asked for.")
    found: strawberry.Private[Audience]

    @resolver("Its draws, the newest first.")
    def versions(self, info: Info) -> list[AudienceVersion]:
        context = info.context
        kept = audiences.versions(context.store, context.principal, self.found)
        return [AudienceVersion.of(info, self.found, version) for version in kept]

    @resolver(
        "Members of a version, the newest when none is named, through the gate again: who opted out or was contacted too often since is in no "
        "page. Up to 100 at a time. Errors: audience.expired, audience.withdrawn, audience.unscored, not_found, cursor.invalid."
    )
    def members(
        self, info: Info, first: int = 20, after: str | None = None, version: int | None = None
    ) -> AudienceMemberConnection:
        context, kind = info.context, f"audience:{self.id}:{version}"
        place = "" if after is None else str(decode_cursor(kind, after, str)[0])
        page = audiences.member_page(
            context.store,
            context.runtime.gate,
            context.principal,
            self.found,
            audiences.version(context.store, context.principal, self.found, version),
            first=check_first(first),
            after=place,
            now=context.now,
        )
        shown = [node.node_id for node in context.store.get_by_id(page.node_ids)]  # noted for the audit
        cursors = [encode_cursor(kind, node_id) for node_id in shown]
        return AudienceMemberConnection(
            edges=[
                AudienceMemberEdge(cursor=cursor, node=AudienceMember(node_id=strawberry.ID(node_id)))
                for cursor, node_id in zip(cursors, shown, strict=True)
            ],
            page_info=page_info(cursors, has_next=page.has_next, has_previous=page.has_previous),
            total_count=page.total,
        )

    @classmethod
    def of(cls, audience: Audience) -> "AudienceView":
        return cls(
            id=strawberry.ID(audience.id),
            name=audience.name,
            channel=Channel(audience.channel),
            purpose=audience.purpose,
            created_by=audience.created_by,
            created_at=audience.created_at,
            circles=[strawberry.ID(each) for each in audience.recipe.circles],
            spreaders=audience.recipe.spreaders,
            by=KeyOrder(audience.recipe.by.value),
            grow=audience.recipe.grow,
            found=audience,
        )
