"""Ties: how strongly a customer is tied to each other one, as in the projection on which rings are found."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from gnn.arrays.graph import Incidence


def ties_of(links: Incidence, handles: NDArray[np.int64], me: int, hub_cap: int) -> Mapping[int, float]:
    """By the others' handles, `handles` being those of all by position."""
    found: dict[int, float] = {}
    for identifier in links.customer_identifier[links.customer_ptr[me] : links.customer_end[me]].tolist():
        users = links.identifier_customer[links.identifier_ptr[identifier] : links.identifier_end[identifier]]
        if 2 <= len(users) <= hub_cap:
            for handle in handles[users[users != me]].tolist():
                found[handle] = found.get(handle, 0.0) + 1.0 / (len(users) - 1)
    return found
