"""The relationships of many nodes at once, as columns: what scoring reads of the surroundings of one application."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from graph_model.columns import EdgeColumns, EdgesAt
from graph_model.records import AsOf
from graph_model.schema import SCHEMA
from graph_model.stores.link_rules import HUMAN
from graph_model.stores.neo4j.connections import Transaction
from graph_model.stores.neo4j.hydration import Row, rows
from graph_model.stores.neo4j.names import EDGE_TYPES, TYPES_IN, TYPES_OUT
from graph_model.stores.neo4j.queries import query

_TRIPLE_RANK = {triple: rank for rank, triple in enumerate(SCHEMA.triples)}

_Triple = tuple[str, str, str]
_Edge = tuple[Any, ...]  # start, end, qualifier, first_seen, last_seen as of the asked moment, recorded_at


def edges_at(
    transaction: Transaction, handles: Sequence[int], *, types: Sequence[str] | None, cap: int, as_of: AsOf | None
) -> EdgesAt:
    there = rows(transaction, sorted({int(handle) for handle in handles}), as_of)
    small = [row.nid for row in there.values() if row.degree <= cap]
    found: dict[_Triple, set[_Edge]] = {}
    _collect(found, transaction.pieces(query("edges_at"), small, types=types, **transaction.window(as_of)))
    capped: set[int] = set()
    for row in there.values():
        if row.degree > cap:
            for type in dict.fromkeys((*TYPES_OUT[row.label], *TYPES_IN[row.label])):
                if type != HUMAN and (types is None or type in types):
                    newest = _newest(transaction, row, type, cap, as_of)
                    _collect(found, newest[:cap])
                    if len(newest) > cap:
                        capped.add(row.nid)
    ordered = sorted(found, key=_TRIPLE_RANK.__getitem__)
    return EdgesAt(
        [_kind(triple, sorted(found[triple])) for triple in ordered], np.array(sorted(capped), dtype=np.int64)
    )


def _newest(transaction: Transaction, row: Row, type: str, cap: int, as_of: AsOf | None) -> list[list[Any]]:
    """One more than the cap, if there is, each once (one with oneself is found from both sides), the newest first."""
    found: dict[tuple[Any, ...], list[Any]] = {}
    for name, types in (("edges_at_in", TYPES_IN), ("edges_at_out", TYPES_OUT)):
        if type in types[row.label]:
            text = query(name, TYPE=type)
            for edge in transaction.rows(text, nid=row.nid, most=cap + 1, **transaction.window(as_of)):
                found[tuple(edge)] = edge
    return sorted(found.values(), key=lambda edge: -edge[-1])


def _collect(found: dict[_Triple, set[_Edge]], read: Iterable[Sequence[Any]]) -> None:
    for start, type, end, *edge, _ in read:
        found.setdefault((start, type, end), set()).add(tuple(edge))


def _kind(triple: _Triple, listed: Sequence[_Edge]) -> EdgeColumns:
    start_label, type, end_label = triple
    starts, ends, qualifiers, first_seen, last_seen, recorded_at = zip(*listed, strict=True)
    texts = sorted(set(qualifiers)) if EDGE_TYPES[type].qualifier is not None else [""]
    place = {text: code for code, text in enumerate(texts)}
    return EdgeColumns(
        type=type,
        start_label=start_label,
        end_label=end_label,
        start=np.array(starts, dtype=np.int64),
        end=np.array(ends, dtype=np.int64),
        first_seen=np.array(first_seen, dtype=np.int64),
        last_seen=np.array(last_seen, dtype=np.int64),
        recorded_at=np.array(recorded_at, dtype=np.int64),
        qualifier=np.array([place[text] for text in qualifiers], dtype=np.int8),
        qualifiers=texts,
    )
