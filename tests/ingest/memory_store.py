"""A store in memory that keeps the promises of the port that ingest relies on: merging, atomic batches with their state, one job at a time."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from graph_model.errors import InvalidRequest
from graph_model.predicates import Among, Predicate
from graph_model.records import EdgeRecord, Fact, GraphBatch, Node, NodeRecord, NodeRef, UpsertResult
from graph_model.schema import SCHEMA
from graph_model.store import Capabilities, OnProgress

EVER = datetime.min.replace(tzinfo=UTC)  # a fact is the same whenever it was recorded


@dataclass
class KeptNode:
    first_seen: datetime
    last_seen: datetime
    recorded_at: datetime
    source: str
    properties: dict[str, Any]
    told_at: datetime | None  # `seen` of the record that the properties came from


@dataclass
class MemoryStore:
    """`fail_after` batches, `upsert` raises OSError instead of writing."""

    fail_after: int | None = None
    nodes: dict[NodeRef, KeptNode] = field(default_factory=dict)
    edges: dict[tuple[str, NodeRef, NodeRef, str], EdgeRecord] = field(default_factory=dict)
    fact_set: dict[Fact, None] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)
    holders: list[str] = field(default_factory=list)
    batches: int = 0

    def upsert(self, batch: GraphBatch, *, state: Mapping[str, str] | None = None) -> UpsertResult:
        if self.fail_after is not None and self.batches >= self.fail_after:
            raise OSError("the disk went away")
        named = {n.ref for n in batch.nodes} | self.nodes.keys()
        for edge in batch.edges:
            if edge.start not in named or edge.end not in named:
                raise InvalidRequest("An end is not in the graph.")
            if (edge.start.label, edge.end.label) not in SCHEMA.relationship(edge.type).ends:
                raise InvalidRequest("The schema does not allow these ends.")
        if any(fact.about not in named for fact in batch.facts):
            raise InvalidRequest("A subject is not in the graph.")
        self.batches += 1
        result = UpsertResult(
            [self._node(n) for n in batch.nodes],
            [self._edge(e) for e in batch.edges],
            [self._fact(f) for f in batch.facts],
        )
        self.states.update(state or {})
        return result

    def _node(self, record: NodeRecord) -> bool:
        for name in record.properties:
            SCHEMA.node(record.ref.label).declared(name)
        told = record.seen if record.properties else None
        kept = self.nodes.get(record.ref)
        if kept is None:
            self.nodes[record.ref] = KeptNode(
                record.seen, record.seen, record.recorded_at, record.source, dict(record.properties), told
            )
            return True
        kept.first_seen = min(kept.first_seen, record.seen)
        kept.last_seen = max(kept.last_seen, record.seen)
        kept.recorded_at = min(kept.recorded_at, record.recorded_at)
        if record.implied:
            return False
        if told is not None and (kept.told_at is None or told > kept.told_at):
            kept.properties.update(record.properties)
            kept.told_at = told
        else:
            kept.properties = {**record.properties, **kept.properties}
        return False

    def _edge(self, record: EdgeRecord) -> bool:
        identity = (record.type, record.start, record.end, record.qualifier)
        kept = self.edges.get(identity)
        self.edges[identity] = (
            record
            if kept is None
            else EdgeRecord(
                kept.type,
                kept.start,
                kept.end,
                min(kept.first_seen, record.first_seen),
                max(kept.last_seen, record.last_seen),
                min(kept.recorded_at, record.recorded_at),
                kept.source,
                kept.qualifier,
                kept.properties,
            )
        )
        return kept is None

    def _fact(self, fact: Fact) -> bool:
        key = Fact(fact.about, fact.kind, fact.value, fact.at, EVER, fact.source, fact.topic)
        new = key not in self.fact_set
        self.fact_set[key] = None
        return new

    def select(self, label: str, predicate: Predicate, *, limit: int = 1_000) -> list[Node]:
        assert isinstance(predicate, Among) and predicate.field == SCHEMA.node(label).key.name
        assert len(predicate.values) <= 1_000
        refs = [NodeRef(label, str(key)) for key in predicate.values]
        found = [(ref, self.nodes[ref]) for ref in refs if ref in self.nodes][:limit]
        return [
            Node("", r.label, r.key, n.first_seen, n.last_seen, n.recorded_at, n.source, n.properties) for r, n in found
        ]

    def count(self, label: str, predicate: Predicate) -> int:
        return len(self.select(label, predicate))

    capabilities = Capabilities(online_backup=False, many_writers=False)

    def state(self, name: str) -> str | None:
        return self.states.get(name)

    def put_state(self, name: str, value: str) -> None:
        self.states[name] = value

    @contextmanager
    def writing(self, purpose: str) -> Iterator[None]:
        self.holders.append(purpose)
        yield

    def loading(self) -> bool:
        return False

    def finish_load(self, on_progress: OnProgress | None = None) -> bool:
        return False

    def graph(self) -> tuple[object, ...]:
        """All that is in the graph, to be compared."""
        return (
            {ref: (n.first_seen, n.last_seen, n.recorded_at, n.properties) for ref, n in self.nodes.items()},
            self.edges,
            set(self.fact_set),
        )
