"""Abuse of referrals, for investigators: people who refer each other round and round, and people who refer who uses their own phone, device or account.

A sign, not a verdict: families share phones, too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graph_model.records import AsOf
from graph_model.services.referrals import Circles, Places, Referrals, groups
from graph_model.store import GraphStore

SHARED: Mapping[str, str] = {"USES_PHONE": "Phone", "USES_DEVICE": "Device", "HAS_ACCOUNT": "BankAccount"}


@dataclass(frozen=True, slots=True)
class Abuse:
    """Of some referrals, by place in `Referrals.referrer`: which go round, and how many identifiers of each type both ends use."""

    referrals: Places
    circular: NDArray[np.bool_]
    shared: Mapping[str, Places]

    @property
    def is_self(self) -> NDArray[np.bool_]:
        """Referrals of who uses the referrer's own phone, device or account."""
        own: NDArray[np.bool_] = np.any([found > 0 for found in self.shared.values()], axis=0)
        return own


def abuse_in(store: GraphStore, circles: Circles, members: Places) -> Abuse:
    """Of the referrals among some people, as of the circles' moment."""
    people = circles.people
    inside = np.isin(people.referrer, members) & np.isin(people.referred, members)
    return abuse_of(store, people, np.flatnonzero(inside))


def abuse_of(store: GraphStore, people: Referrals, rows: Places) -> Abuse:
    """Of these referrals, by place in `Referrals.referrer`, as of the moment of `people`."""
    return Abuse(rows, circular(people, rows), _shared(store, people, rows))


def circular(people: Referrals, rows: Places) -> NDArray[np.bool_]:
    """Which of the referrals lie on a way that leads back to its beginning."""
    start, end = people.referrer[rows], people.referred[rows]
    group = groups(start, end, len(people.handles), both_ways=True)
    return np.asarray(group[start] == group[end])


def _shared(store: GraphStore, people: Referrals, rows: Places) -> Mapping[str, Places]:
    start, end = people.referrer[rows], people.referred[rows]
    asked = np.unique(np.concatenate([start, end]))
    found = store.edges_at(people.handles[asked].tolist(), types=list(SHARED), as_of=AsOf.at(people.as_of))
    counted: dict[str, Places] = {}
    for label in SHARED.values():
        ties = [(edges.start, edges.end) for edges in found.columns if edges.end_label == label]
        counted[label] = _in_common(people, asked, ties, start, end)
    return counted


def _in_common(
    people: Referrals, asked: Places, ties: Sequence[tuple[Places, Places]], start: Places, end: Places
) -> Places:
    if len(ties) == 0:
        return np.zeros(len(start), dtype=np.int64)
    from scipy.sparse import csr_array

    customer = np.concatenate([pair[0] for pair in ties])
    _, identifier = np.unique(np.concatenate([pair[1] for pair in ties]), return_inverse=True)
    row = np.searchsorted(people.handles[asked], customer)
    shape = (len(asked), int(identifier.max()) + 1)
    uses = csr_array((np.ones(len(row), dtype=np.int64), (row, identifier)), shape=shape)
    uses.data[:] = 1  # one account in two roles is one
    left, right = uses[np.searchsorted(asked, start)], uses[np.searchsorted(asked, end)]
    return np.asarray(left.multiply(right).sum(axis=1)).ravel().astype(np.int64)
