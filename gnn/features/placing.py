"""Placing: what the walk reads, with customers and identifiers renumbered so that who and what hang together lie close in memory.

Positions follow the order in which people came. Whom a customer shares something with came at any other time, so that a walk in that order
waits for memory at nearly each step once the graph is larger than the processor's caches. Rows keep the order of their entries: what the walk finds
is the same to the last bit.
"""

from typing import NamedTuple

import numpy as np

from gnn.arrays.compiled import kernel
from gnn.arrays.csr import Index, Pointer
from gnn.arrays.graph import Incidence
from gnn.features.walk import OwnUses, People


class Placing(NamedTuple):
    """Customers breadth first along what they share, and identifiers as they first meet them. Shapes [n], [n], [i] and [i]."""

    customers: Index  # who is at each place
    place: Index  # of each customer
    identifiers: Index  # what is at each place
    identifier_place: Index


@kernel
def placing_of(links: Incidence, hub_cap: int) -> Placing:
    """Hubs tie nobody."""
    customers = np.empty(len(links.customer_end), dtype=np.int32)
    place = np.full(len(customers), -1, dtype=np.int32)
    identifiers = np.empty(len(links.identifier_end), dtype=np.int32)
    identifier_place = np.full(len(identifiers), -1, dtype=np.int32)
    head = 0
    found = 0
    named = 0
    for first in range(len(customers)):
        if place[first] < 0:
            place[first] = found
            customers[found] = first
            found += 1
        while head < found:
            me = customers[head]
            head += 1
            for use in range(links.customer_ptr[me], links.customer_end[me]):
                identifier = links.customer_identifier[use]
                if identifier_place[identifier] >= 0:
                    continue
                identifier_place[identifier] = named
                identifiers[named] = identifier
                named += 1
                begin, end = links.identifier_ptr[identifier], links.identifier_end[identifier]
                if end - begin > hub_cap:
                    continue
                for position in range(begin, end):
                    other = links.identifier_customer[position]
                    if place[other] < 0:
                        place[other] = found
                        customers[found] = other
                        found += 1
    for identifier in range(len(identifiers)):  # nobody's
        if identifier_place[identifier] < 0:
            identifier_place[identifier] = named
            identifiers[named] = identifier
            named += 1
    return Placing(customers, place, identifiers, identifier_place)


def placed_links(links: Incidence, placing: Placing) -> Incidence:
    forth, uses = _moved(links.customer_ptr, links.customer_end, placing.customers)
    back, users = _moved(links.identifier_ptr, links.identifier_end, placing.identifiers)
    return Incidence(
        forth,
        forth[1:],
        placing.identifier_place[links.customer_identifier[uses]],
        links.customer_since[uses],
        back,
        back[1:],
        placing.place[links.identifier_customer[users]],
        links.identifier_since[users],
        links.identifier_everyday[users],
    )


def placed_uses(own: OwnUses, placing: Placing) -> OwnUses:
    ptr, uses = _moved(own.ptr, own.end, placing.customers)
    return OwnUses(ptr, ptr[1:], placing.identifier_place[own.identifier[uses]], own.channel[uses], own.since[uses])


def placed_people(people: People, placing: Placing) -> People:
    who = placing.customers
    return People(
        people.fraud_known[who],
        people.refused_at[who],
        people.default_known[who],
        people.good_known[who],
        people.first_seen[who],
        people.birth[who],
    )


@kernel
def _moved(ptr: Pointer, end: Pointer, rows: Index) -> tuple[Pointer, Pointer]:
    """Pointers to these rows, one after the other; and where each of their entries was."""
    moved = np.zeros(len(rows) + 1, dtype=np.int64)
    for row in range(len(rows)):
        moved[row + 1] = moved[row] + end[rows[row]] - ptr[rows[row]]
    entries = np.empty(moved[len(rows)], dtype=np.int64)
    for row in range(len(rows)):
        was = ptr[rows[row]]
        for entry in range(moved[row], moved[row + 1]):
            entries[entry] = was
            was += 1
    return moved, entries
