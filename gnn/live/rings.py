"""LiveRings: who of the graph in memory is in which ring of a batch scoring's snapshot."""

from weakref import ref

import numpy as np

from gnn.arrays.csr import Index
from gnn.features.walk import RingView
from gnn.live.graph import LiveGraph
from gnn.rings.snapshot import MEASURES, RingSnapshot, nobody
from graph_model.store import GraphStore


class LiveRings:
    """Remembers the newest snapshot's. To be asked by whoever holds the graph, brought up to date after the snapshot was read."""

    def __init__(self, store: GraphStore) -> None:
        self._store = store
        self._digest = ""
        self._graph: ref[LiveGraph] | None = None  # never what keeps a graph that was let go
        self._ring: Index = np.empty(0, dtype=np.int32)

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
        ring = np.full(graph.room, -1, dtype=np.int32)
        members = [member.decode() for member in snapshot.members.tolist()]
        if len(members) > 0:
            place = graph.positions(np.array(self._store.handles(members), dtype=np.int64))
            ring[place[place >= 0]] = snapshot.ring[place >= 0]
        return ring
