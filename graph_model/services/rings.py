"""Rings as lists: the newest scoring's rings by filter and order, page by page, and the customers of one ring.

A listing stays with the scoring that its first page came from: a later page is cut from the same rings, whatever was scored in between.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from graph_model.predicates import Compare, Operator
from graph_model.principal import Principal, Right
from graph_model.records import AsOf, Node, Ring
from graph_model.schema import SCHEMA
from graph_model.store import MAX_LIMIT, GraphStore


class RingOrder(StrEnum):
    """What a list of rings is ordered by, the greatest first; equals by id."""

    KNOWN_FRAUD = "known_fraud"
    KNOWN_FRAUD_SHARE = "known_fraud_share"
    SIZE = "size"
    MEAN_SCORE = "mean_score"
    NEW_MEMBERS = "new_members"


@dataclass(frozen=True, slots=True)
class RingFilter:
    """Bounds, all inclusive. A ring that lacks what is asked for (no mean score was kept) does not match."""

    min_size: int | None = None
    max_size: int | None = None
    min_known_fraud: int | None = None
    max_known_fraud: int | None = None
    min_known_fraud_share: float | None = None
    max_known_fraud_share: float | None = None
    min_mean_score: float | None = None
    max_mean_score: float | None = None
    motif: str | None = None
    held_by: str | None = None  # a node type of which a shared identifier holds the ring together


@dataclass(frozen=True, slots=True)
class RingPlace:
    """A place in a list of rings: the scoring, the value ordered by, and the ring."""

    as_of: datetime
    scored_at: datetime
    value: float
    ring_id: str


@dataclass(frozen=True, slots=True)
class RingPage:
    rings: Sequence[Ring]
    total: int  # in the whole list
    has_next: bool
    has_previous: bool


@dataclass(frozen=True, slots=True)
class MemberPlace:
    """A place in a ring's members: score and opaque id."""

    score: float
    node_id: str


@dataclass(frozen=True, slots=True)
class MemberPage:
    members: Sequence[Node]
    total: int
    has_next: bool
    has_previous: bool


def share(ring: Ring) -> float:
    """Of a ring's customers, how many are confirmed fraud."""
    return ring.known_fraud / ring.size if ring.size > 0 else 0.0


def mean_score(ring: Ring) -> float | None:
    return number(ring, "score")


def number(ring: Ring, name: str) -> float | None:
    value = ring.facts.get(name)
    return float(value) if isinstance(value, int | float) else None


def held_by(ring: Ring) -> dict[str, int]:
    """The shared identifiers that hold a ring together, counted by node type, in schema order."""
    counted = ring.facts.get("held_by")
    if not isinstance(counted, dict):
        return {}
    return {label: int(counted[label]) for label in SCHEMA.labels if label in counted}


def one_ring(store: GraphStore, principal: Principal, ring_id: str, *, as_of: AsOf | None = None) -> Ring | None:
    principal.require(Right.SEE_RISK)
    return store.ring(ring_id, as_of=as_of)


def ring_page(
    store: GraphStore,
    principal: Principal,
    *,
    first: int,
    after: RingPlace | None = None,
    wanted: RingFilter | None = None,
    order: RingOrder = RingOrder.KNOWN_FRAUD,
    as_of: AsOf | None = None,
) -> RingPage:
    """Raises UnknownName for a `held_by` that is no node type."""
    principal.require(Right.SEE_RISK)
    wanted = wanted or RingFilter()
    if wanted.held_by is not None:
        SCHEMA.node(wanted.held_by)
    if after is not None:
        as_of = AsOf(after.as_of, after.scored_at)
    listed = sorted(
        (ring for ring in _scoring(store, as_of) if matches(ring, wanted)), key=lambda ring: _key(ring, order)
    )
    begin = 0
    if after is not None:
        place = (-after.value, after.ring_id)
        begin = sum(1 for ring in listed if _key(ring, order) <= place)
    page = listed[begin : begin + first]
    return RingPage(page, len(listed), begin + first < len(listed), begin > 0)


