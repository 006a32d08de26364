"""People in households: who lives with whom, where, how old they are and where they come from. Everybody here is honest yet."""

from dataclasses import dataclass

import numpy as np

from ingest.portfolio.arrays import NONE, Bools, GroupPicker, Ints, Rng, chance, pick, rank_in_group
from ingest.portfolio.regions import Regions

# Shares of household sizes: how many of one household are customers of this lender.
_HOUSEHOLD_SIZES = (0.70, 0.19, 0.08, 0.025, 0.005)
_OLDEST, _YOUNGEST = 1960, 2007  # years of birth
ALONE, HEAD, PARTNER, CHILD, PARENT, SIBLING = range(6)


@dataclass(frozen=True, slots=True)
class People:
    """One entry per customer."""

    household: Ints
    role: Ints
    head: Ints  # the first customer of the household
    relative: Ints  # somebody else of the household, or NONE
    region: Ints
    birth_year: Ints
    female: Bools
    surname: Ints

    def __len__(self) -> int:
        return len(self.household)

    @property
    def alone(self) -> Bools:
        return np.asarray(self.role == ALONE)


def settle(rng: Rng, regions: Regions, surname_weights: tuple[float, ...], customers: int) -> People:
    """Draws households until there are `customers` people."""
    sizes = 1 + pick(rng, _HOUSEHOLD_SIZES, customers)
    household = np.repeat(np.arange(customers), sizes)[:customers]
    # Neighbours in the file must not be relatives: the order of people says nothing.
    household = household[rng.permutation(customers)]
    position = rank_in_group(household)
    members = np.bincount(household, minlength=customers)[household]
    first_of = np.full(customers, NONE, dtype=np.int64)
    first_of[household[position == 0]] = np.flatnonzero(position == 0)
    head = first_of[household]

    role = np.select(
        [members == 1, position == 0, position == 1],
        [ALONE, HEAD, np.where(chance(rng, 0.68, customers), PARTNER, SIBLING)],
        default=CHILD,
    ).astype(np.int64)
    role[(role == CHILD) & chance(rng, 0.45, customers)] = PARENT
    role[(role == CHILD) & chance(rng, 0.25, customers)] = SIBLING

    own_age_year = _birth_years(rng, customers)
    head_year = own_age_year[head]
    apart = np.select(
        [role == PARTNER, role == SIBLING, role == CHILD, role == PARENT],
        [
            rng.normal(1, 3, customers),
            rng.normal(0, 5, customers),
            rng.normal(26, 4, customers),
            rng.normal(-26, 4, customers),
        ],
        default=0.0,
    )
    birth_year = np.where(role <= HEAD, own_age_year, head_year + np.rint(apart).astype(np.int64))
    # A child too young, or a parent too old, to be a customer is a sister or brother instead.
    misfit = (role > HEAD) & ((birth_year > _YOUNGEST - 2) | (birth_year < _OLDEST))
    role[misfit] = SIBLING
    birth_year = np.where(misfit, head_year + rng.integers(-4, 5, customers), birth_year).clip(_OLDEST, _YOUNGEST)

    female = chance(rng, 0.43, customers)
    female = np.where(role == PARTNER, ~female[head], female)
    surname = pick(rng, surname_weights, customers)
    of_the_family = np.isin(role, (CHILD, SIBLING)) | ((role == PARENT) & ~female)
    surname = np.where(of_the_family, surname[head], surname)
    relative = GroupPicker(household, np.ones(customers), customers).draw(rng, household)
    others = np.where(relative == np.arange(customers), head, relative)
    relative = np.where(others == np.arange(customers), NONE, others)
    return People(household, role, head, relative, regions.draw(rng, customers)[head], birth_year, female, surname)


def _birth_years(rng: Rng, count: int) -> Ints:
    """Mostly born between 1980 and 2004, as borrowers are."""
    young = rng.normal(1997, 5, count)
    middle = rng.normal(1988, 8, count)
    old = rng.uniform(_OLDEST, 1985, count)
    which = pick(rng, (0.42, 0.42, 0.16), count)
    years = np.rint(np.choose(which, [young, middle, old]))
    reflected = _YOUNGEST - np.abs(
        _YOUNGEST - years
    )  # who would be too young is as much older: no crowd of the youngest
    return np.asarray(reflected.clip(_OLDEST, _YOUNGEST), dtype=np.int64)
