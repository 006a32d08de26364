"""Reveal: one personal value in clear, for a reason, after the audit line is written. Nothing else shows an unmasked value."""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta

from graph_model.errors import NotFound
from graph_model.principal import Principal, Right
from graph_model.records import AuditRecord, NodeRef
from graph_model.schema import SCHEMA
from graph_model.services.lookup import by_node_id
from graph_model.services.masking import canonical
from graph_model.services.wording import reason_of
from graph_model.store import GraphStore

SHOWN_FOR = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Revealed:
    """A value in clear. Whoever shows it hides it again at `expires_at`."""

    node_id: str
    property: str
    value: str
    expires_at: datetime


def subject_hash(secret: bytes, ref: NodeRef) -> str:
    """A subject as the audit chain names it: the same for the same person, and nobody's number without the secret."""
    return hmac.new(secret, f"{ref.label}:{ref.key}".encode(), hashlib.sha256).hexdigest()


def reveal(
    store: GraphStore,
    principal: Principal,
    node_id: str,
    property: str,
    *,
    reason: str,
    secret: bytes,
    now: datetime,
) -> Revealed:
    """Raises Forbidden, NotFound, UnknownName for an undeclared property, or InvalidRequest reveal.reason, text.personal."""
    principal.require(Right.REVEAL)
    why = reason_of(reason, code="reveal.reason")
    node = by_node_id(store, node_id)
    declared = SCHEMA.node(node.label).declared(property)
    value = node.key if declared is SCHEMA.node(node.label).key else node.properties.get(property)
    if value is None:
        raise NotFound(f"This {node.label} has no {property}.")
    line = AuditRecord(
        at=now,
        actor=principal.name,
        role=principal.role,
        operation="reveal",
        subjects=[subject_hash(secret, node.ref)],
        result="ok",
        detail={"node_id": node_id, "label": node.label, "property": property, "reason": why},
    )
    store.append_audit([line])
    return Revealed(node_id, property, canonical(value), now + SHOWN_FOR)
