"""Search of folded text: the full-text index (`cjk`) finds Chinese, a text index the rest; the order is the port's."""

import re
from collections.abc import Sequence

from graph_model.errors import InvalidRequest
from graph_model.records import SearchHit
from graph_model.schema import SCHEMA
from graph_model.schema.text import fold_key
from graph_model.store import MAX_LIMIT
from graph_model.stores.neo4j.connections import Transaction
from graph_model.stores.neo4j.hydration import nodes, rows
from graph_model.stores.neo4j.names import FOLDED, LABEL_RANK, SEARCHED
from graph_model.stores.neo4j.queries import query

_SHORTEST = 2
# What `cjk` cuts into pairs wherever it stands: the common block. Anything else may be a word of its own to it, or nothing at all.
_ALL_HAN = re.compile("[\u4e00-\u9fff]+")


def search(transaction: Transaction, text: str, *, labels: Sequence[str] | None, limit: int) -> list[SearchHit]:
    if not 1 <= limit <= MAX_LIMIT:
        raise InvalidRequest(f"Ask for 1 to {MAX_LIMIT} hits.")
    chosen = set(SCHEMA.labels if labels is None else (SCHEMA.node(label).label for label in labels))
    folded = fold_key(text)
    if len(folded) < _SHORTEST:
        return []
    kind = "search_fulltext" if _ALL_HAN.fullmatch(folded) else "search_text"
    found: list[tuple[int, int, str, int]] = []  # (nid, rank, property, place of its label)
    for label, name in SEARCHED:
        if label in chosen:
            statement = query(kind, LABEL=label, PROPERTY=FOLDED + name)
            answer = transaction.rows(statement, text=folded, phrase=f'"{folded}"', limit=limit)
            found.extend((nid, rank, name, LABEL_RANK[label]) for nid, rank in answer)
    there = rows(transaction, {nid for nid, *_ in found})
    found = [hit for hit in found if hit[0] in there]
    found.sort(key=lambda hit: (hit[1], hit[3], there[hit[0]].key, hit[2]))
    property_of: dict[int, str] = {}  # nid → the property that matched best
    for nid, _, name, _ in found:
        property_of.setdefault(nid, name)
    nids = list(property_of)[:limit]
    shown = nodes(transaction, [there[nid] for nid in nids])
    return [SearchHit(node, property_of[node_nid]) for node, node_nid in zip(shown, nids, strict=True)]
