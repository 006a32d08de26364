"""Makes a portfolio from a number of customers and a seed: the same two give the same files, byte by byte, for one generator version.

The order of work is the order of life: people, homes and work, the plan of the fraud, applications, what they share, what became of them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from graph_model.errors import InvalidRequest
from ingest.portfolio import (
    applications,
    changes,
    consents,
    contacts,
    outcomes,
    people,
    places,
    planting,
    relations,
    rings,
    sharing,
    workplaces,
)
from ingest.portfolio.arrays import NONE, Ints, Rng, Streams, chance
from ingest.portfolio.model import Portfolio
from ingest.portfolio.regions import load_regions
from ingest.portfolio.vocabulary import SURNAMES
from ingest.portfolio.window import DAY, DEFAULT_END, HOUR, Window
from ingest.portfolio.writer import write

GENERATOR_VERSION = "1"  # a change of what is generated bumps it; docs/portfolio.md has the policy
FEWEST, MOST = 100, 5_000_000

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class PortfolioSummary:
    """What was written."""

    generator_version: str
    seed: int
    customers: int
    fraudulent_customers: int
    rings: int
    rows: dict[str, int]  # by file, relative to the folder
    window: tuple[date, date]


def generate(
    out: Path, *, customers: int, seed: int, end: date = DEFAULT_END, on_progress: Progress | None = None
) -> PortfolioSummary:
    """Writes the seven files, `truth/` and `manifest.json` into `out`, which is made where it is missing."""
    if not FEWEST <= customers <= MOST:
        raise InvalidRequest(f"A portfolio has {FEWEST:,} to {MOST:,} customers. Ask for a number within that.")
    if seed < 0:
        raise InvalidRequest("A seed is a whole number from 0 up. Give another one.")
    report: Progress = on_progress if on_progress is not None else lambda stage, done, total: None
    portfolio = imagine(customers, seed, Window.ending(end), report)
    rows = write(out, portfolio, Streams(seed, GENERATOR_VERSION), version=GENERATOR_VERSION, seed=seed, report=report)
    return PortfolioSummary(
        generator_version=GENERATOR_VERSION,
        seed=seed,
        customers=customers,
        fraudulent_customers=int((portfolio.plan.kind_of != NONE).sum()),
        rings=portfolio.plan.rings,
        rows=rows,
        window=(portfolio.window.start, portfolio.window.end),
    )


def imagine(customers: int, seed: int, window: Window, report: Progress) -> Portfolio:
    """The portfolio as arrays."""
    stages = ("people", "fraud", "applications", "sharing", "relations", "outcomes")
    streams = Streams(seed, GENERATOR_VERSION)
    regions, books = load_regions(), sharing.Books.empty()
    newest = window.end.year

    report("people", 0, len(stages))
    folk = people.settle(streams.of("people"), regions, tuple(entry[2] for entry in SURNAMES), customers)
    settlement = workplaces.occupy(
        streams.of("workplaces"), folk, regions,
        addresses_book=books.addresses, employers_book=books.employers, ips_book=books.ips, newest_year=newest,
    )  # fmt: skip
    report("fraud", 1, len(stages))
    plan = rings.plan_fraud(streams.of("rings"), folk, settlement, regions, newest, window)
    report("applications", 2, len(stages))
    apps = applications.apply(streams.of("applications"), folk, settlement, plan, window)
    registered = _registrations(streams.of("registrations"), apps, folk.birth_year)
    report("sharing", 3, len(stages))
    open_places = places.open_places(
        streams.of("places"), regions, customers,
        devices=books.devices, accounts=books.accounts, phones=books.phones, address_book=books.addresses, ips=books.ips,
    )  # fmt: skip
    phone = books.phones.take(customers)
    changed = changes.live_on(
        streams.of("changes"), settlement.region, registered, window, phones=books.phones, address_book=books.addresses
    )
    holdings = sharing.equip(streams.of("sharing"), folk, settlement, regions, open_places, apps, changed, phone, books)
    planting.plant(streams.of("planting"), plan, apps, holdings, books, settlement.region)
    report("relations", 4, len(stages))
    related = relations.relate(
        streams.of("relations"), folk, settlement, plan, apps, registered, holdings.phone, books.phones, window
    )
    report("outcomes", 5, len(stages))
    settled = outcomes.settle_outcomes(streams.of("outcomes"), apps, plan, registered, window)
    asked = consents.ask(streams.of("consents"), registered, window)
    reached = contacts.campaign(streams.of("contacts"), asked, window)
    report("outcomes", 6, len(stages))
    return Portfolio(
        window,
        regions,
        books,
        folk,
        settlement,
        plan,
        apps,
        registered,
        changed,
        holdings,
        related,
        settled,
        asked,
        reached,
    )


def _registrations(rng: Rng, apps: applications.Applications, birth_year: Ints) -> Ints:
    """When each customer registered: mostly days before the first application, some long before, nobody as a child."""
    customers = len(birth_year)
    first = np.full(customers, np.iinfo(np.int64).max, dtype=np.int64)
    np.minimum.at(first, apps.customer, apps.at)
    soon = (rng.exponential(6.0, customers) * DAY).astype(np.int64)
    long_before = (rng.random(customers) * 500 * DAY).astype(np.int64)
    latest = first - HOUR // 4
    registered = latest - np.where(chance(rng, 0.25, customers), long_before, soon)
    return np.maximum(registered, np.minimum(applications.first_adult_day(birth_year) * DAY, latest))
