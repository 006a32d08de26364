"""The list pages, rings and blocklist: what an address asks of them (/rings?order=…&minSize=…&after=…, /blocklist?type=…&after=…; read leniently,
as every address), and what the API answers."""

import re
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from pydantic.dataclasses import dataclass

from investigator_ui.contract import ANSWER, BlocklistEntry, NodeRef

_NAME = re.compile(r"[A-Za-z_]{1,40}")
_CURSOR = re.compile(r"[A-Za-z0-9_.=~-]{1,400}")


class RingOrder(StrEnum):
    """What a list of rings is ordered by, the greatest first."""

    KNOWN_FRAUD = "KNOWN_FRAUD"
    KNOWN_FRAUD_SHARE = "KNOWN_FRAUD_SHARE"
    SIZE = "SIZE"
    MEAN_SCORE = "MEAN_SCORE"
    NEW_MEMBERS = "NEW_MEMBERS"


@dataclass(frozen=True, slots=True, config=ANSWER)
class RingsAsked:
    """Filter, order and place of a page of rings. `min_score` is a percentage."""

    order: RingOrder = RingOrder.KNOWN_FRAUD
    min_size: int | None = None
    min_fraud: int | None = None
    min_score: int | None = None
    held_by: str | None = None
    motif: str | None = None
    after: str | None = None
    page: int = 1

    @classmethod
    def parse(cls, query: Mapping[str, str]) -> "RingsAsked":
        order = query.get("order", "")
        return cls(
            order=RingOrder(order) if order in list(RingOrder) else RingOrder.KNOWN_FRAUD,
            min_size=_number(query.get("minSize")),
            min_fraud=_number(query.get("minFraud")),
            min_score=_number(query.get("minScore"), most=100),
            held_by=_matching(_NAME, query.get("heldBy")),
            motif=_matching(_NAME, query.get("motif")),
            after=_matching(_CURSOR, query.get("after")),
            page=_page(query),
        )

    @property
    def filtered(self) -> bool:
        return any(
            bound is not None for bound in (self.min_size, self.min_fraud, self.min_score, self.held_by, self.motif)
        )


@dataclass(frozen=True, slots=True, config=ANSWER)
class BlocklistAsked:
    """Type and place of a page of the blocklist."""

    type: str | None = None
    after: str | None = None
    page: int = 1

    @classmethod
    def parse(cls, query: Mapping[str, str]) -> "BlocklistAsked":
        return cls(
            type=_matching(_NAME, query.get("type")), after=_matching(_CURSOR, query.get("after")), page=_page(query)
        )


@dataclass(frozen=True, slots=True, config=ANSWER)
class RingBond:
    """How many shared identifiers of one type hold a ring together."""

    type: str
    count: int


@dataclass(frozen=True, slots=True, config=ANSWER)
class RingRow:
    """A ring in a list."""

    id: str
    size: int
    known_fraud: int
    known_fraud_share: float
    scored_at: datetime
    model_version: str
    mean_score: float | None = None
    density: float | None = None
    motif: str | None = None
    new_members: int | None = None
    held_by: tuple[RingBond, ...] = ()
    key_members: tuple[NodeRef, ...] = ()


@dataclass(frozen=True, slots=True, config=ANSWER)
class RingPage:
    """`total` counts all that match; `next` is the cursor of the page after this one."""

    rings: tuple[RingRow, ...]
    total: int
    next: str | None = None


@dataclass(frozen=True, slots=True, config=ANSWER)
class BlocklistPage:
    entries: tuple[BlocklistEntry, ...]
    total: int
    next: str | None = None


Asked = RingsAsked | BlocklistAsked


def asked(pathname: str, query: Mapping[str, str]) -> Asked | None:
    """None where the path is not that of a list."""
    match pathname.rstrip("/"):
        case "/rings":
            return RingsAsked.parse(query)
        case "/blocklist":
            return BlocklistAsked.parse(query)
    return None


def _page(query: Mapping[str, str]) -> int:
    """Only tells where the reader is: the place itself is the cursor's."""
    return max(_number(query.get("page")) or 1, 1) if "after" in query else 1


def _number(text: str | None, *, most: int = 1_000_000) -> int | None:
    return min(int(text), most) if text and re.fullmatch(r"[0-9]{1,9}", text) else None


def _matching(pattern: re.Pattern[str], text: str | None) -> str | None:
    return text if text and pattern.fullmatch(text) else None
