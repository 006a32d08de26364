"""GraphQL types of segments (用户群): the dictionary, live counts, editions, and members out of the gate."""

from datetime import date, datetime
from enum import Enum

import strawberry
from strawberry.scalars import JSON

from api.graphql.audience_types import Exclusion
from api.graphql.connection_types import PageInfo, check_first, decode_cursor, encode_cursor, page_info
from api.graphql.consent_types import Channel
from api.graphql.context import Info
from api.graphql.declare import resolver
from api.graphql.tag_types import TagRunStatus
from graph_model.services.segments import counting, dictionary, members, reading
from graph_model.services.segments.definition import Segment as Kept
from graph_model.services.segments.dictionary import Draft
from graph_model.services.segments.members import Reach
from graph_model.services.tags import definition, runs


@strawberry.enum(description="DAILY: with the job TAGS, after the tags. MANUAL: when somebody asks for it.")
class SegmentSchedule(Enum):
    DAILY = "daily"
    MANUAL = "manual"


@strawberry.input(
    description="A segment as it is to be: its rule as text, or as a tree of JSON. docs/marketer-segments.md explains both."
)
class SegmentInput:
    code: str
    name: str
    rule: str | None = None
    tree: JSON | None = None
    description: str = ""
    schedule: SegmentSchedule = SegmentSchedule.MANUAL
    owner: str = ""

    def draft(self) -> Draft:
        return Draft(
            code=self.code,
            name=self.name,
            rule=self.rule,
            tree=self.tree,
            description=self.description,
            schedule=definition.Schedule(self.schedule.value),
            owner=self.owner,
        )


@strawberry.type(
    description="One condition of a rule, and how many it keeps and drops of those whom the ones before it kept. null where too few to tell."
)
class SegmentStep:
    rule: str
    tree: JSON
    kept: int | None
    dropped: int | None

    @classmethod
    def of(cls, step: counting.Step) -> "SegmentStep":
        return cls(rule=step.text, tree=JSON(step.tree), kept=step.kept, dropped=step.dropped)


@strawberry.type(
    description="Whom a rule reaches today. To who may see risk the waterfall sums to the last person; to others numbers are rounded to 5, and null below 10."
)
class SegmentCount:
    rule: str
    tree: JSON
    reads: list[str]
    segments: list[str] = strawberry.field(description="Codes of the segments that the rule names.")
    risk: bool = strawberry.field(
        description="It says something of risk, so the segment's code has to begin with risk_."
    )
    population: int = strawberry.field(description="All customers.")
    steps: list[SegmentStep] = strawberry.field(description="In the order of the rule.")
    count: int | None

    @classmethod
    def of(cls, counted: counting.Counted) -> "SegmentCount":
        return cls(
            rule=counted.rule,
            tree=JSON(counted.tree),
            reads=counted.reads.everything,
            segments=list(counted.segments),
            risk=counted.reads.risk,
            population=counted.population,
            steps=[SegmentStep.of(step) for step in counted.steps],
            count=counted.count,
        )


@strawberry.type(description="One version of a segment's rule, since when, and by whom.")
class SegmentVersion:
    version: int
    name: str
    rule: str
    changed_by: str
    changed_at: datetime

    @classmethod
    def of(cls, kept: Kept) -> "SegmentVersion":
        return cls(
            version=kept.version, name=kept.name, rule=kept.rule, changed_by=kept.changed_by, changed_at=kept.changed_at
        )


@strawberry.type(
    description="Who was in a segment on a base date, frozen. Numbers are rounded for who may not see risk."
)
class SegmentEdition:
    number: int
    version: int = strawberry.field(description="Of the segment's rule.")
    base_date: date
    computed_at: datetime
    computed_by: str
    members: int | None
    population: int
    valid_until: datetime
    open: bool = strawberry.field(
        description="Its members may be handed out, through the gate, where it reads tags of class marketing only."
    )

    @classmethod
    def of(cls, view: reading.EditionView) -> "SegmentEdition":
        edition = view.edition
        return cls(
            number=edition.number,
            version=edition.version,
            base_date=edition.base_date,
            computed_at=edition.computed_at,
            computed_by=edition.by,
            members=view.members,
            population=view.population,
            valid_until=edition.valid_until,
            open=view.open,
        )


@strawberry.type(description="How the last computation went.")
class SegmentRun:
    version: int
    base_date: date
    status: TagRunStatus
    started_at: datetime
    heard_at: datetime
    by: str
    error_code: str | None
    error: str | None

    @classmethod
    def of(cls, run: runs.LastRun) -> "SegmentRun":
        return cls(
            version=run.version,
            base_date=run.base_date,
            status=TagRunStatus(run.status.value),
            started_at=run.started_at,
            heard_at=run.heard_at,
            by=run.by,
            error_code=run.code or None,
            error=run.message or None,
        )


@strawberry.type(description="What became of who was in one edition until another; null where too few to tell.")
class SegmentDifference:
    stayed: int | None
    left: int | None
    joined: int | None


@strawberry.type(
    description="Of an edition, who may be handed out now through a channel. Rounded to 5, and null below 10, to whoever may not see exclusions."
)
class SegmentReach:
    channel: Channel
    members: int | None
    excluded: int | None = strawberry.field(description="Who is left out, all reasons together.")
    kept: strawberry.Private[Reach]

    @resolver("Who was looked at: exactly the members and all who were left out.")
    def candidates(self) -> int | None:
        return self.kept.candidates

    @resolver("Whom the gate leaves out for what, to the last person.")
    def waterfall(self) -> list[Exclusion]:
        return [Exclusion(reason=reason, count=count) for reason, count in self.kept.told.steps or ()]

    @classmethod
    def of(cls, reach: Reach) -> "SegmentReach":
        return cls(channel=Channel(reach.channel), members=reach.members, excluded=reach.told.excluded, kept=reach)


