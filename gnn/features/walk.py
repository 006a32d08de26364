"""The walk: graph features of a customer as of a moment, by one kernel over time-sorted adjacency.

Each question (customer, moment) is answered from that customer's own uses up to the moment and from what others did strictly before it;
an outcome of another counts from the moment it was known. So a training row of last year reads what was known last year, with no
snapshot of the whole graph, and a single newcomer is answered by the same kernel over an ego network.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gnn.arrays.channels import CHANNELS
from gnn.arrays.compiled import kernel
from gnn.arrays.csr import Index, Pointer, Weights
from gnn.arrays.graph import Incidence, Moments
from gnn.features.layout import CHANNEL_MEASURES, FAR_MEASURES, NEIGHBOUR_MEASURES, WALK_COLUMNS

Rows = NDArray[np.float32]

DAY_MS = 86_400_000
MAX_NEAR = 256  # neighbours looked at in detail; more than any honest group below the hub cap has
MAX_STEPS = 8_000  # entries read on the way to the second hop, so that a row's cost is bounded whatever the graph

_PER_CHANNEL = len(CHANNEL_MEASURES)
_KINDS = len(CHANNELS)
_NEAR = _KINDS * _PER_CHANNEL
_FAR = _NEAR + len(NEIGHBOUR_MEASURES)
_RING = _FAR + len(FAR_MEASURES)


class Questions(NamedTuple):
    """What is asked: features of this customer at this moment, whose application (or latest one) is like this. Shapes [q]."""

    customer: Index
    moment: Moments
    amount: Weights  # natural logarithm, NaN where not known
    product: Index  # codes, -1 where not known
    channel: Index


class People(NamedTuple):
    """What became known of each customer and when (NEVER: not yet), and what does not change. Shapes [n]."""

    fraud_known: Moments
    refused_at: Moments
    default_known: Moments
    good_known: Moments
    first_seen: Moments
    birth: Weights  # days since 1970, NaN where not known


class Histories(NamedTuple):
    """Each customer's applications in time order."""

    ptr: Pointer
    applied_at: Moments
    amount: Weights
    product: Index
    channel: Index


class OwnUses(NamedTuple):
    """Each customer's uses in time order, with their channels."""

    ptr: Pointer
    identifier: Index
    channel: NDArray[np.int8]
    since: Moments


class RingView(NamedTuple):
    """Rings as they were at a snapshot: each customer's (-1: none), and for each ring its measures."""

    ring: Index
    size: Weights
    density: Weights
    fraud: Weights
    refused: Weights
    recent: Weights
    taken_at: int


@kernel
def _before(moments: Moments, first: int, last: int, moment: int) -> int:
    """The position in the sorted moments[first:last] of the first that is not before `moment`."""
    while first < last:
        middle = (first + last) // 2
        if moments[middle] < moment:
            first = middle + 1
        else:
            last = middle
    return first


