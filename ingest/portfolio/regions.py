"""Places: the districts of all 31 mainland provinces with their GB/T 2260 codes, where people live and where they were born.

`regions.csv` holds a selection: code, names, years in which the code was given out, and a weight by population (0: no longer exists).
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl

from ingest.portfolio.arrays import NONE, Floats, Ints, Rng, pick

_TABLE = Path(__file__).with_name("regions.csv")
_FIRST_BIRTH_YEAR, _LAST_BIRTH_YEAR = 1960, 2007


@dataclass(frozen=True, slots=True)
class Regions:
    """One row per district or historical code."""

    code: Ints
    name: pl.Series  # province, city and county as an address begins
    short_city: pl.Series  # as a firm's name begins
    city: Ints  # number of the city within this table
    province: Ints
    weight: Floats
    valid_from: Ints
    valid_until: Ints

    @property
    def cities(self) -> int:
        return int(self.city.max()) + 1

    def draw(self, rng: Rng, count: int) -> Ints:
        """Districts to live in, by population."""
        return pick(rng, self.weight, count)

    def birth_places(self, rng: Rng, birth_year: Ints, lives_in: Ints, near: float) -> Ints:
        """A district whose code was in use in the year of birth; a share `near` comes from the province they live in."""
        place = np.full(len(birth_year), NONE, dtype=np.int64)
        wanted = np.where(rng.random(len(birth_year)) < near, self.province[lives_in], NONE)
        for year in range(_FIRST_BIRTH_YEAR, _LAST_BIRTH_YEAR + 1):
            rows = np.flatnonzero(birth_year == year)
            usable = np.flatnonzero((self.valid_from <= year) & (year <= self.valid_until))
            if len(rows) == 0:
                continue
            place[rows] = usable[pick(rng, self.weight[usable] + 1.0, len(rows))]
            for province in np.unique(wanted[rows]):
                local = usable[self.province[usable] == province]
                from_here = rows[wanted[rows] == province]
                if province != NONE and len(local) > 0:
                    place[from_here] = rng.choice(local, len(from_here))
        return place


@cache
def load_regions() -> Regions:
    table = pl.read_csv(_TABLE, schema_overrides={"code": pl.Int64, "weight": pl.Float64})
    one_city = pl.col("province") == pl.col("city")
    shown = table.select(
        pl.when(one_city).then(pl.concat_str("city", "county")).otherwise(pl.concat_str("province", "city", "county"))
    ).to_series()
    return Regions(
        code=table["code"].to_numpy().astype(np.int64),
        name=shown,
        short_city=table["city"].str.replace(r"(市|地区|盟|自治州)$", ""),
        city=_numbers(table, "province", "city"),
        province=_numbers(table, "province"),
        weight=table["weight"].to_numpy().astype(np.float64),
        valid_from=table["valid_from"].fill_null(0).to_numpy().astype(np.int64),
        valid_until=table["valid_until"].fill_null(9999).to_numpy().astype(np.int64),
    )


def _numbers(table: pl.DataFrame, *columns: str) -> Ints:
    return table.select(pl.struct(columns).rank("dense") - 1).to_series().to_numpy().astype(np.int64)
