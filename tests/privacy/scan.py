"""What counts as a personal number in a text: resident IDs, mainland mobiles, bank cards. Pure.

Found by word boundaries: a run of digits beside a letter, a digit or an underscore is part of something else. Harmless by rule:
- digits after a decimal point, or before one (floats, versions);
- hexadecimal ids and digests: their letters touch the digits, or the run has another length;
- epoch seconds, milliseconds, microseconds and nanoseconds: 10, 13, or 16 and 19 digits that begin with 1, as no card does;
- 18 digits that hold no date of birth or fail the check digit, and 16 to 19 digits that fail Luhn's check.
Masked numbers have asterisks in them and are no run. What a test sent is not harmless: an answer that echoes it is a find."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from stdnum import luhn
from stdnum.cn import ric

# The code of the country stands before phones alone: 20 digits that begin so are a hexadecimal id.
RUN = re.compile(
    r"(?<![0-9A-Za-z_*])(?<!\d\.)(?:(?:\+?86[- ]?)?(\d{11})|(\d{17}[Xx]|\d{16,19}))(?![0-9A-Za-z_*])(?!\.\d)"
)
ESCAPES = re.compile(r"\\(?:u[0-9A-Fa-f]{4}|[bfnrt])")  # of JSON: their letters are no neighbours of a number
FULL_WIDTH = re.compile(r"[\uff10-\uff19]")


@dataclass(frozen=True, slots=True)
class Found:
    """A personal number in clear. `masked` is all of it that may be told."""

    kind: str
    masked: str


def personal_numbers(text: str) -> Iterator[Found]:
    plain = ESCAPES.sub(" ", unicodedata.normalize("NFKC", text) if FULL_WIDTH.search(text) else text)
    for match in RUN.finditer(plain):
        number = (match[1] or match[2]).upper()
        kind = kind_of(number)
        if kind is not None:
            yield Found(kind, f"{number[:3]}{'*' * (len(number) - 5)}{number[-2:]}")


def kind_of(number: str) -> str | None:
    if len(number) == 11:
        return "phone" if number[0] == "1" and number[1] in "3456789" else None
    if len(number) == 18 and ric.is_valid(number):
        return "ID number"
    return "bank card" if number[0] != "1" and number.isdigit() and luhn.is_valid(number) else None