def place_of(ring: Ring, order: RingOrder) -> RingPlace:
    return RingPlace(ring.as_of, ring.scored_at, _value(ring, order), ring.ring_id)


def matches(ring: Ring, wanted: RingFilter) -> bool:
    return (
        _within(ring.size, wanted.min_size, wanted.max_size)
        and _within(ring.known_fraud, wanted.min_known_fraud, wanted.max_known_fraud)
        and _within(share(ring), wanted.min_known_fraud_share, wanted.max_known_fraud_share)
        and _within(mean_score(ring), wanted.min_mean_score, wanted.max_mean_score)
        and (wanted.motif is None or ring.facts.get("motif") == wanted.motif)
        and (wanted.held_by is None or wanted.held_by in held_by(ring))
    )


def member_page(
    store: GraphStore,
    principal: Principal,
    ring_id: str,
    *,
    first: int,
    after: MemberPlace | None = None,
    as_of: AsOf | None = None,
) -> MemberPage:
    """The ring's customers, the highest score first. As of a moment those who were in it then and are still in it."""
    principal.require(Right.SEE_RISK)
    principal.require(Right.SEE_GRAPH)
    listed = store.select("Customer", Compare("ring_id", Operator.EQ, ring_id), limit=MAX_LIMIT)
    if as_of is not None:
        then = store.get_by_id([node.node_id for node in listed], as_of=as_of)
        listed = [node for node in then if node.ring_id == ring_id]
    listed.sort(key=_member_key)
    begin = 0
    if after is not None:
        place = (-after.score, after.node_id)
        begin = sum(1 for node in listed if _member_key(node) <= place)
    return MemberPage(listed[begin : begin + first], len(listed), begin + first < len(listed), begin > 0)


def member_place(node: Node) -> MemberPlace:
    return MemberPlace(node.score or 0.0, node.node_id)


def key_members(store: GraphStore, principal: Principal, ring: Ring, *, as_of: AsOf | None = None) -> list[Node]:
    """Those who are tied most strongly to the rest, as the scoring named them."""
    principal.require(Right.SEE_RISK)
    principal.require(Right.SEE_GRAPH)
    named = ring.facts.get("key_members")
    return store.get_by_id([str(node_id) for node_id in named], as_of=as_of) if isinstance(named, list) else []


def _scoring(store: GraphStore, as_of: AsOf | None) -> list[Ring]:
    """All rings of one scoring. Read in pieces of the same scoring, so that a new one in between mixes nothing."""
    found = store.rings(as_of=as_of, limit=MAX_LIMIT)
    piece = found
    while len(piece) == MAX_LIMIT:
        pinned = AsOf(found[0].as_of, found[0].scored_at)
        piece = store.rings(as_of=pinned, limit=MAX_LIMIT, offset=len(found))
        found = [*found, *piece]
    return found


def _value(ring: Ring, order: RingOrder) -> float:
    match order:
        case RingOrder.KNOWN_FRAUD:
            return float(ring.known_fraud)
        case RingOrder.KNOWN_FRAUD_SHARE:
            return share(ring)
        case RingOrder.SIZE:
            return float(ring.size)
        case RingOrder.MEAN_SCORE:
            return mean_score(ring) or 0.0
        case RingOrder.NEW_MEMBERS:
            return number(ring, "new_30d") or 0.0


def _key(ring: Ring, order: RingOrder) -> tuple[float, str]:
    return -_value(ring, order), ring.ring_id


def _member_key(node: Node) -> tuple[float, str]:
    return -(node.score or 0.0), node.node_id


def _within(value: float | None, least: float | None, most: float | None) -> bool:
    if value is None:
        return least is None and most is None
    return (least is None or value >= least) and (most is None or value <= most)
