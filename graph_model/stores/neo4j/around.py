"""A neighbourhood in as few questions as can be: a node comes together with whom it is linked with, and the last hop with all links among what is shown.

Two hops are two questions, each answered by one record, and a question more per hop that has a node with more relationships than the cap.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from graph_model.stores.neo4j.hydration import Link, Row, row_of
from graph_model.stores.neo4j.walk import FEW, Walk, latest, nearest

_NO_CAP = -1  # fewer than any node has


class Met(NamedTuple):
    """A node of one hop. `outgoing` is how many relationships begin at it; `beside` has (nid, last seen) for each of its relationships, where they
    are no more than the cap."""

    row: Row
    outgoing: int
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
        self._starts: list[Row] = []  # from which more begins than is looked through
        self.among: dict[int, Row] = {}
        self.distance: dict[int, int] = {}

    def begin(self, node_id: str) -> bool:
        """Find the subject and the first hop; whether the subject is there."""
        most, cap = min(self._cap, self._limit - 1), self._cap if self._hops > 1 else _NO_CAP
        found = self._walk.ask("around_subject", node_id=node_id, most=most, cap=cap)
        if len(found) == 0:
            return False
        *shown, near = found[0]
        met = _met(*shown)
        subject = met.row
        self._add([met], 0)
        if subject.degree <= most:
            self._add([_met(*one) for one in near], 1)
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
            ((found,),) = self._walk.ask("around_step", rows=rows, most=room, cap=cap)
            self._add([_met(*one) for one in found], hop)
        else:
            self._frontier = []

    def _add(self, met: Sequence[Met], hop: int) -> None:
        self._frontier = list(met)
        for one in met:
            self.among[one.row.nid] = one.row
            self.distance[one.row.nid] = hop
            if one.outgoing > FEW:
                self._starts.append(one.row)

    def end(self) -> tuple[list[Link], dict[tuple[int, str], int]]:
        """Add the last hop; the links among all, and (nid, type) → how many neighbours."""
        nids = [*self.among, *self._last]
        ((last, links, counted),) = self._walk.ask("around_end", rows=list(self._last), among=nids, few=FEW)
        self._add(sorted((_met(*shown) for shown in last), key=self._place), self._hops)
        totals = {(nid, type): total for nid, type, total in counted}
        hubs = [row for row in self.among.values() if row.degree > FEW]
        found = self._walk.joined(links, self._starts, self.among.values())
        return found, totals | self._walk.totals(hubs)

    def _place(self, met: Met) -> tuple[int, str, str]:
        """By moment falling, then label and key."""
        return -self._last[met.row.nid], met.row.label, met.row.key


def _met(
    labels: Sequence[str],
    cells: Mapping[str, Any],
    relationships: int,
    outgoing: int,
    beside: Sequence[Sequence[int]] = (),
) -> Met:
    # Links that have ended count: a node is at worst taken for busier than it is, which costs time and changes no answer.
    return Met(row_of(labels, cells, relationships, 0), outgoing, beside)
