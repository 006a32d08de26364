"""Left-out cells against somebody who knows all that is told, to the last person, and solves for the rest."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from graph_model.services.gate import LEAST_TOLD
from graph_model.services.macro_portraits.suppression import Marks, Table, left_out

COUNTS = st.one_of(st.integers(0, 12), st.integers(0, 60), st.integers(0, 5_000))


@st.composite
def tables(draw: st.DrawFn) -> Table:
    rows, columns = draw(st.integers(2, 5)), draw(st.integers(2, 5))
    return np.array([[draw(COUNTS) for _ in range(columns)] for _ in range(rows)], dtype=np.int64)


def bounds_of(table: Table, hidden: Marks, cell: tuple[int, int], totals: Table | None) -> tuple[float, float]:
    """The least and the most that a cell can be, by every total and every cell that is told; with `totals`, rows are known to reach no further."""
    rows, columns = table.shape
    equal, sums = [], []
    for row in range(rows if totals is None else 0):
        equal.append([float(place // columns == row) for place in range(table.size)])
        sums.append(table[row].sum())
    for column in range(columns):
        equal.append([float(place % columns == column) for place in range(table.size)])
        sums.append(table[:, column].sum())
    limits = [
        (0 if hidden[row, column] else table[row, column],
         (None if totals is None else totals[row]) if hidden[row, column] else table[row, column])
        for row in range(rows) for column in range(columns)
    ]  # fmt: skip
    wanted = np.zeros(table.size)
    wanted[cell[0] * columns + cell[1]] = 1
    found = [linprog(sign * wanted, A_eq=equal, b_eq=sums, bounds=limits) for sign in (1, -1)]
    least, most = (each.fun for each in found)
    assert least is not None and most is not None
    return float(least), -float(most)


@settings(max_examples=60, deadline=None)
@given(tables())
def test_who_knows_all_totals_and_all_other_cells_learns_of_no_small_cell_but_that_it_is_small(table: Table) -> None:
    """What the totals alone say can't be helped: they are told of each tag anyway."""
    assume(table.sum(axis=0).min() >= LEAST_TOLD and table.sum(axis=1).min() >= LEAST_TOLD)
    hidden = left_out(table)
    for row, column in np.argwhere(table < LEAST_TOLD).tolist():
        assert hidden[row, column]
        least, most = bounds_of(table, hidden, (row, column), None)
        by_totals = max(0, table[row].sum() + table[:, column].sum() - table.sum())
        assert least <= by_totals + 1e-6 and most >= LEAST_TOLD - 1 - 1e-6


@settings(max_examples=40, deadline=None)
@given(tables(), st.lists(st.integers(0, 400), min_size=5, max_size=5))
def test_nor_where_people_are_in_several_columns(table: Table, more: list[int]) -> None:
    totals = np.array([max(LEAST_TOLD, row.max() + extra) for row, extra in zip(table, more, strict=False)])
    assume(table.sum(axis=0).min() >= LEAST_TOLD)
    hidden = left_out(table, totals)
    for row, column in np.argwhere(table < LEAST_TOLD).tolist():
        least, most = bounds_of(table, hidden, (row, column), totals)
        of_others = np.delete(totals, row).sum()  # no more of the column than these can hold
        assert least <= max(0, table[:, column].sum() - of_others) + 1e-6 and most >= LEAST_TOLD - 1 - 1e-6


@pytest.mark.parametrize(
    ("table", "hidden"),
    [
        ([[500, 600], [700, 800]], 0),
        ([[500, 3], [700, 800]], 4),  # each of the others would tell it
        ([[500, 3, 400], [700, 800, 900], [100, 200, 300]], 4),
        ([[500, 3, 4], [700, 800, 900], [100, 200, 300]], 6),
        ([[4, 4, 4], [700, 800, 900], [100, 200, 300]], 6),
    ],
)
def test_no_more_is_left_out_than_it_takes(table: Sequence[Sequence[int]], hidden: int) -> None:
    assert left_out(np.array(table, dtype=np.int64)).sum() == hidden
