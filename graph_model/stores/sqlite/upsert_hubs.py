"""Counts of hubs, kept while relationships are written: a node that has become a hub is counted once, one that was is added to."""

import sqlite3
from collections.abc import Iterable

from graph_model.stores.sqlite.names import Names
from graph_model.stores.sqlite.upsert_slot import Slots

# One end of an edge: nid, type, label at the other end, and 1 where the neighbour was one before.
AddedEnd = tuple[int, int, int, int]

_COUNT = "SELECT type, triple, outgoing, count(*), sum(1 - again) FROM adjacency WHERE nid = ? GROUP BY type, triple, outgoing"
_ADD = """
INSERT INTO hub (nid, type, label, edges, neighbours) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (nid, type, label) DO UPDATE SET edges = edges + excluded.edges, neighbours = neighbours + excluded.neighbours
"""


def count_hubs(connection: sqlite3.Connection, names: Names, slots: Slots, added: Iterable[AddedEnd]) -> None:
    """Bring the counts up to date with edges that were just added. `added` is not read where no end is a hub."""
    grown = [s for s in slots.all() if s.degree > 0 and s.stored_degree + s.degree > names.hub_degree]
    if len(grown) == 0:
        return
    known = {slot.nid for slot in grown if slot.stored_degree > names.hub_degree}
    counts = [(nid, type, label, 1, 1 - again) for nid, type, label, again in added if nid in known]
    for slot in grown:
        if slot.nid not in known:
            for type, triple, outgoing, edges, neighbours in connection.execute(_COUNT, (slot.nid,)):
                counts.append((slot.nid, type, names.far_label(triple, outgoing), edges, neighbours))
    connection.executemany(_ADD, counts)
