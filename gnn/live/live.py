"""Live: the graph in memory, as the store has it now. Nothing is answered from it before what any process wrote has been taken in.

It is read at the start by a thread of its own, which also takes in what others write while nobody asks. Whoever asks takes in what is new first, by
the store's own account of what was written; where that is much, or a moment is asked about that is past, the answer is None, and the store's to give.
"""

import heapq
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from weakref import WeakMethod

import numpy as np
import structlog
from numpy.typing import NDArray

from gnn.arrays.channels import APPLIED, CUSTOMER
from gnn.arrays.export import export
from gnn.ego import own_of
from gnn.live.graph import LiveGraph, OutOfOrder
from gnn.live.until import Until
from graph_model.errors import StoreError, where
from graph_model.moments import from_ms, to_ms
from graph_model.records import AsOf
from graph_model.store import MAX_CAP, Clock, GraphStore, Statistics, utc_now

log = structlog.get_logger(__name__)

Prepare = Callable[[LiveGraph, datetime], None]  # told a graph and as of when it is

AT_ONCE = 200  # nodes that an answer waits for; more are taken in by the thread, so many at a time
_LOOK_SECONDS = 20.0  # between two looks of the thread at what was written
_LAST_SECONDS = 2.0  # that closing waits for the thread
_REST = 5  # times as long as a reading took, the thread rests before it reads all anew

# Bytes that are held for each, rather too many; a test holds them to it.
_CUSTOMER, _APPLICATION, _IDENTIFIER, _RELATIONSHIP = 250, 95, 31, 40


def bytes_for(statistics: Statistics) -> int:
    """How much memory a graph of this size takes, at most about; twice as much while it is read."""
    nodes = dict(statistics.nodes)
    customers, applications = nodes.pop(CUSTOMER), nodes.pop("Application")
    return (
        _CUSTOMER * customers
        + _APPLICATION * applications
        + _IDENTIFIER * sum(nodes.values())
        + _RELATIONSHIP * sum(statistics.edges.values())
    )


