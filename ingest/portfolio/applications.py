"""Applications before any identifier: who applies when, for what, through which channel. Fraud differs a little, never clearly."""

from dataclasses import dataclass

import numpy as np

from ingest.portfolio.arrays import NONE, Bools, Floats, Ints, Rng, chance, pick
from ingest.portfolio.people import People
from ingest.portfolio.rings import FraudPlan
from ingest.portfolio.vocabulary import CHANNELS, PRODUCTS
from ingest.portfolio.window import DAY, HOUR, Window
from ingest.portfolio.workplaces import Settlement

_COUNTS = (0.64, 0.25, 0.08, 0.03)  # shares of customers with 1, 2, 3, 4 applications
_ADULT = 18
STORE, AGENT = CHANNELS.index("store"), CHANNELS.index("agent")
_PARTNER = CHANNELS.index("partner")
_INSTALMENT = PRODUCTS.index("instalment")
# Per product: share, median amount, spread, terms in months.
_PRODUCTS: tuple[tuple[float, float, float, tuple[int, ...]], ...] = (
    (0.42, 8_000, 0.65, (3, 6, 12, 12, 24)),
    (0.26, 5_000, 0.55, (6, 12, 12, 24)),
    (0.20, 15_000, 0.60, (12, 24, 36)),
    (0.06, 12_000, 0.45, (12, 18, 24)),
    (0.06, 45_000, 0.50, (12, 24, 36)),
)
_CHANNEL_SHARES = (0.46, 0.14, 0.14, 0.11, 0.11, 0.04)
_FRAUD_CHANNEL_SHARES = (0.48, 0.16, 0.08, 0.14, 0.12, 0.02)
_HOUR_WEIGHTS = (2, 1, 1, 1, 1, 1, 2, 4, 7, 10, 11, 10, 8, 9, 10, 10, 9, 8, 8, 9, 10, 9, 7, 4)
_CAMPAIGN_SHARE = 0.10  # of firms: staff who apply together, through one helper, and are honest


@dataclass(frozen=True, slots=True)
class Applications:
    """One entry per application, in order of time."""

    customer: Ints
    at: Ints
    product: Ints
    channel: Ints
    amount: Ints
    term: Ints
    fraud: Bools
    campaign: Bools  # honest, made together with colleagues

    def __len__(self) -> int:
        return len(self.customer)


