"""The relationships of many nodes at once, as columns: what scoring reads of the surroundings of one application.

Like a walk it reads `adjacency` alone, many nodes of few relationships in one query, and of the others no more rows than the cap.
"""

# ruff: noqa: S608 - statements are made of fixed fragments and names of the schema; values are always parameters

from collections.abc import Sequence
from typing import Any

import numpy as np

from graph_model.columns import EdgeColumns, EdgesAt, coded, first_of_each
from graph_model.schema import SCHEMA
from graph_model.stores.sqlite.joined import Column
from graph_model.stores.sqlite.scope import OF_TYPES, SEEN, THERE, Scope, as_json

_COLUMNS = f"""
a.triple, CASE WHEN a.outgoing THEN a.nid ELSE a.other END AS start, CASE WHEN a.outgoing THEN a.other ELSE a.nid END AS finish,
a.qualifier, a.first_seen, {SEEN} AS last_seen, a.recorded_at
"""
_CROWDED = """
SELECT n.nid, n.label FROM json_each(:wanted) wanted CROSS JOIN node n ON n.nid = wanted.value WHERE n.degree > :cap
"""
_WHOLE = f"""
SELECT {_COLUMNS} FROM json_each(:wanted) wanted CROSS JOIN adjacency a ON a.nid = wanted.value WHERE {THERE} AND {OF_TYPES}
"""
# Of one type or two, a row is looked up for each; of more, reading a node's rows and leaving some out is quicker.
_OF_FEW_TYPES = f"""
SELECT {_COLUMNS} FROM json_each(:wanted) wanted CROSS JOIN json_each(:types) t
CROSS JOIN adjacency a ON a.nid = wanted.value AND a.type = t.value WHERE {THERE}
"""
_FEW = 2
_NEWEST = f"""
SELECT {_COLUMNS} FROM adjacency a WHERE a.nid = :nid AND a.type = :type AND {THERE} ORDER BY a.last_seen DESC LIMIT :most
"""

_ORDER = {triple: place for place, triple in enumerate(SCHEMA.triples)}
_READ = [Column(name, int) for name in ("triple", "start", "finish", "first_seen", "last_seen", "recorded_at")]
_READ.append(Column("qualifier", str))

_Cells = list[Any]  # one array or list for each of _READ


def edges_at(scope: Scope, handles: Sequence[int], *, cap: int) -> EdgesAt:
    wanted = {int(handle) for handle in handles}
    crowded = dict(scope.query(_CROWDED, wanted=as_json(wanted), cap=cap).fetchall())
    few = scope.types is not None and len(scope.types) <= _FEW
    found = [scope.columns(_OF_FEW_TYPES if few else _WHOLE, _READ, wanted=as_json(wanted - crowded.keys()))]
    capped: set[int] = set()
    for nid, label in crowded.items():
        for type in filter(scope.includes, scope.names.types_at[label]):
            # More than the cap: a relationship with oneself has two rows, and whether there are more must be known.
            newest = scope.query(_NEWEST, nid=nid, type=type, most=2 * cap + 1).fetchall()
            once = list(dict.fromkeys(newest))
            found.append(_cells(once[:cap]))
            if len(once) > cap:
                capped.add(nid)
    return EdgesAt(_columns(scope, found), np.array(sorted(capped), dtype=np.int64))


def _cells(rows: Sequence[Any]) -> _Cells:
    """Rows as columns."""
    if len(rows) == 0:
        return [np.empty(0, dtype=np.int64) for _ in _READ[:-1]] + [[]]
    triple, start, finish, qualifier, *moments = zip(*rows, strict=True)
    return [np.array(column, dtype=np.int64) for column in (triple, start, finish, *moments)] + [list(qualifier)]


def _columns(scope: Scope, parts: Sequence[_Cells]) -> list[EdgeColumns]:
    """Each edge once, by kind in the order of the schema, and there by start, end and qualifier."""
    joined = [np.concatenate([part[i] for part in parts]) for i in range(len(_READ) - 1)]
    triple, start, end = joined[:3]
    texts, code = coded([text for part in parts for text in part[-1]])
    order = first_of_each(triple, start, end, code)
    triple, start, end, first_seen, last_seen, recorded_at = (column[order] for column in joined)
    code = code[order]
    bounds = np.flatnonzero(np.diff(triple, prepend=-1, append=-1))
    found = []
    for first, last in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        kind, rows = scope.names.by_code[int(triple[first])], slice(first, last)
        used, qualifier = np.unique(code[rows], return_inverse=True)
        found.append(
            EdgeColumns(
                type=scope.names.type_of[kind.type],
                start_label=scope.names.label_of[kind.start],
                end_label=scope.names.label_of[kind.end],
                start=start[rows],
                end=end[rows],
                first_seen=first_seen[rows],
                last_seen=last_seen[rows],
                recorded_at=recorded_at[rows],
                qualifier=(qualifier if kind.qualified else np.zeros(last - first)).astype(np.int8),
                qualifiers=[texts[i] for i in used.tolist()] if kind.qualified else [""],
            )
        )
    return sorted(found, key=lambda columns: _ORDER[columns.start_label, columns.type, columns.end_label])
