"""Paths between two nodes: the shortest few, those through busy nodes last, none through a hub.

The walk goes out from both ends, each time from the side that costs less, and stops when the two reaches add up to `max_hops`. What it saw is a
small graph in memory; a best-first search over it yields simple paths in exactly the order of the contract, without listing the others.
Both are bounded: between two hubs there can be more than anyone would read.
"""

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from graph_model.errors import InvalidRequest
from graph_model.records import Path
from graph_model.store import MAX_HOPS, MAX_LIMIT
from graph_model.stores.neo4j.hydration import Link, Row, edges, nodes, rows
from graph_model.stores.neo4j.names import TYPE_RANK
from graph_model.stores.neo4j.neighbourhood import require
from graph_model.stores.neo4j.walk import Walk

# Relationships that are read in all, and partial paths that are looked at.
_MOST_READ = 200_000
_MOST_STEPS = 200_000


@dataclass(slots=True)
class _Reach:
    """What one end has reached, and the part of it that was not yet gone beyond."""

    end: int
    reached: set[int]
    frontier: list[Row]

    @property
    def cost(self) -> int:
        return sum(row.degree for row in self.frontier)


@dataclass(slots=True)
class _Seen:
    """The small graph: rows, neighbours, and which rows may be passed through."""

    rows: dict[int, Row]
    neighbours: dict[int, set[int]] = field(default_factory=dict)

    def join(self, one: int, other: int) -> None:
        self.neighbours.setdefault(one, set()).add(other)
        self.neighbours.setdefault(other, set()).add(one)


def paths(walk: Walk, start_id: str, end_id: str, *, k: int, max_hops: int, hub: int) -> list[Path]:
    if not 1 <= max_hops <= MAX_HOPS or not 1 <= k <= MAX_LIMIT or hub < 0:
        raise InvalidRequest(f"Ask for 1 to {MAX_LIMIT} paths of 1 to {MAX_HOPS} hops, and a hub of 0 or more.")
    start, end = require(walk, start_id), require(walk, end_id)
    if start.nid == end.nid:
        raise InvalidRequest("The two ends are one node. Choose another.")
    seen = _look_around(walk, start, end, max_hops, hub)
    busy = _total_degrees(walk, seen)
    found = []
    for nids in _best_first(seen, busy, start.nid, end.nid, max_hops):
        found.append(_path(walk, seen, nids))
        if len(found) == k:
            break
    return found


def _look_around(walk: Walk, start: Row, end: Row, max_hops: int, hub: int) -> _Seen:
    seen = _Seen({start.nid: start, end.nid: end})
    ends = (start.nid, end.nid)
    reaches = [_Reach(row.nid, {row.nid}, [row]) for row in (start, end)]
    read = 0
    for _ in range(max_hops):
        reach = min(reaches, key=lambda candidate: candidate.cost)
        # Its own end is passed through whatever it is; the other one is where paths stop.
        reach.frontier = [
            row for row in reach.frontier if row.nid == reach.end or (row.nid not in ends and not walk.is_hub(row, hub))
        ]
        read += reach.cost
        if read > _MOST_READ or len(reach.frontier) == 0:
            break
        _step(walk, seen, reach)
    hubs = {nid for nid, row in seen.rows.items() if nid not in ends and walk.is_hub(row, hub)}
    for nid in hubs:
        for other in seen.neighbours.pop(nid, ()):
            seen.neighbours[other].discard(nid)
    return seen


def _step(walk: Walk, seen: _Seen, reach: _Reach) -> None:
    """One hop further on one side."""
    fresh: dict[int, None] = {}
    for nid, other in walk.pairs(row.nid for row in reach.frontier):
        seen.join(nid, other)
        if other not in reach.reached:
            fresh[other] = None
    found = rows(walk.transaction, fresh, walk.as_of)
    seen.rows.update(found)
    reach.reached.update(found)
    reach.frontier = list(found.values())


def _total_degrees(walk: Walk, seen: _Seen) -> dict[int, int]:
    if walk.as_of is None:
        return {nid: row.degree for nid, row in seen.rows.items()}
    counted = walk.degrees(row for nid, row in seen.rows.items() if nid in seen.neighbours)
    return {nid: sum(counts.values()) for nid, counts in counted.items()}


def _best_first(seen: _Seen, busy: dict[int, int], start: int, end: int, max_hops: int) -> Iterator[Sequence[int]]:
    """Simple paths by length, then by the total degree of the nodes between, then by their labels and keys."""
    to_end = _distances(seen, end)

    def name(nid: int) -> tuple[str, str]:
        row = seen.rows[nid]
        return row.label, row.key

    if start not in to_end:
        return
    queue: list[tuple[int, int, tuple[tuple[str, str], ...], tuple[int, ...]]] = []
    heapq.heappush(queue, (to_end[start], 0, (name(start),), (start,)))
    for _ in range(_MOST_STEPS):
        if len(queue) == 0:
            return
        _, degree, refs, nids = heapq.heappop(queue)
        last = nids[-1]
        if last == end:
            yield nids
            continue
        for other in seen.neighbours.get(last, ()):
            if other in nids or other not in to_end:
                continue
            length = len(nids) + to_end[other]
            if length <= max_hops:
                added = degree if other == end else degree + busy[other]
                heapq.heappush(queue, (length, added, (*refs, name(other)), (*nids, other)))


def _distances(seen: _Seen, end: int) -> dict[int, int]:
    distance = {end: 0}
    frontier = [end]
    while len(frontier) > 0:
        following = []
        for nid in frontier:
            for other in seen.neighbours.get(nid, ()):
                if other not in distance:
                    distance[other] = distance[nid] + 1
                    following.append(other)
        frontier = following
    return distance


def _path(walk: Walk, seen: _Seen, nids: Sequence[int]) -> Path:
    among = {nid: seen.rows[nid] for nid in nids}
    links = walk.links(among)
    steps = [_best_link(links, one, other) for one, other in pairwise(nids)]
    return Path(
        nodes=nodes(walk.transaction, list(among.values()), walk.as_of),
        edges=edges(steps, among),
    )


def _best_link(links: Sequence[Link], one: int, other: int) -> Link:
    """Of several edges between two nodes the most recently seen, then the first by schema order, direction and qualifier."""
    between = [link for link in links if {link.start, link.end} == {one, other}]
    return min(
        between,
        key=lambda link: (-link.last_seen, TYPE_RANK[link.type], link.start != one, link.qualifier),
    )
