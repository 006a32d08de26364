"""A delivery whose table is larger than what is sorted at a time gives the same rows in the same places as one that is sorted at once."""

from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.sorting import write_sorted

CELLS = st.one_of(st.none(), st.sampled_from(["", "a", "b", "ba", "张", "关系"]))
NAMES = ("account", "phone", "memo")


@given(rows=st.lists(st.tuples(CELLS, CELLS, CELLS), max_size=60), at_once=st.integers(1, 20))
def test_rows_sorted_part_by_part_are_those_sorted_at_once(rows: list[tuple[str | None, ...]], at_once: int) -> None:
    frame = pl.DataFrame(rows, schema=dict.fromkeys(NAMES, pl.String), orient="row")
    with TemporaryDirectory() as folder:
        made = Path(folder) / "people.table.parquet"
        write_sorted(frame.lazy(), made, rows=at_once)
        assert pl.read_parquet(made).rows() == frame.sort(NAMES).rows()
        assert list(Path(folder).iterdir()) == [made]


@pytest.mark.parametrize("at_once", [1_000, 100_000])
def test_transfers_of_one_account_are_put_in_order_by_when_they_were(tmp_path: Path, at_once: int) -> None:
    frame = pl.DataFrame({"account": ["a1"] * 5_000, "at": [f"2026-01-01 {n * 7919 % 5_000:04}" for n in range(5_000)]})
    made = tmp_path / "transfers.table.parquet"
    write_sorted(frame.lazy(), made, rows=at_once)
    assert pl.read_parquet(made)["at"].to_list() == [f"2026-01-01 {n:04}" for n in range(5_000)]
