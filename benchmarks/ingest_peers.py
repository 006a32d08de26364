"""What the ingest is measured beside: the same six files read by a plain script into networkx objects, and into a SQLite file row by row.

Neither checks a value, keeps what it refuses, can go on after a crash or makes a search index: they do the least that gives the same nodes,
relationships and facts.
"""

import csv
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Protocol

import networkx as nx

from ingest.layout import KINDS, TARGET_LABELS, Column, FactRows, FileKind, NodeRows, RelationRows

COMMIT_ROWS = 5_000
_Key = tuple[str, str]  # label, text
Row = Mapping[str, str]


class Peer(Protocol):
    """Something that takes nodes, relationships and facts one by one."""

    def node(self, key: _Key, seen: str, source: str, properties: Row) -> None: ...

    def edge(self, type: str, qualifier: str, start: _Key, end: _Key, seen: str, source: str) -> None: ...

    def fact(self, kind: str, about: _Key, topic: str, value: str, at: str, source: str) -> None: ...

    def rest(self) -> None:
        """Called after every COMMIT_ROWS rows."""

    def size(self) -> tuple[int, int, int]:
        """Nodes, relationships and facts."""
        ...


class NetworkxObjects:
    """One networkx graph in memory, everything in dictionaries."""

    def __init__(self, folder: Path) -> None:
        self.graph = nx.MultiDiGraph()

    def node(self, key: _Key, seen: str, source: str, properties: Row) -> None:
        known = self.graph.nodes.get(key)
        if known is None:
            self.graph.add_node(key, first_seen=seen, last_seen=seen, source=source, facts=set(), **properties)
        else:
            known["last_seen"] = max(known["last_seen"], seen)
            known.update(properties)

    def edge(self, type: str, qualifier: str, start: _Key, end: _Key, seen: str, source: str) -> None:
        known = self.graph.get_edge_data(start, end, (type, qualifier))
        if known is None:
            self.graph.add_edge(start, end, (type, qualifier), first_seen=seen, last_seen=seen, source=source)
        else:
            known["last_seen"] = max(known["last_seen"], seen)

    def fact(self, kind: str, about: _Key, topic: str, value: str, at: str, source: str) -> None:
        self.graph.nodes[about]["facts"].add((kind, topic, value, at, source))

    def rest(self) -> None:
        return

    def size(self) -> tuple[int, int, int]:
        facts = sum(len(told) for _, told in self.graph.nodes(data="facts"))
        return self.graph.number_of_nodes(), self.graph.number_of_edges(), facts


class PlainScript:
    """What one writes in an afternoon: three tables, an index, a statement per record, a commit now and then."""

    def __init__(self, folder: Path) -> None:
        self.connection = sqlite3.connect(folder / "plain.db")
        self.connection.executescript("""
            CREATE TABLE node (label TEXT, key TEXT, first_seen TEXT, last_seen TEXT, source TEXT, properties TEXT, PRIMARY KEY (label, key));
            CREATE TABLE edge (start_label TEXT, start_key TEXT, type TEXT, end_label TEXT, end_key TEXT, qualifier TEXT,
              first_seen TEXT, last_seen TEXT, source TEXT, PRIMARY KEY (start_label, start_key, type, end_label, end_key, qualifier));
            CREATE INDEX by_end ON edge (end_label, end_key);
            CREATE TABLE fact (label TEXT, key TEXT, kind TEXT, topic TEXT, value TEXT, at TEXT, source TEXT,
              PRIMARY KEY (label, key, kind, topic, value, at, source));
        """)

    def node(self, key: _Key, seen: str, source: str, properties: Row) -> None:
        self.connection.execute(
            "INSERT INTO node VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET last_seen = max(last_seen, excluded.last_seen)",
            (*key, seen, seen, source, repr(properties)),
        )

    def edge(self, type: str, qualifier: str, start: _Key, end: _Key, seen: str, source: str) -> None:
        self.connection.execute(
            "INSERT INTO edge VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET last_seen = max(last_seen, excluded.last_seen)",
            (*start, type, *end, qualifier, seen, seen, source),
        )

    def fact(self, kind: str, about: _Key, topic: str, value: str, at: str, source: str) -> None:
        self.connection.execute(
            "INSERT OR IGNORE INTO fact VALUES (?, ?, ?, ?, ?, ?, ?)", (*about, kind, topic, value, at, source)
        )

    def rest(self) -> None:
        self.connection.commit()

    def size(self) -> tuple[int, int, int]:
        counts = [self.connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in _TABLES]  # noqa: S608
        return counts[0], counts[1], counts[2]


class Counting:
    """Counts the records that rows come to, those that repeat what another said included, and keeps nothing."""

    def __init__(self) -> None:
        self.records = 0

    def node(self, key: _Key, seen: str, source: str, properties: Row) -> None:
        self.records += 1

    def edge(self, type: str, qualifier: str, start: _Key, end: _Key, seen: str, source: str) -> None:
        self.records += 1

    def fact(self, kind: str, about: _Key, topic: str, value: str, at: str, source: str) -> None:
        return

    def rest(self) -> None:
        return

    def size(self) -> tuple[int, int, int]:
        return 0, 0, 0


_TABLES = ("node", "edge", "fact")
PEERS: Mapping[str, Callable[[Path], Peer]] = {"networkx objects": NetworkxObjects, "plain sqlite3 script": PlainScript}


def read_into(peer: Peer, folder: Path) -> int:
    """Reads the six files into a peer; how many rows there were."""
    rows = 0
    for kind in KINDS.values():
        take = _taker(kind, peer)
        for row in _rows(folder / f"{kind.name}.csv"):
            take(row)
            rows += 1
            if rows % COMMIT_ROWS == 0:
                peer.rest()
    peer.rest()
    return rows


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as source:
        yield from csv.DictReader(source)


def _taker(kind: FileKind, peer: Peer) -> Callable[[Row], None]:
    shape = kind.rows
    match shape:
        case NodeRows():
            named = [c for c in kind.columns if c.node is not None]
            sets = [c.name for c in kind.columns if c.sets is not None]
            return lambda row: _described(row, kind, named, sets, peer)
        case RelationRows():
            return lambda row: _related(row, kind, shape, peer)
        case FactRows():
            return lambda row: peer.fact(
                shape.fact,
                (shape.label, row[shape.about]),
                row[shape.topic] if shape.topic is not None else "",
                row[shape.value],
                row[kind.moment],
                row["source"],
            )


def _described(row: Row, kind: FileKind, named: list[Column], sets: list[str], peer: Peer) -> None:
    seen, source = row[kind.moment], row["source"]
    keys = {c.node: (c.node, text) for c in named if c.node is not None and (text := row.get(c.name))}
    for column in named:
        text = row.get(column.name)
        if column.node is None or not text:
            continue
        own = (column.node, text)
        peer.node(own, seen, source, {name: row[name] for name in sets if row.get(name)} if column.key else {})
        for link in column.links:
            start, end = (own if label == column.node else keys[label] for label in (link.start, link.end))
            peer.edge(link.type, link.qualifier, start, end, seen, source)


def _related(row: Row, kind: FileKind, shape: RelationRows, peer: Peer) -> None:
    seen, source, relation = row[kind.moment], row["source"], row[shape.relation]
    start, end = ("Customer", row[shape.start]), (TARGET_LABELS[relation], row[shape.target])
    peer.node(start, seen, source, {})
    peer.node(end, seen, source, {})
    peer.edge(relation, "", start, end, seen, source)