@kernel
def walk(
    asked: Questions, own: OwnUses, links: Incidence, people: People, past: Histories, rings: RingView, hub_cap: int
) -> Rows:
    """The rows of WALK_COLUMNS for each question."""
    customers = len(own.ptr) - 1
    rows = np.zeros((len(asked.customer), _RING + 7), dtype=np.float32)
    seen = np.full(customers, -1, dtype=np.int64)
    slot = np.zeros(customers, dtype=np.int32)
    beyond = np.full(customers, -1, dtype=np.int64)
    near = np.empty(MAX_NEAR, dtype=np.int32)
    strength = np.empty(MAX_NEAR, dtype=np.float64)
    shared = np.empty(MAX_NEAR, dtype=np.int32)
    tied = np.zeros(_KINDS, dtype=np.bool_)
    votes = np.zeros(len(rings.size), dtype=np.float64)
    for q in range(len(asked.customer)):
        me = asked.customer[q]
        now = asked.moment[q]
        row = rows[q]
        found = 0
        tied[:] = False
        for kind in range(_KINDS):
            row[kind * _PER_CHANNEL + 5] = np.nan
        # --- what the customer uses, and who else does
        for use in range(own.ptr[me], own.ptr[me + 1]):
            if own.since[use] > now:
                break
            identifier = own.identifier[use]
            kind = own.channel[use]
            # An identifier used by two channels (home and delivery address) ties its people once.
            repeated = False
            for earlier in range(own.ptr[me], use):
                if own.identifier[earlier] == identifier:
                    repeated = True
            first = links.identifier_ptr[identifier]
            end = _before(links.identifier_since, first, links.identifier_ptr[identifier + 1], now)
            others = 0
            fraud = 0
            refused = 0
            within7 = 0
            within30 = 0
            looked = 0
            degree = end - first
            mine = False
            for position in range(end - 1, first - 1, -1):
                other = links.identifier_customer[position]
                if other == me:
                    mine = True
                    continue
                if looked >= hub_cap:
                    break
                looked += 1
                age = now - links.identifier_since[position]
                if others == 0:
                    others = 1
                    gap = age / DAY_MS
                    cell = kind * _PER_CHANNEL + 5
                    if np.isnan(row[cell]) or gap < row[cell]:
                        row[cell] = gap
                if age <= 7 * DAY_MS:
                    within7 += 1
                if age <= 30 * DAY_MS:
                    within30 += 1
                if people.fraud_known[other] <= now:
                    fraud += 1
                if people.refused_at[other] <= now:
                    refused += 1
            if not mine:
                degree += 1
            others = degree - 1
            cell = kind * _PER_CHANNEL
            row[cell] = max(row[cell], others)
            row[cell + 1] = max(row[cell + 1], fraud)
            row[cell + 2] = max(row[cell + 2], refused)
            row[cell + 3] = max(row[cell + 3], within7)
            row[cell + 4] = max(row[cell + 4], within30)
            if others < 1 or degree > hub_cap:
                continue
            tied[kind] = True
            if repeated:
                continue
            share = 1.0 / others
            for position in range(end - 1, first - 1, -1):
                other = links.identifier_customer[position]
                if other == me:
                    continue
                if seen[other] != q:
                    if found == MAX_NEAR:
                        continue
                    seen[other] = q
                    slot[other] = found
                    near[found] = other
                    strength[found] = 0.0
                    shared[found] = 0
                    found += 1
                strength[slot[other]] += share
                shared[slot[other]] += 1
        seen[me] = q
        _describe_near(row, q, asked, near[:found], strength, shared, tied, people, past)
        _describe_far(row, q, me, now, near[:found], strength, seen, beyond, links, people, past, hub_cap)
        _describe_ring(row, me, now, near[:found], strength, people, rings, votes)
    return rows


@kernel
def _describe_near(
    row: Rows,
    q: int,
    asked: Questions,
    near: Index,
    strength: Weights,
    shared: Index,
    tied: NDArray[np.bool_],
    people: People,
    past: Histories,
) -> None:
    me = asked.customer[q]
    now = asked.moment[q]
    total = 0.0
    fraud_weight = 0.0
    refused_weight = 0.0
    amounts = 0
    amount_sum = 0.0
    amount_squares = 0.0
    ages = 0
    age_sum = 0.0
    tenure = 0.0
    at = _NEAR
    row[at] = len(near)
    for k in range(len(near)):
        other = near[k]
        total += strength[k]
        row[at + 2] = max(row[at + 2], strength[k])
        if shared[k] > 1:
            row[at + 3] += 1
        row[at + 4] = max(row[at + 4], shared[k])
        if people.fraud_known[other] <= now:
            row[at + 6] += 1
            fraud_weight += strength[k]
        if people.refused_at[other] <= now:
            row[at + 8] += 1
            refused_weight += strength[k]
        if people.default_known[other] <= now:
            row[at + 10] += 1
        if people.good_known[other] <= now:
            row[at + 11] += 1
        tenure += (now - people.first_seen[other]) / DAY_MS
        if not np.isnan(people.birth[me]) and not np.isnan(people.birth[other]):
            ages += 1
            age_sum += abs(people.birth[me] - people.birth[other]) / 365.25
        latest = _before(past.applied_at, past.ptr[other], past.ptr[other + 1], now) - 1
        for position in range(latest, past.ptr[other] - 1, -1):
            age = now - past.applied_at[position]
            if age > 90 * DAY_MS:
                break
            row[at + 15] += 1
            if age <= 30 * DAY_MS:
                row[at + 14] += 1
            if age <= 7 * DAY_MS:
                row[at + 13] += 1
            if age <= DAY_MS:
                row[at + 12] += 1
        if latest >= past.ptr[other]:
            if not np.isnan(past.amount[latest]):
                amounts += 1
                amount_sum += past.amount[latest]
                amount_squares += past.amount[latest] * past.amount[latest]
            if past.product[latest] == asked.product[q]:
                row[at + 18] += 1
            if past.channel[latest] == asked.channel[q]:
                row[at + 19] += 1
    row[at + 1] = total
    row[at + 5] = tied.sum()
    row[at + 16] = np.nan
    row[at + 17] = np.nan
    row[at + 20] = np.nan
    row[at + 21] = np.nan
    if total > 0:
        row[at + 7] = fraud_weight / total
        row[at + 9] = refused_weight / total
        row[at + 20] = tenure / len(near)
    if amounts > 0:
        mean = amount_sum / amounts
        row[at + 16] = abs(asked.amount[q] - mean)
        if amounts > 1:
            row[at + 17] = np.sqrt(max(0.0, amount_squares / amounts - mean * mean))
    if ages > 0:
        row[at + 21] = age_sum / ages


