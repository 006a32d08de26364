"""Referral circles as the API tells of them, and the documents that ask for them."""

from datetime import datetime
from enum import StrEnum

from pydantic.dataclasses import dataclass

from investigator_ui.contract import ANSWER, Grade

NUMBERS = "id size depth brought applied approved drawn asOf"
MEMBER = "depth reach direct influence broughtBy grade confirmedFraud node { id caption }"

CIRCLES = f"""query PageCircles($first: Int!, $after: String, $order: CircleOrder!, $filter: CircleFilter) {{
  referralCircles(first: $first, after: $after, order: $order, filter: $filter) {{
    edges {{ node {{ {NUMBERS} }} }} pageInfo {{ hasNextPage endCursor }} totalCount }} }}"""
CIRCLE = f"""query PageCircle($id: ID!) {{ referralCircle(id: $id) {{
  {NUMBERS} referrals levelTable {{ depth people applied approved drawn }} }} }}"""
PEOPLE = f"""query PageCirclePeople($id: ID!, $by: KeyOrder!, $first: Int!, $limit: Int!) {{ referralCircle(id: $id) {{
  keyMembers(by: $by, first: $first) {{ {MEMBER} }}
  graph(limit: $limit) {{ omitted members {{ {MEMBER} }}
    referrals {{ source target at first circular shared {{ type count }} }} }} }} }}"""

QUALITY = """query PageCircleQuality($id: ID!) { referralCircle(id: $id) {
  quality { brought a b c d unscored confirmedFraud circularReferrals selfReferrals } } }"""

DOCUMENTS = {"PageCircles": CIRCLES, "PageCircle": CIRCLE, "PageCirclePeople": PEOPLE, "PageCircleQuality": QUALITY}


class CircleOrder(StrEnum):
    SIZE = "SIZE"
    DEPTH = "DEPTH"
    APPLIED = "APPLIED"
    DRAWN = "DRAWN"


class KeyOrder(StrEnum):
    REACH = "REACH"
    INFLUENCE = "INFLUENCE"


@dataclass(frozen=True, slots=True, config=ANSWER)
class CircleRow:
    """A circle in short. None: too few to tell, or not told to the role."""

    id: str
    size: int
    depth: int
    as_of: datetime
    brought: int | None = None
    applied: int | None = None
    approved: int | None = None
    drawn: int | None = None

    @property
    def code(self) -> str:
        """The beginning of its id, by which people tell circles apart."""
        return short(self.id)


@dataclass(frozen=True, slots=True, config=ANSWER)
class Level:
    depth: int
    people: int | None = None
    applied: int | None = None
    approved: int | None = None
    drawn: int | None = None


@dataclass(frozen=True, slots=True, config=ANSWER)
class WholeCircle(CircleRow):
    """A circle on its own page."""

    referrals: int | None = None
    level_table: tuple[Level, ...] = ()


@dataclass(frozen=True, slots=True, config=ANSWER)
class Person:
    id: str
    caption: str


@dataclass(frozen=True, slots=True, config=ANSWER)
class Member:
    node: Person
    depth: int
    reach: int
    direct: int
    influence: float
    brought_by: str | None = None
    grade: Grade | None = None
    confirmed_fraud: bool | None = None


@dataclass(frozen=True, slots=True, config=ANSWER)
class Shared:
    type: str
    count: int


@dataclass(frozen=True, slots=True, config=ANSWER)
class Referral:
    """`first`: it brought the target in. The rest are signs of abuse."""

    source: str
    target: str
    at: datetime
    first: bool
    circular: bool | None = None
    shared: tuple[Shared, ...] | None = None

    @property
    def suspicious(self) -> bool:
        return bool(self.circular) or bool(self.shared)


@dataclass(frozen=True, slots=True, config=ANSWER)
class CircleGraph:
    members: tuple[Member, ...]
    referrals: tuple[Referral, ...]
    omitted: int


@dataclass(frozen=True, slots=True, config=ANSWER)
class Quality:
    brought: int
    a: int
    b: int
    c: int
    d: int
    unscored: int
    confirmed_fraud: int
    circular_referrals: int
    self_referrals: int


@dataclass(frozen=True, slots=True, config=ANSWER)
class People:
    """Who is in a circle, for roles that see graph and risk."""

    key_members: tuple[Member, ...]
    graph: CircleGraph


def short(circle_id: str) -> str:
    return circle_id.removeprefix("circle-")[:8]
