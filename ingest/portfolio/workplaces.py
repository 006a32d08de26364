"""Where people work, study and lodge: firms of skewed sizes, industrial parks with their dormitories, campuses, shared flats."""

from dataclasses import dataclass

import numpy as np

from ingest.portfolio import addresses
from ingest.portfolio.arrays import NONE, Book, Bools, Floats, GroupPicker, Ints, Rng, chance, chunks, pick
from ingest.portfolio.identifiers import HOME_EXIT, HOME_EXIT_V6, OFFICE_EXIT
from ingest.portfolio.people import People
from ingest.portfolio.regions import Regions

_EMPLOYED, _STUDENTS = 0.80, 0.34  # shares: of adults, of people under 24 who live alone
_NATIONAL_SHARES = (0.010, 0.009, 0.008, 0.007, 0.006, 0.005, 0.004, 0.003)  # of all customers
_SELF_EMPLOYED = 0.16  # of those who work
_PARK_SHARES = (0.032, 0.012, 0.006)
_LODGERS = 0.08  # of people who live alone: rooms in village houses and shared flats


@dataclass(frozen=True, slots=True)
class Settlement:
    """Where each customer lives and works; NONE where they don't."""

    region: Ints
    employer: Ints
    workplace: Ints  # address of the work
    home: Ints  # address of the home
    home_exit: Ints  # IP address of the home
    work_exit: Ints  # IP address of the work or the campus
    student: Bools


def occupy(
    rng: Rng,
    people: People,
    regions: Regions,
    *,
    addresses_book: Book,
    employers_book: Book,
    ips_book: Book,
    newest_year: int,
) -> Settlement:
    """Gives everybody a home and most a work; colleagues, lodgers and fellow students share theirs."""
    count = len(people)
    region = people.region.copy()
    age = newest_year - people.birth_year
    park = _park_workers(rng, people, count)
    in_park = park != NONE
    park_region = _park_regions(rng, regions)
    region[in_park] = park_region[park[in_park]]
    student = people.alone & ~in_park & (age < 25) & chance(rng, _STUDENTS, count)
    lodger = people.alone & ~in_park & ~student & chance(rng, _LODGERS, count)

    employer, workplace, work_exit = _employ(
        rng,
        regions,
        region,
        park,
        park_region,
        chance(rng, _EMPLOYED, count) & ~student,
        addresses_book,
        employers_book,
        ips_book,
    )
    home = addresses_book.take(count, style=addresses.FLAT, region=region)[people.head]
    home_exit = _home_exits(rng, people, ips_book)

    lots = np.flatnonzero(lodger)
    house = chunks(rng, region[lots], 3, 15)
    _, first = np.unique(house, return_index=True)
    houses = addresses_book.take(len(first), style=addresses.VILLAGE_HOUSE, region=region[lots[first]])
    home[lots] = houses[house]
    home_exit[lots] = ips_book.take(len(first), style=HOME_EXIT)[house]

    dormitories = addresses_book.take(len(park_region), style=addresses.DORMITORY, region=park_region)
    lodges_there = in_park & chance(rng, 0.85, count)
    home[lodges_there] = dormitories[park[lodges_there]]
    home_exit[lodges_there] = ips_book.take(len(park_region), style=OFFICE_EXIT)[park[lodges_there]]

    campus_home, campus_exit = _campuses(rng, regions, region, student, addresses_book, ips_book)
    home[student], work_exit[student] = campus_home, campus_exit
    home_exit[student] = campus_exit
    return Settlement(region, employer, workplace, home, home_exit, work_exit, student)


def _park_workers(rng: Rng, people: People, count: int) -> Ints:
    """The industrial park of those who moved to one, else NONE. Only people without a household here move."""
    alone = max(float(people.alone.mean()), 1e-9)
    shares = np.array([1 - sum(_PARK_SHARES) / alone, *(share / alone for share in _PARK_SHARES)]).clip(min=0)
    drawn = pick(rng, shares, count) - 1
    return np.where(people.alone, drawn, NONE)


def _park_regions(rng: Rng, regions: Regions) -> Ints:
    return regions.draw(rng, len(_PARK_SHARES))


