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
    """Every application as of the arrays' moment (inclusive), then every customer who has not applied."""
    applications = arrays.applications
    applied = np.zeros(len(arrays.customers.handles), dtype=np.bool_)
    applied[applications.customer] = True
    others = np.flatnonzero(~applied).astype(np.int32)
    customer = np.concatenate((applications.customer, others))
    application = np.full(len(customer), -1, dtype=np.int32)
    application[: len(applications.customer)] = np.arange(len(applications.customer))
    return QuestionSet(customer, application, np.full(len(customer), arrays.as_of + 1, dtype=np.int64))


def latest_rows(arrays: GraphArrays, asked: QuestionSet) -> NDArray[np.int64]:
    """Of what `at_present` asks, each customer's row: the latest application's, or the one without."""
    rows = np.empty(len(arrays.customers.handles), dtype=np.int64)
    rows[asked.customer[asked.application < 0]] = np.flatnonzero(asked.application < 0)
    order = arrays.application_order
    rows[arrays.applications.customer[order]] = order  # in time order: the latest stays
    return rows
