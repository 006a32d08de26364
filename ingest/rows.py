"""Rows of one kind of file become records of the graph: clean, check, assemble. Knows no file and no store."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import polars as pl

from graph_model.records import EdgeRecord, Fact, GraphBatch, NodeRecord, NodeRef, UpsertResult
from graph_model.schema import Value
from graph_model.schema.property_types import LOCAL_ZONE
from ingest.checks import check_rows
from ingest.cleaning import ColumnCleaner, Named, Refusal, masked, node_cleaner, value_cleaner
from ingest.layout import RECORDED_AT, SOURCE, TARGET_LABELS, Column, FactRows, FileKind, NodeRows, RelationRows

MISSING = Refusal("required.missing", "The field is empty, and the row can't be loaded without it.")


@dataclass(slots=True)
class CleanRows:
    """One batch of rows after cleaning. `good` are the rows without refusals; `values` holds each column of the layout, row by row."""

    values: dict[str, list[Any]]
    good: list[int]
    refusals: dict[int, list[tuple[str, Refusal]]] = field(default_factory=dict)

    def refuse(self, row: int, column: str, refusal: Refusal) -> None:
        self.refusals.setdefault(row, []).append((column, refusal))

    def keep_good(self) -> None:
        """Takes the refused rows out of `good`."""
        if self.refusals:
            self.good = [row for row in self.good if row not in self.refusals]

    def of(self, column: str) -> list[Any]:
        """The column's values in the good rows."""
        values = self.values[column]
        return values if len(self.good) == len(values) else [values[row] for row in self.good]


class RowCleaner:
    """Cleans batches of one kind, keeping what it learnt of repeated values."""

    def __init__(self, kind: FileKind, now: datetime) -> None:
        today = now.astimezone(LOCAL_ZONE).date()
        self.kind = kind
        self._now = now
        self._cleaners: dict[str, ColumnCleaner[Any]] = {c.name: _cleaner(c, today) for c in kind.columns}
        self._targets = {name: node_cleaner(label, today) for name, label in TARGET_LABELS.items()}

    def clean(self, frame: pl.DataFrame) -> CleanRows:
        """`frame` holds text columns; those of the layout that it lacks are empty."""
        empty: list[Any] = [None] * frame.height
        rows = CleanRows({}, list(range(frame.height)))
        for column in self.kind.columns:
            if column.name not in frame.columns:
                rows.values[column.name] = empty
                continue
            texts = frame.get_column(column.name).to_list()
            cleaner = self._cleaners[column.name]
            rows.values[column.name] = values = cleaner.clean(texts)
            if cleaner.may_refuse:
                for row, value in enumerate(values):
                    if value.__class__ is Refusal:
                        rows.refuse(row, column.name, value)
            if column.needed:
                for row, value in enumerate(values):
                    if value is None:
                        rows.refuse(row, column.name, MISSING)
        self._clean_targets(rows)
        rows.keep_good()
        for row, name, refusal in check_rows(self.kind, rows.values, rows.good, self._now):
            shown = frame.get_column(name)[row] or ""
            rows.refuse(row, name, Refusal(refusal.reason, refusal.message, masked(shown)))
        rows.keep_good()
        return rows

    def _clean_targets(self, rows: CleanRows) -> None:
        """A target is read by what its relation says that it is."""
        if not isinstance(self.kind.rows, RelationRows):
            return
        relations, targets = rows.values[self.kind.rows.relation], rows.values[self.kind.rows.target]
        for row, (relation, target) in enumerate(zip(relations, targets, strict=True)):
            if isinstance(relation, str) and isinstance(target, str):
                [targets[row]] = self._targets[relation].clean([target])
                if isinstance(targets[row], Refusal):
                    rows.refuse(row, self.kind.rows.target, targets[row])


def _cleaner(column: Column, today: date) -> ColumnCleaner[Any]:
    return value_cleaner(column) if column.node is None else node_cleaner(column.node, today, text=column.text)


@dataclass(frozen=True, slots=True)
class Assembled:
    """The records of some rows, and how to read from the store's answer whether each row was new (in the order of the rows).

    `labels`, `types` and `kinds` name what the batch's nodes, relationships and facts are, in its order."""

    batch: GraphBatch
    created: Callable[[UpsertResult], Sequence[bool]]
    labels: Sequence[str] = ()
    types: Sequence[str] = ()
    kinds: Sequence[str] = ()


