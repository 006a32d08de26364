"""GraphQL types of one node: its attributes, its degrees, the subject's page."""

from datetime import date, datetime

import strawberry

from api.graphql.canvas_types import RelationGraph
from api.graphql.casework_types import BlocklistEntry, FactView
from api.graphql.context import Info, moment_of
from api.graphql.declare import resolver
from api.graphql.enums import Grade
from api.graphql.risk_types import Assessment, Ring
from api.graphql.tag_types import PortraitEntry, TagSpan
from graph_model import records
from graph_model.schema import SCHEMA
from graph_model.services import blocklist, casework, full_graph, masking, relation_graph, subject
from graph_model.services.lookup import Hit
from graph_model.services.tags import reading


@strawberry.type(description="One declared property of a node. A masked value has its mask as value and display.")
class Attribute:
    name: str
    caption_zh: str
    caption_en: str
    value: str | None
    display_zh: str | None
    display_en: str | None
    masked: bool
    personal: bool

    @classmethod
    def of(cls, view: masking.AttributeView) -> "Attribute":
        return cls(
            name=view.name,
            caption_zh=view.caption.zh,
            caption_en=view.caption.en,
            value=view.value,
            display_zh=None if view.display is None else view.display.zh,
            display_en=None if view.display is None else view.display.en,
            masked=view.masked,
            personal=view.personal,
        )


@strawberry.type(description="How many relationships of one type a node has, and towards which node type.")
class Degree:
    type: str
    neighbour_type: str
    count: int


@strawberry.type(description="A node of any type; the id is opaque and names no person.")
class Node:
    id: strawberry.ID
    type: str
    caption: str
    ring_id: strawberry.ID | None
    first_seen: datetime
    last_seen: datetime
    source: str
    found: strawberry.Private[records.Node]
    moment: strawberry.Private[records.AsOf | None]

    @resolver("Every declared property, in schema order, masked as needed.")
    def attributes(self, info: Info) -> list[Attribute]:
        return [Attribute.of(view) for view in masking.attributes(self.found, info.context.principal)]

    @resolver("null when never scored.")
    def assessment(self, info: Info) -> Assessment | None:
        return _assessment(info, self.found, self.moment)

    @resolver("Relationships in the whole store, by type and neighbour.")
    def degrees(self, info: Info) -> list[Degree]:
        counted = info.context.store.degrees([self.found.node_id], as_of=self.moment)
        return [
            Degree(type=part.type, neighbour_type=part.neighbour_label, count=part.count)
            for part in counted.get(self.found.node_id, [])
        ]

    @resolver(
        "What was stated about it, oldest first, of one kind (disposition, label, blocklist, decision, status …) or all."
    )
    def facts(self, info: Info, kind: str | None = None) -> list[FactView]:
        context = info.context
        found = casework.facts_about(
            context.store, context.principal, self.found.node_id, kind=kind, as_of=self.moment, now=context.now
        )
        return [FactView.of(fact) for fact in found]

    @resolver("Whether it is on the blocklist.")
    def blocklisted(self, info: Info) -> bool:
        context = info.context
        moment = context.now if self.moment is None else self.moment.event
        return blocklist.is_blocklisted(context.store, context.principal, self.found.node_id, moment=moment)

    @resolver("Its place on the blocklist: who put it there, why, since and until when. null when it is not listed.")
    def blocklist_entry(self, info: Info) -> BlocklistEntry | None:
        context = info.context
        moment = context.now if self.moment is None else self.moment.event
        found = blocklist.entry_of(context.store, context.principal, self.found, moment=moment)
        return None if found is None else BlocklistEntry.of(info, found)

    @classmethod
    def of(cls, info: Info, node: records.Node, moment: records.AsOf | None) -> "Node":
        return cls(
            id=strawberry.ID(node.node_id),
            type=node.label,
            caption=masking.caption(node, info.context.principal),
            ring_id=None if node.ring_id is None else strawberry.ID(node.ring_id),
            first_seen=node.first_seen,
            last_seen=node.last_seen,
            source=node.source,
            found=node,
            moment=moment,
        )


@strawberry.type(description="One dated status of an application.")
class StatusEntry:
    status: str
    caption_zh: str
    caption_en: str
    at: datetime

    @classmethod
    def of(cls, fact: records.Fact) -> "StatusEntry":
        captions = {code: (zh, en) for code, zh, en in _STATUS_OPTIONS}
        zh, en = captions.get(fact.value, (fact.value, fact.value))
        return cls(status=fact.value, caption_zh=zh, caption_en=en, at=fact.at)


_STATUS_OPTIONS: tuple[tuple[str, str, str], ...] = getattr(SCHEMA.fact("status").value, "options", ())


