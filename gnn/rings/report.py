"""Report: which communities are rings worth an alert, what they are called, and what is told of each."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gnn.arrays.csr import Index, Weights
from gnn.arrays.graph import GraphArrays, Moments
from gnn.policy import Policy
from gnn.rings.detect import Rings
from gnn.rings.identity import members_by_ring, stable_ids
from gnn.rings.motif import motifs_of
from gnn.rings.projection import Projection
from graph_model.predicates import Missing, Not
from graph_model.store import GraphStore

KEY_MEMBERS = 5
NEW_MS = 30 * 86_400_000
_PIECE = 10_000


@dataclass(frozen=True, slots=True)
class NamedRings:
    """The alerted rings. `place[ring]` is a ring's place in `names`, -1 for a community that is none; the last entry serves -1."""

    names: tuple[str, ...]
    numbers: NDArray[np.int64]
    place: Index

    def of(self, rings: Index) -> Index:
        return self.place[rings]


def mean_scores(rings: Rings, scores: Weights) -> Weights:
    """The mean score of each ring's members."""
    inside = rings.ring >= 0
    totals = np.bincount(rings.ring[inside], weights=scores[inside], minlength=len(rings))
    return np.asarray(totals / np.maximum(rings.size, 1))


def alerted(rings: Rings, scores: Weights, policy: Policy) -> NDArray[np.bool_]:
    """Which communities have as many members of grade C or worse as the policy wants, in number and in share."""
    suspicious = rings.count(scores >= policy.thresholds[1])
    return (suspicious >= policy.ring_members) & (suspicious >= policy.ring_share * rings.size)


def name_rings(store: GraphStore, arrays: GraphArrays, rings: Rings, chosen: NDArray[np.bool_]) -> NamedRings:
    """Ids for the chosen rings, the ones they had before where most members are the same."""
    numbers = np.flatnonzero(chosen)
    place = np.full(len(rings) + 1, -1, dtype=np.int32)
    place[numbers] = np.arange(len(numbers), dtype=np.int32)
    members: list[list[str]] = [[] for _ in numbers]
    inside = np.flatnonzero(place[rings.ring] >= 0)
    ids = store.node_ids(arrays.customers.handles[inside].tolist())
    for position, node_id in zip(place[rings.ring[inside]].tolist(), ids, strict=True):
        members[position].append(node_id)
    return NamedRings(tuple(stable_ids(members, _previous(store))), numbers, place)


def ring_facts(
    store: GraphStore,
    arrays: GraphArrays,
    graph: Projection,
    rings: Rings,
    named: NamedRings,
    *,
    scores: Weights,
    held: Index,
    hub_cap: int,
) -> list[dict[str, Any]]:
    """What is told of each named ring: density, mean score, growth, the kinds of identifier that hold it together, the motif that they make,
    its key members."""
    source = np.repeat(np.arange(graph.customers), np.diff(graph.indptr))
    inside = (rings.ring[source] >= 0) & (rings.ring[source] == rings.ring[graph.indices])
    pull = np.bincount(source[inside], weights=graph.weights[inside], minlength=graph.customers)
    order = np.lexsort((np.arange(graph.customers), -pull, rings.ring))
    first = np.searchsorted(rings.ring[order], named.numbers)
    key = [
        order[start : start + min(KEY_MEMBERS, int(rings.size[n]))]
        for start, n in zip(first, named.numbers, strict=True)
    ]
    flat = np.concatenate(key) if len(key) > 0 else np.empty(0, dtype=np.int64)
    ids = iter(store.node_ids(arrays.customers.handles[flat].tolist()))
    means = mean_scores(rings, scores)
    new = rings.count(_joined(arrays) > arrays.as_of - NEW_MS)
    holders = _held_by(arrays, held, len(named.names))
    motifs = motifs_of(arrays, named.of(rings.ring), rings.size[named.numbers], hub_cap=hub_cap)
    return [
        {
            "score": round(float(means[number]), 4),
            "density": round(float(rings.density[number]), 4),
            "new_30d": int(new[number]),
            "held_by": holders[position],
            "motif": None if (motif := motifs[position]) is None else motif.value,
            "key_members": [next(ids) for _ in key[position]],
        }
        for position, number in enumerate(named.numbers.tolist())
    ]


def _held_by(arrays: GraphArrays, held: Index, rings: int) -> list[Mapping[str, int]]:
    """For each ring how many identifiers of each type hold it together."""
    labels = arrays.identifiers.labels
    holding = np.flatnonzero(held >= 0)
    cells = held[holding].astype(np.int64) * len(labels) + arrays.identifiers.label[holding]
    told: list[dict[str, int]] = [{} for _ in range(rings)]
    for cell, count in zip(*(found.tolist() for found in np.unique(cells, return_counts=True)), strict=True):
        ring, label = divmod(cell, len(labels))
        told[ring][labels[label]] = told[ring].get(labels[label], 0) + count
    return list(told)


def _joined(arrays: GraphArrays) -> Moments:
    """When each customer was first tied to an identifier."""
    joined = np.full(len(arrays.customers.handles), np.iinfo(np.int64).max, dtype=np.int64)
    np.minimum.at(joined, arrays.applications.customer, arrays.applications.applied_at)
    return np.where(joined == np.iinfo(np.int64).max, arrays.customers.first_seen, joined)


def _previous(store: GraphStore) -> dict[str, list[str]]:
    """Members of the rings as the graph shows them now, by ring id."""
    holders: dict[str, str] = {}
    offset = 0
    while True:
        page = store.select("Customer", Not(Missing("ring_id")), limit=_PIECE, offset=offset)
        holders.update({node.node_id: node.ring_id for node in page if node.ring_id is not None})
        if len(page) < _PIECE:
            return members_by_ring(holders)
        offset += _PIECE
