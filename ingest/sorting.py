"""Puts the rows of a query in the order of all their columns, however many they are: part by part where they are too many to be sorted in memory.

A part holds the rows between two of a sample, so that parts follow one another; the order does not depend on where they were cut.
"""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

ROWS = 500_000  # that are sorted at a time
_SAMPLED_PER_PART = 100

Row = tuple[str | None, ...]


def write_sorted(query: pl.LazyFrame, made: Path, *, rows: int = ROWS) -> None:
    """Writes the rows of `query`, whose columns are all text, into `made`. Files beside it hold them meanwhile. NULL comes first."""
    found = made.with_suffix(".found")
    query.sink_parquet(found)
    lazy = pl.scan_parquet(found)
    names = lazy.collect_schema().names()
    height = int(lazy.select(pl.len()).collect().item())
    if height <= rows:
        lazy.sort(names).sink_parquet(made)
        found.unlink()
        return
    step = max(rows // _SAMPLED_PER_PART, 1)
    sampled = lazy.gather_every(step).collect(engine="streaming").sort(names).rows()
    bounds = sampled[rows // step :: rows // step]
    parts = []
    for place, (low, high) in enumerate(zip([None, *bounds], [*bounds, None], strict=True)):
        part = made.with_suffix(f".part{place:06}")
        within = [_before(names, low).not_()] if low is not None else []
        within += [_before(names, high)] if high is not None else []
        lazy.filter(*within).collect(engine="streaming").sort(names).write_parquet(part)
        parts.append(part)
    found.unlink()
    pl.scan_parquet(parts).sink_parquet(made)
    for part in parts:
        part.unlink()


def _before(names: Sequence[str], bound: Row) -> pl.Expr:
    """Whether a row comes before `bound`; never NULL."""
    before = pl.lit(False)
    for name, value in zip(reversed(names), reversed(bound), strict=True):
        column = pl.col(name)
        less = pl.lit(False) if value is None else (column < value).fill_null(True)
        before = less | (column.eq_missing(pl.lit(value, dtype=pl.String)) & before)
    return before
