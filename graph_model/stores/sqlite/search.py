"""Search of folded text: whole matches first, then those that begin with it, then those that hold it.

Candidates come from an index, and are few or many. Few are sorted. Where so many nodes of a type match that every fiftieth does, walking the type in the
order of the answer and looking at each meets enough of them sooner than sorting them all would take.
"""

# ruff: noqa: S608 - statements are made of fixed fragments and names of the schema; values are always parameters

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import orjson

from graph_model.errors import InvalidRequest
from graph_model.records import SearchHit
from graph_model.schema import SCHEMA
from graph_model.schema.text import fold_key
from graph_model.store import MAX_LIMIT
from graph_model.stores.sqlite.hydration import nodes, rows
from graph_model.stores.sqlite.names import Names
from graph_model.stores.sqlite.search_index import CODE_BITS, grams
from graph_model.stores.sqlite.tally import read_tally

_SHORTEST = 2
_AFTER_ALL = "\U0010ffff"
_DENSE = 50
_FEW = 2_000
_CODE = (1 << CODE_BITS) - 1


@dataclass(frozen=True, slots=True)
class _Rank:
    """One kind of match: where its candidates are, and what makes a candidate `s` a match."""

    candidates: str
    condition: str


_IS_PREFIX = "s.folded >= :text AND s.folded < :after"
_INDEXED = "SELECT s.doc, s.folded FROM searchable s WHERE"
_RANKS = (
    _Rank(f"{_INDEXED} s.folded = :text", "s.folded = :text"),
    _Rank(f"{_INDEXED} s.folded > :text AND s.folded < :after", "s.folded > :text AND s.folded < :after"),
    _Rank(
        "SELECT s.doc, s.folded FROM gram CROSS JOIN searchable s ON s.doc = gram.rowid WHERE gram MATCH :grams",
        f"instr(s.folded, :text) > 1 AND NOT ({_IS_PREFIX})",
    ),
)
_COUNT = f"SELECT s.doc & {_CODE}, count(*) FROM ({{candidates}}) s GROUP BY 1"
_COUNT_GRAMS = f"SELECT rowid & {_CODE}, count(*) FROM gram WHERE gram MATCH :grams GROUP BY 1"
_SORTED = f"""
SELECT s.doc FROM ({{candidates}}) s CROSS JOIN node n ON n.nid = s.doc >> {CODE_BITS}
WHERE s.doc & {_CODE} IN (SELECT value FROM json_each(:codes)) AND {{condition}} ORDER BY n.key, s.doc & {_CODE} LIMIT :limit
"""
_WALKED = f"""
SELECT s.doc FROM node n CROSS JOIN searchable s ON s.doc = n.nid << {CODE_BITS} | :code
WHERE n.label = :label AND {{condition}} ORDER BY n.key LIMIT :limit
"""


def search(
    connection: sqlite3.Connection, names: Names, text: str, *, labels: Sequence[str] | None, limit: int
) -> list[SearchHit]:
    if not 1 <= limit <= MAX_LIMIT:
        raise InvalidRequest(f"Ask for 1 to {MAX_LIMIT} hits.")
    wanted = _codes(names, labels)
    folded = fold_key(text)
    if len(folded) < _SHORTEST:
        return []
    property_of: dict[int, str] = {}  # nid → the property that matched best
    for doc, name in _matches(connection, names, wanted, folded, limit):
        property_of.setdefault(doc >> CODE_BITS, name)
        if len(property_of) == limit:
            break
    found = rows(connection, property_of)
    shown = nodes(connection, names, [found[nid] for nid in property_of])
    return [SearchHit(node, name) for node, name in zip(shown, property_of.values(), strict=True)]


def _codes(names: Names, labels: Sequence[str] | None) -> dict[str, dict[int, str]]:
    """Node type, in schema order → code of each of its searched properties → its name."""
    chosen = set(SCHEMA.labels if labels is None else (SCHEMA.node(label).label for label in labels))
    wanted: dict[str, dict[int, str]] = {}
    for (label, name), code in names.searched.items():
        if label in chosen:
            wanted.setdefault(label, {})[code] = name
    return wanted


def _matches(
    connection: sqlite3.Connection, names: Names, wanted: Mapping[str, Mapping[int, str]], folded: str, limit: int
) -> Iterator[tuple[int, str]]:
    """(document, property) in the order of the answer; a node may come by several properties."""
    amounts = read_tally(connection)
    words = dict.fromkeys(grams(folded).split(" "))
    text: dict[str, str | int] = {
        "text": folded,
        "after": folded + _AFTER_ALL,
        "grams": " AND ".join(f'"{word}"' for word in words),
    }
    for rank in _RANKS:
        count = _COUNT_GRAMS if ":grams" in rank.candidates else _COUNT.format(candidates=rank.candidates)
        counts = dict(connection.execute(count, text).fetchall())
        for label, codes in wanted.items():
            candidates = sum(counts.get(code, 0) for code in codes)
            if candidates == 0:
                continue
            is_dense = candidates > _FEW and candidates * _DENSE > amounts.get(f"label {label}", 0)
            if is_dense and len(codes) == 1:
                query = _WALKED.format(condition=rank.condition)
                chosen: dict[str, str | int] = {"label": names.labels[label], "code": next(iter(codes))}
            else:
                query = _SORTED.format(candidates=rank.candidates, condition=rank.condition)
                chosen = {"codes": orjson.dumps(list(codes)).decode()}
            for (doc,) in connection.execute(query, text | chosen | {"limit": limit * len(codes)}).fetchall():
                yield doc, codes[doc & _CODE]
