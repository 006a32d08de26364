"""Mutations of casework: labels, dispositions, the blocklist. Each adds dated facts and changes none."""

from datetime import datetime

import strawberry

from api.graphql.casework_types import BlocklistEntry, FactView, Label, Verdict
from api.graphql.context import Info, local
from api.graphql.declare import mutation
from graph_model.errors import InvalidRequest
from graph_model.services import blocklist, casework


@strawberry.type
class CaseworkMutation:
    @mutation(
        "What became of an application, by its node id; `knownAt` is when that was known, now when left out. "
        "Errors: label.subject, label.known_at, label.note, not_found."
    )
    def record_label(
        self,
        info: Info,
        application_id: strawberry.ID,
        label: Label,
        known_at: datetime | None = None,
        note: str | None = None,
    ) -> FactView:
        context = info.context
        fact = casework.record_label(
            context.store,
            context.principal,
            application_id,
            label.value,
            known_at=local(known_at),
            note=note or "",
            now=context.now,
        )
        return FactView.of(fact)

    @mutation(
        "What an investigation of a node of any type came to, with a reason of at least 4 characters. "
        "Errors: disposition.reason, not_found."
    )
    def record_disposition(self, info: Info, subject: strawberry.ID, verdict: Verdict, reason: str) -> FactView:
        context = info.context
        fact = casework.record_disposition(
            context.store, context.principal, subject, verdict.value, reason=reason, now=context.now
        )
        return FactView.of(fact)

    @mutation(
        "Put a person or something people use on the blocklist: a node of the graph by `nodeId`, or whatever has the `key` of "
        "this `type`, which becomes a node where there is none. Again says reason and expiry anew. "
        "Errors: blocklist.which, blocklist.reason, blocklist.expiry, not_found, unknown_name, and the type's own for a wrong key."
    )
    def add_to_blocklist(
        self,
        info: Info,
        reason: str,
        type: str | None = None,
        key: str | None = None,
        node_id: strawberry.ID | None = None,
        expires_at: datetime | None = None,
    ) -> BlocklistEntry:
        context, until = info.context, local(expires_at)
        if node_id is not None and key is None:
            entry = blocklist.add_node(
                context.store, context.principal, node_id, reason=reason, expires_at=until, now=context.now
            )
        elif key is not None and type is not None and node_id is None:
            wanted = blocklist.listing(type, key, reason=reason, expires_at=until, now=context.now)
            (entry,) = blocklist.add(context.store, context.principal, [wanted], now=context.now)
        else:
            raise InvalidRequest("Give either nodeId, or type and key.", code="blocklist.which")
        return BlocklistEntry.of(info, entry)

    @mutation("Take a node off the blocklist. Errors: blocklist.reason, blocklist.not_listed, not_found.")
    def remove_from_blocklist(self, info: Info, node_id: strawberry.ID, reason: str) -> BlocklistEntry:
        context = info.context
        entry = blocklist.remove(context.store, context.principal, node_id, reason=reason, now=context.now)
        return BlocklistEntry.of(info, entry)
