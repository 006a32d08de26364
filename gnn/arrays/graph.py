"""GraphArrays: the graph as of a moment, as numpy arrays with positions from 0. What the kernels, the features and the nets read.

Positions, not handles: customers, applications and identifiers are each numbered by rising handle. Moments are int64 epoch milliseconds;
`NEVER` stands for what has not happened (yet, as of this moment).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gnn.arrays.channels import CHANNELS
from gnn.arrays.csr import Csr, Index, Pointer, build_csr

NEVER = np.iinfo(np.int64).max
Moments = NDArray[np.int64]
EVERYDAY = np.array([channel.everyday for channel in CHANNELS])


@dataclass(frozen=True, slots=True)
class Customers:
    """Shapes [n]. `properties` holds the declared features, as the store exports them."""

    handles: NDArray[np.int64]
    first_seen: Moments
    properties: Mapping[str, NDArray[np.generic]]


@dataclass(frozen=True, slots=True)
class Applications:
    """Shapes [a]. `customer` is a position. The moments are those of the earliest such fact known, or NEVER."""

    handles: NDArray[np.int64]
    customer: Index
    applied_at: Moments
    properties: Mapping[str, NDArray[np.generic]]
    refused_at: Moments
    fraud_known: Moments
    default_known: Moments
    good_known: Moments
    investigated: NDArray[np.bool_]  # confirmed by an investigator's disposition alone, by no label


@dataclass(frozen=True, slots=True)
class Identifiers:
    """What customers have in common. Real ones carry label and handle; a person who stands for one (see channels) has that person's."""

    labels: tuple[str, ...]
    label: NDArray[np.int8]  # position in `labels`
    handles: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Uses:
    """Customer uses identifier by channel since a moment, by (customer, since); each (customer, identifier, channel) once. Shapes [u]."""

    customer: Index
    identifier: Index
    channel: NDArray[np.int8]
    since: Moments


class Incidence(NamedTuple):
    """Which customer uses which identifier since when, each pair once: by time within customer and within identifier. Row i goes from `…_ptr[i]`
    to before `…_end[i]`. `identifier_everyday` tells pairs of which some channel is one of everyday life."""

    customer_ptr: Pointer
    customer_end: Pointer
    customer_identifier: Index
    customer_since: Moments
    identifier_ptr: Pointer
    identifier_end: Pointer
    identifier_customer: Index
    identifier_since: Moments
    identifier_everyday: NDArray[np.bool_]


@dataclass(frozen=True)
class GraphArrays:
    """The graph as of a moment. Nothing in it is later than `as_of` (epoch ms)."""

    as_of: int
    customers: Customers
    applications: Applications
    identifiers: Identifiers
    uses: Uses

    @cached_property
    def incidence(self) -> Incidence:
        return incidence(self.uses, len(self.customers.handles), len(self.identifiers.handles))

    @cached_property
    def use_rows(self) -> Csr:
        """Rows of `uses` by customer, in time order."""
        return build_csr(self.uses.customer, np.arange(len(self.uses.customer)), len(self.customers.handles))

    @cached_property
    def application_order(self) -> Pointer:
        """Applications by (customer, applied_at)."""
        return np.lexsort((self.applications.applied_at, self.applications.customer))


def incidence(uses: Uses, customers: int, identifiers: int) -> Incidence:
    """Channels folded: each (customer, identifier) pair once, since its earliest use."""
    order = np.lexsort((uses.since, uses.identifier, uses.customer))
    customer, identifier, since = uses.customer[order], uses.identifier[order], uses.since[order]
    first = np.ones(len(order), dtype=np.bool_)
    first[1:] = (customer[1:] != customer[:-1]) | (identifier[1:] != identifier[:-1])
    everyday = np.zeros(int(first.sum()), dtype=np.bool_)
    np.logical_or.at(everyday, np.cumsum(first) - 1, EVERYDAY[uses.channel[order]])
    customer, identifier, since = customer[first], identifier[first], since[first]
    by_time = np.argsort(since, kind="stable")
    customer, identifier, since, everyday = customer[by_time], identifier[by_time], since[by_time], everyday[by_time]
    forth = build_csr(customer, identifier, customers)
    back = build_csr(identifier, customer, identifiers)
    return Incidence(
        forth.indptr,
        forth.indptr[1:],
        forth.indices,
        since[forth.order],
        back.indptr,
        back.indptr[1:],
        back.indices,
        since[back.order],
        everyday[back.order],
    )
