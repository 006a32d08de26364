"""Events: how a row that is an event in time lies to the earlier rows of an entity, and what is known of these. Never a later row."""

import numpy as np
from numpy.typing import NDArray

from gnn.arrays.compiled import kernel
from gnn.labelled import Features, Mask, Times, in_order

Counts = NDArray[np.float64]


def split_in_time(time: Times | None, train: Mask, validation: Mask) -> bool:
    """Whether nothing that is checked on is before what is learnt from. Then a row is told the labels of earlier rows only, for so will those be
    that come; in a split by chance the rows to be scored lie among those that were learnt from, and are told all of their labels."""
    if time is None or not train.any() or not validation.any():
        return False
    return bool(time[train].max() <= time[validation].min())


def known_before(codes: NDArray[np.int64], time: Times, seen: Counts) -> Counts:
    """Of each row the sum of `seen` [n, c], whole numbers, over the earlier rows of its entity, 0 without one."""
    order, start = _by_entity(codes, time)
    total = _totals(seen[order])
    found = np.empty_like(seen)
    found[order] = total[:-1] - total[start]
    return found


def known_near(codes: NDArray[np.int64], time: Times, seen: Counts, reach: int) -> Counts:
    """Of each row the sum of `seen` [n, c], whole numbers, over itself and the `reach` rows of its entity next before and next after it in time."""
    order, start = _by_entity(codes, time)
    place = np.arange(len(codes))
    last = np.append(start[1:] == place[1:], True)  # of its entity
    end = np.minimum.accumulate(np.where(last, place + 1, len(codes))[::-1])[::-1]
    total = _totals(seen[order])
    found = np.empty_like(seen)
    found[order] = total[np.minimum(end, place + reach + 1)] - total[np.maximum(start, place - reach)]
    return found


def _totals(seen: Counts) -> Counts:
    return np.vstack((np.zeros(seen.shape[1]), np.cumsum(seen, axis=0)))


def history(codes: NDArray[np.int64], time: Times, x: Features) -> list[NDArray[np.floating]]:
    """Of the earlier rows of the same entity: how many, how long ago the last, the third last and the tenth last were (-1 without them); the mean
    and standard deviation of x, and how x differs from that mean and from the last row. Rows at one moment come in the order of the file."""
    rows = len(codes)
    order, start = _by_entity(codes, time)
    at, values = time[order], x[order].astype(np.float64)
    earlier = np.arange(rows) - start
    some = np.maximum(earlier, 1)[:, None]
    gaps = [np.where(earlier >= back, at - at[np.maximum(np.arange(rows) - back, 0)], -1) for back in (1, 3, 10)]
    mean = _running(values, start) / some
    deviation = np.sqrt(np.maximum(_running(values * values, start) / some - mean * mean, 0))
    last = values[np.maximum(np.arange(rows) - 1, 0)]
    first = (earlier == 0)[:, None]
    told = np.column_stack(
        (
            np.log1p(earlier),
            *gaps,
            np.where(first, -1, mean),
            np.where(first, -1, deviation),
            np.where(first, 0, values - mean),
            np.where(first, 0, values - last),
        )
    )
    back = np.empty_like(told)
    back[order] = told
    return [back]


@kernel
def _running(values: Counts, start: NDArray[np.int64]) -> Counts:
    """Of each place the sum over those from its start up to it, itself left out: no rounding comes from another entity."""
    rows, width = values.shape
    found = np.zeros((rows, width))
    for row in range(1, rows):
        if start[row] == row:
            continue
        for column in range(width):
            found[row, column] = found[row - 1, column] + values[row - 1, column]
    return found


def _by_entity(codes: NDArray[np.int64], time: Times) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows by entity and time, and of each place in that order where its entity begins; a row without one is its own beginning."""
    order = np.lexsort((in_order(time), codes))
    ordered = codes[order]
    begins = np.ones(len(codes), dtype=np.bool_)
    begins[1:] = ordered[1:] != ordered[:-1]
    begins |= ordered < 0
    return order, np.maximum.accumulate(np.where(begins, np.arange(len(codes)), 0))
