"""The relationships of many nodes at once, as columns: what scoring reads of the surroundings of one application.

Like a walk it reads `adjacency` alone, many nodes of few relationships in one query, and of the others no more rows than the cap.
"""

# ruff: noqa: S608 - statements are made of fixed fragments and names of the schema; values are always parameters

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from graph_model.columns import EdgeColumns, EdgesAt
from graph_model.schema import SCHEMA
from graph_model.stores.sqlite.names import Triple, triple_name
from graph_model.stores.sqlite.scope import OF_TYPES, SEEN, THERE, Scope, as_json

_COLUMNS = f"""
a.triple, CASE WHEN a.outgoing THEN a.nid ELSE a.other END, CASE WHEN a.outgoing THEN a.other ELSE a.nid END,
a.qualifier, a.first_seen, {SEEN}, a.recorded_at
"""
_DEGREES = "SELECT n.nid, n.label, n.degree FROM json_each(:wanted) wanted CROSS JOIN node n ON n.nid = wanted.value"
_WHOLE = f"""
SELECT {_COLUMNS} FROM json_each(:wanted) wanted CROSS JOIN adjacency a ON a.nid = wanted.value WHERE {THERE} AND {OF_TYPES}
"""
_NEWEST = f"""
SELECT {_COLUMNS} FROM adjacency a WHERE a.nid = :nid AND a.type = :type AND {THERE} ORDER BY a.last_seen DESC LIMIT :most
"""

_Row = tuple[int, int, int, str, int, int, int]  # triple, start, end, qualifier, first_seen, last_seen, recorded_at


def edges_at(scope: Scope, handles: Sequence[int], *, cap: int) -> EdgesAt:
    there = scope.query(_DEGREES, wanted=as_json({int(handle) for handle in handles})).fetchall()
    small = [nid for nid, _, degree in there if degree <= cap]
    found: set[_Row] = set(scope.query(_WHOLE, wanted=as_json(small)).fetchall())
    capped: set[int] = set()
    for nid, label, degree in there:
        if degree > cap:
            for type in filter(scope.includes, scope.names.types_at[label]):
                # More than the cap: a relationship with oneself has two rows, and whether there are more must be known.
                newest = _edges(scope.query(_NEWEST, nid=nid, type=type, most=2 * cap + 1))
                found.update(newest[:cap])
                if len(newest) > cap:
                    capped.add(nid)
    return EdgesAt(_columns(scope, found), np.array(sorted(capped), dtype=np.int64))


def _edges(cursor: Iterable[_Row]) -> list[_Row]:
    """Each edge once, in order."""
    return list(dict.fromkeys(cursor))


def _columns(scope: Scope, found: Iterable[_Row]) -> list[EdgeColumns]:
    of_triple: dict[int, list[_Row]] = {}
    for row in found:
        of_triple.setdefault(row[0], []).append(row)
    names = scope.names
    order = {triple_name(*triple): place for place, triple in enumerate(SCHEMA.triples)}

    def named(triple: Triple) -> tuple[str, str, str]:
        return names.label_of[triple.start], names.type_of[triple.type], names.label_of[triple.end]

    kinds = sorted(((named(names.by_code[code]), code) for code in of_triple), key=lambda k: order[triple_name(*k[0])])
    return [_kind(name, names.by_code[code], sorted(of_triple[code])) for name, code in kinds]


def _kind(name: tuple[str, str, str], triple: Triple, listed: list[Any]) -> EdgeColumns:
    _, starts, ends, qualifiers, first_seen, last_seen, recorded_at = zip(*listed, strict=True)
    texts = sorted(set(qualifiers)) if triple.qualified else [""]
    place = {text: code for code, text in enumerate(texts)}
    codes = [place[text] for text in qualifiers] if triple.qualified else [0] * len(listed)
    return EdgeColumns(
        type=name[1],
        start_label=name[0],
        end_label=name[2],
        start=np.array(starts, dtype=np.int64),
        end=np.array(ends, dtype=np.int64),
        first_seen=np.array(first_seen, dtype=np.int64),
        last_seen=np.array(last_seen, dtype=np.int64),
        recorded_at=np.array(recorded_at, dtype=np.int64),
        qualifier=np.array(codes, dtype=np.int8),
        qualifiers=texts,
    )
