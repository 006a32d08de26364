"""Text of addresses and names of employers, from where they lie and what kind of place they are."""

import numpy as np
import polars as pl

from ingest.portfolio import vocabulary as vocab
from ingest.portfolio.arrays import Book, Ints, Rng, pick
from ingest.portfolio.identifiers import joined, words
from ingest.portfolio.regions import Regions

# Styles of addresses.
FLAT, VILLAGE_HOUSE, DORMITORY, CAMPUS, OFFICE, PICK_UP_POINT = range(6)
# Styles of employers.
LOCAL_FIRM, NATIONAL_FIRM, SHOP = range(3)


def address_texts(rng: Rng, book: Book, regions: Regions) -> pl.Series:
    """One written address per identifier of the book."""
    count = len(book)
    place = regions.name.gather(book.regions)
    road = joined(_word(rng, vocab.ROADS, count), _word(rng, vocab.ROAD_KINDS, count))
    number = _number(rng, 1, 400, count)
    community = joined(_word(rng, vocab.COMMUNITY_FIRST, count), _word(rng, vocab.COMMUNITY_SECOND, count))
    unit = pl.Series(rng.integers(1, 33, size=count) * 100 + rng.integers(1, 5, size=count)).cast(pl.String)
    flat = joined(
        place,
        road,
        number,
        "号",
        community,
        _number(rng, 1, 40, count),
        "栋",
        _number(rng, 1, 5, count),
        "单元",
        unit,
        "室",
    )
    village = joined(_word(rng, vocab.VILLAGE_FIRST, count), _word(rng, vocab.VILLAGE_SECOND, count), "村")
    house = joined(place, village, _number(rng, 1, 40, count), "巷", _number(rng, 1, 120, count), "号")
    dormitory = joined(place, _word(rng, vocab.PARKS, count), "员工公寓", _number(rng, 1, 10, count), "号楼")
    campus = joined(
        place, road, number, "号", _word(rng, vocab.UNIVERSITIES, count), _number(rng, 1, 30, count), "号学生公寓"
    )
    office = joined(place, road, number, "号", community, "大厦", _number(rng, 1, 40, count), "层")
    pick_up = joined(place, road, number, "号快递代收点")
    return _by_style(book.styles, (flat, house, dormitory, campus, office, pick_up))


def employer_names(rng: Rng, book: Book, regions: Regions) -> pl.Series:
    """One firm's name per identifier of the book; national firms are named in order of their size."""
    count = len(book)
    city = regions.short_city.gather(book.regions.clip(min=0))
    brand = joined(_word(rng, vocab.BRAND_FIRST, count), _word(rng, vocab.BRAND_SECOND, count))
    local = joined(city, brand, _word(rng, vocab.INDUSTRIES, count), _word(rng, vocab.FIRM_KINDS, count))
    order = np.cumsum(book.styles == NATIONAL_FIRM) - 1
    national = joined(words(vocab.NATIONAL_EMPLOYERS, order.clip(min=0) % len(vocab.NATIONAL_EMPLOYERS)), "有限公司")
    shop = joined(city, brand, _word(rng, vocab.SHOP_TRADES, count), "店")
    return _by_style(book.styles, (local, national, shop))


def _by_style(styles: Ints, texts: tuple[pl.Series, ...]) -> pl.Series:
    frame = pl.DataFrame({"style": styles} | {str(i): text for i, text in enumerate(texts)})
    chosen = pl.coalesce(*(pl.when(pl.col("style") == i).then(pl.col(str(i))) for i in range(len(texts))))
    return frame.select(chosen).to_series()


def _word(rng: Rng, values: tuple[str, ...], count: int) -> pl.Series:
    return words(values, pick(rng, np.ones(len(values)), count))


def _number(rng: Rng, low: int, high: int, count: int) -> pl.Series:
    return pl.Series(rng.integers(low, high, size=count)).cast(pl.String)