@kernel
def _describe_far(
    row: Rows,
    q: int,
    me: int,
    now: int,
    near: Index,
    strength: Weights,
    seen: NDArray[np.int64],
    beyond: NDArray[np.int64],
    links: Incidence,
    people: People,
    past: Histories,
    hub_cap: int,
) -> None:
    at = _FAR
    steps = 0
    closed = 0
    total = 0.0
    fraud_weight = 0.0
    refused_weight = 0.0
    for k in range(len(near)):
        other = near[k]
        for use in range(links.customer_ptr[other], links.customer_ptr[other + 1]):
            if links.customer_since[use] >= now or steps > MAX_STEPS:
                break
            identifier = links.customer_identifier[use]
            first = links.identifier_ptr[identifier]
            end = _before(links.identifier_since, first, links.identifier_ptr[identifier + 1], now)
            if end - first < 2 or end - first > hub_cap:
                continue
            share = strength[k] / (end - first - 1)
            steps += end - first
            for position in range(first, end):
                far = links.identifier_customer[position]
                if far in (other, me):
                    continue
                if seen[far] == q:
                    closed += 1
                    continue
                total += share
                if people.fraud_known[far] <= now:
                    fraud_weight += share
                if people.refused_at[far] <= now:
                    refused_weight += share
                if beyond[far] == q:
                    continue
                beyond[far] = q
                row[at] += 1
                if people.fraud_known[far] <= now:
                    row[at + 1] += 1
                if people.refused_at[far] <= now:
                    row[at + 3] += 1
                latest = _before(past.applied_at, past.ptr[far], past.ptr[far + 1], now) - 1
                if latest >= past.ptr[far] and now - past.applied_at[latest] <= 30 * DAY_MS:
                    row[at + 5] += 1
    if total > 0:
        row[at + 2] = fraud_weight / total
        row[at + 4] = refused_weight / total
    if len(near) > 0:
        row[at + 6] = closed / len(near)


@kernel
def _describe_ring(
    row: Rows, me: int, now: int, near: Index, strength: Weights, people: People, rings: RingView, votes: Weights
) -> None:
    best = -1
    total = 0.0
    for k in range(len(near)):
        name = rings.ring[near[k]]
        total += strength[k]
        if name >= 0:
            votes[name] += strength[k]
            if best < 0 or votes[name] > votes[best] or (votes[name] == votes[best] and name < best):
                best = name
    if best < 0:
        return
    size = rings.size[best]
    fraud = rings.fraud[best]
    refused = rings.refused[best]
    if rings.ring[me] == best:
        size -= 1
        if people.fraud_known[me] <= rings.taken_at:
            fraud -= 1
        if people.refused_at[me] <= rings.taken_at:
            refused -= 1
    at = _RING
    row[at] = size
    row[at + 1] = rings.density[best]
    row[at + 2] = fraud
    row[at + 6] = votes[best] / total
    if size > 0:
        row[at + 3] = fraud / size
        row[at + 4] = refused / size
        row[at + 5] = rings.recent[best] / size
    for k in range(len(near)):
        if rings.ring[near[k]] >= 0:
            votes[rings.ring[near[k]]] = 0.0


assert len(WALK_COLUMNS) == _RING + 7
