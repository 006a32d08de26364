"""GraphQL types of casework: facts about nodes, labels, verdicts, the blocklist."""

from datetime import datetime
from enum import Enum

import strawberry

from api.graphql.connection_types import PageInfo
from api.graphql.context import Info
from graph_model import records
from graph_model.schema import SCHEMA, Caption, Property
from graph_model.services import blocklist, masking


@strawberry.enum(description="What became of an application.")
class Label(Enum):
    CONFIRMED_FRAUD = "confirmed_fraud"
    EARLY_DEFAULT = "early_default"
    GOOD = "good"
    UNKNOWN = "unknown"


@strawberry.enum(description="What an investigation came to.")
class Verdict(Enum):
    CONFIRMED_FRAUD = "confirmed_fraud"
    SUSPICIOUS = "suspicious"
    CLEARED = "cleared"
    INCONCLUSIVE = "inconclusive"


@strawberry.type(
    description="A dated statement about a node, added and never changed: a status, label, disposition, decision, blocklisting."
)
class FactView:
    kind: str
    value: str
    caption_zh: str
    caption_en: str
    at: datetime = strawberry.field(description="When it came to hold; of a label, when it was known.")
    recorded_at: datetime
    source: str = strawberry.field(description="A file's source, user:NAME or key:NAME.")
    note: str

    @classmethod
    def of(cls, fact: records.Fact) -> "FactView":
        shown = masking.display(Property(fact.kind, SCHEMA.fact(fact.kind).value, Caption("", "")), fact.value)
        return cls(
            kind=fact.kind,
            value=fact.value,
            caption_zh=shown.zh,
            caption_en=shown.en,
            at=fact.at,
            recorded_at=fact.recorded_at,
            source=fact.source,
            note=fact.note,
        )


@strawberry.type(description="A place on the blocklist 黑名单. The caption is masked: a key is personal data.")
class BlocklistEntry:
    node_id: strawberry.ID
    type: str
    caption: str
    listed: bool = strawberry.field(description="False for one that was taken off.")
    reason: str
    source: str = strawberry.field(description="Who said so last: user:NAME or key:NAME.")
    since: datetime
    expires_at: datetime | None

    @classmethod
    def of(cls, info: Info, entry: blocklist.Entry) -> "BlocklistEntry":
        return cls(
            node_id=strawberry.ID(entry.node.node_id),
            type=entry.node.label,
            caption=masking.caption(entry.node, info.context.principal),
            listed=entry.listed,
            reason=entry.reason,
            source=entry.source,
            since=entry.since,
            expires_at=entry.expires_at,
        )


@strawberry.type
class BlocklistEdge:
    cursor: str
    node: BlocklistEntry


@strawberry.type(description="The blocklist, the newest statement first.")
class BlocklistConnection:
    edges: list[BlocklistEdge]
    page_info: PageInfo
    total_count: int = strawberry.field(description="All that is listed, of whatever type.")
