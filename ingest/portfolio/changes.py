"""What changes in a customer's life within the window: a new phone number, a move. Told to the lender later, or never."""

from dataclasses import dataclass

import numpy as np

from ingest.portfolio import addresses
from ingest.portfolio.arrays import NONE, Book, Bools, Ints, Rng, chance
from ingest.portfolio.window import DAY, Window

_NEW_NUMBER, _MOVES, _TELLS = 0.05, 0.02, 0.7
_NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True)
class Changes:
    """By customer; NONE, and a moment that never comes, where nothing changes."""

    new_phone: Ints
    phone_from: Ints
    new_home: Ints
    home_from: Ints
    tells_at: Ints  # when the call centre writes a record of it; NONE: never within the window


def live_on(rng: Rng, region: Ints, registered: Ints, window: Window, *, phones: Book, address_book: Book) -> Changes:
    """`region` is where customers live; they move within it."""
    count = len(region)
    gets_number, moves = chance(rng, _NEW_NUMBER, count), chance(rng, _MOVES, count)
    when = window.first + (rng.random(count) * (window.last - window.first)).astype(np.int64)
    new_phone = _given(gets_number, phones.take(int(gets_number.sum())))
    new_home = _given(moves, address_book.take(int(moves.sum()), style=addresses.FLAT, region=region[moves]))
    tells_at = when + rng.integers(DAY, 40 * DAY, size=count)
    told = (gets_number | moves) & chance(rng, _TELLS, count) & (when > registered) & (tells_at <= window.last)
    return Changes(
        new_phone=new_phone,
        phone_from=np.where(gets_number, when, _NEVER),
        new_home=new_home,
        home_from=np.where(moves, when, _NEVER),
        tells_at=np.where(told, tells_at, NONE),
    )


def _given(which: Bools, values: Ints) -> Ints:
    column = np.full(len(which), NONE, dtype=np.int64)
    column[which] = values
    return column
