"""Questions: which customer's features, for which application, as of which moment. Training, batch and online ask in the same way."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gnn.arrays.csr import Index
from gnn.arrays.graph import GraphArrays, Moments


@dataclass(frozen=True, slots=True)
class QuestionSet:
    """Shapes [q]. `application` is a position, -1 for a customer who has not applied."""

    customer: Index
    application: Index
    moment: Moments

    def __len__(self) -> int:
        return len(self.customer)

    def __getitem__(self, chosen: NDArray[np.generic] | slice) -> "QuestionSet":
        return QuestionSet(self.customer[chosen], self.application[chosen], self.moment[chosen])


def at_application(arrays: GraphArrays, applications: NDArray[np.integer] | None = None) -> QuestionSet:
    """Each application as of the moment it was made; all of them when None."""
    chosen = np.arange(len(arrays.applications.handles)) if applications is None else applications
    return QuestionSet(
        arrays.applications.customer[chosen],
        chosen.astype(np.int32),
        arrays.applications.applied_at[chosen],
    )


def at_present(arrays: GraphArrays) -> QuestionSet:
    """Each customer as of the arrays' moment (inclusive), by the latest application there is."""
    customers = len(arrays.customers.handles)
    latest = np.full(customers, -1, dtype=np.int32)
    order = arrays.application_order
    latest[arrays.applications.customer[order]] = order  # the last of each customer stays
    moment = np.full(customers, arrays.as_of + 1, dtype=np.int64)
    return QuestionSet(np.arange(customers, dtype=np.int32), latest, moment)
