"""Marks: the rows of a feature table filled mark by mark, on all cores. What is computed of a row depends on no other row, so the answer is
the same to the last bit however many cores there are.

The kernels release the GIL, so threads will do. Rings of a mark are found ahead, while the rows of the mark before are walked: two sets of
rings are held at a time, not all. The rows of a mark are walked ring by ring: members of a ring have their surroundings in common, which then
come from the processor's caches. In the order of time half of the walk would be spent on waiting for memory.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from gnn.arrays.compiled import cores
from gnn.arrays.csr import Index
from gnn.features.walk import RingView
from graph_model.store import OnProgress

# Rows walked at once: some seconds. Fewer make no second thread worth its start.
PIECE = 25_000

Rows = NDArray[np.int64]
ViewOf = Callable[[int], RingView]
Fill = Callable[[Rows, RingView], None]


def by_mark(marks: Rows, customer: Index, view_of: ViewOf, fill: Fill, on_progress: OnProgress | None) -> None:
    """Call `fill` for all rows, in pieces of one mark each, with the rings of that mark. `customer` is whom each row asks about. Progress is
    told from the caller's thread."""
    if len(marks) == 0:
        return
    order = np.argsort(marks, kind="stable")
    ends = np.flatnonzero(np.diff(marks[order])) + 1
    groups = [
        (int(marks[order[first]]), order[first:last]) for first, last in pairwise([0, *ends.tolist(), len(order)])
    ]
    if len(order) <= PIECE or cores() == 1:
        done = 0
        for number, (mark, rows) in enumerate(groups, start=1):
            view = view_of(mark)
            _tell(on_progress, "rings", number, len(groups))
            for piece in _pieces(_ring_by_ring(rows, customer, view)):
                fill(piece, view)
                done += len(piece)
                _tell(on_progress, "features", done, len(order))
        return
    pool = ThreadPoolExecutor(cores(), thread_name_prefix="features")
    try:
        _shared_out(pool, groups, customer, view_of, fill, on_progress)
    finally:
        pool.shutdown(cancel_futures=True)  # where a job is cancelled, what has not begun never does


def _shared_out(
    pool: ThreadPoolExecutor,
    groups: list[tuple[int, Rows]],
    customer: Index,
    view_of: ViewOf,
    fill: Fill,
    on_progress: OnProgress | None,
) -> None:
    total, done = sum(len(rows) for _, rows in groups), 0
    ahead: Future[RingView] | None = pool.submit(view_of, groups[0][0])
    for number, (_, rows) in enumerate(groups, start=1):
        assert ahead is not None
        view, ahead = ahead.result(), None
        _tell(on_progress, "rings", number, len(groups))
        if number < len(groups):
            ahead = pool.submit(view_of, groups[number][0])
        pieces = list(_pieces(_ring_by_ring(rows, customer, view)))
        for piece, walked in [(piece, pool.submit(fill, piece, view)) for piece in pieces]:
            walked.result()
            done += len(piece)
            _tell(on_progress, "features", done, total)


def _ring_by_ring(rows: Rows, customer: Index, view: RingView) -> Rows:
    who = customer[rows]
    return rows[np.lexsort((who, view.ring[who]))]


def _pieces(rows: Rows) -> Iterator[Rows]:
    for first in range(0, len(rows), PIECE):
        yield rows[first : first + PIECE]


def _tell(on_progress: OnProgress | None, stage: str, done: int, total: int) -> None:
    if on_progress is not None:
        on_progress(stage, done, total)
