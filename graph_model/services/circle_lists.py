"""Referral circles as lists and one by one, to each role what it may know of them.

Whoever may see the graph gets exact numbers and people. A marketer gets circles that are not too small, numbers rounded to 5 and not told below 10,
and no person: people come out of the gate. (An exact size beside an audience of that circle would say how many were left out.) Nor is a marketer told
what became of applications: beside how many applied, it would say how many were refused.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from graph_model.errors import InvalidRequest, NotFound
from graph_model.principal import Principal, Right
from graph_model.records import AsOf, Grade, Node
from graph_model.services.gate import LEAST_TOLD, confirmed_fraud, disclosed, rounded
from graph_model.services.gate_policy import GatePolicy
from graph_model.services.referral_abuse import Abuse, abuse_in
from graph_model.services.referrals import Circles, Places
from graph_model.store import GraphStore

MOST_PEOPLE = 1_000
MOST_KEY = 100


class CircleOrder(StrEnum):
    """What circles are ordered by, the greatest first; equals by id. DRAWN is for whoever may see the graph."""

    SIZE = "size"
    DEPTH = "depth"
    APPLIED = "applied"
    DRAWN = "drawn"


class KeyOrder(StrEnum):
    REACH = "reach"
    INFLUENCE = "influence"


@dataclass(frozen=True, slots=True)
class Circle:
    """One circle as a principal may know it; None is not told."""

    id: str
    number: int  # its place in `Circles`, never shown
    size: int
    depth: int
    referrals: int | None
    brought: int | None
    applied: int | None
    approved: int | None
    drawn: int | None


@dataclass(frozen=True, slots=True)
class CircleFilter:
    """The least of each, as the principal is told it."""

    size: int = 0
    depth: int = 0
    applied: int = 0


@dataclass(frozen=True, slots=True)
class Level:
    """Everybody so many steps from the beginning, and what those brought in did after that; None is not told."""

    depth: int
    people: int | None
    applied: int | None
    approved: int | None
    drawn: int | None


@dataclass(frozen=True, slots=True)
class CirclePage:
    circles: Sequence[Circle]
    total: int
    has_next: bool
    has_previous: bool


@dataclass(frozen=True, slots=True)
class Quality:
    """What those brought in are worth, for whoever may see risk."""

    brought: int
    grades: Mapping[Grade, int]
    unscored: int
    confirmed_fraud: int
    circular_referrals: int
    self_referrals: int


@dataclass(frozen=True, slots=True)
class Member:
    """One of a circle. `brought_by` is the node id of who brought them in, None for who was first. Grade and fraud are None to whoever may not see
    risk."""

    node: Node
    depth: int
    reach: int
    direct: int
    influence: float
    brought_by: str | None
    grade: Grade | None = None
    confirmed_fraud: bool | None = None


@dataclass(frozen=True, slots=True)
class Referral:
    """One referral of a circle's graph. What is a sign of abuse is None to whoever may not see risk."""

    source: str
    target: str
    at: int  # milliseconds
    first: bool  # brought the target in
    circular: bool | None
    shared: Mapping[str, int] | None  # identifiers of each type that both use, where there are any


@dataclass(frozen=True, slots=True)
class CircleGraph:
    members: Sequence[Member]
    referrals: Sequence[Referral]
    omitted: int


def circle_page(
    circles: Circles,
    principal: Principal,
    policy: GatePolicy,
    *,
    first: int,
    after: tuple[int, str] | None = None,
    order: CircleOrder = CircleOrder.SIZE,
    least: CircleFilter = CircleFilter(),
) -> CirclePage:
    """Raises Forbidden for an order by what the principal is not told."""
    _require_some(principal)
    if order is CircleOrder.DRAWN:
        principal.require(Right.SEE_GRAPH)
    exact = principal.may(Right.SEE_GRAPH)
    kept = np.full(len(circles.ids), True) if exact else circles.size >= policy.least_circle
    for name in ("size", "depth", "applied"):
        kept = kept & (_as_told(circles, name, exact=exact) >= getattr(least, name))
    numbers = np.flatnonzero(kept)
    values = _as_told(circles, order.value, exact=exact)[numbers]
    ids = np.array(circles.ids, dtype=np.str_)[numbers]
    listed = np.lexsort((ids, -values))
    begin = 0
    if after is not None:
        begin = int(np.sum((values > after[0]) | ((values == after[0]) & (ids <= after[1]))))
    page = numbers[listed[begin : begin + first]].tolist()
    shown = [_circle(circles, number, exact=exact) for number in page]
    return CirclePage(shown, len(numbers), begin + first < len(numbers), begin > 0)


