"""Text of addresses and names of employers, from where they lie and what kind of place they are."""

from collections.abc import Callable

import numpy as np
import polars as pl

from ingest.portfolio import vocabulary as vocab
from ingest.portfolio.arrays import Book, Ints, Rng, pick
from ingest.portfolio.identifiers import in_blocks, joined, words
from ingest.portfolio.regions import Regions

# Styles of addresses.
FLAT, VILLAGE_HOUSE, DORMITORY, CAMPUS, OFFICE, PICK_UP_POINT = range(6)
# Styles of employers.
LOCAL_FIRM, NATIONAL_FIRM, SHOP = range(3)


def address_texts(rng: Rng, book: Book, regions: Regions) -> pl.Series:
    """One written address per identifier of the book. All that any style may need is drawn for each."""
    count, styles, region = len(book), book.styles, book.regions

    def word(values: tuple[str, ...]) -> Callable[[slice], pl.Series]:
        drawn = pick(rng, np.ones(len(values)), count).astype(np.int16)
        return lambda rows: words(values, drawn[rows])

    def number(low: int, high: int) -> Callable[[slice], pl.Series]:
        drawn = rng.integers(low, high, size=count).astype(np.int16)
        return lambda rows: pl.Series(drawn[rows]).cast(pl.String)

    road, road_kind, door = word(vocab.ROADS), word(vocab.ROAD_KINDS), number(1, 400)
    community, community_kind = word(vocab.COMMUNITY_FIRST), word(vocab.COMMUNITY_SECOND)
    unit = (rng.integers(1, 33, size=count) * 100 + rng.integers(1, 5, size=count)).astype(np.int16)
    building, entrance = number(1, 40), number(1, 5)
    village, village_kind, lane, house = (
        word(vocab.VILLAGE_FIRST), word(vocab.VILLAGE_SECOND), number(1, 40), number(1, 120),
    )  # fmt: skip
    park, block = word(vocab.PARKS), number(1, 10)
    university, hall = word(vocab.UNIVERSITIES), number(1, 30)
    floor = number(1, 40)

    def write(rows: slice) -> pl.Series:
        place = regions.name.gather(region[rows])
        street = joined(place, road(rows), road_kind(rows), door(rows), "号")
        estate = joined(community(rows), community_kind(rows))
        room = pl.Series(unit[rows]).cast(pl.String)
        by_style = (
            joined(street, estate, building(rows), "栋", entrance(rows), "单元", room, "室"),
            joined(place, village(rows), village_kind(rows), "村", lane(rows), "巷", house(rows), "号"),
            joined(place, park(rows), "员工公寓", block(rows), "号楼"),
            joined(street, university(rows), hall(rows), "号学生公寓"),
            joined(street, estate, "大厦", floor(rows), "层"),
            joined(street, "快递代收点"),
        )
        return _by_style(styles[rows], by_style)

    return in_blocks(count, write)


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
