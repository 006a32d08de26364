"""What the store is measured beside: the same graph as networkx objects, and in a SQLite file by a plain script, one row at a time.

All give the answer that a screen needs: the nodes with their properties, every edge among them, and how many neighbours were left out; the
benchmark checks that they agree.
"""

import sqlite3
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

import networkx as nx

from graph_model.records import GraphBatch, NodeRef
from graph_model.store import GraphStore
from graph_model.stores import open_store

LinkedBy = tuple[NodeRef, NodeRef, str, str, datetime]  # start, end, type, qualifier, last seen


@dataclass(frozen=True)
class Answer:
    nodes: list[NodeRef]
    edges: int
    left_out: int

    @property
    def check(self) -> int:
        """A number that two different answers are unlikely to share."""
        return sum(len(ref.key) * place for place, ref in enumerate(self.nodes)) + 7 * self.edges + 11 * self.left_out


class Contender(Protocol):
    """Something that takes batches and answers neighbourhoods."""

    def write(self, batch: GraphBatch) -> None: ...

    def neighbourhood(self, ref: NodeRef, *, hops: int, cap: int, limit: int) -> Answer: ...

    def close(self) -> None: ...


class Guanxi:
    """The store of this project."""

    def __init__(self, folder: Path) -> None:
        self.store: GraphStore = open_store(f"sqlite:///{folder}/graph.db", create=True)

    def write(self, batch: GraphBatch) -> None:
        self.store.upsert(batch)

    def neighbourhood(self, ref: NodeRef, *, hops: int, cap: int, limit: int) -> Answer:
        subject = self.store.get(ref)
        assert subject is not None
        found = self.store.neighbourhood(subject.node_id, hops=hops, cap=cap, limit=limit)
        left_out = sum(omitted.total - omitted.shown for omitted in found.omissions)
        return Answer([node.ref for node in found.nodes], len(found.edges), left_out)

    def close(self) -> None:
        self.store.close()


class NetworkxObjects:
    """One networkx graph in memory, nodes and edges as dictionaries."""

    def __init__(self, folder: Path) -> None:
        self.graph = nx.MultiDiGraph()

    def write(self, batch: GraphBatch) -> None:
        graph = self.graph
        for n in batch.nodes:
            known = graph.nodes.get(n.ref)
            if known is None:
                graph.add_node(n.ref, first_seen=n.seen, last_seen=n.seen, source=n.source, **n.properties)
            else:
                known["first_seen"] = min(known["first_seen"], n.seen)
                known["last_seen"] = max(known["last_seen"], n.seen)
                known.update(n.properties)
        for e in batch.edges:
            key = (e.type, e.qualifier)
            if graph.has_edge(e.start, e.end, key):
                edge = graph.edges[e.start, e.end, key]
                edge["last_seen"] = max(edge["last_seen"], e.last_seen)
            else:
                graph.add_edge(e.start, e.end, key, first_seen=e.first_seen, last_seen=e.last_seen, source=e.source)

    def neighbourhood(self, ref: NodeRef, *, hops: int, cap: int, limit: int) -> Answer:
        return answer(ref, self._edges, lambda one: dict(self.graph.nodes[one]), hops, cap, limit)

    def _edges(self, one: NodeRef) -> list[LinkedBy]:
        edges = (
            *self.graph.out_edges(one, keys=True, data="last_seen"),
            *self.graph.in_edges(one, keys=True, data="last_seen"),
        )
        return [(start, end, *key, seen) for start, end, key, seen in edges]

    def close(self) -> None:
        self.graph.clear()