def place_of(circle: Circle, order: CircleOrder) -> tuple[int, str]:
    return int(getattr(circle, order.value) or 0), circle.id


def one_circle(circles: Circles, principal: Principal, policy: GatePolicy, circle_id: str) -> Circle | None:
    """None for one that is not there, or too small for the principal: in the same way."""
    _require_some(principal)
    exact = principal.may(Right.SEE_GRAPH)
    number = number_of(circles, circle_id)
    if number is None or (not exact and circles.size[number] < policy.least_circle):
        return None
    return _circle(circles, number, exact=exact)


def number_of(circles: Circles, circle_id: str) -> int | None:
    return circles.ids.index(circle_id) if circle_id in circles.ids else None


def levels(circles: Circles, principal: Principal, circle: Circle) -> list[Level]:
    """Rounded, and not told below 10, where the principal may not know exactly; nor what became of applications then."""
    _require_some(principal)
    exact, people = principal.may(Right.SEE_GRAPH), circles.people

    def by_depth(places: Places) -> list[int | None]:
        inside = places[people.circle[places] == circle.number]
        counted = np.bincount(people.depth[inside], minlength=circle.depth + 1).tolist()
        return [disclosed(number, exact=exact) for number in counted]

    nothing: list[int | None] = [None] * (circle.depth + 1)
    columns = (
        by_depth(circles.members(circle.number)),
        by_depth(circles.became.applied),
        by_depth(circles.became.approved) if exact else nothing,
        by_depth(circles.became.drawn) if exact else nothing,
    )
    return [Level(depth, *told) for depth, told in enumerate(zip(*columns, strict=True))]


def quality(store: GraphStore, circles: Circles, principal: Principal, circle: Circle) -> Quality:
    """As of the circles' moment."""
    principal.require(Right.SEE_RISK)
    members = circles.members(circle.number)
    brought = members[circles.people.is_brought[members]]
    handles, then = circles.people.handles[brought], AsOf.at(circles.people.as_of)
    worn = store.grades_at(handles.tolist(), as_of=then)
    abuse = abuse_in(store, circles, members)
    return Quality(
        brought=len(brought),
        grades={grade: int((worn.grade == place).sum()) for place, grade in enumerate(Grade)},
        unscored=int((worn.grade < 0).sum()),
        confirmed_fraud=int(confirmed_fraud(store, handles, then).sum()),
        circular_referrals=int(abuse.circular.sum()),
        self_referrals=int(abuse.is_self.sum()),
    )


def key_members(
    store: GraphStore,
    circles: Circles,
    principal: Principal,
    circle: Circle,
    *,
    by: KeyOrder = KeyOrder.REACH,
    first: int = 10,
) -> list[Member]:
    """Who brought most, by reach or by influence. Raises InvalidRequest outside 1..MOST_KEY."""
    principal.require(Right.SEE_GRAPH)
    if not 1 <= first <= MOST_KEY:
        raise InvalidRequest(f"first is between 1 and {MOST_KEY}.")
    return _members(store, circles, principal, _ranked(circles, circles.members(circle.number), by)[:first])


def circle_graph(
    store: GraphStore, circles: Circles, principal: Principal, circle: Circle, *, limit: int = 300
) -> CircleGraph:
    """The circle drawn: nearest to its beginning first, then who reaches most. Raises InvalidRequest outside 1..MOST_PEOPLE."""
    principal.require(Right.SEE_GRAPH)
    if not 1 <= limit <= MOST_PEOPLE:
        raise InvalidRequest(f"limit is between 1 and {MOST_PEOPLE}.")
    people, members = circles.people, circles.members(circle.number)
    order = np.lexsort((people.handles[members], -people.reach[members], people.depth[members]))
    shown = members[order][:limit]
    drawn = _members(store, circles, principal, shown)
    ids = dict(zip(shown.tolist(), (member.node.node_id for member in drawn), strict=True))
    abuse = abuse_in(store, circles, shown)
    return CircleGraph(drawn, _referrals(circles, principal, abuse, ids), len(members) - len(shown))


