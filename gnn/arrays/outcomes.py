"""Outcomes: what became of each application, and since when that is known, from labels and from what investigators concluded.

A disposition `confirmed_fraud` counts as the label of that name, `cleared` as the label `good`, each from the moment at which it was said (`known_at`). About a
customer, it speaks of the latest application that the customer had made by then; about anything else (a phone, a device) it is no outcome of
an application, and neither is `suspicious` or `inconclusive`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gnn.arrays.csr import Index
from gnn.arrays.graph import NEVER, Moments
from gnn.arrays.positions import Positions
from graph_model.columns import FactColumns

_FRAUD, _GOOD, _DEFAULT = "confirmed_fraud", "good", "early_default"
_VERDICTS: Mapping[str, str] = {"confirmed_fraud": _FRAUD, "cleared": _GOOD}  # what a disposition says, as a label


@dataclass(frozen=True, slots=True)
class Outcomes:
    """By position of the application. `investigated` tells fraud that no label confirms: an investigator's word alone."""

    fraud_known: Moments
    default_known: Moments
    good_known: Moments
    investigated: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _Told:
    """Statements about applications, by position; each value with the moments at which it was said."""

    rows: int
    said: Mapping[str, tuple[Index, Moments]]

    def earliest(self, value: str) -> Moments:
        found = np.full(self.rows, NEVER, dtype=np.int64)
        if value in self.said:
            about, at = self.said[value]
            np.minimum.at(found, about, at)
        return found

    def latest(self, value: str) -> Moments:
        found = np.full(self.rows, -1, dtype=np.int64)
        if value in self.said:
            about, at = self.said[value]
            np.maximum.at(found, about, at)
        return found


def outcomes(
    labels: FactColumns,
    dispositions: FactColumns,
    *,
    applications: NDArray[np.int64],
    applied_at: Moments,
    customer: Index,
    customers: NDArray[np.int64],
) -> Outcomes:
    """Of applications by handle (rising), each with its customer's position among the handles `customers` (rising), -1 for none."""
    by_label = _labels(labels, applications)
    by_people = _dispositions(dispositions, applications, applied_at, customer, customers)
    confirmed = np.minimum(by_label.earliest(_FRAUD), by_people.earliest(_FRAUD))
    latest_word = np.maximum(by_label.latest(_FRAUD), by_people.latest(_FRAUD))
    taken_back = np.maximum(by_label.latest(_GOOD), by_people.latest(_GOOD)) > latest_word
    standing = np.where(taken_back, NEVER, confirmed)
    return Outcomes(
        fraud_known=standing,
        default_known=by_label.earliest(_DEFAULT),
        good_known=np.minimum(by_label.earliest(_GOOD), by_people.earliest(_GOOD)),
        investigated=(standing < NEVER) & (by_label.earliest(_FRAUD) == NEVER),
    )


def earliest(facts: FactColumns, value: str, applications: NDArray[np.int64]) -> Moments:
    """When a value was first stated of each application."""
    return _labels(facts, applications).earliest(value)


def _labels(facts: FactColumns, applications: NDArray[np.int64]) -> _Told:
    return _Told(len(applications), _by_value(facts, Positions.of(applications)(facts.about)))


def _dispositions(
    facts: FactColumns,
    applications: NDArray[np.int64],
    applied_at: Moments,
    customer: Index,
    customers: NDArray[np.int64],
) -> _Told:
    place, person = Positions.of(applications)(facts.about), Positions.of(customers)(facts.about)
    if (person >= 0).any():
        order = np.lexsort((applied_at, customer))
        first = np.searchsorted(customer[order], np.arange(len(customers) + 1))
        for fact in np.flatnonzero(person >= 0).tolist():
            own = order[first[person[fact]] : first[person[fact] + 1]]
            made = int(np.searchsorted(applied_at[own], facts.at[fact], side="right"))
            if made > 0:
                place[fact] = own[made - 1]
    said = _by_value(facts, place)
    return _Told(len(applications), {_VERDICTS[value]: told for value, told in said.items() if value in _VERDICTS})


def _by_value(facts: FactColumns, place: Index) -> Mapping[str, tuple[Index, Moments]]:
    """What was said of those that have a place, -1 being none."""
    found: dict[str, tuple[Index, Moments]] = {}
    for code, value in enumerate(facts.values):
        chosen = (place >= 0) & (facts.value == code)
        found[value] = (place[chosen], facts.at[chosen])
    return found
