"""What one operation was about, gathered while it runs: its root fields, its cost, and the nodes it looked up, as keyed hashes.

`Witness` is the store as resolvers get it: whichever service they call, the nodes that were asked for, and those that were found by what was asked,
are noted on the way. Of what hangs around a node, the node is noted and not all that hangs there. A verb goes through unseen only where `UNSEEN` says why.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import cast

from graph_model.predicates import EVERYTHING, AllOf, Among, Compare, Operator, Predicate
from graph_model.records import (
    AsOf,
    AuditEntry,
    AuditRecord,
    Fact,
    GraphBatch,
    LinkEdit,
    Node,
    NodeRef,
    Path,
    SearchHit,
    Subgraph,
    UpsertResult,
)
from graph_model.schema import SCHEMA
from graph_model.services.reveal import subject_hash
from graph_model.services.risk import MAX_SCORES
from graph_model.store import GraphStore

MOST_SUBJECTS = 200 + MAX_SCORES  # so that everybody whom one `scores` asks for is there, whatever is asked beside it
MOST_FIELDS = 10

_COLUMNS = "columns of a whole label or type, without keys; whoever shows a node of them reads it by id"
_READ_BEFORE = "takes the id of a node that was read by key, id or search in the same operation"
_NOBODY = "is about nobody"
_BATCH = "is written by scoring and ingest, which no operation of the API runs"
# Verbs that go through unseen, and why. A test walks the port: each of its verbs is here or among the witness's own.
UNSEEN: Mapping[str, str] = {
    "capabilities": _NOBODY,
    "address": _NOBODY,
    "statistics": _NOBODY,
    "check": _NOBODY,
    "condition": _NOBODY,
    "backup": _NOBODY,
    "close": _NOBODY,
    "writing": _NOBODY,
    "begin_load": _NOBODY,
    "loading": _NOBODY,
    "finish_load": _NOBODY,
    "state": _NOBODY,
    "states": _NOBODY,
    "put_state": _NOBODY,
    "swap_state": _NOBODY,
    "audit": "holds subjects as hashes already",
    "count": "tells how many, not who",
    "cross": "tells how many, not who",
    "tag_counts": "tells how many, not who",
    "scan_tag": _COLUMNS,
    "count_cases": "tells how many, not who",
    "tag_difference": "tells how many, not who",
    "tagged_by": "opaque ids, which only the gate hands on; whoever shows a node of them reads it by id",
    "ring": "names no node of its own; members are selected, key members read by id",
    "rings": "name no nodes of their own; members are selected, key members read by id",
    "latest_scoring": _NOBODY,
    "unfinished_scoring": _NOBODY,
    "assessments": _READ_BEFORE,
    "changes": "is followed by what scores from memory, which no operation asks for",
    "tags_of": _READ_BEFORE,
    "tag_history": _READ_BEFORE,
    "give_tag": _READ_BEFORE,
    "tag": "is written by the computation of tags and segments, for everybody alike",
    "degrees": _READ_BEFORE,
    "handles": _READ_BEFORE,
    "export_bounds": _NOBODY,
    "export_records": "moves a whole store, which only a command does",
    "import_records": "moves a whole store, which only a command does",
    "edges_at": _COLUMNS,
    "grades_at": _COLUMNS,
    "node_ids": _COLUMNS,
    "scan_nodes": _COLUMNS,
    "scan_edges": _COLUMNS,
    "scan_facts": _COLUMNS,
    "edit_link": "joins nodes that were read by id, or by the link's edits, in the same operation",
    "assign": _BATCH,
    "append_rings": _BATCH,
    "begin_scoring": _BATCH,
    "take_back": _BATCH,
    "append_scoring": _BATCH,
    "append_assessments": "takes handles of nodes that were read in the same operation",
}


@dataclass(slots=True)
class Trail:
    """Filled by one worker thread, read when it has ended (or was given up)."""

    request_id: str = ""
    kind: str = ""  # query or mutation; empty where the request was refused before it was known
    name: str = ""  # of the operation, as its sender calls it
    fields: tuple[str, ...] = ()  # root fields, which are names of the schema
    cost: int = 0
    subjects: dict[str, None] = field(default_factory=dict)
    met: set[NodeRef] = field(default_factory=set)
    written: list[str] = field(default_factory=list)  # audit records that services wrote themselves, by operation

    def about(self, secret: bytes, refs: Iterable[NodeRef]) -> None:
        """The operation is about these nodes, whether or not they are in the graph."""
        for ref in refs:
            if ref not in self.met:
                self.met.add(ref)
                if len(self.subjects) < MOST_SUBJECTS:
                    self.subjects[subject_hash(secret, ref)] = None

    @property
    def left_out(self) -> int:
        """Subjects beyond MOST_SUBJECTS."""
        return len(self.met) - len(self.subjects)

    @property
    def operation(self) -> str:
        """What was asked, in names of the schema."""
        more = ",…" if len(self.fields) > MOST_FIELDS else ""
        return f"{self.kind} {','.join(self.fields[:MOST_FIELDS])}{more}" if self.kind else "request"

    @property
    def complete(self) -> bool:
        """Whether services have written a record for each root field."""
        return len(self.fields) > 0 and all(name in self.written for name in self.fields)


class Witness:
    """A store that notes what is asked of it. What is in UNSEEN is the store's own; anything else is not to be had."""

    def __init__(self, store: GraphStore, trail: Trail, secret: bytes) -> None:
        self._store = store
        self._trail = trail
        self._secret = secret

    def __getattr__(self, name: str) -> object:
        if name not in UNSEEN:
            raise AttributeError(f"{name} is neither witnessed nor excused")
        found: object = getattr(self._store, name)
        return found

    def get(self, ref: NodeRef, *, as_of: AsOf | None = None) -> Node | None:
        self._trail.about(self._secret, [ref])
        return self._store.get(ref, as_of=as_of)

    def get_by_id(self, node_ids: Sequence[str], *, as_of: AsOf | None = None) -> list[Node]:
        found = self._store.get_by_id(node_ids, as_of=as_of)
        self._trail.about(self._secret, (node.ref for node in found))
        return found

    def neighbourhood(
        self,
        node_id: str,
        *,
        hops: int = 2,
        cap: int = 50,
        limit: int = 300,
        types: Sequence[str] | None = None,
        as_of: AsOf | None = None,
    ) -> Subgraph:
        found = self._store.neighbourhood(node_id, hops=hops, cap=cap, limit=limit, types=types, as_of=as_of)
        self._trail.about(self._secret, (node.ref for node in found.nodes[:1]))
        return found

    def component(self, node_id: str, *, limit: int = 5_000, hub: int = 200, as_of: AsOf | None = None) -> Subgraph:
        found = self._store.component(node_id, limit=limit, hub=hub, as_of=as_of)
        self._trail.about(self._secret, (node.ref for node in found.nodes if node.node_id == node_id))
        return found

    def induced(self, node_ids: Sequence[str], *, as_of: AsOf | None = None) -> Subgraph:
        found = self._store.induced(node_ids, as_of=as_of)
        self._trail.about(self._secret, (node.ref for node in found.nodes))
        return found

    def paths(
        self, start: str, end: str, *, k: int = 3, max_hops: int = 4, hub: int = 200, as_of: AsOf | None = None
    ) -> list[Path]:
        found = self._store.paths(start, end, k=k, max_hops=max_hops, hub=hub, as_of=as_of)
        self._trail.about(self._secret, (node.ref for path in found for node in path.nodes))
        return found

    def search(self, text: str, *, labels: Sequence[str] | None = None, limit: int = 20) -> list[SearchHit]:
        found = self._store.search(text, labels=labels, limit=limit)
        self._trail.about(self._secret, (hit.node.ref for hit in found))
        return found

    def select(
        self,
        label: str,
        predicate: Predicate = EVERYTHING,
        *,
        order: str | None = None,
        descending: bool = False,
        limit: int = 1_000,
        offset: int = 0,
    ) -> list[Node]:
        self._trail.about(self._secret, _asked_for(label, predicate))
        found = self._store.select(label, predicate, order=order, descending=descending, limit=limit, offset=offset)
        self._trail.about(self._secret, (node.ref for node in found))
        return found

    def facts(self, node_id: str, *, kind: str | None = None, as_of: AsOf | None = None) -> list[Fact]:
        found = self._store.facts(node_id, kind=kind, as_of=as_of)
        self._trail.about(self._secret, (fact.about for fact in found))
        return found

    def facts_of(
        self, node_ids: Sequence[str], *, kind: str | None = None, as_of: AsOf | None = None
    ) -> dict[str, list[Fact]]:
        found = self._store.facts_of(node_ids, kind=kind, as_of=as_of)
        self._trail.about(self._secret, (fact.about for facts in found.values() for fact in facts))
        return found

    def link_edits(self, link_ids: Sequence[str]) -> dict[str, list[LinkEdit]]:
        found = self._store.link_edits(link_ids)
        ends = {end: None for edits in found.values() for edit in edits for end in (edit.start, edit.end)}
        if len(ends) > 0:
            self.get_by_id(list(ends))
        return found

    def upsert(self, batch: GraphBatch, *, state: Mapping[str, str] | None = None) -> UpsertResult:
        self._trail.about(self._secret, (node.ref for node in batch.nodes))
        self._trail.about(self._secret, (fact.about for fact in batch.facts))
        return self._store.upsert(batch, state=state)

    def append_audit(self, records: Sequence[AuditRecord]) -> list[AuditEntry]:
        """A service's own record, which names the request too."""
        named = [replace(record, detail={**record.detail, "request_id": self._trail.request_id}) for record in records]
        entries = self._store.append_audit(named)
        self._trail.written.extend(record.operation for record in records)
        return entries


def _asked_for(label: str, predicate: Predicate) -> list[NodeRef]:
    """Who is asked for by key, found or not."""
    key = SCHEMA.node(label).key.name
    match predicate:
        case Among(field=name, values=values) if name == key:
            return [NodeRef(label, str(value)) for value in values]
        case Compare(field=name, operator=Operator.EQ, value=value) if name == key:
            return [NodeRef(label, str(value))]
        case AllOf(parts=parts):
            return [ref for part in parts for ref in _asked_for(label, part)]
        case _:
            return []


def witnessed(store: GraphStore, trail: Trail, secret: bytes) -> GraphStore:
    return cast(GraphStore, Witness(store, trail, secret))
