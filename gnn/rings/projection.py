"""Projection: customers linked through what they share, hubs damped. The graph on which rings are found.

Two customers weigh the sum of 1 / (degree - 1) over the identifiers they share: a phone that two people use counts 1, an address of eleven
counts 0.1 for each pair. Identifiers that one customer uses make no link; those above the cap (public Wi-Fi, call-centre phones) are cut,
never expanded: pairs through a hub grow with its square.
"""

from dataclasses import dataclass

import numpy as np

from gnn.arrays.compiled import kernel
from gnn.arrays.csr import Index, Pointer, Weights
from gnn.arrays.graph import Incidence

HUB_CAP = 50


@dataclass(frozen=True, slots=True)
class Projection:
    """A symmetric weighted graph over customers, without self-loops."""

    indptr: Pointer
    indices: Index
    weights: Weights

    @property
    def customers(self) -> int:
        return len(self.indptr) - 1


def project(incidence: Incidence, *, before: int, hub_cap: int = HUB_CAP) -> Projection:
    """The projection of what was there before the moment `before` (epoch ms, exclusive)."""
    indptr, indices, weights = _project(incidence, before, hub_cap)
    return Projection(indptr, indices, weights)


@kernel
def _project(links: Incidence, before: int, hub_cap: int) -> tuple[Pointer, Index, Weights]:
    customers = len(links.customer_ptr) - 1
    identifiers = len(links.identifier_ptr) - 1
    degree = np.zeros(identifiers, dtype=np.int32)
    most = 0  # pairs, those counted more than once that share several identifiers
    for identifier in range(identifiers):
        for position in range(links.identifier_ptr[identifier], links.identifier_ptr[identifier + 1]):
            if links.identifier_since[position] >= before:
                break
            degree[identifier] += 1
        if 2 <= degree[identifier] <= hub_cap:
            most += degree[identifier] * (degree[identifier] - 1)
        else:
            degree[identifier] = 0
    # Room for so many is asked for and filled from its beginning: what is not written to takes no memory.
    indices = np.empty(most, dtype=np.int32)
    weights = np.empty(most, dtype=np.float64)
    indptr = np.zeros(customers + 1, dtype=np.int64)
    slot = np.full(customers, -1, dtype=np.int64)
    found = 0
    for customer in range(customers):
        first = found
        for use in range(links.customer_ptr[customer], links.customer_ptr[customer + 1]):
            if links.customer_since[use] >= before:
                break
            identifier = links.customer_identifier[use]
            if degree[identifier] == 0:
                continue
            share = 1.0 / (degree[identifier] - 1)
            begin = links.identifier_ptr[identifier]
            for position in range(begin, begin + degree[identifier]):
                other = links.identifier_customer[position]
                if other == customer:
                    continue
                if slot[other] < first:
                    slot[other] = found
                    indices[found] = other
                    weights[found] = 0.0
                    found += 1
                weights[slot[other]] += share
        indptr[customer + 1] = found
    return indptr, indices[:found], weights[:found]