def apply(rng: Rng, people: People, settlement: Settlement, plan: FraudPlan, window: Window) -> Applications:
    """Draws the applications of everybody; those of a ring fall into the weeks in which it is at work."""
    counts = 1 + pick(rng, _COUNTS, len(people))
    customer = np.repeat(np.arange(len(people)), counts)
    last_of_customer = np.cumsum(counts) - 1
    total = len(customer)
    fraudster = plan.kind_of[customer] != NONE
    fraud = fraudster & chance(rng, 0.62, total)
    fraud[last_of_customer] |= plan.kind_of != NONE

    day = _days(rng, total, window)
    day, fraud = _ring_days(rng, day, customer, fraud, plan, window)
    campaign = _campaigns(rng, day, customer, fraud, settlement.employer, window)
    of_age = np.minimum(first_adult_day(people.birth_year)[customer], window.last // DAY - 1)
    later = of_age + (rng.random(total) * (window.last // DAY - of_age)).astype(np.int64)
    day = np.where(day < of_age, later, day)
    hours = np.array(_HOUR_WEIGHTS, dtype=np.float64)
    hour = pick(rng, hours, total)
    night = fraud & chance(rng, 0.10, total)
    hour[night] = rng.integers(0, 6, size=int(night.sum()))
    at = day * DAY + hour * HOUR + rng.integers(0, HOUR, size=total)

    product = pick(rng, [row[0] for row in _PRODUCTS], total)
    channel = np.where(fraud, pick(rng, _FRAUD_CHANNEL_SHARES, total), pick(rng, _CHANNEL_SHARES, total))
    channel[campaign] = np.where(chance(rng, 0.6, int(campaign.sum())), AGENT, _PARTNER)
    product[channel == STORE] = _INSTALMENT
    amount = _amounts(rng, product, fraud, people.birth_year[customer])
    term = _terms(rng, product)
    order = np.argsort(at, kind="stable")
    return Applications(
        customer=customer[order],
        at=at[order],
        product=product[order],
        channel=channel[order],
        amount=amount[order],
        term=term[order],
        fraud=fraud[order],
        campaign=campaign[order],
    )


def _days(rng: Rng, count: int, window: Window) -> Ints:
    """Days within the window; the lender grows."""
    length = (window.last - window.first) // DAY
    return np.asarray(window.first // DAY + rng.random(count) ** 0.8 * length, dtype=np.int64)


def _ring_days(
    rng: Rng, day: Ints, customer: Ints, fraud: Bools, plan: FraudPlan, window: Window
) -> tuple[Ints, Bools]:
    """Moves fraud into its ring's weeks, and a fraudster's honest applications before them."""
    ring = plan.ring_of[customer]
    begins = np.where(ring == NONE, day * DAY, plan.begins[ring])
    ends = np.where(ring == NONE, begins, plan.ends[ring])
    # Two waves: some rings come back to those who were paid out first.
    within = np.where(chance(rng, 0.7, len(day)), rng.beta(1.3, 1.6, len(day)), rng.random(len(day)))
    ring_day = ((begins + within * (ends - begins)) // DAY).astype(np.int64)
    first_fraud = np.full(int(customer.max()) + 1, np.iinfo(np.int64).max, dtype=np.int64)
    day = np.where(fraud, ring_day, day)
    np.minimum.at(first_fraud, customer[fraud], day[fraud])
    earlier = (plan.kind_of[customer] != NONE) & ~fraud
    room = first_fraud[customer] - window.first // DAY
    no_room = earlier & (room < 30)
    fraud = fraud | no_room
    day = np.where(no_room, ring_day, day)
    earlier &= ~no_room
    before = window.first // DAY + (rng.random(len(day)) * np.where(earlier, room, 1)).astype(np.int64)
    return np.where(earlier, before, day), fraud


def _campaigns(rng: Rng, day: Ints, customer: Ints, fraud: Bools, employer: Ints, window: Window) -> Bools:
    """Some small firms' staff apply within the same three weeks. Changes `day` in place; says whose application it is."""
    firms = int(employer.max()) + 2
    staff = np.bincount(employer[employer != NONE], minlength=firms)
    starts = _days(rng, firms, window)
    joins_in = (staff >= 4) & (staff <= 40) & chance(rng, _CAMPAIGN_SHARE, firms)
    firm = employer[customer]
    first = np.concatenate([[True], customer[1:] != customer[:-1]])
    joined = (firm != NONE) & joins_in[firm] & first & ~fraud & chance(rng, 0.6, len(day))
    last_day = window.last // DAY - 1
    day[joined] = np.minimum(starts[firm[joined]] + rng.integers(0, 21, size=int(joined.sum())), last_day)
    return np.asarray(joined)


def first_adult_day(birth_year: Ints) -> Ints:
    """The first day of the year after somebody turns 18, in days since 1970: whatever the birthday is, they are of age."""
    years = birth_year + _ADULT + 1 - 1970
    return years.astype("datetime64[Y]").astype("datetime64[D]").astype(np.int64)


def _amounts(rng: Rng, product: Ints, fraud: Bools, birth_year: Ints) -> Ints:
    median = np.array([row[1] for row in _PRODUCTS], dtype=np.float64)[product]
    spread = np.array([row[2] for row in _PRODUCTS], dtype=np.float64)[product]
    wealth: Floats = 1.0 + 0.012 * (2000 - birth_year).clip(-8, 25)
    raised = np.where(fraud, 1.16, 1.0)
    drawn = median * wealth * raised * np.exp(rng.normal(0.0, 1.0, len(product)) * spread)
    return (np.rint(drawn / 100) * 100).clip(500, 300_000).astype(np.int64)


def _terms(rng: Rng, product: Ints) -> Ints:
    term = np.zeros(len(product), dtype=np.int64)
    for number, (_, _, _, terms) in enumerate(_PRODUCTS):
        rows = product == number
        term[rows] = rng.choice(np.array(terms), size=int(rows.sum()))
    return term
