"""Who a customer is on paper: resident ID number, name, expiry of the card, education, marital status. Drawn in bulk."""

import numpy as np
import polars as pl

from ingest.portfolio import vocabulary as vocab
from ingest.portfolio.arrays import Bools, Ints, Rng, chance, pick
from ingest.portfolio.identifiers import digits_of, in_blocks, text_of_digits, words
from ingest.portfolio.people import ALONE, PARTNER, People
from ingest.portfolio.regions import Regions

_GB_11643 = np.array([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2], dtype=np.int64)
_BORN_NEAR = 0.62  # share of people whose number was given out in the province they live in
# Given-name characters: born before 1975, before 1992, later.
_GENERATIONS = (1975, 1992)


def id_numbers(rng: Rng, people: People, lives_in: Ints, regions: Regions) -> tuple[pl.Series, Ints]:
    """Numbers with district, birth date, order code (odd for men) and check digit, all different; and the birth days since 1970."""
    born = regions.birth_places(rng, people.birth_year, lives_in, _BORN_NEAR)
    first_day = (people.birth_year - 1970).astype("datetime64[Y]").astype("datetime64[D]").astype(np.int64)
    birth_day = first_day + rng.integers(0, 365, size=len(people))
    dates = birth_day.astype("datetime64[D]")
    month = dates.astype("datetime64[M]").astype(np.int64) % 12 + 1
    day = (dates - dates.astype("datetime64[M]")).astype(np.int64) + 1
    stem = (regions.code[born] * 10**8 + people.birth_year * 10**4 + month * 100 + day) * 1000

    body = stem + _order_codes(rng, people.female)
    while True:
        _, first = np.unique(body, return_index=True)
        if len(first) == len(body):
            break
        again = np.ones(len(body), dtype=np.bool_)
        again[first] = False
        body[again] = stem[again] + _order_codes(rng, people.female[again])

    def write(rows: slice) -> pl.Series:
        digits = digits_of(body[rows], 17)
        check = (12 - digits @ _GB_11643 % 11) % 11
        return text_of_digits(np.column_stack([digits, check]))

    return in_blocks(len(body), write), birth_day


def _order_codes(rng: Rng, female: Bools) -> Ints:
    return rng.integers(0, 499, size=len(female)) * 2 + np.where(female, 2, 1)


def names(rng: Rng, people: People) -> pl.Series:
    """Surname, then one or two characters in the taste of sex and generation."""
    count = len(people)
    generation = np.searchsorted(_GENERATIONS, people.birth_year, side="right")
    pool = [*vocab.GIVEN_MALE, *vocab.GIVEN_FEMALE]
    group = generation + np.where(people.female, len(vocab.GIVEN_MALE), 0)
    offset = np.cumsum([0, *(len(letters) for letters in pool)])
    letters = tuple("".join(pool))
    width = np.array([len(chars) for chars in pool], dtype=np.int64)[group]

    def letter() -> pl.Series:
        return words(letters, offset[group] + (rng.random(count) * width).astype(np.int64))

    first, second = letter(), letter()
    one = pl.Series(chance(rng, np.array([0.35, 0.30, 0.12])[generation], count))
    frame = pl.DataFrame(
        {
            "surname": words(tuple(entry[0] for entry in vocab.SURNAMES), people.surname),
            "first": first,
            "second": second,
            "one": one,
        }
    )
    given = pl.when("one").then(pl.col("first")).otherwise(pl.concat_str("first", "second"))
    return frame.select(pl.concat_str(pl.col("surname"), given)).to_series()


def expiry_dates(rng: Rng, birth_day: Ints, today: int) -> pl.Series:
    """Cards run 10, 20 years or for good, by the age at issue; a few have lapsed. `today` in days since 1970."""
    count = len(birth_day)
    age = (today - birth_day) / 365.25
    years = np.where(age < 26, 10, 20)
    issued = today - (rng.random(count) * years * 365.25).astype(np.int64)
    lapsed = chance(rng, 0.025, count)
    expires = issued + (years * 365.25).astype(np.int64)
    expires[lapsed] = today - rng.integers(1, 700, size=int(lapsed.sum()))
    frame = pl.DataFrame({"day": pl.Series(expires).cast(pl.Int32).cast(pl.Date), "for_good": age > 47})
    text = pl.when("for_good").then(pl.lit("long-term")).otherwise(pl.col("day").dt.strftime("%Y-%m-%d"))
    return frame.select(text).to_series()


def education(rng: Rng, birth_year: Ints) -> Ints:
    """Position within EDUCATION; the younger studied longer."""
    older = pick(rng, (6, 30, 30, 20, 12, 1.8, 0.2), len(birth_year))
    younger = pick(rng, (1, 12, 25, 32, 26, 3.7, 0.3), len(birth_year))
    return np.where(birth_year > 1985, younger, older)


def marital(rng: Rng, people: People, newest_year: int) -> Ints:
    """Position within MARITAL; partners of one household are married."""
    count = len(people)
    age = newest_year - people.birth_year
    young = pick(rng, (0.90, 0.09, 0.01, 0.0), count)
    middle = pick(rng, (0.34, 0.56, 0.09, 0.01), count)
    old = pick(rng, (0.06, 0.78, 0.12, 0.04), count)
    status = np.select([age < 26, age < 42], [young, middle], default=old)
    partnered = np.zeros(count, dtype=np.bool_)
    partnered[people.head[people.role == PARTNER]] = True
    partnered |= people.role == PARTNER
    status[partnered & (people.role != ALONE)] = vocab.MARITAL.index("married")
    return np.asarray(status, dtype=np.int64)