class PlainScript:
    """What one writes in an afternoon: two tables, two indexes, a statement per record, a commit per batch."""

    def __init__(self, folder: Path) -> None:
        self.connection = sqlite3.connect(folder / "plain.db")
        self.connection.executescript("""
            CREATE TABLE node (label TEXT, key TEXT, first_seen TEXT, last_seen TEXT, source TEXT, properties TEXT, PRIMARY KEY (label, key));
            CREATE TABLE edge (start_label TEXT, start_key TEXT, type TEXT, end_label TEXT, end_key TEXT, qualifier TEXT,
              first_seen TEXT, last_seen TEXT, source TEXT, PRIMARY KEY (start_label, start_key, type, end_label, end_key, qualifier));
            CREATE INDEX by_end ON edge (end_label, end_key);
        """)

    def write(self, batch: GraphBatch) -> None:
        for n in batch.nodes:
            self.connection.execute(
                "INSERT INTO node VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET last_seen = max(last_seen, excluded.last_seen)",
                (n.ref.label, n.ref.key, n.seen.isoformat(), n.seen.isoformat(), n.source, repr(dict(n.properties))),
            )
        for e in batch.edges:
            self.connection.execute(
                "INSERT INTO edge VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET last_seen = max(last_seen, excluded.last_seen)",
                (
                    e.start.label,
                    e.start.key,
                    e.type,
                    e.end.label,
                    e.end.key,
                    e.qualifier,
                    e.first_seen.isoformat(),
                    e.last_seen.isoformat(),
                    e.source,
                ),
            )
        self.connection.commit()

    def neighbourhood(self, ref: NodeRef, *, hops: int, cap: int, limit: int) -> Answer:
        return answer(ref, self._edges, self._properties, hops, cap, limit)

    def _edges(self, one: NodeRef) -> list[LinkedBy]:
        columns = "start_label, start_key, end_label, end_key, type, qualifier, last_seen"
        query = f"""
            SELECT {columns} FROM edge WHERE start_label = ?1 AND start_key = ?2
            UNION ALL SELECT {columns} FROM edge WHERE end_label = ?1 AND end_key = ?2
        """  # noqa: S608 - the columns above
        found = self.connection.execute(query, (one.label, one.key))
        return [
            (NodeRef(label, key), NodeRef(other_label, other_key), type, qualifier, datetime.fromisoformat(seen))
            for label, key, other_label, other_key, type, qualifier, seen in found
        ]

    def _properties(self, one: NodeRef) -> object:
        query = "SELECT first_seen, last_seen, source, properties FROM node WHERE label = ? AND key = ?"
        return self.connection.execute(query, (one.label, one.key)).fetchone()

    def close(self) -> None:
        self.connection.close()


CONTENDERS: Mapping[str, Callable[[Path], Contender]] = {
    "guanxi": Guanxi,
    "networkx objects": NetworkxObjects,
    "plain sqlite3 script": PlainScript,
}


def answer(
    ref: NodeRef,
    edges_of: Callable[[NodeRef], list[LinkedBy]],
    properties_of: Callable[[NodeRef], object],
    hops: int,
    cap: int,
    limit: int,
) -> Answer:
    shown, frontier = {ref: 0}, [ref]
    for hop in range(1, hops + 1):
        reached: dict[NodeRef, datetime] = {}
        for one in frontier:
            for others in _by_type(one, edges_of(one)).values():
                for other in _newest(others)[:cap]:
                    reached[other] = max(others[other], reached.get(other, others[other]))
        fresh = {other: seen for other, seen in reached.items() if other not in shown}
        frontier = _newest(fresh)[: limit - len(shown)]
        shown.update(dict.fromkeys(frontier, hop))
    edges: set[LinkedBy] = set()
    left_out = 0
    for one in shown:
        properties_of(one)
        around = edges_of(one)
        edges.update(edge for edge in around if edge[0] in shown and edge[1] in shown)
        left_out += sum(other not in shown for others in _by_type(one, around).values() for other in others)
    return Answer(list(shown), len(edges), left_out)


def _by_type(one: NodeRef, edges: Iterable[LinkedBy]) -> Mapping[str, Mapping[NodeRef, datetime]]:
    """By type the other ends, with the moment each was last seen beside `one`."""
    found: dict[str, dict[NodeRef, datetime]] = {}
    for start, end, type, _, seen in edges:
        other = end if start == one else start
        others = found.setdefault(type, {})
        if other != one and (other not in others or seen > others[other]):
            others[other] = seen
    return found


def _newest(seen: Mapping[NodeRef, datetime]) -> list[NodeRef]:
    return sorted(sorted(seen), key=lambda ref: seen[ref], reverse=True)
