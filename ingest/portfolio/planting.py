"""What fraudsters share, by kind of ring: overwrites the honest holdings of some applications with a ring's own means.

A ring follows its pattern only in part: each member joins each means with a probability scaled by the ring's intensity, keeps household, workplace
and often handset of their own, and now and then an honest person is drawn in.
"""

from dataclasses import dataclass, field

import numpy as np

from ingest.portfolio import addresses
from ingest.portfolio.applications import Applications
from ingest.portfolio.arrays import NONE, Book, Ints, Rng, chance, pick
from ingest.portfolio.identifiers import CELL_EXIT, HOME_EXIT
from ingest.portfolio.rings import FraudKind, FraudPlan
from ingest.portfolio.sharing import Books, Holdings


@dataclass(frozen=True, slots=True)
class Means:
    """One thing that a ring shares: how many members share one of it, and how likely a member takes part."""

    share: float
    members_each: int


@dataclass(frozen=True, slots=True)
class Pattern:
    """What a kind of ring shares: columns of applications, then columns of customers."""

    applications: dict[str, Means]
    customers: dict[str, Means] = field(default_factory=dict)


PATTERNS: dict[FraudKind, Pattern] = {
    FraudKind.DEVICE_FARM: Pattern(
        {
            "app_device": Means(0.95, 6),
            "app_ip": Means(0.85, 10),
            "app_payout": Means(0.55, 7),
            "app_phone": Means(0.40, 7),
        }
    ),
    FraudKind.PAYOUT_ACCOUNT: Pattern(
        {
            "app_payout": Means(0.95, 11),
            "app_ip": Means(0.75, 10),
            "app_device": Means(0.55, 5),
            "app_delivery": Means(0.55, 9),
        }
    ),
    FraudKind.INTERMEDIARY: Pattern(
        {"app_phone": Means(0.90, 13), "app_ip": Means(0.85, 11), "app_device": Means(0.40, 6)},
        {"employer": Means(0.75, 15)},
    ),
    FraudKind.ADDRESS_MILL: Pattern(
        {
            "app_delivery": Means(0.95, 12),
            "app_ip": Means(0.75, 10),
            "app_device": Means(0.50, 5),
            "app_phone": Means(0.40, 8),
        },
        {"home": Means(0.50, 9)},
    ),
    FraudKind.IDENTITY_BORROWING: Pattern(
        {
            "app_device": Means(0.95, 9),
            "app_phone": Means(0.75, 5),
            "app_payout": Means(0.80, 6),
            "app_delivery": Means(0.50, 9),
        }
    ),
    FraudKind.GUARANTOR_CIRCLE: Pattern(
        {
            "app_ip": Means(0.75, 10),
            "app_device": Means(0.50, 5),
            "app_payout": Means(0.50, 8),
            "app_delivery": Means(0.40, 9),
        }
    ),
    FraudKind.CONTACT_CIRCLE: Pattern(
        {
            "app_ip": Means(0.75, 10),
            "app_device": Means(0.55, 5),
            "app_payout": Means(0.55, 8),
            "app_phone": Means(0.40, 8),
        }
    ),
}
_STICKY = 0.75  # how often a member comes back to the same one of several
_LEFT_FIRM = 0.7  # of ring members: no job among few colleagues
_BIG = 16  # members
_LENT_BY_OFFICES = ("app_device", "app_ip", "app_payout", "app_phone", "app_delivery")
_OFFICE = Means(0.45, 10)
_SMALL_KEEP_CLOSE = 0.08  # people who all know one another share more
_DRAWS_IN_OUTSIDERS = 0.25  # of a ring's means: an honest relative or an unwitting helper uses it once


def plant(rng: Rng, plan: FraudPlan, apps: Applications, holdings: Holdings, books: Books, region: Ints) -> None:
    """Changes `holdings` in place. `region` is where customers live."""
    book_of = {"app_device": books.devices, "app_ip": books.ips, "app_payout": books.accounts, "app_phone": books.phones,
               "app_delivery": books.addresses, "home": books.addresses, "employer": books.employers}  # fmt: skip
    rows_of = _rows_by_ring(plan, apps)
    honest = np.flatnonzero(plan.kind_of[apps.customer] == NONE)
    honest_begin = np.searchsorted(apps.at[honest], plan.begins)
    honest_end = np.searchsorted(apps.at[honest], plan.ends)
    _leave_firms(rng, plan, holdings, books, region)
    for ring in range(plan.rings):
        pattern = PATTERNS[FraudKind(int(plan.kind[ring]))]
        members, rows = plan.members[ring], rows_of[ring]
        scale = 0.85 + 0.15 * float(plan.intensity[ring]) + (_SMALL_KEEP_CLOSE if len(members) <= 6 else 0.0)
        seat = np.searchsorted(np.sort(members), apps.customer[rows])  # a member's number within the ring
        base = region[members[0]]
        bystanders = honest[honest_begin[ring] : honest_end[ring]]
        for column, means in _application_means(pattern, len(members)).items():
            pool = _pool(rng, column, book_of[column], means, len(members), base)
            target = getattr(holdings, column)
            uses = _uses(rng, pool, seat, len(members))
            takes_part = chance(rng, means.share * scale, len(members))[seat] & chance(rng, 0.95, len(rows))
            target[rows[takes_part]] = uses[takes_part]
            if len(bystanders) > 0 and rng.random() < _DRAWS_IN_OUTSIDERS:
                target[rng.choice(bystanders, size=int(rng.integers(1, 3)))] = rng.choice(pool)
        for column, means in pattern.customers.items():
            pool = _pool(rng, column, book_of[column], means, len(members), base)
            takes_part = chance(rng, means.share * scale, len(members))
            getattr(holdings, column)[members[takes_part]] = rng.choice(pool, size=int(takes_part.sum()))
    _plant_lone(rng, plan, apps, holdings, books, region)