@strawberry.type(description="An application with its dated status history, oldest first.")
class ApplicationView:
    node: Node
    product: str | None
    channel: str | None
    amount: float | None
    applied_at: datetime | None
    outcome: str | None
    statuses: list[StatusEntry]

    @classmethod
    def of(cls, info: Info, found: subject.ApplicationHistory, moment: records.AsOf | None) -> "ApplicationView":
        properties = found.node.properties
        amount, applied_at = properties.get("amount"), properties.get("applied_at")
        return cls(
            node=Node.of(info, found.node, moment),
            product=_text(properties.get("product")),
            channel=_text(properties.get("channel")),
            amount=float(amount) if isinstance(amount, int | float) else None,
            applied_at=applied_at if isinstance(applied_at, datetime) else None,
            outcome=_text(properties.get("outcome")),
            statuses=[StatusEntry.of(fact) for fact in found.statuses],
        )


@strawberry.type(description="主体: whom the page is about. A person most often; any node can be.")
class Subject:
    found: strawberry.Private[records.Node]
    moment: strawberry.Private[records.AsOf | None]

    @resolver("The node itself.")
    def node(self, info: Info) -> Node:
        return Node.of(info, self.found, self.moment)

    @resolver("主体属性: sex, birth date, ID expiry and so on, in schema order, masked as needed.")
    def attributes(self, info: Info) -> list[Attribute]:
        return [Attribute.of(view) for view in masking.attributes(self.found, info.context.principal)]

    @resolver("Whether the document was past its last day on the as-of day.")
    def id_expired(self, info: Info) -> bool:
        at = info.context.now if self.moment is None else self.moment.event
        return subject.id_expired(self.found, at)

    @resolver("null when never scored.")
    def assessment(self, info: Info) -> Assessment | None:
        return _assessment(info, self.found, self.moment)

    @resolver("The ring it is in, or null.")
    def ring(self, info: Info) -> Ring | None:
        ring = subject.ring_of(info.context.store, info.context.principal, self.found, as_of=self.moment)
        return None if ring is None else Ring.of(ring)

    @resolver("Tags of the node in short: `code`, or `code=value`. `portrait` tells more.")
    def tags(self, info: Info) -> list[str]:
        return reading.in_short(info.context.store, info.context.principal, self.found.node_id, as_of=self.moment)

    @resolver(
        "微观画像: the node's tags by category, as they were known as of `asOf`; of a base date up to `on` where that is given."
    )
    def portrait(self, info: Info, on: date | None = None) -> list[PortraitEntry]:
        context = info.context
        found = reading.portrait(context.store, context.principal, self.found.node_id, on=on, as_of=self.moment)
        return [PortraitEntry.of(entry) for entry in found]

    @resolver("What one tag said of the node and since when, the newest first. Errors: not_found.")
    def tag_history(self, info: Info, code: str) -> list[TagSpan]:
        context = info.context
        found = reading.history(context.store, context.principal, self.found.node_id, code, as_of=self.moment)
        return [TagSpan.of(span) for span in found]

    @resolver("The latest first, at most 50.")
    def applications(self, info: Info) -> list[ApplicationView]:
        found = subject.applications_of(info.context.store, info.context.principal, self.found, as_of=self.moment)
        return [ApplicationView.of(info, item, self.moment) for item in found]

    @resolver(
        "The neighbourhood, breadth first: `cap` neighbours per node and relationship type, `limit` nodes in all; "
        "`sourceOnly` leaves out what people drew."
    )
    def relation_graph(
        self,
        info: Info,
        hops: int = 2,
        limit: int = 150,
        cap: int = 25,
        types: list[str] | None = None,
        source_only: bool = False,
        as_of: datetime | None = None,
    ) -> RelationGraph:
        moment = self.moment if as_of is None else moment_of(as_of)
        found = relation_graph.relation_graph(
            info.context.store,
            info.context.principal,
            self.found.node_id,
            hops=hops,
            limit=limit,
            cap=cap,
            types=types,
            source_only=source_only,
            as_of=moment,
            now=info.context.now,
        )
        return RelationGraph.of(found)

    @resolver(
        "The whole ring and what it shares, else the component; by community where it has more than 15,000 elements. "
        "`community`, a node's id, opens the community that holds that node. `sourceOnly` leaves out what people drew."
    )
    def full_graph(
        self,
        info: Info,
        limit: int = 5000,
        source_only: bool = False,
        as_of: datetime | None = None,
        community: strawberry.ID | None = None,
    ) -> RelationGraph:
        context = info.context
        found = full_graph.full_graph(
            context.store,
            context.principal,
            self.found.node_id,
            limit=limit,
            community=community,
            source_only=source_only,
            as_of=self.moment if as_of is None else moment_of(as_of),
            now=context.now,
        )
        return RelationGraph.of(found)


@strawberry.type(description="A node that a search found. `matched` names the property.")
class SearchHit:
    id: strawberry.ID
    type: str
    caption: str
    matched: str
    grade: Grade | None

    @classmethod
    def of(cls, hit: Hit) -> "SearchHit":
        return cls(id=strawberry.ID(hit.id), type=hit.type, caption=hit.caption, matched=hit.matched, grade=hit.grade)


def _assessment(info: Info, node: records.Node, moment: records.AsOf | None) -> Assessment | None:
    found = subject.latest_assessment(info.context.store, info.context.principal, node.node_id, as_of=moment)
    return None if found is None else Assessment.of(found)


def _text(value: object) -> str | None:
    return None if value is None else str(value)
