"""Relations between people: referrals in trees, guarantors, emergency contacts. Honest ones first, then what rings add."""

from dataclasses import dataclass

import numpy as np

from ingest.portfolio.applications import Applications
from ingest.portfolio.arrays import NONE, Book, Bools, Floats, GroupPicker, Ints, Rng, chance
from ingest.portfolio.people import People
from ingest.portfolio.rings import FraudKind, FraudPlan
from ingest.portfolio.window import DAY, Window
from ingest.portfolio.workplaces import Settlement

REFERRED, GUARANTEES, EMERGENCY_CONTACT = range(3)
RELATION_NAMES = ("REFERRED", "GUARANTEES", "EMERGENCY_CONTACT")
_REFERRED_SHARE, _GUARANTEED_SHARE, _ADVOCATES = 0.20, 0.04, 0.04
_CARELESS = 0.05  # of advocates: they bring anybody, fraudsters too


@dataclass(frozen=True, slots=True)
class Relations:
    """One entry per relation; the target is a customer, or a phone for EMERGENCY_CONTACT."""

    customer: Ints
    kind: Ints
    target: Ints
    at: Ints


def relate(
    rng: Rng,
    people: People,
    settlement: Settlement,
    plan: FraudPlan,
    apps: Applications,
    registered: Ints,
    phone: Ints,
    phone_book: Book,
    window: Window,
) -> Relations:
    """`registered` is when each customer registered, `phone` the phone of each customer's record."""
    applied = np.full(len(people), np.iinfo(np.int64).max, dtype=np.int64)
    np.minimum.at(applied, apps.customer, apps.at)
    colleague = _colleagues(rng, settlement)
    parts = [
        _referrals(rng, people, plan, registered, colleague),
        _guarantees(rng, people, applied, colleague),
        _contacts(rng, people, applied, colleague, phone, phone_book),
        _ring_referrals(rng, plan, registered),
        _ring_guarantees(rng, plan, applied),
        _ring_contacts(rng, plan, applied, phone, phone_book),
    ]
    customer, kind, target, at = (np.concatenate(column) for column in zip(*parts, strict=True))
    to_self = (kind != EMERGENCY_CONTACT) & (customer == target)
    own_phone = (kind == EMERGENCY_CONTACT) & (phone[customer] == target)
    keep = ~(to_self | own_phone)
    customer, kind, target, at = customer[keep], kind[keep], target[keep], at[keep]
    _, first = np.unique(np.stack([customer, kind, target]), axis=1, return_index=True)
    order = first[np.lexsort((target[first], kind[first], customer[first], at[first]))]
    return Relations(customer[order], kind[order], target[order], np.minimum(at[order], window.last))


_Part = tuple[Ints, Ints, Ints, Ints]


def _part(customer: Ints, kind: int, target: Ints, at: Ints) -> _Part:
    known = (customer != NONE) & (target != NONE)
    return customer[known], np.full(int(known.sum()), kind, dtype=np.int64), target[known], at[known]


def _colleagues(rng: Rng, settlement: Settlement) -> Ints:
    """Somebody of the same employer, or NONE."""
    working = np.flatnonzero(settlement.employer != NONE)
    employer = settlement.employer[working]
    drawn = GroupPicker(employer, np.ones(len(working)), int(settlement.employer.max()) + 2).draw(rng, employer)
    colleague = np.full(len(settlement.employer), NONE, dtype=np.int64)
    colleague[working] = working[drawn]
    return np.where(colleague == np.arange(len(colleague)), NONE, colleague)


def _referrals(rng: Rng, people: People, plan: FraudPlan, registered: Ints, colleague: Ints) -> _Part:
    """Few advocates bring many; a referred customer refers others in turn, so that trees grow."""
    count = len(people)
    order = np.argsort(registered, kind="stable")
    careless = chance(rng, _CARELESS * _ADVOCATES, count)
    zeal = np.where(chance(rng, _ADVOCATES, count), 1.0 + rng.pareto(1.3, count).clip(max=60.0), 0.02)

    def earlier(weight: Floats) -> Ints:
        bounds = np.concatenate([[0.0], np.cumsum(weight[order])])
        drawn = np.searchsorted(bounds, rng.random(count) * bounds[:-1], side="right") - 1
        referrer = np.empty(count, dtype=np.int64)
        referrer[order] = order[drawn.clip(0, count - 1)]
        return referrer

    referrer = earlier(zeal)
    near = np.where(people.relative != NONE, people.relative, colleague)
    knows_one = (near != NONE) & (registered[near] < registered) & chance(rng, 0.3, count)
    referrer = np.where(knows_one, near, referrer)
    bad = plan.kind_of != NONE
    referrer = np.where(
        bad & chance(rng, 0.12, count) & careless.any(), earlier(careless.astype(np.float64) + 1e-9), referrer
    )
    share = np.where(plan.ring_of == NONE, _REFERRED_SHARE, _REFERRED_SHARE / 2)  # rings bring their own
    referred = chance(rng, share, count) & (registered[referrer] < registered)
    customers = np.flatnonzero(referred)
    return _part(referrer[customers], REFERRED, customers, registered[customers])