def assemble(kind: FileKind, rows: CleanRows, *, now: datetime, source: str) -> Assembled:
    """Records of the good rows. `now` and `source` stand in where a row does not say."""
    recorded = [moment or now for moment in rows.of(RECORDED_AT)]
    sources = [name or source for name in rows.of(SOURCE)]
    seen = rows.of(kind.moment)
    given = (seen, recorded, sources)
    count = len(seen)
    match kind.rows:
        case NodeRows():
            nodes, labels, edges, types = _nodes(kind, kind.rows, rows, given)
            return Assembled(GraphBatch(nodes, edges), lambda result: result.nodes_created[:count], labels, types)
        case RelationRows():
            batch, types = _relations(kind.rows, rows, given), rows.of(kind.rows.relation)
            labels = [node.ref.label for node in batch.nodes]
            return Assembled(batch, lambda result: result.edges_created, labels, types)
        case FactRows():
            batch = GraphBatch(facts=_facts(kind.rows, rows, given))
            return Assembled(batch, lambda result: result.facts_created, kinds=[kind.rows.fact] * count)


Given = tuple[list[datetime], list[datetime], list[str]]  # per row: seen, recorded_at, source


def _nodes(
    kind: FileKind, shape: NodeRows, rows: CleanRows, given: Given
) -> tuple[list[NodeRecord], list[str], list[EdgeRecord], list[str]]:
    """Nodes and relationships, each with what they are. The rows' own nodes come first, so that the store's answer tells which rows were new."""
    named: dict[str, list[Named | None]] = {c.name: rows.of(c.name) for c in kind.columns if c.node is not None}
    anchors = {
        c.node: named[c.name] for c in kind.columns if c.node == shape.label or c.node in ("Customer", "Application")
    }
    nodes = list(_own_nodes(kind, shape, rows, given))
    labels = [shape.label] * len(nodes)
    edges: list[EdgeRecord] = []
    types: list[str] = []
    for column in kind.columns:
        if column.node is None or column.key:
            continue
        own = named[column.name]
        nodes += _mentions(own, given) if column.node == "Customer" else _named_nodes(own, given)
        labels += [column.node] * (len(nodes) - len(labels))
        for link in column.links:
            starts = own if link.start == column.node else anchors[link.start]
            ends = own if link.end == column.node else anchors[link.end]
            for start, end, seen, recorded, source in zip(starts, ends, *given, strict=True):
                if start is not None and end is not None:
                    edges.append(
                        EdgeRecord(link.type, start.ref, end.ref, seen, seen, recorded, source, link.qualifier)
                    )
            types += [link.type] * (len(edges) - len(types))
    return nodes, labels, edges, types


def _own_nodes(kind: FileKind, shape: NodeRows, rows: CleanRows, given: Given) -> Iterator[NodeRecord]:
    names = [c.sets for c in kind.columns if c.sets is not None]
    columns = [rows.of(c.name) for c in kind.columns if c.sets is not None]
    keys: list[Named] = rows.of(shape.key)
    for key, seen, recorded, source, *values in zip(keys, *given, *columns, strict=True):
        properties: dict[str, Value] = dict(key.properties)
        for name, value in zip(names, values, strict=True):
            if value is not None:
                properties[name] = value
        yield NodeRecord(key.ref, seen, recorded, source, properties)


def _named_nodes(named: Sequence[Named | None], given: Given) -> Iterator[NodeRecord]:
    for value, seen, recorded, source in zip(named, *given, strict=True):
        if value is not None:
            yield NodeRecord(value.ref, seen, recorded, source, value.properties)


def _mentions(named: Sequence[Named | None], given: Given) -> Iterator[NodeRecord]:
    """Customers that rows of another kind name, with what the ID number says of one who is new."""
    for value, seen, recorded, source in zip(named, *given, strict=True):
        if value is not None:
            yield NodeRecord(value.ref, seen, recorded, source, value.properties, True)


def _relations(shape: RelationRows, rows: CleanRows, given: Given) -> GraphBatch:
    starts: list[Named] = rows.of(shape.start)
    targets: list[Named] = rows.of(shape.target)
    nodes = [*_mentions(starts, given), *_mentions(targets, given)]
    edges = [
        EdgeRecord(relation, start.ref, target.ref, seen, seen, recorded, source)
        for relation, start, target, seen, recorded, source in zip(
            rows.of(shape.relation), starts, targets, *given, strict=True
        )
    ]
    return GraphBatch(nodes, edges)


def _facts(shape: FactRows, rows: CleanRows, given: Given) -> list[Fact]:
    topics: list[str] = [""] * len(rows.good) if shape.topic is None else rows.of(shape.topic)
    subjects: list[Named] = rows.of(shape.about)
    return [
        Fact(subject.ref, shape.fact, value, at, recorded, source, topic)
        for subject, value, topic, at, recorded, source in zip(
            subjects, rows.of(shape.value), topics, *given, strict=True
        )
    ]


def subjects(kind: FileKind, rows: CleanRows) -> list[NodeRef]:
    """What the good rows of a kind of facts speak of, row by row."""
    return [value.ref for value in rows.of(kind.rows.about)] if isinstance(kind.rows, FactRows) else []