def _employ(
    rng: Rng,
    regions: Regions,
    region: Ints,
    park: Ints,
    park_region: Ints,
    employed: Bools,
    addresses_book: Book,
    employers_book: Book,
    ips_book: Book,
) -> tuple[Ints, Ints, Ints]:
    count = len(region)
    firms = max(8, count // 9)
    firm_region = regions.draw(rng, firms)
    firm_weight = _skewed(rng, firms, limit=40.0)
    city = regions.city
    local = GroupPicker(city[firm_region], firm_weight, regions.cities).draw(rng, city[region])

    national_ids = employers_book.take(len(_NATIONAL_SHARES), style=addresses.NATIONAL_FIRM)
    firm_ids = employers_book.take(firms, style=addresses.LOCAL_FIRM, region=firm_region)
    park_firms = 6
    park_ids = employers_book.take(
        len(_PARK_SHARES) * park_firms, style=addresses.LOCAL_FIRM, region=np.repeat(park_region, park_firms)
    )
    employer = np.where(local == NONE, NONE, firm_ids[local])
    which_national = pick(rng, (1 - sum(_NATIONAL_SHARES), *_NATIONAL_SHARES), count) - 1
    employer = np.where(which_national == NONE, employer, national_ids[which_national])
    own_firm = np.flatnonzero(chance(rng, _SELF_EMPLOYED, count))
    employer[own_firm] = employers_book.take(len(own_firm), style=addresses.LOCAL_FIRM, region=region[own_firm])
    park_firm = pick(rng, (0.30, 0.25, 0.18, 0.12, 0.10, 0.05), count)
    employer = np.where(park == NONE, employer, park_ids[park.clip(min=0) * park_firms + park_firm])
    employer = np.where(employed | (park != NONE), employer, NONE)

    # One site per firm and city: a work address and an exit of its own.
    working = np.flatnonzero(employer != NONE)
    site_key, site = np.unique(employer[working] * regions.cities + city[region[working]], return_inverse=True)
    _, first = np.unique(site, return_index=True)
    site_address = addresses_book.take(len(site_key), style=addresses.OFFICE, region=region[working[first]])
    site_exit = ips_book.take(len(site_key), style=OFFICE_EXIT)
    workplace, work_exit = np.full(count, NONE, dtype=np.int64), np.full(count, NONE, dtype=np.int64)
    workplace[working], work_exit[working] = site_address[site], site_exit[site]
    workplace[chance(rng, 0.25, count)] = NONE  # not asked or not told
    return employer, workplace, work_exit


def _skewed(rng: Rng, count: int, limit: float) -> Floats:
    return np.minimum(1.0 + rng.pareto(1.1, count), limit)


def _home_exits(rng: Rng, people: People, ips_book: Book) -> Ints:
    """One exit per household; some houses share a line, some have IPv6."""
    households = int(people.household.max()) + 1
    exits = ips_book.take(households, style=HOME_EXIT)
    sixth = chance(rng, 0.2, households)
    exits[sixth] = ips_book.take(int(sixth.sum()), style=HOME_EXIT_V6)
    region_of = np.zeros(households, dtype=np.int64)
    region_of[people.household] = people.region
    house = chunks(rng, region_of, 2, 7)
    _, first = np.unique(house, return_index=True)
    shared_line = chance(rng, 0.18, households)
    exits[shared_line] = exits[first][house[shared_line]]
    return exits[people.household]


def _campuses(
    rng: Rng, regions: Regions, region: Ints, student: Bools, addresses_book: Book, ips_book: Book
) -> tuple[Ints, Ints]:
    """Home address (one per building of 8 to 30 customers) and exit (one per city's campus) of the students."""
    of_city = regions.city[region[student]]
    building = chunks(rng, of_city, 8, 30)
    _, first = np.unique(building, return_index=True)
    homes = addresses_book.take(len(first), style=addresses.CAMPUS, region=region[student][first])
    _, campus = np.unique(of_city, return_inverse=True)
    exits = ips_book.take(len(np.unique(of_city)), style=OFFICE_EXIT)
    return homes[building], exits[campus]
