"""A neighbourhood in as few questions as can be: a node comes together with whom it is linked with, and the last hop with all links among what is shown.

Two hops are two questions, each answered by one record, and a question more per hop that has a node with more relationships than the cap.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graph_model.stores.neo4j.connections import Rows
from graph_model.stores.neo4j.hydration import Link, Row, row_of
from graph_model.stores.neo4j.walk import FEW, Walk, latest, nearest

_NO_CAP = -1  # fewer than any node has


@dataclass(frozen=True, slots=True)
class Met:
    """A node of one hop. `beside` has (nid, last seen) for each of its relationships, where they are no more than the cap."""

    row: Row
    beside: Sequence[Sequence[int]]


class Around:
    """The hops of one neighbourhood: each is asked for with what the next one needs."""

    def __init__(self, walk: Walk, *, hops: int, cap: int, limit: int) -> None:
        self._walk = walk
        self._hops = hops
        self._cap = cap
        self._limit = limit
        self._frontier: list[Met] = []
        self._last: Mapping[int, int] = {}  # the whole of the last hop, still to be asked for
        self.among: dict[int, Row] = {}
        self.distance: dict[int, int] = {}

    def begin(self, node_id: str) -> bool:
        """Find the subject and the first hop; whether the subject is there."""
        most, cap = min(self._cap, self._limit - 1), self._cap if self._hops > 1 else _NO_CAP
        found = self._walk.ask("around_subject", node_id=node_id, most=most, cap=cap)
        if len(found) == 0:
            return False
        *shown, near = found[0]
        subject = row_of(*shown)
        self._add([Met(subject, [])], 0)
        if subject.degree <= most:
            self._add(_met(near), 1)
        else:
            self._step(self._walk.neighbours([subject], self._cap), 1)
        return True

    def walk(self) -> None:
        """The hops after the first."""
        for hop in range(2, self._hops + 1):
            if len(self._frontier) == 0 or len(self.among) >= self._limit:
                break
            many = [met.row for met in self._frontier if met.row.degree > self._cap]
            seen = [pair for met in self._frontier for pair in met.beside]
            seen.extend(self._walk.neighbours(many, self._cap).items())
            self._step(latest(seen), hop)

    def _step(self, seen: Mapping[int, int], hop: int) -> None:
        """Add one more hop, as many of its nodes as fit."""
        fresh = {nid: moment for nid, moment in seen.items() if nid not in self.among}
        room = self._limit - len(self.among)
        if hop == self._hops and len(fresh) <= room:
            self._last = fresh
        elif room > 0 and len(fresh) > 0:
            rows = [list(item) for item in nearest(fresh, room)]
            cap = self._cap if hop < self._hops else _NO_CAP
            ((met,),) = self._walk.ask("around_step", rows=rows, most=room, cap=cap)
            self._add(_met(met), hop)
        else:
            self._frontier = []

    def _add(self, met: Sequence[Met], hop: int) -> None:
        self._frontier = list(met)
        for one in met:
            self.among[one.row.nid] = one.row
            self.distance[one.row.nid] = hop

    def end(self) -> tuple[list[Link], dict[tuple[int, str], int]]:
        """Add the last hop; the links among all, and (nid, type) → how many neighbours."""
        rows = [list(item) for item in self._last.items()]
        nids = [*self.among, *self._last]
        ((last, beside),) = self._walk.ask("around_end", rows=rows, among=nids, few=FEW)
        self._add([Met(row_of(*shown), []) for shown in last], self._hops)
        totals = {(nid, type): total for nid, type, total, _ in beside if total > 0}
        found: Rows = [[type, cells] for _, type, _, links in beside for cells in links]
        hubs = [row for row in self.among.values() if row.degree > FEW]
        return self._walk.among_hubs(found, hubs), totals | self._walk.totals(hubs)


def _met(found: Sequence[Sequence[Any]]) -> list[Met]:
    return [Met(row_of(*shown), beside) for *shown, beside in found]
