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
from gnn.arrays.graph import EVERYDAY, NEVER, Incidence, Moments
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
    applied_at: Moments  # of that application; the moment where there is none
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
    """Each customer's applications in time order: from `ptr` to before `end`."""

    ptr: Pointer
    end: Pointer
    applied_at: Moments
    amount: Weights
    product: Index
    channel: Index


class OwnUses(NamedTuple):
    """Each customer's uses in time order, with their channels: from `ptr` to before `end`."""

    ptr: Pointer
    end: Pointer
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


# One row per customer whom the walk may meet: what it reads of them, and what it notes. Most of its time goes into fetching these from memory, in
# no order, so a customer is one row of 64 bytes. The notes are the question that met the customer last, as users of what kinds of identifier, the
# question that found them near, at which place in `Near`, and the question that found them two steps away.
Known = NDArray[np.int64]
FRAUD, REFUSED, LATEST, MET, KINDS, NEAR, SLOT, BEYOND = range(8)  # LATEST: when they applied last, whatever the moment


class Notes(NamedTuple):
    """What the walk notes and looks up as it goes. Whoever asks again and again keeps it, with numbers for the questions that only rise."""

    known: Known
    shared: NDArray[np.uint8]  # a bit for each identifier
    seen: Index  # the question that read an identifier's users last


class Near(NamedTuple):
    """The distinct customers tied to the one asked about: how strongly, by how many identifiers, and whether by one of everyday life."""

    customer: Index
    strength: Weights
    shared: Index
    everyday: NDArray[np.bool_]


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
    return walk_on(notes_of(people, past, links), 0, asked, own, links, people, past, rings, hub_cap)


@kernel
def notes_of(people: People, past: Histories, links: Incidence) -> Notes:
    """The notes of nobody asked yet."""
    shared = _shared(links.identifier_ptr, links.identifier_end)
    return Notes(_together(people, past), shared, np.full(len(links.identifier_end), -1, dtype=np.int32))


@kernel
def walk_on(
    notes: Notes,
    first: int,
    asked: Questions,
    own: OwnUses,
    links: Incidence,
    people: People,
    past: Histories,
    rings: RingView,
    hub_cap: int,
) -> Rows:
    """The same, with notes of earlier questions, which had numbers below `first`."""
    rows = np.zeros((len(asked.customer), _RING + 7), dtype=np.float32)
    known, shared, seen = notes.known, notes.shared, notes.seen
    near = Near(
        np.empty(MAX_NEAR, dtype=np.int32),
        np.empty(MAX_NEAR, dtype=np.float64),
        np.empty(MAX_NEAR, dtype=np.int32),
        np.empty(MAX_NEAR, dtype=np.bool_),
    )
    votes = np.zeros(len(rings.size), dtype=np.float64)
    for q in range(len(asked.customer)):
        found = _meet(rows[q], q, first + q, asked, own, links, known, shared, near, hub_cap)
        _describe_near(rows[q], q, asked, near, found, people, known, past)
        _describe_far(rows[q], q, first + q, asked, near, found, known, shared, seen, links, past, hub_cap)
        _describe_ring(rows[q], q, asked, near, found, people, rings, votes)
    return rows


@kernel
def _together(people: People, past: Histories) -> Known:
    customers = len(people.fraud_known)
    known = np.full((customers, 8), -1, dtype=np.int64)
    for customer in range(customers):
        known[customer, FRAUD] = people.fraud_known[customer]
        known[customer, REFUSED] = people.refused_at[customer]
        if past.end[customer] > past.ptr[customer]:
            known[customer, LATEST] = past.applied_at[past.end[customer] - 1]
        else:
            known[customer, LATEST] = NEVER
    return known


