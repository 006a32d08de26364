"""What the Neo4j store is measured beside, on the same server: a plain script over the official driver, and py2neo by its own verbs.

Both keep a graph as one writes it first: nodes by label and key, relationships by type and qualifier, moments as integer milliseconds. So they read
what our store wrote, and answer a neighbourhood as it does; the benchmark checks that they agree. Neither resumes, retries or dates what it learnt.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

import neo4j
import numpy as np
from py2neo import Graph, Node, Relationship
from py2neo.bulk import merge_nodes, merge_relationships

from benchmarks.store_peers import Answer, LinkedBy, answer
from graph_model.columns import AssessmentColumns
from graph_model.moments import from_ms, to_ms
from graph_model.records import GraphBatch, NodeRef
from graph_model.schema import SCHEMA
from graph_model.store import GraphStore
from graph_model.stores import open_store

_EDGES = "MATCH (a)-[r]->(b) RETURN a.key, type(r), b.key, r.first_seen, r.last_seen"

_CONSTRAINT = "CREATE CONSTRAINT plain_{label} IF NOT EXISTS FOR (n:{label}) REQUIRE n.key IS UNIQUE"


class Contender(Protocol):
    """One way to the graph."""

    def prepare(self) -> None:
        """What an empty database needs before the load."""

    def write(self, batch: GraphBatch) -> None: ...

    def find(self, ref: NodeRef) -> bool: ...

    def neighbourhood(self, ref: NodeRef, *, hops: int, cap: int, limit: int) -> Answer: ...

    def scan(self) -> int:
        """Read everything to arrays; the number of relationships."""

    def put_scores(self, keys: Sequence[str], scores: Sequence[float]) -> None: ...

    def close(self) -> None: ...


class Guanxi:
    """The store of this project, on whichever engine."""

    def __init__(self, url: str) -> None:
        self.store: GraphStore = open_store(url, create=True)

    def prepare(self) -> None:
        """Opening it made the indexes."""

    def write(self, batch: GraphBatch) -> None:
        self.store.upsert(batch)

    def find(self, ref: NodeRef) -> bool:
        return self.store.get(ref) is not None

    def neighbourhood(self, ref: NodeRef, *, hops: int, cap: int, limit: int) -> Answer:
        subject = self.store.get(ref)
        assert subject is not None
        found = self.store.neighbourhood(subject.node_id, hops=hops, cap=cap, limit=limit)
        left_out = sum(omitted.total - omitted.shown for omitted in found.omissions)
        return Answer([node.ref for node in found.nodes], len(found.edges), left_out)

    def scan(self) -> int:
        self._nodes = [self.store.scan_nodes(label) for label in SCHEMA.labels]
        self._edges = [self.store.scan_edges(type, start, end) for start, type, end in SCHEMA.triples]
        return sum(len(columns.start) for columns in self._edges)

    def put_scores(self, keys: Sequence[str], scores: Sequence[float]) -> None:
        customers = self.store.scan_nodes("Customer")
        handle_of = dict(zip(customers.keys, customers.handles.tolist(), strict=True))
        scored = AssessmentColumns(
            handles=np.array([handle_of[key] for key in keys]),
            score=np.array(scores),
            grade=np.zeros(len(keys), dtype=np.int8),
            ring=np.full(len(keys), -1, dtype=np.int32),
            rings=[],
            reasons=["[]"] * len(keys),
        )
        now = from_ms(1_793_491_200_000)
        self.store.append_assessments(
            scored, source="model", model_version="bench", policy_version="bench", as_of=now, scored_at=now
        )

    def close(self) -> None:
        self.store.close()


class PlainDriver:
    """What one writes first with the official driver: a MERGE per record, a question per node, each a transaction."""

    def __init__(self, url: str) -> None:
        uri, auth = _login(url)
        self._driver = neo4j.GraphDatabase.driver(uri, auth=auth, notifications_min_severity="OFF")
        self._session = self._driver.session()

    def _run(self, text: str, **parameters: object) -> list[list[Any]]:
        return self._session.run(text, parameters).values()

    def prepare(self) -> None:
        for label in SCHEMA.labels:
            self._run(_CONSTRAINT.format(label=label))

    def write(self, batch: GraphBatch) -> None:
        for record in batch.nodes:
            text = f"MERGE (n:{record.ref.label} {{key: $key}}) SET n += $properties"
            self._run(text, key=record.ref.key, properties=_told(record.seen, record.properties))
        for edge in batch.edges:
            text = (
                f"MATCH (a:{edge.start.label} {{key: $start}}), (b:{edge.end.label} {{key: $end}}) "
                f"MERGE (a)-[r:{edge.type} {{qualifier: $qualifier}}]->(b) SET r += $properties"
            )
            ends = {"start": edge.start.key, "end": edge.end.key}
            self._run(text, **ends, qualifier=edge.qualifier, properties=_told(edge.last_seen, {}))

    def find(self, ref: NodeRef) -> bool:
        return len(self._run(f"MATCH (n:{ref.label} {{key: $key}}) RETURN n", key=ref.key)) == 1

    def neighbourhood(self, ref: NodeRef, *, hops: int, cap: int, limit: int) -> Answer:
        return answer(ref, _once(self._edges), self.find, hops, cap, limit)

    def _edges(self, one: NodeRef) -> list[LinkedBy]:
        text = f"MATCH (n:{one.label} {{key: $key}})-[r]-(m) RETURN startNode(r) = n, r, m"
        found = []
        for begins, link, other in self._run(text, key=one.key):
            met = NodeRef(_label(other.labels), other["key"])
            start, end = (one, met) if begins else (met, one)
            found.append((start, end, link.type, link["qualifier"], from_ms(link["last_seen"])))
        return found

    def scan(self) -> int:
        self._nodes = [
            np.array(self._run(f"MATCH (n:{label}) RETURN n.key, n.first_seen, n.last_seen"), dtype=object)
            for label in SCHEMA.labels
        ]
        self._arrays = np.array(self._run(_EDGES), dtype=object)
        return len(self._arrays)

    def put_scores(self, keys: Sequence[str], scores: Sequence[float]) -> None:
        for key, score in zip(keys, scores, strict=True):
            self._run("MATCH (n:Customer {key: $key}) SET n.score = $score", key=key, score=score)

    def close(self) -> None:
        self._session.close()
        self._driver.close()


class Py2neo:
    """py2neo's own verbs: its bulk merges in batches, its matchers, its arrays."""

    def __init__(self, url: str) -> None:
        uri, auth = _login(url)
        self._graph = Graph(uri, auth=auth)

    def prepare(self) -> None:
        for label in SCHEMA.labels:  # its own verb for it speaks the syntax of 4.x, which 5.26 refuses
            self._graph.run(_CONSTRAINT.format(label=label))

    def write(self, batch: GraphBatch) -> None:
        nodes: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
        for record in batch.nodes:
            nodes[record.ref.label].append({"key": record.ref.key, **_told(record.seen, record.properties)})
        edges: defaultdict[tuple[str, str, str], list[tuple[Any, ...]]] = defaultdict(list)
        for edge in batch.edges:
            told = {"qualifier": edge.qualifier, **_told(edge.last_seen, {})}
            edges[edge.start.label, edge.type, edge.end.label].append((edge.start.key, told, edge.end.key))
        transaction = self._graph.begin()
        for label, rows in nodes.items():
            merge_nodes(transaction, rows, (label, "key"))
        for (start, type, end), links in edges.items():
            merge_relationships(transaction, links, (type, "qualifier"), (start, "key"), (end, "key"))
        self._graph.commit(transaction)

    def _node(self, ref: NodeRef) -> Node:
        return self._graph.nodes.match(ref.label, key=ref.key).first()

    def find(self, ref: NodeRef) -> bool:
        return self._node(ref) is not None

    def neighbourhood(self, ref: NodeRef, *, hops: int, cap: int, limit: int) -> Answer:
        met = {ref: self._node(ref)}

        def edges(one: NodeRef) -> list[LinkedBy]:
            found = []
            for link in self._graph.match({met[one]}):
                start, end = _ref(link.start_node), _ref(link.end_node)
                met.update({start: link.start_node, end: link.end_node})
                found.append((start, end, _type(link), link["qualifier"], from_ms(link["last_seen"])))
            return found

        # It has the properties of whom it met.
        return answer(ref, _once(edges), lambda one: dict(met[one]), hops, cap, limit)

    def scan(self) -> int:
        self._nodes = [
            self._graph.run(f"MATCH (n:{label}) RETURN n.key, n.first_seen, n.last_seen").to_ndarray(dtype=object)
            for label in SCHEMA.labels
        ]
        self._arrays = self._graph.run(_EDGES).to_ndarray(dtype=object)
        return len(self._arrays)

    def put_scores(self, keys: Sequence[str], scores: Sequence[float]) -> None:
        for key, score in zip(keys, scores, strict=True):
            node = self._node(NodeRef("Customer", key))
            node["score"] = score
            self._graph.push(node)

    def close(self) -> None:
        """py2neo closes nothing that others may use."""


PEERS: Mapping[str, Callable[[str], Contender]] = {"plain driver script": PlainDriver, "py2neo": Py2neo}


def _login(url: str) -> tuple[str, tuple[str, str]]:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}:{parts.port}", (
        unquote(parts.username or ""),
        unquote(parts.password or ""),
    )


def _told(seen: datetime, properties: Mapping[str, object]) -> dict[str, object]:
    told = {name: value if isinstance(value, (int, float)) else str(value) for name, value in properties.items()}
    return told | {"first_seen": to_ms(seen), "last_seen": to_ms(seen)}


def _once(edges_of: Callable[[NodeRef], list[LinkedBy]]) -> Callable[[NodeRef], list[LinkedBy]]:
    """The same, each node asked for once."""
    kept: dict[NodeRef, list[LinkedBy]] = {}

    def edges(one: NodeRef) -> list[LinkedBy]:
        if one not in kept:
            kept[one] = edges_of(one)
        return kept[one]

    return edges


def _label(labels: Iterable[str]) -> str:
    return next(label for label in labels if label != "Entity")


def _ref(node: Node) -> NodeRef:
    return NodeRef(_label(node.labels), node["key"])


def _type(link: Relationship) -> str:
    return type(link).__name__
