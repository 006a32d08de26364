"""How good the columns of a file are: filled, valid, distinct, and the most frequent reasons of refusal. Pure, in bounded memory."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

SKETCH = 65_536  # hashes kept per column: exact up to here, beyond that an estimate with a standard error of 1/sqrt(SKETCH), 0.4 %
TOP_REASONS = 10
_SPACE = float(2**64)
Hashes = NDArray[np.uint64]


class Distinct:
    """Counts different values by their `SKETCH` smallest hashes (k minimum values)."""

    def __init__(self) -> None:
        self._least: Hashes = np.empty(0, dtype=np.uint64)
        self._full = False
        self._fresh: list[Hashes] = []  # not merged yet: merging sorts, so it is done now and then
        self._waiting = 0

    def add(self, values: pl.Series) -> None:
        hashes = values.filter(values != "").hash().to_numpy()  # neither null nor empty
        if self._full:
            hashes = hashes[hashes < self._least[-1]]
        self._fresh.append(hashes)
        self._waiting += len(hashes)
        if self._waiting > SKETCH:
            self._merge()

    def _merge(self) -> None:
        merged = np.concatenate([self._least, *self._fresh])
        merged.sort()
        # Each once; `np.unique` takes ten times as long. Before the first stands something else than the first, also where adding one wraps around.
        merged = merged[np.diff(merged, prepend=merged[:1] + 1) != 0]
        self._full = self._full or len(merged) > SKETCH
        self._least = merged[:SKETCH]
        self._fresh, self._waiting = [], 0

    def count(self) -> tuple[int, bool]:
        """How many, and whether that is exact."""
        self._merge()
        if not self._full:
            return len(self._least), True
        return round((SKETCH - 1) * _SPACE / float(self._least[-1])), False


@dataclass(frozen=True, slots=True)
class ColumnQuality:
    """One column over the rows read. `distinct` counts the different texts among the filled fields, before cleaning."""

    name: str
    filled: int
    valid: int
    distinct: int
    distinct_exact: bool


@dataclass(frozen=True, slots=True)
class ReasonCount:
    """A reason of refusal. `column` is empty where it concerns the row. `example` is masked; `line` is the first it was met on."""

    column: str
    reason: str
    message: str
    count: int
    example: str
    line: int


@dataclass(slots=True)
class Tally:
    """Gathers the quality of one file, batch by batch."""

    columns: Sequence[str]
    _filled: Counter[str] = field(default_factory=Counter)
    _refused: Counter[str] = field(default_factory=Counter)
    _distinct: dict[str, Distinct] = field(default_factory=dict)
    _reasons: Counter[tuple[str, str]] = field(default_factory=Counter)
    _examples: dict[tuple[str, str], tuple[str, str, int]] = field(default_factory=dict)

    def add_column(self, name: str, raw: pl.Series, filled: int, refused: int) -> None:
        self._filled[name] += filled
        self._refused[name] += refused
        self._distinct.setdefault(name, Distinct()).add(raw)

    def refuse(self, column: str, reason: str, message: str, example: str, line: int) -> None:
        self._reasons[column, reason] += 1
        self._examples.setdefault((column, reason), (message, example, line))

    def quality(self) -> tuple[ColumnQuality, ...]:
        return tuple(self._column(name) for name in self.columns)

    def _column(self, name: str) -> ColumnQuality:
        filled = self._filled[name]
        distinct, exact = self._distinct.get(name, Distinct()).count()
        return ColumnQuality(name, filled, filled - self._refused[name], min(distinct, filled), exact)

    def reasons(self) -> tuple[ReasonCount, ...]:
        ranked = sorted(self._reasons.items(), key=lambda item: (-item[1], item[0]))
        return tuple(
            ReasonCount(column, reason, message, count, example, line)
            for (column, reason), count in ranked[:TOP_REASONS]
            for message, example, line in [self._examples[column, reason]]
        )
