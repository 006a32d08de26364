"""Summary: an identifier's score, from the customers around it. An identifier has no probability of its own.

The score is the mean of its customers' scores, drawn towards the portfolio's mean as if one average customer used it too: (sum + mean) /
(count + 1). A device of nine fraudsters of ten is nearly as bad as they are; the public Wi-Fi that two of five hundred used is not; and
one that only a single customer uses says less than that customer does.
"""

import numpy as np

from gnn.arrays.csr import Index, Weights, aggregate
from gnn.arrays.graph import Identifiers, Incidence


def identifier_scores(links: Incidence, customer_scores: Weights) -> Weights:
    """The score of every identifier position, NaN where nobody uses it."""
    mean, _, count = aggregate(links.identifier_ptr, links.identifier_customer, customer_scores)
    known = ~np.isnan(customer_scores)
    portfolio = float(customer_scores[known].mean()) if known.any() else 0.0
    return np.where(count > 0, (np.nan_to_num(mean) * count + portfolio) / (count + 1), np.nan)


def holding_ring(links: Incidence, ring: Index, *, hub_cap: int) -> Index:
    """The ring that each identifier holds together: the one of most of its customers, two at least, hubs aside; -1 for none."""
    identifiers = len(links.identifier_ptr) - 1
    row = np.repeat(np.arange(identifiers), np.diff(links.identifier_ptr))
    named = ring[links.identifier_customer]
    degree = np.diff(links.identifier_ptr)
    kept = (named >= 0) & (degree[row] <= hub_cap)
    rings = int(ring.max(initial=0)) + 1
    pairs, counts = np.unique(row[kept] * rings + named[kept], return_counts=True)
    held = np.full(identifiers, -1, dtype=np.int32)
    most = (counts >= 2) & (2 * counts > degree[pairs // rings])
    held[pairs[most] // rings] = pairs[most] % rings
    return held


def own_identifiers(identifiers: Identifiers, label: str) -> Index:
    """Positions of a label's identifiers; none for persons, who have scores of their own."""
    wanted = [position for position, name in enumerate(identifiers.labels) if name == label]
    return np.flatnonzero(np.isin(identifiers.label, wanted)).astype(np.int32)
