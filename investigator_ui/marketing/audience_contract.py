"""Seed audiences as the API tells of them, and the documents that ask for them."""

from datetime import datetime

from pydantic.dataclasses import dataclass

from investigator_ui.contract import ANSWER
from investigator_ui.marketing.circle_contract import KeyOrder

VERSION = "number drawnBy drawnAt validUntil policyVersion members excluded withdrawn expired grown"
DELIVERIES = "versions { number deliveries { receiver begunAt endedAt sent } }"
WHOLE = f"id name channel purpose createdBy createdAt circles spreaders by grow versions {{ {VERSION} }}"

SENT = f"query PageDeliveries($id: ID!) {{ audience(id: $id) {{ {DELIVERIES} }} receivers }}"
AUDIENCES = f"query PageAudiences {{ audiences(first: 100) {{ {WHOLE} }} }}"
AUDIENCE = f"query PageAudience($id: ID!) {{ audience(id: $id) {{ {WHOLE} }} }}"
LIKENESS = """query PageLikeness($id: ID!) { audience(id: $id) {
  versions { number likeness { code nameZh nameEn traits { value ofSeed ofEverybody weight } } } } }"""
WATERFALLS = """query PageWaterfalls($id: ID!) { audience(id: $id) {
  versions { number candidates riskAt withdrawalReason waterfall { reason count } } } }"""
WITHDRAW = """mutation PageWithdrawAudience($id: ID!, $version: Int!, $reason: String!) {
  withdrawAudience(id: $id, version: $version, reason: $reason) { id } }"""

DOCUMENTS = {
    "PageAudiences": AUDIENCES,
    "PageAudience": AUDIENCE,
    "PageLikeness": LIKENESS,
    "PageWaterfalls": WATERFALLS,
    "PageDeliveries": SENT,
    "PageWithdrawAudience": WITHDRAW,
}
CHANNELS = ("SMS", "CALL", "EMAIL", "PUSH")


@dataclass(frozen=True, slots=True, config=ANSWER)
class Version:
    """One draw. `excluded` is None where it is too small to be told; `grown` of the members are like the others, and not of the circles."""

    number: int
    drawn_by: str
    drawn_at: datetime
    valid_until: datetime
    policy_version: str
    members: int
    withdrawn: bool
    expired: bool
    excluded: int | None = None
    grown: int = 0

    @property
    def open(self) -> bool:
        """Whether it is handed out."""
        return not self.withdrawn and not self.expired


@dataclass(frozen=True, slots=True, config=ANSWER)
class Audience:
    """`versions`: the newest first."""

    id: str
    name: str
    channel: str
    purpose: str
    created_by: str
    created_at: datetime
    by: KeyOrder
    circles: tuple[str, ...] = ()
    spreaders: int | None = None
    grow: int = 0
    versions: tuple[Version, ...] = ()

    def version(self, number: int | None) -> Version | None:
        """The one of this number, the newest when there is none of it."""
        newest = self.versions[0] if self.versions else None
        return next((each for each in self.versions if each.number == number), newest)


@dataclass(frozen=True, slots=True, config=ANSWER)
class Delivery:
    """To whom a version was sent, and how many of its members so far; `ended_at` when nobody is left."""

    receiver: str
    begun_at: datetime
    sent: int
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True, config=ANSWER)
class Sent:
    """The deliveries of one version."""

    number: int
    deliveries: tuple[Delivery, ...] = ()


@dataclass(frozen=True, slots=True, config=ANSWER)
class Step:
    reason: str
    count: int


@dataclass(frozen=True, slots=True, config=ANSWER)
class Waterfall:
    """Whom the gate left out for what, to the last person."""

    number: int
    candidates: int
    risk_at: datetime
    withdrawal_reason: str | None = None
    waterfall: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True, config=ANSWER)
class Trait:
    """One value of a tag (None: without it): how frequent it is in the seed and among everybody."""

    of_seed: float
    of_everybody: float
    weight: float
    value: str | None = None


@dataclass(frozen=True, slots=True, config=ANSWER)
class Likeness:
    code: str
    name_zh: str
    name_en: str
    traits: tuple[Trait, ...] = ()


@dataclass(frozen=True, slots=True, config=ANSWER)
class Alike:
    """By what the look-alikes of a draw were found, the most telling tag first."""

    number: int
    likeness: tuple[Likeness, ...] = ()
