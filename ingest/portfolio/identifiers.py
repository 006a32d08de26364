"""Text of phones, cards, devices, IP addresses, e-mail and social accounts: valid by form, drawn in bulk, none used by intent of anybody.

Every function takes the integers of a book in order and returns one text per identifier. Card numbers carry invented issuer numbers; IP addresses
come from ranges set aside for documentation, benchmarks and carriers' own networks; e-mail domains are the reserved example domains.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from ingest.portfolio import vocabulary
from ingest.portfolio.arrays import Book, Ints, Rng, chance, distinct, pick

MOBILE, LANDLINE = 0, 1  # styles of phones
CELL_EXIT, HOME_EXIT, OFFICE_EXIT, PUBLIC_EXIT, HOME_EXIT_V6 = 0, 1, 2, 3, 4  # styles of IP addresses

# First three digits of mobile numbers, the carrier, and the carrier's share for each.
_MOBILE_PREFIXES: tuple[tuple[str, str, float], ...] = (
    ("China Mobile", "135 136 137 138 139 147 150 151 152 157 158 159 178 182 183 184 187 188 195 198", 56.0),
    ("China Telecom", "133 153 173 177 180 181 189 191 199", 23.0),
    ("China Unicom", "130 131 132 155 156 166 176 185 186", 19.0),
    ("China Broadnet", "192", 2.0),
)
_AREA_CODES = ("10", "20", "21", "22", "23", "24", "25", "27", "28", "29")
BLOCK = 65_536  # texts that are written at a time
_ISSUERS = ("623900", "623917", "623926", "623938", "623951", "623964", "623975", "623988")


def in_blocks(count: int, write: Callable[[slice], pl.Series]) -> pl.Series:
    """The texts of so many things, written some thousand at a time: on the way to a text a thing takes ten times what its text does."""
    blocks = [write(slice(first, first + BLOCK)) for first in range(0, max(count, 1), BLOCK)]
    return pl.concat(blocks, rechunk=True)


def text_of_digits(digits: Ints) -> pl.Series:
    """One text per row of a matrix of digits; 10 stands for X."""
    letters = np.where(digits == 10, ord("X"), digits + ord("0")).astype(np.uint8)
    return text_of_bytes(letters)


def text_of_bytes(letters: np.ndarray[tuple[int, int], np.dtype[np.uint8]]) -> pl.Series:
    """One ASCII text per row."""
    width = letters.shape[1]
    rows = np.ascontiguousarray(letters).view(f"S{width}").ravel()
    return pl.Series(rows.astype(f"U{width}"), dtype=pl.String)


def digits_of(numbers: Ints, width: int) -> Ints:
    """Decimal digits, most significant first."""
    powers = 10 ** np.arange(width - 1, -1, -1, dtype=np.int64)
    return numbers[:, None] // powers % 10


def words(values: tuple[str, ...], index: npt.NDArray[np.signedinteger[Any]]) -> pl.Series:
    return pl.Series(values, dtype=pl.String).gather(index)


def joined(*parts: pl.Series | str) -> pl.Series:
    """The parts set together, row by row."""
    columns = {f"p{i}": part for i, part in enumerate(parts) if isinstance(part, pl.Series)}
    expressions = [pl.lit(part) if isinstance(part, str) else pl.col(f"p{i}") for i, part in enumerate(parts)]
    return pl.DataFrame(columns).select(pl.concat_str(expressions)).to_series()


def phones(rng: Rng, book: Book) -> tuple[pl.Series, pl.Series]:
    """E.164 numbers and the carrier of each; landlines are the numbers of offices and call centres."""
    prefixes, carriers, weights = [], [], []
    for name, codes, share in _MOBILE_PREFIXES:
        for code in codes.split():
            prefixes.append(int(code))
            carriers.append(name)
            weights.append(share / len(codes.split()))
    prefix = np.array(prefixes, dtype=np.int64)

    def mobile(count: int) -> Ints:
        return prefix[pick(rng, weights, count)] * 10**8 + rng.integers(10**7, 10**8, size=count)

    number = distinct(mobile, len(book))
    by_prefix = np.argsort(prefix)
    carrier = pl.Series(carriers).gather(by_prefix[np.searchsorted(prefix[by_prefix], number // 10**8)])
    fixed = np.flatnonzero(book.styles == LANDLINE)
    area = np.array([int(code) for code in _AREA_CODES])[rng.integers(0, len(_AREA_CODES), size=len(fixed))]

    def landline(count: int) -> Ints:
        return rng.integers(6 * 10**7, 8 * 10**7, size=count)

    number[fixed] = area * 10**8 + distinct(landline, len(fixed))
    return joined("+86", pl.Series(number).cast(pl.String)), carrier


def cards(rng: Rng, book: Book) -> pl.Series:
    """Card numbers of 19 digits with a Luhn check digit."""
    issuers = np.array([int(code) for code in _ISSUERS], dtype=np.int64)

    def bodies(count: int) -> Ints:
        return issuers[rng.integers(0, len(issuers), size=count)] * 10**12 + rng.integers(0, 10**12, size=count)

    body = distinct(bodies, len(book))

    def write(rows: slice) -> pl.Series:
        digits = digits_of(body[rows], 18)
        doubled = digits[:, ::-1].copy()
        doubled[:, 0::2] *= 2
        check = -(doubled // 10 + doubled % 10).sum(axis=1) % 10
        return text_of_digits(np.column_stack([digits, check]))

    return in_blocks(len(body), write)


def devices(rng: Rng, book: Book) -> pl.Series:
    """Fingerprints of 16 hexadecimal digits behind the platform."""

    def codes(count: int) -> Ints:
        return rng.integers(0, 2**62, size=count)

    code = distinct(codes, len(book))
    platform = pick(rng, (66, 22, 12), len(book))

    def write(rows: slice) -> pl.Series:
        nibbles = code[rows, None] >> np.arange(60, -1, -4, dtype=np.int64) & 15
        letters = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)[nibbles]
        return joined(words(("and-", "ios-", "hmo-"), platform[rows]), text_of_bytes(letters))

    return in_blocks(len(code), write)


def ip_addresses(rng: Rng, book: Book) -> pl.Series:
    """IPv4, and IPv6 for some homes. Each style of exit has a range of its own."""
    styles = book.styles
    number = np.zeros(len(book), dtype=np.int64)
    ranges = {
        CELL_EXIT: (_v4(100, 64), 1 << 20),
        HOME_EXIT: (_v4(100, 80), 3 << 20),
        OFFICE_EXIT: (_v4(198, 18), 1 << 17),
        PUBLIC_EXIT: (_v4(203, 0, 113), 256),
    }
    for style, (base, size) in ranges.items():
        rows = np.flatnonzero(styles == style)
        if len(rows) > size - 2:  # more exits than the range has room for: go on in 10/8, which is private
            base, size = _v4(10, 0), 1 << 24
        number[rows] = base + 1 + rng.permutation(size - 2)[: len(rows)]
    octets = [pl.Series(number >> shift & 255).cast(pl.String) for shift in (24, 16, 8, 0)]
    text = joined(octets[0], ".", octets[1], ".", octets[2], ".", octets[3])
    rows = np.flatnonzero(styles == HOME_EXIT_V6)
    if len(rows) == 0:
        return text

    def subnets(count: int) -> Ints:
        return rng.integers(0x1000, 0x10000, size=count) << 16 | rng.integers(0x1000, 0x10000, size=count)

    net = distinct(subnets, len(rows))
    nibbles = net[:, None] >> np.arange(28, -1, -4, dtype=np.int64) & 15
    letters = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)[nibbles]
    v6 = joined("2001:db8:", text_of_bytes(letters[:, :4].copy()), ":", text_of_bytes(letters[:, 4:].copy()), "::1")
    return text.scatter(rows, v6)


def _v4(first: int, second: int, third: int = 0) -> int:
    return first << 24 | second << 16 | third << 8


def emails(rng: Rng, surname: Ints, birth_year: Ints) -> pl.Series:
    """One address per person: romanised surname, letters, a number."""
    count = len(surname)
    roman = words(tuple(entry[1] for entry in vocabulary.SURNAMES), surname)
    letters = text_of_bytes((rng.integers(0, 26, size=(count, 3)) + ord("a")).astype(np.uint8))
    tail = np.where(chance(rng, 0.4, count), birth_year, rng.integers(10, 10**5, size=count))
    domain = words(vocabulary.MAIL_DOMAINS, pick(rng, (30, 24, 16, 12, 10, 8), count))
    return joined(
        roman,
        ".",
        letters,
        pl.Series(tail).cast(pl.String),
        pl.Series(np.arange(count) % 97).cast(pl.String),
        "@",
        domain,
    )


def social_accounts(rng: Rng, count: int) -> pl.Series:
    """`platform:handle`, one per person."""
    platform = pick(rng, (62, 23, 15), count)

    def handles(size: int) -> Ints:
        return rng.integers(10**8, 4 * 10**9, size=size)

    number = pl.Series(distinct(handles, count)).cast(pl.String)
    stem = words(("wxid_", "u", ""), platform)
    return joined(words(vocabulary.SOCIAL_PLATFORMS, platform), ":", stem, number)
