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


class Distinct:
    """Counts different values by their `SKETCH` smallest hashes (k minimum values)."""

    def __init__(self) -> None:
        self._least: NDArray[np.uint64] = np.empty(0, dtype=np.uint64)
        self._full = False

    def add(self, values: pl.Series) -> None:
        hashes = values.drop_nulls().hash().to_numpy()
        if self._full:
            hashes = hashes[hashes < self._least[-1]]
        if len(hashes) == 0:
            return
        merged = np.unique(np.concatenate([self._least, hashes]))
        self._full = self._full or len(merged) > SKETCH
        self._least = merged[:SKETCH]

    @property
    def exact(self) -> bool:
        return not self._full

    @property
    def count(self) -> int:
        if not self._full:
            return len(self._least)
        return round((SKETCH - 1) * _SPACE / float(self._least[-1]))


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
        self._distinct.setdefault(name, Distinct()).add(raw.replace("", None))

    def refuse(self, column: str, reason: str, message: str, example: str, line: int) -> None:
        self._reasons[column, reason] += 1
        self._examples.setdefault((column, reason), (message, example, line))

    def quality(self) -> tuple[ColumnQuality, ...]:
        empty = Distinct()
        return tuple(
            ColumnQuality(
                name,
                self._filled[name],
                self._filled[name] - self._refused[name],
                min(self._distinct.get(name, empty).count, self._filled[name]),
                self._distinct.get(name, empty).exact,
            )
            for name in self.columns
        )

    def reasons(self) -> tuple[ReasonCount, ...]:
        ranked = sorted(self._reasons.items(), key=lambda item: (-item[1], item[0]))
        return tuple(
            ReasonCount(column, reason, message, count, example, line)
            for (column, reason), count in ranked[:TOP_REASONS]
            for message, example, line in [self._examples[column, reason]]
        )
