"""GraphQL types of tags: the dictionary, runs and figures, and the portrait of one node."""

from dataclasses import fields
from datetime import date, datetime
from enum import Enum
from typing import Any

import strawberry

from api.graphql.context import Info
from api.graphql.declare import resolver
from graph_model.services.tags import computed, definition, dictionary, reading
from graph_model.services.tags.runs import MOST_RUNS


@strawberry.enum(
    description="What a tag's values are. Those who meet the rule of a `BOOL` have it; others have no such tag."
)
class TagValueType(Enum):
    BOOL = "bool"
    NUMBER = "number"
    TEXT = "text"
    DATE = "date"


@strawberry.enum(description="What a tag may be used for. `RISK` is told to those only who may see risk.")
class ConsentClass(Enum):
    SERVICE = "service"
    MARKETING = "marketing"
    RISK = "risk"


@strawberry.enum(
    description="Where values come from. RULE: its rule. COMPUTED: one of `tagComputations`. IMPORTED: files (`guanxi tags import`). "
    "MANUAL: people, with `setTag`."
)
class TagKind(Enum):
    RULE = "rule"
    COMPUTED = "computed"
    IMPORTED = "imported"
    MANUAL = "manual"


@strawberry.enum(
    description="DAILY: with the job TAGS. MANUAL: when it is asked for by name (`startJob` with `codes`, `guanxi tags compute CODE`)."
)
class TagSchedule(Enum):
    DAILY = "daily"
    MANUAL = "manual"


@strawberry.enum(description="STUCK: running, and not heard of for 10 minutes; the next run takes over.")
class TagRunStatus(Enum):
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    STUCK = "stuck"


@strawberry.input(description="A tag as it is to be. docs/marketer.md explains the rules.")
class TagInput:
    code: str
    name_zh: str
    name_en: str
    category: str
    subcategory: str
    rule: str = strawberry.field(default="", description="Of kind `RULE`, and of no other.")
    kind: TagKind = TagKind.RULE
    computation: str = strawberry.field(default="", description="Of kind `COMPUTED`, and of no other.")
    type: str = "Customer"
    value_type: TagValueType | None = strawberry.field(
        default=None, description="Left out: `BOOL`, or what the computation gives."
    )
    consent: ConsentClass = ConsentClass.MARKETING
    schedule: TagSchedule = TagSchedule.DAILY
    owner: str = ""

    def draft(self) -> dictionary.Draft:
        return dictionary.Draft(
            code=self.code,
            name_zh=self.name_zh,
            name_en=self.name_en,
            category=self.category,
            subcategory=self.subcategory,
            rule=self.rule,
            kind=definition.TagKind(self.kind.value),
            computation=self.computation,
            label=self.type,
            value_type=None if self.value_type is None else definition.ValueType(self.value_type.value),
            consent=definition.ConsentClass(self.consent.value),
            schedule=definition.Schedule(self.schedule.value),
            owner=self.owner,
        )


@strawberry.type(description="How many nodes have one value; null where too few to tell.")
class TagShare:
    value: str
    count: int | None

    @classmethod
    def of(cls, share: reading.Share) -> "TagShare":
        return cls(value=share.value, count=share.count)


@strawberry.type(description="One run of a tag. For who may not see risk, numbers are rounded to 5, and null below 10.")
class TagRun:
    version: int = strawberry.field(description="Of the tag, that was computed.")
    base_date: date
    status: TagRunStatus
    started_at: datetime
    heard_at: datetime = strawberry.field(description="When it was heard of last: its end, where it has ended.")
    by: str
    error_code: str | None
    error: str | None
    changed: int | None = strawberry.field(description="Nodes whose value became another, or ended.")
    population: int = strawberry.field(description="Nodes of that type that were looked at.")
    coverage: int | None = strawberry.field(description="Nodes that have the tag.")

    @classmethod
    def of(cls, run: reading.RunFigures) -> "TagRun":
        return cls(**_run(run))


def _run(run: reading.RunFigures) -> dict[str, Any]:
    told = {each.name: getattr(run, each.name) for each in fields(reading.RunFigures)}
    error_code, error = told.pop("code") or None, told.pop("message") or None
    return told | {"status": TagRunStatus(run.status.value), "error_code": error_code, "error": error}


@strawberry.type(description="A tag's last run, with who has which value.")
class TagFigures(TagRun):
    distribution: list[TagShare] = strawberry.field(description="By value, the most frequent first.")
    stale: bool = strawberry.field(description="The base date is more than two days ago.")

    @classmethod
    def last(cls, figures: reading.Figures) -> "TagFigures":
        shares = [TagShare.of(share) for share in figures.distribution]
        return cls(**_run(figures), distribution=shares, stale=figures.stale)


@strawberry.type(description="What tags of kind COMPUTED may have their values from.")
class TagComputation:
    name: str
    name_zh: str
    name_en: str
    means_zh: str = strawberry.field(description="What a value tells, and who has none.")
    means_en: str
    value_type: TagValueType
    reads: list[str]
    risk: bool = strawberry.field(description="It says something of risk, so a tag of it is of class `RISK`.")

    @classmethod
    def of(cls, computation: computed.Computation) -> "TagComputation":
        return cls(
            name=computation.name,
            name_zh=computation.name_zh,
            name_en=computation.name_en,
            means_zh=computation.means_zh,
            means_en=computation.means_en,
            value_type=TagValueType(computation.value_type.value),
            reads=computation.reads.everything,
            risk=computation.reads.risk,
        )