def _guarantees(rng: Rng, people: People, applied: Ints, colleague: Ints) -> _Part:
    """A relative or a colleague vouches; some vouch for each other."""
    guaranteed = np.flatnonzero(chance(rng, _GUARANTEED_SHARE, len(people)))
    by_relative = (people.relative[guaranteed] != NONE) & chance(rng, 0.7, len(guaranteed))
    guarantor = np.where(by_relative, people.relative[guaranteed], colleague[guaranteed])
    guaranteed, guarantor = guaranteed[guarantor != NONE], guarantor[guarantor != NONE]
    mutual: Bools = chance(rng, 0.15, len(guaranteed))
    return _part(
        np.concatenate([guarantor, guaranteed[mutual]]),
        GUARANTEES,
        np.concatenate([guaranteed, guarantor[mutual]]),
        np.concatenate([applied[guaranteed], np.maximum(applied[guaranteed], applied[guarantor])[mutual]]),
    )


def _contacts(rng: Rng, people: People, applied: Ints, colleague: Ints, phone: Ints, phone_book: Book) -> _Part:
    """Two contacts most often: family first, then a friend. Family who are no customers have phones too, known by all of a household."""
    count = len(people)
    outside_family = phone_book.take(count)[people.head]
    knows_relative = (people.relative != NONE) & chance(rng, 0.60, count)
    first = np.where(knows_relative, phone[people.relative], outside_family)
    names_colleague = (colleague != NONE) & chance(rng, 0.03, count)
    second = np.where(names_colleague, phone[colleague], phone_book.take(count))
    hotlines = phone_book.take(max(1, count // 4_000))
    second = np.where(chance(rng, 0.012, count), rng.choice(hotlines, size=count), second)
    second = np.where(chance(rng, 0.78, count), second, NONE)
    everybody = np.arange(count)
    return _part(
        np.concatenate([everybody, everybody]),
        EMERGENCY_CONTACT,
        np.concatenate([first, second]),
        np.concatenate([applied, applied]),
    )


def _ring_referrals(rng: Rng, plan: FraudPlan, registered: Ints) -> _Part:
    """Organisers bring some of their people; intermediaries more."""
    referrers, referred = [], []
    for ring, members in enumerate(plan.members):
        share = 0.40 if plan.kind[ring] == FraudKind.INTERMEDIARY else 0.14
        ordered = members[np.argsort(registered[members], kind="stable")]
        brought = ordered[1:][chance(rng, share, len(members) - 1)]
        referrers.append(np.full(len(brought), ordered[0], dtype=np.int64))
        referred.append(brought)
    targets = _joined(referred)
    return _part(_joined(referrers), REFERRED, targets, registered[targets])


def _ring_guarantees(rng: Rng, plan: FraudPlan, applied: Ints) -> _Part:
    """Each vouches for the next, the last for the first, and some across."""
    guarantors, guaranteed = [], []
    for ring, members in enumerate(plan.members):
        if plan.kind[ring] != FraudKind.GUARANTOR_CIRCLE:
            continue
        order = rng.permutation(members)
        kept = chance(rng, 0.85, len(order))
        guarantors.append(order[kept])
        guaranteed.append(np.roll(order, -1)[kept])
        chords = max(1, round(len(order) * 0.8))
        guarantors.append(rng.choice(members, size=chords))
        guaranteed.append(rng.choice(members, size=chords))
    start, end = _joined(guarantors), _joined(guaranteed)
    return _part(start, GUARANTEES, end, np.maximum(applied[start], applied[end]))


def _ring_contacts(rng: Rng, plan: FraudPlan, applied: Ints, phone: Ints, phone_book: Book) -> _Part:
    """Members name one another, or one of a few numbers that the ring answers itself."""
    customers, targets = [], []
    for ring, members in enumerate(plan.members):
        circle = plan.kind[ring] == FraudKind.CONTACT_CIRCLE
        answered = phone_book.take(max(1, len(members) // 6)) if circle else np.empty(0, dtype=np.int64)
        names_member = members[chance(rng, 0.75 if circle else 0.10, len(members))]
        customers.append(names_member)
        targets.append(phone[rng.choice(members, size=len(names_member))])
        if circle:
            names_ring = members[chance(rng, 0.80, len(members))]
            customers.append(names_ring)
            targets.append(rng.choice(answered, size=len(names_ring)))
    start = _joined(customers)
    return _part(start, EMERGENCY_CONTACT, _joined(targets), applied[start] + rng.integers(0, DAY, size=len(start)))


def _joined(parts: list[Ints]) -> Ints:
    return np.concatenate([np.empty(0, dtype=np.int64), *parts])