def _application_means(pattern: Pattern, members: int) -> dict[str, Means]:
    """What a ring of this size shares in its applications: a big one has an office, which lends of everything."""
    if members < _BIG:
        return pattern.applications
    return dict.fromkeys(_LENT_BY_OFFICES, _OFFICE) | pattern.applications


def _leave_firms(rng: Rng, plan: FraudPlan, holdings: Holdings, books: Books, region: Ints) -> None:
    """Big firms are where ring members hide among thousands of honest people."""
    leavers = np.flatnonzero((plan.ring_of != NONE) & chance(rng, _LEFT_FIRM, len(region)))
    national = np.flatnonzero(books.employers.styles == addresses.NATIONAL_FIRM)
    own = books.employers.take(len(leavers), style=addresses.LOCAL_FIRM, region=region[leavers])
    way = pick(rng, (0.35, 0.40, 0.25), len(leavers))
    holdings.employer[leavers] = np.choose(
        way, [rng.choice(national, size=len(leavers)), own, np.full(len(leavers), NONE)]
    )
    holdings.workplace[leavers] = NONE


def _rows_by_ring(plan: FraudPlan, apps: Applications) -> list[Ints]:
    ring = np.where(apps.fraud, plan.ring_of[apps.customer], NONE)
    order = np.argsort(ring, kind="stable")
    bounds = np.searchsorted(ring[order], np.arange(plan.rings + 1))
    return [order[bounds[i] : bounds[i + 1]] for i in range(plan.rings)]


def _pool(rng: Rng, column: str, book: Book, means: Means, members: int, base: Ints) -> Ints:
    """The ring's own identifiers of one type: about one per `members_each` members."""
    each = max(2.0, means.members_each * rng.uniform(0.7, 1.3))
    size = max(1, round(members / each))
    if column == "app_ip":
        return book.take(size, style=HOME_EXIT if rng.random() < 0.6 else CELL_EXIT)
    if column in ("app_delivery", "home"):
        style = addresses.FLAT if rng.random() < 0.7 else addresses.VILLAGE_HOUSE
        return book.take(size, style=style, region=np.full(size, base))
    if column == "employer":
        return book.take(size, style=addresses.LOCAL_FIRM, region=np.full(size, base))
    return book.take(size)


def _uses(rng: Rng, pool: Ints, seat: Ints, members: int) -> Ints:
    """Which one of the pool each row uses: mostly the member's own choice, sometimes another."""
    choice = rng.integers(0, len(pool), size=members)[seat]
    other = rng.integers(0, len(pool), size=len(seat))
    return pool[np.where(chance(rng, _STICKY, len(seat)), choice, other)]


def _plant_lone(rng: Rng, plan: FraudPlan, apps: Applications, holdings: Holdings, books: Books, region: Ints) -> None:
    """A borrowed identity comes with a new phone, handset and account; a lone first-party fraudster changes nothing."""
    rows = np.flatnonzero(apps.fraud & (plan.kind_of[apps.customer] == FraudKind.LONE_BORROWED_IDENTITY))
    thief_of, seat = np.unique(apps.customer[rows], return_inverse=True)
    for column, book, share in (
        ("app_device", books.devices, 0.9),
        ("app_phone", books.phones, 0.7),
        ("app_payout", books.accounts, 0.6),
    ):
        new = book.take(len(thief_of))
        uses = chance(rng, share, len(rows))
        getattr(holdings, column)[rows[uses]] = new[seat[uses]]
    new_address = books.addresses.take(len(thief_of), style=addresses.FLAT, region=region[thief_of])
    uses = chance(rng, 0.3, len(rows))
    holdings.app_delivery[rows[uses]] = new_address[seat[uses]]