class Live:
    """The graph of a store in memory, where it takes no more than `most` bytes. May be used from many threads; `close` ends its own."""

    def __init__(self, store: GraphStore, *, most: int, clock: Clock = utc_now) -> None:
        self._store = store
        self._most = most
        self._clock = clock
        self._lock = threading.Lock()  # of all that follows
        self._graph: LiveGraph | None = None
        self._version = 0
        self._until = 0  # the moment as of which it is
        self._latest = 0  # the last moment of what is in it
        self._later: list[tuple[int, int]] = []  # what changes by itself: a heap of (moment, handle)
        self._pending: set[int] = set()  # nodes that were written and not yet taken in
        self._wake, self._closed = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None
        self._not_before = 0.0
        self._told_size = False
        self._prepares: list[WeakMethod[Prepare]] = []

    def prepare_by(self, method: Prepare) -> None:
        """Have this method called, as long as there is its object, with every graph that is read from now on, before anything is answered from it. It saves
        the first answer work and no more: where it fails, the graph answers all the same."""
        self._prepares.append(WeakMethod(method))

    def start(self) -> None:
        """Begin reading, where that hasn't begun."""
        with self._lock:
            if self._thread is None and self._store.capabilities.tells_changes:
                self._thread = threading.Thread(target=self._keep, name="live graph", daemon=True)
                self._thread.start()

    def close(self) -> None:
        self._closed.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(timeout=_LAST_SECONDS)

    @property
    def closed(self) -> bool:
        return self._closed.is_set() and (self._thread is None or not self._thread.is_alive())

    def wait(self, seconds: float) -> bool:
        """Until it has been read, at most so long. Whether it has."""
        self.start()
        end = time.monotonic() + seconds
        while self._graph is None and time.monotonic() < end and not self._closed.wait(0.01):
            pass
        return self._graph is not None

    @contextmanager
    def at(self, as_of: datetime) -> Iterator[LiveGraph | None]:
        """The graph as of now, for a question as of a moment, and nobody else's meanwhile; None where it can't be told from it."""
        self.start()
        with self._lock:
            yield self._caught_up(to_ms(as_of))

    def _caught_up(self, moment: int) -> LiveGraph | None:
        if self._graph is None or not self._learnt():
            self._wake.set()
            return None
        while len(self._later) > 0 and self._later[0][0] <= moment:
            self._pending.add(heapq.heappop(self._later)[1])
        if len(self._pending) > AT_ONCE:
            self._wake.set()
            return None
        if not self._take_in(sorted(self._pending), moment):
            self._wake.set()
            return None
        return self._graph if moment >= self._latest else None

    def _learnt(self) -> bool:
        """Whether what was written since is known one by one; else the graph is let go."""
        told = self._store.changes(self._version)
        if told.handles is None:
            self._graph = None
            return False
        self._version = told.version
        self._pending.update(told.handles.tolist())
        return True

    def _take_in(self, nodes: list[int], moment: int) -> bool:
        """Whether the rows of these nodes' customers could be mended, and the graph takes no more than it may; else it is let go."""
        assert self._graph is not None
        moment = max(moment, self._until)
        if len(nodes) > 0:
            customers = self._customers(nodes)
            if len(customers) > 0:
                own = own_of(self._store, customers)
                if own is None:
                    self._graph = None
                    return False
                until = Until(own)
                part = export(until, as_of=AsOf.at(from_ms(moment)))
                seen = customers[np.isin(customers, part.customers.handles)]
                try:
                    self._graph.put(part, seen.tolist())
                except OutOfOrder:
                    self._graph = None
                    return False
                except BaseException:
                    self._graph = None  # half of it is changed
                    raise
                self._noted(until)
                if self._graph.bytes > self._most:
                    log.warning("live.outgrown", bytes=self._graph.bytes, most=self._most)
                    self._graph = None
                    return False
            self._pending.difference_update(nodes)
        self._until = moment
        return True

    def _customers(self, nodes: list[int]) -> NDArray[np.int64]:
        """Those among the nodes, and those who made applications among them."""
        themselves = self._store.scan_nodes(CUSTOMER, among=nodes).handles
        applied = self._store.edges_at(nodes, types=(APPLIED,), cap=MAX_CAP)
        return np.unique(np.concatenate([themselves, *(columns.start for columns in applied.columns)]))

    def _noted(self, until: Until) -> None:
        self._latest = max(self._latest, until.latest)
        for one in until.later:
            heapq.heappush(self._later, one)

    # --- the thread --------------------------------------------------------------------------------------------------

    def _keep(self) -> None:
        while not self._closed.is_set():
            try:
                if self._graph is None:
                    self._read()
                else:
                    self._keep_up()
            except StoreError as exc:
                log.warning("live.unread", reason=exc.message)
            except Exception as exc:  # the store answers meanwhile
                log.error("live.failed", **where(exc))
            self._wake.wait(_LOOK_SECONDS)
            self._wake.clear()

    def _read(self) -> None:
        if time.monotonic() < self._not_before:
            return
        needed = bytes_for(self._store.statistics())
        if needed > self._most:
            if not self._told_size:
                log.warning("live.too_large", needed=needed, most=self._most)
            self._told_size = True
            return
        began = time.monotonic()
        version = self._store.changes().version  # what is written while it is read is read again
        now = self._clock()
        until = Until(self._store)
        graph = LiveGraph(export(until, as_of=AsOf.at(now)))
        self._prepare(graph, now)
        with self._lock:
            self._later.clear()
            self._pending.clear()
            self._latest = 0
            self._noted(until)
            self._version, self._until, self._graph = version, to_ms(now), graph
        took = time.monotonic() - began
        self._not_before = time.monotonic() + _REST * took
        log.info("live.read", seconds=round(took, 1), bytes=graph.bytes)

    def _prepare(self, graph: LiveGraph, now: datetime) -> None:
        for method in list(self._prepares):
            prepare = method()
            if prepare is None:
                self._prepares.remove(method)
                continue
            try:
                prepare(graph, now)
            except StoreError as exc:
                log.warning("live.unprepared", reason=exc.message)
            except Exception as exc:  # what was read is whole, and would fail again if it were read again
                log.error("live.unprepared", **where(exc))

    def _keep_up(self) -> None:
        """A piece at a time, so that nobody waits long."""
        while not self._closed.is_set():
            with self._lock:
                if self._graph is None or not self._learnt():
                    return
                nodes = sorted(self._pending)[:AT_ONCE]
                # As of now, as whoever asks next: what was recorded since the last question would stay behind, and be found by every next one.
                if len(nodes) == 0 or not self._take_in(nodes, to_ms(self._clock())):
                    return
