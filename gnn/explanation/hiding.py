"""Hiding: the score of one question with single ties left out, by the walk and net, model or rules that gave it. Reads no store.

A tie is a customer's use of an identifier, by whatever channels and applications. One that is hidden has not happened yet: its moment is moved
beyond every question, to the end of its rows, which the kernels never look at. So a change costs a few short rows, not a new graph.
Rings stay as they were found.
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gnn.arrays.csr import Weights
from gnn.arrays.graph import NEVER, GraphArrays, Incidence, Moments
from gnn.features.build import FeatureTable, RingSource, mark_of, own_uses, walker_of
from gnn.features.questions import QuestionSet
from gnn.features.walk import OwnUses, Rows
from gnn.judge import Judge
from gnn.nets.rows import around_of, question_graph


class Tie(NamedTuple):
    """Positions of a customer and of an identifier that they use."""

    customer: int
    identifier: int


Change = Sequence[Tie]


class Hiding:
    """One question, given as one row of features, over arrays of its own in which ties are hidden and shown again."""

    def __init__(
        self, judge: Judge, arrays: GraphArrays, asked: QuestionSet, table: FeatureTable, rings: RingSource
    ) -> None:
        self._judge = judge
        self._asked = asked
        self._table = table
        self._view = rings(mark_of(int(asked.moment[0])))
        vocabulary = judge.vocabulary(arrays, asked)
        self._walk = walker_of(arrays, asked, vocabulary, hub_cap=judge.features.rings.hub_cap)
        self._around = None if judge.net is None else around_of(arrays)
        own, links = own_uses(arrays), arrays.incidence
        nothing = np.empty_like(links.customer_identifier)
        self._own = _Part(own.ptr, own.identifier, own.since, own.channel)
        self._forth = _Part(links.customer_ptr, links.customer_identifier, links.customer_since, nothing)
        self._back = _Part(
            links.identifier_ptr, links.identifier_customer, links.identifier_since, links.identifier_everyday
        )

    def hide(self, ties: Iterable[Tie]) -> None:
        self._mark(ties, hidden=True)

    def show(self, ties: Iterable[Tie]) -> None:
        self._mark(ties, hidden=False)

    def estimates(self, changes: Sequence[Change], *, shown: bool = False) -> Weights:
        """The estimate with each of these changes in turn, each taken back again: its ties hidden or, where they are hidden now, `shown`."""
        there, back = (self.show, self.hide) if shown else (self.hide, self.show)
        rows = np.empty((len(changes), self._table.values.shape[1]), dtype=np.float32)
        for number, change in enumerate(changes):
            there(change)
            rows[number] = self._row()
            back(change)
        return self._judged(rows)

    def estimate(self) -> float:
        return float(self._judged(self._row())[0])

    def _mark(self, ties: Iterable[Tie], *, hidden: bool) -> None:
        for customer, identifier in ties:
            self._own.mark(customer, identifier, hidden=hidden)
            self._forth.mark(customer, identifier, hidden=hidden)
            self._back.mark(identifier, customer, hidden=hidden)

    def _row(self) -> Rows:
        """The question's row: what the walk does not fill depends on no tie."""
        own, forth, back = self._own, self._forth, self._back
        links = Incidence(
            customer_ptr=forth.ptr,
            customer_end=forth.ptr[1:],
            customer_identifier=forth.other,
            customer_since=forth.since,
            identifier_ptr=back.ptr,
            identifier_end=back.ptr[1:],
            identifier_customer=back.other,
            identifier_since=back.since,
            identifier_everyday=back.extra,
        )
        uses = OwnUses(own.ptr, own.ptr[1:], own.other, own.extra, own.since)
        walked = self._walk(np.zeros(1, dtype=np.int64), uses, links, self._view)
        row, first = self._table.values.copy(), self._table.tabular
        row[:, first : first + walked.shape[1]] = walked
        if self._around is not None and self._judge.net is not None:
            graph = question_graph(self._around._replace(links=links), self._asked, self._table)
            row[:, -1] = self._judge.net.odds(graph)
        return row

    def _judged(self, rows: Rows) -> Weights:
        table = self._table
        return self._judge.estimate(FeatureTable(table.names, table.coded, table.tabular, rows))


class _Part:
    """Rows in time order of which single entries can be hidden: what each entry leads to, since when, and what else it carries."""

    def __init__(self, ptr: NDArray[np.int64], other: NDArray[Any], since: Moments, extra: NDArray[Any]) -> None:
        self.ptr = ptr
        self.other, self.since, self.extra = other.copy(), since.copy(), extra.copy()
        self._whole = (other, since, extra)
        self._hidden = np.zeros(len(other), dtype=np.bool_)

    def mark(self, row: int, other: int, *, hidden: bool) -> None:
        rows = slice(int(self.ptr[row]), int(self.ptr[row + 1]))
        away = self._hidden[rows]
        away[self._whole[0][rows] == other] = hidden
        order = np.argsort(away, kind="stable")
        for now, whole in zip((self.other, self.since, self.extra), self._whole, strict=True):
            now[rows] = whole[rows][order]
        self.since[rows][len(away) - int(away.sum()) :] = NEVER
