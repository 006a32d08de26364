"""Search of folded text: whole matches by the index on it, then prefixes, then whatever holds all pairs of characters of the query."""

# ruff: noqa: S608 - statements are made of fixed fragments and names of the schema; values are always parameters

import sqlite3
from collections.abc import Iterable, Sequence

import orjson

from graph_model.errors import InvalidRequest
from graph_model.records import SearchHit
from graph_model.schema import SCHEMA
from graph_model.schema.text import fold_key
from graph_model.store import MAX_LIMIT
from graph_model.stores.sqlite.hydration import nodes, rows
from graph_model.stores.sqlite.names import Names
from graph_model.stores.sqlite.search_index import CODE_BITS, grams

_SHORTEST = 2
_AFTER_ALL = "\U0010ffff"

# Documents of the wanted properties; :codes holds [code of the property, place of its node type in the schema] pairs.
_ORDERED = f"""
JOIN node n ON n.nid = s.doc >> {CODE_BITS}
JOIN (SELECT value ->> 0 AS code, value ->> 1 AS place FROM json_each(:codes)) c ON c.code = s.doc & {(1 << CODE_BITS) - 1}
ORDER BY c.place, n.key, c.code LIMIT :limit
"""
_WHOLE = f"SELECT s.doc FROM (SELECT doc FROM searchable WHERE folded = :text) s {_ORDERED}"
_PREFIX = f"SELECT s.doc FROM (SELECT doc FROM searchable WHERE folded > :text AND folded < :after) s {_ORDERED}"
_INSIDE = f"""
SELECT s.doc FROM (
  SELECT t.doc FROM gram JOIN searchable t ON t.doc = gram.rowid WHERE gram MATCH :grams AND instr(t.folded, :text) > 1
  AND NOT (t.folded >= :text AND t.folded < :after)
) s {_ORDERED}
"""


def search(
    connection: sqlite3.Connection, names: Names, text: str, *, labels: Sequence[str] | None, limit: int
) -> list[SearchHit]:
    if not 1 <= limit <= MAX_LIMIT:
        raise InvalidRequest(f"Ask for 1 to {MAX_LIMIT} hits.")
    wanted = _codes(names, labels)
    folded = fold_key(text)
    if len(folded) < _SHORTEST or len(wanted) == 0:
        return []
    parameters: dict[str, str | int] = {
        "text": folded,
        "after": folded + _AFTER_ALL,
        "grams": " AND ".join(f'"{gram}"' for gram in dict.fromkeys(grams(folded).split(" "))),
        "codes": orjson.dumps([(code, place) for code, (place, _) in wanted.items()]).decode(),
        "limit": limit * len(wanted),  # a node may be found by several properties
    }
    property_of: dict[int, str] = {}  # nid → the property that matched best
    for query in (_WHOLE, _PREFIX, _INSIDE):
        for doc in _docs(connection, query, parameters):
            property_of.setdefault(doc >> CODE_BITS, wanted[doc & ((1 << CODE_BITS) - 1)][1])
        if len(property_of) >= limit:
            break
    nids = list(property_of)[:limit]
    found = rows(connection, nids)
    shown = nodes(connection, names, [found[nid] for nid in nids])
    return [SearchHit(node, property_of[nid]) for node, nid in zip(shown, nids, strict=True)]


def _codes(names: Names, labels: Sequence[str] | None) -> dict[int, tuple[int, str]]:
    """Code of a searched property → (place of its node type, its name)."""
    chosen = set(SCHEMA.labels if labels is None else (SCHEMA.node(label).label for label in labels))
    return {
        code: (SCHEMA.labels.index(label), name) for (label, name), code in names.searched.items() if label in chosen
    }


def _docs(connection: sqlite3.Connection, query: str, parameters: dict[str, str | int]) -> Iterable[int]:
    return [doc for (doc,) in connection.execute(query, parameters)]
