"""What one operation was about, gathered while it runs: its root fields, its cost, and the nodes it looked up, as keyed hashes.

`Witness` is the store as resolvers get it: whichever service they call, the nodes that were asked for by key or id are noted on the way.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import cast

from graph_model.records import AsOf, AuditEntry, AuditRecord, GraphBatch, Node, NodeRef, Subgraph, UpsertResult
from graph_model.services.reveal import subject_hash
from graph_model.store import GraphStore

MOST_SUBJECTS = 200
MOST_FIELDS = 10


@dataclass(slots=True)
class Trail:
    """Filled by one worker thread, read when it has ended (or was given up)."""

    request_id: str = ""
    kind: str = ""  # query or mutation; empty where the request was refused before it was known
    name: str = ""  # of the operation, as its sender calls it
    fields: tuple[str, ...] = ()  # root fields, which are names of the schema
    cost: int = 0
    subjects: dict[str, None] = field(default_factory=dict)
    left_out: int = 0  # subjects beyond MOST_SUBJECTS
    written: list[str] = field(default_factory=list)  # audit records that services wrote themselves, by operation

    def about(self, secret: bytes, refs: Iterable[NodeRef]) -> None:
        """The operation is about these nodes, whether or not they are in the graph."""
        for ref in refs:
            hashed = subject_hash(secret, ref)
            if hashed not in self.subjects:
                if len(self.subjects) < MOST_SUBJECTS:
                    self.subjects[hashed] = None
                else:
                    self.left_out += 1

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
    """A store that notes what is asked of it. Everything else is the store's own."""

    def __init__(self, store: GraphStore, trail: Trail, secret: bytes) -> None:
        self._store = store
        self._trail = trail
        self._secret = secret

    def __getattr__(self, name: str) -> object:
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

    def upsert(self, batch: GraphBatch, *, state: Mapping[str, str] | None = None) -> UpsertResult:
        self._trail.about(self._secret, (node.ref for node in batch.nodes))
        return self._store.upsert(batch, state=state)

    def append_audit(self, records: Sequence[AuditRecord]) -> list[AuditEntry]:
        """A service's own record, which names the request too."""
        named = [replace(record, detail={**record.detail, "request_id": self._trail.request_id}) for record in records]
        entries = self._store.append_audit(named)
        self._trail.written.extend(record.operation for record in records)
        return entries


def witnessed(store: GraphStore, trail: Trail, secret: bytes) -> GraphStore:
    return cast(GraphStore, Witness(store, trail, secret))