@strawberry.type(description="A member who may be handed out now.")
class SegmentMember:
    node_id: strawberry.ID


@strawberry.type
class SegmentMemberEdge:
    cursor: str
    node: SegmentMember


@strawberry.type(description="Members page by page, in an order that says nothing.")
class SegmentMemberConnection:
    edges: list[SegmentMemberEdge]
    page_info: PageInfo


@strawberry.type(description="用户群: customers who meet a rule over tags, properties and the graph.")
class Segment:
    code: strawberry.ID
    version: int
    name: str
    description: str
    owner: str
    schedule: SegmentSchedule
    rule: str
    tree: JSON = strawberry.field(description="The same rule as JSON, for a builder.")
    reads: list[str] = strawberry.field(
        description="Lineage: properties, relationships, identifiers and tags that it reads."
    )
    segments: list[str] = strawberry.field(description="Codes of the segments that its rule names.")
    dependants: list[str] = strawberry.field(description="Codes of the segments that name it.")
    risk: bool = strawberry.field(description="It says something of risk: it is counted and never handed out.")
    changed_by: str
    changed_at: datetime
    run: SegmentRun | None = strawberry.field(description="The last computation; null before the first.")
    newest: SegmentEdition | None = strawberry.field(description="The newest edition.")
    stale: bool = strawberry.field(description="The newest edition is of more than two days ago.")
    found: strawberry.Private[Kept]

    @resolver("Whom its rule reaches today.")
    def count(self, info: Info) -> SegmentCount:
        context = info.context
        counted = counting.count(context.store, context.principal, rule=self.found.rule, now=context.now)
        return SegmentCount.of(counted)

    @resolver("Every version of its rule, the newest first.")
    def versions(self, info: Info) -> list[SegmentVersion]:
        context = info.context
        kept = dictionary.versions(context.store, context.principal, self.found.code)
        return [SegmentVersion.of(each) for each in kept]

    @resolver("The newest first, up to 100.")
    def editions(self, info: Info, first: int = 20) -> list[SegmentEdition]:
        context = info.context
        views = reading.edition_views(
            context.store, context.principal, self.found, limit=check_first(first), now=context.now
        )
        return [SegmentEdition.of(each) for each in views]

    @resolver("From one edition to a later one. Errors: not_found, segment.order.")
    def difference(self, info: Info, before: int, after: int) -> SegmentDifference:
        context = info.context
        told = members.difference(context.store, context.principal, self.found, before, after)
        return SegmentDifference(stayed=told.stayed, left=told.left, joined=told.joined)

    @resolver(
        "How many of an edition, the newest when none is named, may be handed out now through a channel. Errors: not_found, segment.risk, "
        "segment.service, segment.expired, segment.unscored, segment.too_small."
    )
    def reach(self, info: Info, channel: Channel, edition: int | None = None) -> SegmentReach:
        context = info.context
        of = members.edition(context.store, self.found, edition)
        told = members.reach(
            context.store, context.runtime.gate, context.principal, self.found, of, channel.value, now=context.now
        )
        return SegmentReach.of(told)

    @resolver(
        "Members of an edition, the newest when none is named, through the gate for a channel, each time anew. Up to 100 at a time. "
        "Errors: not_found, cursor.invalid, segment.risk, segment.service, segment.expired, segment.unscored, segment.too_small."
    )
    def members(
        self, info: Info, channel: Channel, first: int = 20, after: str | None = None, edition: int | None = None
    ) -> SegmentMemberConnection:
        context = info.context
        of = members.edition(context.store, self.found, edition)
        kind = f"segment:{of.code}:{of.number}:{channel.value}"
        place = "" if after is None else str(decode_cursor(kind, after, str)[0])
        page = members.member_page(
            context.store,
            context.runtime.gate,
            context.principal,
            self.found,
            of,
            channel.value,
            first=check_first(first),
            after=place,
            now=context.now,
        )
        shown = [node.node_id for node in context.store.get_by_id(page.node_ids)]  # noted for the audit
        cursors = [encode_cursor(kind, node_id) for node_id in shown]
        edges = [
            SegmentMemberEdge(cursor=cursor, node=SegmentMember(node_id=strawberry.ID(node_id)))
            for cursor, node_id in zip(cursors, shown, strict=True)
        ]
        told = page_info(cursors, has_next=page.has_next, has_previous=page.has_previous)
        return SegmentMemberConnection(edges=edges, page_info=told)

    @classmethod
    def of(cls, view: reading.SegmentView) -> "Segment":
        kept = view.segment
        return cls(
            code=strawberry.ID(kept.code),
            version=kept.version,
            name=kept.name,
            description=kept.description,
            owner=kept.owner,
            schedule=SegmentSchedule(kept.schedule.value),
            rule=kept.rule,
            tree=JSON(reading.tree(kept)),
            reads=kept.reads.everything,
            segments=list(kept.segments),
            dependants=list(view.dependants),
            risk=kept.risk or kept.reads.risk,
            changed_by=kept.changed_by,
            changed_at=kept.changed_at,
            run=None if view.run is None else SegmentRun.of(view.run),
            newest=None if view.newest is None else SegmentEdition.of(view.newest),
            stale=view.stale,
            found=kept,
        )
