"""The plan of the fraud: how many, which kinds, who belongs to which ring, when each ring is at work. What they share is in `planting.py`."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from ingest.portfolio.arrays import NONE, Floats, Ints, Rng, pick
from ingest.portfolio.people import People
from ingest.portfolio.regions import Regions
from ingest.portfolio.window import DAY, Window
from ingest.portfolio.workplaces import Settlement

FRAUD_SHARE = 0.032  # of all customers
LONE_SHARE = 0.18  # of the fraudulent customers
SMALLEST, LARGEST = 3, 40
# How much likelier a ring takes somebody who lives by themselves or in a dormitory, and how much likelier somebody young.
_ALONE_ODDS, _YOUNG_ODDS = 6.0, 1.5
_CROWD = 50  # customers at one address among whom nobody knows everybody
_YOUNGEST_AGE, _HARDLY = 21, 1e-9
_NEAR = 0.6  # share of a ring's members from one province


class FraudKind(IntEnum):
    """Ring kinds first; the lone ones have no ring."""

    DEVICE_FARM = 0
    PAYOUT_ACCOUNT = 1
    INTERMEDIARY = 2
    ADDRESS_MILL = 3
    IDENTITY_BORROWING = 4
    GUARANTOR_CIRCLE = 5
    CONTACT_CIRCLE = 6
    LONE_FIRST_PARTY = 7
    LONE_BORROWED_IDENTITY = 8


RING_KINDS = tuple(kind for kind in FraudKind if kind <= FraudKind.CONTACT_CIRCLE)
_KIND_WEIGHTS = (0.20, 0.17, 0.20, 0.14, 0.09, 0.10, 0.10)


@dataclass(frozen=True, slots=True)
class FraudPlan:
    """Rings by number; customers by position, NONE and NONE for the honest."""

    kind: Ints  # of each ring
    intensity: Floats  # of each ring: how much of the pattern its members follow
    begins: Ints
    ends: Ints
    ring_of: Ints  # of each customer
    kind_of: Ints  # of each customer
    members: tuple[Ints, ...]  # of each ring, organiser first

    @property
    def rings(self) -> int:
        return len(self.kind)


def plan_fraud(
    rng: Rng, people: People, settlement: Settlement, regions: Regions, newest_year: int, window: Window
) -> FraudPlan:
    """Draws the rings, their members and the lone fraudsters."""
    count = len(people)
    wanted = round(FRAUD_SHARE * count)
    in_rings = round(wanted * (1 - LONE_SHARE))
    kind, size = _draw_rings(rng, in_rings)

    company = np.bincount(settlement.home)[settlement.home]
    by_themselves = (company == 1) | (company > _CROWD)
    odds = np.where(by_themselves, _ALONE_ODDS, 1.0)
    odds *= np.where(newest_year - people.birth_year < 32, _YOUNG_ODDS, 1.0)
    odds[newest_year - people.birth_year < _YOUNGEST_AGE] = _HARDLY  # not of age throughout the window
    order = np.argsort(-np.log(rng.random(count)) / odds, kind="stable")  # a weighted draw without replacement
    members = _recruit(rng, order, regions.province[settlement.region], size)

    ring_of, kind_of = np.full(count, NONE, dtype=np.int64), np.full(count, NONE, dtype=np.int64)
    for ring, who in enumerate(members):
        ring_of[who], kind_of[who] = ring, kind[ring]
    free = order[kind_of[order] == NONE][: wanted - int((kind_of != NONE).sum())]
    kind_of[free] = np.where(rng.random(len(free)) < 0.6, FraudKind.LONE_FIRST_PARTY, FraudKind.LONE_BORROWED_IDENTITY)

    length = (np.exp(rng.normal(np.log(85), 0.5, len(kind))) * DAY).clip(20 * DAY, 260 * DAY)
    # Rings keep coming until the last weeks; those that began late are still growing at the end.
    begins = window.first + 10 * DAY + rng.random(len(kind)) * (window.last - window.first - 45 * DAY)
    ends = np.minimum(begins + length, window.last - DAY)
    return FraudPlan(
        kind,
        rng.beta(4, 2, len(kind)),
        begins.astype(np.int64),
        ends.astype(np.int64),
        ring_of,
        kind_of,
        tuple(members),
    )


def _draw_rings(rng: Rng, people: int) -> tuple[Ints, Ints]:
    """Kinds and sizes of rings that together have about `people` members."""
    most = people // SMALLEST + 2
    kind = pick(rng, _KIND_WEIGHTS, most)
    size = (SMALLEST + np.exp(rng.normal(1.8, 0.75, most))).astype(np.int64).clip(SMALLEST, LARGEST)
    borrowing = kind == FraudKind.IDENTITY_BORROWING
    size[borrowing] = rng.integers(SMALLEST, 9, size=int(borrowing.sum()))
    ends = np.cumsum(size)
    rings = int(np.searchsorted(ends, people, side="right"))
    left = people - (int(ends[rings - 1]) if rings > 0 else 0)
    if (
        left >= SMALLEST or rings == 0
    ):  # the last ring is as big as who is left; the smallest portfolio has one ring too
        size[rings] = max(SMALLEST, left)
        rings += 1
    return kind[:rings], size[:rings]


def _recruit(rng: Rng, order: Ints, province: Ints, sizes: Ints) -> list[Ints]:
    """Fills the rings from the front of `order`: some members from one province, the rest from anywhere."""
    taken = np.zeros(len(order), dtype=np.bool_)
    queues = {int(p): order[province[order] == p].tolist()[::-1] for p in np.unique(province)}
    everywhere = order.tolist()[::-1]

    def next_free(queue: list[int]) -> int:
        while queue:
            candidate = queue.pop()
            if not taken[candidate]:
                taken[candidate] = True
                return candidate
        return NONE

    rings = []
    for size in sizes.tolist():
        organiser = next_free(everywhere)
        home = queues[int(province[organiser])]
        near = rng.random(size - 1) < _NEAR
        others = [next_free(home if is_near else everywhere) for is_near in near.tolist()]
        rings.append(np.array([organiser, *(member for member in others if member != NONE)], dtype=np.int64))
    return rings