@kernel
def _shared(identifier_ptr: Pointer, identifier_end: Pointer) -> NDArray[np.uint8]:
    """A bit for each identifier, set where several customers use it. Most are somebody's alone; so many bits fit a processor's cache."""
    identifiers = len(identifier_end)
    bits = np.zeros(identifiers // 8 + 1, dtype=np.uint8)
    for identifier in range(identifiers):
        if identifier_end[identifier] - identifier_ptr[identifier] > 1:
            bits[identifier >> 3] |= 1 << (identifier & 7)
    return bits


@kernel
def _meet(
    row: Rows,
    q: int,
    number: int,
    asked: Questions,
    own: OwnUses,
    links: Incidence,
    known: Known,
    shared: NDArray[np.uint8],
    near: Near,
    hub_cap: int,
) -> int:
    """Fill the channels' columns, and `near` with the distinct customers below the hub cap; returns how many there are."""
    me = asked.customer[q]
    now = asked.moment[q]
    found = 0
    for kind in range(_KINDS):
        row[kind * _PER_CHANNEL + 5] = np.nan
    for use in range(own.ptr[me], own.end[me]):
        if own.since[use] > now:
            break
        identifier = own.identifier[use]
        kind = own.channel[use]
        cell = kind * _PER_CHANNEL
        if own.since[use] == asked.applied_at[q] and row[cell + 6] > 0:
            row[_NEAR + 27] += 1
        row[cell + 6] += 1
        if not shared[identifier >> 3] & (1 << (identifier & 7)):  # nobody else's, as most are
            continue
        # An identifier used by two channels (home and delivery address) ties its people once.
        since = own.since[use]
        repeated = False
        for earlier in range(own.ptr[me], use):
            if own.identifier[earlier] == identifier:
                repeated = True
                since = min(since, own.since[earlier])
        first = links.identifier_ptr[identifier]
        end = _before(links.identifier_since, first, links.identifier_end[identifier], now)
        others = end - first - (since < now)
        if others == 0:
            continue
        # Of a hub only the latest are looked at; the rest are counted, unseen.
        looked = 0
        for position in range(end - 1, first - 1, -1):
            other = links.identifier_customer[position]
            if other == me:
                continue
            if looked == hub_cap:
                break
            age = now - links.identifier_since[position]
            if looked == 0 and not row[cell + 5] <= age / DAY_MS:
                row[cell + 5] = age / DAY_MS
            looked += 1
            if known[other, MET] != number:
                known[other, MET] = number
                known[other, KINDS] = 0
            if known[other, KINDS] & (1 << kind):
                continue
            known[other, KINDS] |= 1 << kind
            row[cell] += 1
            row[cell + 1] += known[other, FRAUD] <= now
            row[cell + 2] += known[other, REFUSED] <= now
            row[cell + 3] += age <= 7 * DAY_MS
            row[cell + 4] += age <= 30 * DAY_MS
        row[cell] += others - looked
        if others >= hub_cap:
            continue
        share = 0.0 if repeated else 1.0 / others
        for position in range(end - 1, first - 1, -1):
            other = links.identifier_customer[position]
            if other == me:
                continue
            if known[other, NEAR] != number:
                if found == MAX_NEAR:
                    continue
                known[other, NEAR] = number
                known[other, SLOT] = found
                near.customer[found] = other
                near.strength[found] = 0.0
                near.shared[found] = 0
                near.everyday[found] = False
                found += 1
            slot = known[other, SLOT]
            near.strength[slot] += share
            near.shared[slot] += not repeated
            near.everyday[slot] |= EVERYDAY[kind] | links.identifier_everyday[position]
    known[me, NEAR] = number
    return found


@kernel
def _describe_near(
    row: Rows, q: int, asked: Questions, near: Near, found: int, people: People, known: Known, past: Histories
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
    row[at] = found
    for k in range(found):
        other = near.customer[k]
        strength = near.strength[k]
        total += strength
        row[at + 2] = max(row[at + 2], strength)
        if near.shared[k] > 1:
            row[at + 3] += 1
        if not near.everyday[k]:
            row[at + 22] += 1
            row[at + 23] += strength
            if known[other, FRAUD] <= now:
                row[at + 24] += 1
            if known[other, REFUSED] <= now:
                row[at + 25] += 1
        row[at + 4] = max(row[at + 4], near.shared[k])
        if known[other, FRAUD] <= now:
            row[at + 6] += 1
            fraud_weight += strength
        if known[other, REFUSED] <= now:
            row[at + 8] += 1
            refused_weight += strength
        if people.default_known[other] <= now:
            row[at + 10] += 1
        if people.good_known[other] <= now:
            row[at + 11] += 1
        tenure += (now - people.first_seen[other]) / DAY_MS
        if not np.isnan(people.birth[me]) and not np.isnan(people.birth[other]):
            ages += 1
            age_sum += abs(people.birth[me] - people.birth[other]) / 365.25
        latest = _before(past.applied_at, past.ptr[other], past.end[other], now) - 1
        for position in range(latest, past.ptr[other] - 1, -1):
            age = now - past.applied_at[position]
            if age > 90 * DAY_MS:
                break
            row[at + 15] += 1
            if age <= 30 * DAY_MS:
                row[at + 14] += 1
                if not near.everyday[k]:
                    row[at + 26] += 1
            if age <= 7 * DAY_MS:
                row[at + 13] += 1
            if age <= DAY_MS:
                row[at + 12] += 1
        if latest >= past.ptr[other]:
            if not np.isnan(past.amount[latest]):
                amounts += 1
                amount_sum += past.amount[latest]
                amount_squares += past.amount[latest] * past.amount[latest]
            if past.product[latest] >= 0 and past.product[latest] == asked.product[q]:
                row[at + 18] += 1
            if past.channel[latest] >= 0 and past.channel[latest] == asked.channel[q]:
                row[at + 19] += 1
    row[at + 1] = total
    for kind in range(_KINDS):
        if row[kind * _PER_CHANNEL] > 0:
            row[at + 5] += 1
    row[at + 16] = np.nan
    row[at + 17] = np.nan
    row[at + 20] = np.nan
    row[at + 21] = np.nan
    if total > 0:
        row[at + 7] = fraud_weight / total
        row[at + 9] = refused_weight / total
        row[at + 20] = tenure / found
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
    number: int,
    asked: Questions,
    near: Near,
    found: int,
    known: Known,
    shared: NDArray[np.uint8],
    seen: Index,
    links: Incidence,
    past: Histories,
    hub_cap: int,
) -> None:
    at = _FAR
    me = asked.customer[q]
    now = asked.moment[q]
    steps = 0
    closed = 0
    total = 0.0
    fraud_weight = 0.0
    refused_weight = 0.0
    # What several of them share is read once, with what all of them add to it.
    for k in range(found):
        other = near.customer[k]
        for use in range(links.customer_ptr[other], links.customer_end[other]):
            if links.customer_since[use] >= now or steps > MAX_STEPS:
                break
            identifier = links.customer_identifier[use]
            if not shared[identifier >> 3] & (1 << (identifier & 7)) or seen[identifier] == number:
                continue
            seen[identifier] = number
            first = links.identifier_ptr[identifier]
            end = _before(links.identifier_since, first, links.identifier_end[identifier], now)
            if end - first < 2 or end - first > hub_cap:
                continue
            steps += end - first
            within = 0
            strength = 0.0
            beyond = 0
            for position in range(first, end):
                far = links.identifier_customer[position]
                if known[far, NEAR] != number:
                    beyond += 1
                elif far != me:
                    within += 1
                    strength += near.strength[known[far, SLOT]]
            closed += within * (within - 1)
            if beyond == 0:
                continue
            share = strength / (end - first - 1)
            for position in range(first, end):
                far = links.identifier_customer[position]
                if known[far, NEAR] == number:
                    continue
                total += share
                if known[far, FRAUD] <= now:
                    fraud_weight += share
                if known[far, REFUSED] <= now:
                    refused_weight += share
                if known[far, BEYOND] == number:
                    continue
                known[far, BEYOND] = number
                row[at] += 1
                if known[far, FRAUD] <= now:
                    row[at + 1] += 1
                if known[far, REFUSED] <= now:
                    row[at + 3] += 1
                applied_at = known[far, LATEST]
                if applied_at >= now:  # or never: look for the latest before
                    latest = _before(past.applied_at, past.ptr[far], past.end[far], now) - 1
                    if latest < past.ptr[far]:
                        continue
                    applied_at = past.applied_at[latest]
                if now - applied_at <= 30 * DAY_MS:
                    row[at + 5] += 1
    if total > 0:
        row[at + 2] = fraud_weight / total
        row[at + 4] = refused_weight / total
    if found > 0:
        row[at + 6] = closed / found


@kernel
def _describe_ring(
    row: Rows, q: int, asked: Questions, near: Near, found: int, people: People, rings: RingView, votes: Weights
) -> None:
    me = asked.customer[q]
    best = -1
    total = 0.0
    for k in range(found):
        name = rings.ring[near.customer[k]]
        total += near.strength[k]
        if name >= 0:
            votes[name] += near.strength[k]
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
    for k in range(found):
        if rings.ring[near.customer[k]] >= 0:
            votes[rings.ring[near.customer[k]]] = 0.0


assert len(WALK_COLUMNS) == _RING + 7
