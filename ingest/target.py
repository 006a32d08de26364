"""Where an ingest's records go: into a store, or nowhere in a dry run."""

from collections.abc import Collection, Hashable, Iterator, Mapping
from itertools import islice
from typing import Protocol

from graph_model.errors import InvalidRequest
from graph_model.predicates import Among
from graph_model.records import GraphBatch, UpsertResult
from graph_model.schema import SCHEMA
from graph_model.store import GraphStore
from ingest.layout import APPLICATIONS, CUSTOMERS, RELATION_TYPES, NodeRows

AMONG = 1_000  # values that a predicate may hold
REMEMBERED = 5_000_000  # records that a dry run remembers to tell repetitions, at some 100 bytes each


class Target(Protocol):
    """What an ingest needs of a store."""

    def known(self, label: str, keys: Collection[str]) -> set[str]:
        """Those of the keys that nodes have already."""
        ...

    def write(self, batch: GraphBatch, state: Mapping[str, str]) -> UpsertResult:
        """Raises InvalidRequest, having written nothing, for a fact about what is not known."""
        ...


class StoreTarget:
    """Writes to a store."""

    def __init__(self, store: GraphStore) -> None:
        self._store = store

    def known(self, label: str, keys: Collection[str]) -> set[str]:
        return known_keys(self._store, label, keys)

    def write(self, batch: GraphBatch, state: Mapping[str, str]) -> UpsertResult:
        return self._store.upsert(batch, state=state)


class Rehearsal:
    """Says what a store would answer, as far as it can be known without writing: exact for customers and applications; for relations and
    facts it tells repetitions among the files, not what the store has already."""

    def __init__(self, store: GraphStore | None) -> None:
        self._store = store
        self._met: set[int] = set()
        self._labels = {kind.rows.label for kind in (CUSTOMERS, APPLICATIONS) if isinstance(kind.rows, NodeRows)}

    def known(self, label: str, keys: Collection[str]) -> set[str]:
        met = {key for key in keys if hash((label, key)) in self._met}
        return met if self._store is None else met | known_keys(self._store, label, set(keys) - met)

    def write(self, batch: GraphBatch, state: Mapping[str, str]) -> UpsertResult:
        subjects = {fact.about for fact in batch.facts}
        for label in {ref.label for ref in subjects}:
            keys = {ref.key for ref in subjects if ref.label == label}
            if len(self.known(label, keys)) < len(keys):
                raise InvalidRequest(f"A fact is about a {label} that is not known.")
        known: set[tuple[str, str]] = set()
        for label in self._labels:
            keys = {n.ref.key for n in batch.nodes if n.ref.label == label}
            known |= {(label, key) for key in self.known(label, keys)}
        return UpsertResult(
            [
                n.ref.label in self._labels
                and (n.ref.label, n.ref.key) not in known
                and self._new((n.ref.label, n.ref.key))
                for n in batch.nodes
            ],
            [e.type in RELATION_TYPES and self._new((e.type, e.start, e.end)) for e in batch.edges],
            [self._new((f.kind, f.about, f.topic, f.value, f.at, f.source)) for f in batch.facts],
        )

    def _new(self, identity: Hashable) -> bool:
        mark = hash(identity)
        if mark in self._met:
            return False
        if len(self._met) < REMEMBERED:
            self._met.add(mark)
        return True


def known_keys(store: GraphStore, label: str, keys: Collection[str]) -> set[str]:
    """Those of the keys that the store has nodes of. Counting is cheap, and mostly it has all of them or none; the nodes are read only where it has some."""
    name = SCHEMA.node(label).key.name
    known: set[str] = set()
    for chunk in _chunks(keys):
        among = Among(name, chunk)
        count = store.count(label, among)
        if count == len(chunk):
            known.update(chunk)
        elif count > 0:
            known.update(node.key for node in store.select(label, among, limit=AMONG))
    return known


def _chunks(keys: Collection[str]) -> Iterator[list[str]]:
    rest = iter(dict.fromkeys(keys))
    while chunk := list(islice(rest, AMONG)):
        yield chunk
