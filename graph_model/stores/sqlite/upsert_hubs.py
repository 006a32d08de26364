"""Counts of hubs, kept while relationships are written: a node that has become a hub is counted once, one that was is added to."""

import sqlite3
from collections.abc import Sequence

from graph_model.stores.sqlite.names import Names
from graph_model.stores.sqlite.upsert_slot import Slots

# nid, type, last_seen, triple, other, outgoing, qualifier, first_seen, recorded_at, again
AdjacencyRow = tuple[int, int, int, int, int, int, str, int, int, int]

_COUNT = "SELECT type, triple, outgoing, count(*), sum(1 - again) FROM adjacency WHERE nid = ? GROUP BY type, triple, outgoing"
_ADD = """
INSERT INTO hub (nid, type, label, edges, neighbours) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (nid, type, label) DO UPDATE SET edges = edges + excluded.edges, neighbours = neighbours + excluded.neighbours
"""


def count_hubs(connection: sqlite3.Connection, names: Names, slots: Slots, added: Sequence[AdjacencyRow]) -> None:
    """Bring the counts up to date with rows that were just added to `adjacency`."""
    grown = [s for s in slots.all() if s.degree > 0 and s.stored_degree + s.degree > names.hub_degree]
    if len(grown) == 0:
        return
    known = {slot.nid for slot in grown if slot.stored_degree > names.hub_degree}
    counts = [
        (nid, type, names.far_label(triple, outgoing), 1, 1 - again)
        for nid, type, _, triple, _, outgoing, _, _, _, again in added
        if nid in known
    ]
    for slot in grown:
        if slot.nid not in known:
            for type, triple, outgoing, edges, neighbours in connection.execute(_COUNT, (slot.nid,)):
                counts.append((slot.nid, type, names.far_label(triple, outgoing), edges, neighbours))
    connection.executemany(_ADD, counts)