def spreaders(circles: Circles, *, by: KeyOrder) -> Places:
    """Everybody who brought somebody in, as places, the strongest first."""
    return _ranked(circles, np.flatnonzero(circles.people.direct > 0), by)


def required(found: Circle | None) -> Circle:
    if found is None:
        raise NotFound("There is no such circle. Take an id from the list of circles.")
    return found


def _ranked(circles: Circles, members: Places, by: KeyOrder) -> Places:
    people = circles.people
    strength = people.reach[members].astype(np.float64) if by is KeyOrder.REACH else circles.influence[members]
    ranked: Places = members[np.lexsort((people.handles[members], -strength))]
    return ranked


def _members(store: GraphStore, circles: Circles, principal: Principal, places: Places) -> list[Member]:
    people = circles.people
    risk = _risk_of(store, principal, people.handles[places], AsOf.at(people.as_of))
    ids = store.node_ids(people.handles[places].tolist())
    parents = people.parent[places]
    brought_by = iter(store.node_ids(people.handles[parents[parents >= 0]].tolist()))
    nodes = {node.node_id: node for node in store.get_by_id(ids, as_of=AsOf.at(people.as_of))}
    return [
        Member(
            node=nodes[node_id],
            depth=int(people.depth[place]),
            reach=int(people.reach[place]),
            direct=int(people.direct[place]),
            influence=float(circles.influence[place]),
            brought_by=next(brought_by) if people.parent[place] >= 0 else None,
            grade=grade,
            confirmed_fraud=fraud,
        )
        for node_id, place, (grade, fraud) in zip(ids, places.tolist(), risk, strict=True)
    ]


def _risk_of(
    store: GraphStore, principal: Principal, handles: Places, then: AsOf
) -> list[tuple[Grade | None, bool | None]]:
    """Grade and confirmed fraud of each, in their order."""
    if not principal.may(Right.SEE_RISK):
        return [(None, None)] * len(handles)
    rising, back = np.unique(handles, return_inverse=True)
    grades, worn = list(Grade), store.grades_at(rising.tolist(), as_of=then).grade
    fraud = confirmed_fraud(store, rising, then)
    return [(grades[worn[at]] if worn[at] >= 0 else None, bool(fraud[at])) for at in back.tolist()]


def _referrals(circles: Circles, principal: Principal, abuse: Abuse, ids: Mapping[int, str]) -> list[Referral]:
    people, risk = circles.people, principal.may(Right.SEE_RISK)
    return [
        Referral(
            source=ids[int(people.referrer[row])],
            target=ids[int(people.referred[row])],
            at=int(people.referred_at[row]),
            first=bool(people.parent[people.referred[row]] == people.referrer[row]),
            circular=bool(abuse.circular[place]) if risk else None,
            shared={label: int(found[place]) for label, found in abuse.shared.items() if found[place] > 0}
            if risk
            else None,
        )
        for place, row in enumerate(abuse.referrals.tolist())
    ]


def _circle(circles: Circles, number: int, *, exact: bool) -> Circle:
    def told(values: Places) -> int | None:
        return disclosed(int(values[number]), exact=exact)

    return Circle(
        id=circles.ids[number],
        number=number,
        size=told(circles.size) or 0,
        depth=int(circles.depth[number]),
        referrals=told(circles.referrals),
        brought=told(circles.brought),
        applied=told(circles.applied),
        approved=told(circles.approved) if exact else None,
        drawn=told(circles.drawn) if exact else None,
    )


def _as_told(circles: Circles, name: str, *, exact: bool) -> Places:
    """A number of each circle as who may not know it exactly is told it: so filter and order tell no more than the list does."""
    values: Places = np.asarray(getattr(circles, name))
    return values if exact or name == "depth" else np.where(values < LEAST_TOLD, 0, rounded(values))


def _require_some(principal: Principal) -> None:
    if not principal.may(Right.SEE_GRAPH):
        principal.require(Right.MARKET)
