"""Queries of the graph: who asks, subject, nodes, search, expansion, schema, status. Each resolver calls one service with the principal."""

from datetime import datetime

import strawberry

from api.graphql import schema_types
from api.graphql.canvas_types import Expansion
from api.graphql.context import Info, moment_of
from api.graphql.declare import resolver
from api.graphql.node_types import Node, SearchHit, Subject
from api.version import product_version
from graph_model.schema import SCHEMA
from graph_model.services import legend, lookup, relation_graph
from graph_model.services.status import newest_model


@strawberry.type
class SubjectQuery:
    @resolver("Who am I: name, role, rights.")
    def me(self, info: Info) -> schema_types.Me:
        principal = info.context.principal
        return schema_types.Me(name=principal.name, role=principal.role, rights=sorted(principal.rights))

    @resolver(
        "The subject by ID number (full-width digits, trailing x, TYPE:number accepted). "
        "Errors: id.length, id.malformed, id.checksum, id.component, id.document_type, not_found."
    )
    def subject(self, info: Info, id_number: str, as_of: datetime | None = None) -> Subject:
        context, moment = info.context, moment_of(as_of)
        found = lookup.subject_by_id_number(context.store, context.principal, id_number, as_of=moment)
        return Subject(found=found, moment=moment)

    @resolver("The subject by opaque node id, which is what URLs carry. Any node type can be a subject.")
    def subject_by_id(self, info: Info, node_id: strawberry.ID, as_of: datetime | None = None) -> Subject:
        moment = moment_of(as_of)
        return Subject(found=lookup.by_node_id(info.context.store, node_id, as_of=moment), moment=moment)

    @resolver("null when unknown.")
    def node(self, info: Info, id: strawberry.ID, as_of: datetime | None = None) -> Node | None:
        moment = moment_of(as_of)
        found = info.context.store.get_by_id([id], as_of=moment)
        return Node.of(info, found[0], moment) if len(found) > 0 else None

    @resolver(
        "ID number, phone, card, device, e-mail, application id, or part of a name or address; exact identifiers first. "
        "Errors: search.too_short under two characters; id.checksum and the like for a wrong ID number that means nothing else."
    )
    def search(self, info: Info, text: str, limit: int = 10) -> list[SearchHit]:
        hits = lookup.search(info.context.store, info.context.principal, text, limit=limit)
        return [SearchHit.of(hit) for hit in hits]

    @resolver(
        "Expand: up to `cap` neighbours of a node that are not `known`. With `positions` (x, y of each known id in turn) "
        "the new places are clear of them; without, places are offsets from the node."
    )
    def neighbours(
        self,
        info: Info,
        node_id: strawberry.ID,
        known: list[strawberry.ID] = [],  # noqa: B006 - a GraphQL default, never changed
        positions: list[float] = [],  # noqa: B006
        type: str | None = None,
        cap: int = 25,
        source_only: bool = False,
        as_of: datetime | None = None,
    ) -> Expansion:
        found = relation_graph.expansion(
            info.context.store,
            info.context.principal,
            node_id,
            known=known,
            positions=positions,
            type=type,
            cap=cap,
            source_only=source_only,
            as_of=moment_of(as_of),
            now=info.context.now,
        )
        return Expansion.of(found)

    @resolver("Types, captions in Chinese and English, shapes, colours.")
    def schema(self) -> schema_types.GraphSchema:
        return schema_types.GraphSchema(
            version=SCHEMA.version,
            node_types=[
                schema_types.NodeTypeView(
                    label=node.label,
                    caption_zh=node.caption.zh,
                    caption_en=node.caption.en,
                    shape=node.shape,
                    icon=node.icon,
                    identifier=node.identifier,
                )
                for node in SCHEMA.nodes
            ],
            relationship_types=[
                schema_types.RelationshipTypeView(
                    name=kind.name, caption_zh=kind.caption.zh, caption_en=kind.caption.en, human=kind.human
                )
                for kind in SCHEMA.relationships
            ],
            grades=[
                schema_types.GradeView(
                    grade=style.grade, colour=style.colour, caption_zh=style.caption.zh, caption_en=style.caption.en
                )
                for style in legend.GRADES
            ],
            values=[
                schema_types.ValueView(
                    type=node.label, property=declared.name, value=value, caption_zh=zh, caption_en=en
                )
                for node in SCHEMA.nodes
                for declared in node.properties
                for value, zh, en in declared.type.named
            ],
        )

    @resolver("Store size, freshness, versions; for the footer.")
    def status(self, info: Info) -> schema_types.Status:
        counted = info.context.store.statistics()
        return schema_types.Status(
            customers=counted.nodes.get("Customer", 0),
            nodes=sum(counted.nodes.values()),
            edges=sum(counted.edges.values()),
            changed_at=counted.changed_at,
            model_version=newest_model(info.context.store) or "",
            version=product_version(),
        )