@strawberry.type(description="One version of a tag: what its rule was, since when, and by whom.")
class TagVersion:
    version: int
    rule: str
    changed_by: str
    changed_at: datetime

    @classmethod
    def of(cls, tag: definition.TagDefinition) -> "TagVersion":
        return cls(version=tag.version, rule=tag.rule, changed_by=tag.changed_by, changed_at=tag.changed_at)


@strawberry.type(description="标签: what is known of a node in a word, by a rule.")
class Tag:
    code: str
    version: int
    name_zh: str
    name_en: str
    category: str = strawberry.field(description="一级标签")
    subcategory: str = strawberry.field(description="二级标签")
    type: str = strawberry.field(description="The node type that it is about.")
    value_type: TagValueType
    consent: ConsentClass
    schedule: TagSchedule
    owner: str
    kind: TagKind
    rule: str = strawberry.field(description="Of kind `RULE`; empty otherwise.")
    computation: str = strawberry.field(description="Of kind `COMPUTED`; empty otherwise.")
    reads: list[str] = strawberry.field(
        description="Lineage: properties, relationships, identifiers and tags that its values come from."
    )
    dependants: list[str] = strawberry.field(description="Codes of the tags that read it.")
    segments: list[str] = strawberry.field(description="Codes of the segments that read it.")
    changed_by: str
    changed_at: datetime
    figures: TagFigures | None = strawberry.field(description="null before its first run.")

    @resolver("The newest first.")
    def versions(self, info: Info) -> list[TagVersion]:
        context = info.context
        return [TagVersion.of(tag) for tag in dictionary.versions(context.store, context.principal, self.code)]

    @resolver(f"The last {MOST_RUNS} runs, the newest first; values that people give one by one are none.")
    def runs(self, info: Info, first: int = MOST_RUNS) -> list[TagRun]:
        context = info.context
        found = reading.runs(context.store, context.principal, self.code, first=first, now=context.now)
        return [TagRun.of(run) for run in found]

    @classmethod
    def of(cls, view: reading.TagView) -> "Tag":
        tag = view.tag
        return cls(
            code=tag.code,
            version=tag.version,
            name_zh=tag.name_zh,
            name_en=tag.name_en,
            category=tag.category,
            subcategory=tag.subcategory,
            type=tag.label,
            value_type=TagValueType(tag.value_type.value),
            consent=ConsentClass(tag.consent.value),
            schedule=TagSchedule(tag.schedule.value),
            owner=tag.owner,
            kind=TagKind(tag.kind.value),
            rule=tag.rule,
            computation=tag.computation,
            reads=tag.reads.everything,
            dependants=list(view.dependants),
            segments=list(view.segments),
            changed_by=tag.changed_by,
            changed_at=tag.changed_at,
            figures=None if view.figures is None else TagFigures.last(view.figures),
        )


@strawberry.type(description="What a rule means and whom it would reach today; nothing of it is kept.")
class TagCheck:
    value_type: TagValueType
    reads: list[str]
    risk: bool = strawberry.field(description="It says something of risk, so the tag's class has to be `RISK`.")
    population: int
    counts: list[TagShare] = strawberry.field(description="Nodes by value, in the order of the rule's cases.")

    @classmethod
    def of(cls, checked: reading.Checked) -> "TagCheck":
        return cls(
            value_type=TagValueType(checked.value_type.value),
            reads=checked.reads.everything,
            risk=checked.reads.risk,
            population=checked.population,
            counts=[TagShare.of(share) for share in checked.counts],
        )


@strawberry.type(description="What a tag said of a node since a base date, until the next.")
class TagSpan:
    value: str | None = strawberry.field(description="null where it ended then.")
    since: date
    version: int
    computed_at: datetime
    source: str

    @classmethod
    def of(cls, span: reading.TagSpan) -> "TagSpan":
        return cls(
            value=span.value,
            since=span.since,
            version=span.version,
            computed_at=span.computed_at,
            source=span.source,
        )


@strawberry.type(description="微观画像: one tag of one node. `value` is `true` for a tag that says yes.")
class PortraitEntry:
    code: str
    name_zh: str
    name_en: str
    category: str
    subcategory: str
    value_type: TagValueType
    value: str
    version: int = strawberry.field(description="Of the tag, that gave this value.")
    since: date = strawberry.field(description="The base date since which it has this value.")
    computed_at: datetime
    source: str

    @classmethod
    def of(cls, entry: reading.PortraitEntry) -> "PortraitEntry":
        tag = entry.tag
        return cls(
            code=tag.code,
            name_zh=tag.name_zh,
            name_en=tag.name_en,
            category=tag.category,
            subcategory=tag.subcategory,
            value_type=TagValueType(tag.value_type.value),
            value=entry.value,
            version=entry.version,
            since=entry.since,
            computed_at=entry.computed_at,
            source=entry.source,
        )
