"""LiveRings: who of the graph in memory is in which ring of a batch scoring's snapshot."""

from weakref import ref

import numpy as np
from numpy.typing import NDArray

from gnn.arrays.csr import Index
from gnn.features.walk import RingView
from gnn.live.graph import LiveGraph
from gnn.rings.snapshot import MEASURES, RingSnapshot, nobody
from graph_model.store import GraphStore


class LiveRings:
    """Remembers the newest snapshot's. To be asked by whoever holds the graph, brought up to date after the snapshot was read; or by whoever has just
    read the graph, before anybody else has it. Then a member of the snapshot who was written while the graph was read is in no ring until the next scoring
    that leaves another."""

    def __init__(self, store: GraphStore) -> None:
        self._store = store
        self._digest = ""
        self._graph: ref[LiveGraph] | None = None  # never what keeps a graph that was let go
        self._ring: Index = np.empty(0, dtype=np.int32)
        self._members: NDArray[np.bytes_] = np.empty(0, dtype=np.bytes_)  # of the snapshot, sorted
        self._place: Index = np.empty(0, dtype=np.int32)  # theirs in the graph

    def view(self, graph: LiveGraph, snapshot: RingSnapshot | None, mark: int) -> RingView:
        if snapshot is None:
            return nobody(graph.room, mark)
        if snapshot.digest != self._digest or self._graph is None or self._graph() is not graph:
            self._ring = self._placed(graph, snapshot)
            self._digest, self._graph = snapshot.digest, ref(graph)
        if len(self._ring) < graph.room:  # who came since is in no ring of it
            wider = np.full(graph.room, -1, dtype=np.int32)
            wider[: len(self._ring)] = self._ring
            self._ring = wider
        measures = {name: snapshot.measures[name] for name in MEASURES}
        return RingView(self._ring, **measures, taken_at=snapshot.mark - 1)

    def _placed(self, graph: LiveGraph, snapshot: RingSnapshot) -> Index:
        """Whoever was in a ring of the snapshot before is where they were, as long as it is the same graph: the store is asked about the others."""
        members = snapshot.members
        place = np.full(len(members), -1, dtype=np.int32)
        if self._graph is not None and self._graph() is graph and len(self._members) > 0:
            at = np.minimum(np.searchsorted(self._members, members), len(self._members) - 1)
            place = np.where(self._members[at] == members, self._place[at], -1).astype(np.int32)
        others = np.flatnonzero(place < 0)
        if len(others) > 0:
            handles = self._store.handles([member.decode() for member in members[others].tolist()])
            place[others] = graph.positions(np.array(handles, dtype=np.int64))
        self._members, self._place = members, place
        ring = np.full(graph.room, -1, dtype=np.int32)
        ring[place[place >= 0]] = snapshot.ring[place >= 0]
        return ring
