"""A subject's own page: attributes, whether its document has expired, its latest assessment, ring and applications."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from graph_model.principal import Principal, Right
from graph_model.records import AsOf, Fact, Node, Ring, RiskAssessment
from graph_model.schema.property_types import LOCAL_ZONE
from graph_model.store import GraphStore

MAX_APPLICATIONS = 50


@dataclass(frozen=True, slots=True)
class ApplicationHistory:
    """One application and its dated statuses, oldest first."""

    node: Node
    statuses: Sequence[Fact]

    @property
    def applied_at(self) -> datetime:
        moment = self.node.properties.get("applied_at")
        return moment if isinstance(moment, datetime) else self.node.first_seen


def id_expired(node: Node, at: datetime) -> bool:
    """Whether the document is past its last day at a moment, by the lender's calendar."""
    expiry = node.properties.get("id_expiry_date")
    return isinstance(expiry, date) and expiry < at.astimezone(LOCAL_ZONE).date()


def latest_assessment(
    store: GraphStore, principal: Principal, node_id: str, *, as_of: AsOf | None = None
) -> RiskAssessment | None:
    principal.require(Right.SEE_RISK)
    found = store.assessments(node_id, as_of=as_of, limit=1)
    return found[0] if len(found) > 0 else None


def ring_of(store: GraphStore, principal: Principal, node: Node, *, as_of: AsOf | None = None) -> Ring | None:
    principal.require(Right.SEE_RISK)
    return None if node.ring_id is None else store.ring(node.ring_id, as_of=as_of)


def applications_of(
    store: GraphStore, principal: Principal, node: Node, *, as_of: AsOf | None = None
) -> Sequence[ApplicationHistory]:
    """The latest first, at most MAX_APPLICATIONS. Empty for whatever does not apply."""
    principal.require(Right.SEE_GRAPH)
    around = store.neighbourhood(
        node.node_id, hops=1, cap=MAX_APPLICATIONS, limit=MAX_APPLICATIONS + 1, types=["APPLIED"], as_of=as_of
    )
    found = [
        ApplicationHistory(other, tuple(store.facts(other.node_id, kind="status", as_of=as_of)))
        for other in around.nodes
        if other.label == "Application" and other.node_id != node.node_id
    ]
    return sorted(found, key=lambda item: (item.applied_at, item.node.key), reverse=True)
