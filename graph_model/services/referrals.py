"""Referral circles (推荐圈): who brought whom, as of a moment, in arrays: circles, depth, reach, influence, and what became of those brought in.

A circle is everybody who hangs together by referrals. Within it each person was brought in by their first referrer, so that everybody counts once;
later referrers tie circles together and bring in nobody. Where people refer each other round and round, the referral that closed the round brought in nobody.
Linear in the number of referrals; a million customers are arrays of some hundred thousand.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from graph_model.columns import first_of_each
from graph_model.records import AsOf
from graph_model.store import GraphStore, OnProgress

DAMPING = 0.85
_ROUNDS = 200
_ENOUGH = 1e-10
_STAGES = 4

Places = NDArray[np.int64]  # of people in `Circles.handles`, or of circles
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Referrals:
    """Who brought whom. Shapes [people] unless said. `parent` is the place of who brought somebody in, -1 for who was first."""

    as_of: datetime
    handles: Places
    referrer: Places  # [edges], places; never to oneself
    referred: Places  # [edges]
    referred_at: Places  # [edges], milliseconds
    to_self: int  # referrals of oneself, which are no edges
    parent: Places
    brought_at: Places  # milliseconds; meaningless for who was first
    depth: Places
    reach: Places  # brought in directly and through others
    direct: Places
    circle: Places

    @property
    def is_brought(self) -> NDArray[np.bool_]:
        return self.parent >= 0


@dataclass(frozen=True, slots=True)
class Became:
    """Those brought in who did so after they were, as places, rising."""

    applied: Places
    approved: Places
    drawn: Places


@dataclass(frozen=True, slots=True)
class Circles:
    """All circles, shapes [circles]. `seed` is the place of who was first in each; ids stay while a circle grows."""

    people: Referrals
    ids: Sequence[str]
    seed: Places
    size: Places
    depth: Places
    referrals: Places
    brought: Places
    applied: Places  # of those brought in, who applied after they were
    approved: Places
    drawn: Places
    became: Became
    influence: Floats  # [people], sums to 1

    def members(self, circle: int) -> Places:
        return np.flatnonzero(self.people.circle == circle)


def circles_of(store: GraphStore, secret: bytes, *, as_of: datetime, on_progress: OnProgress | None = None) -> Circles:
    """Everything by then, strictly: what had happened and was recorded. `secret` is the home's, of the gate: circles are named by it."""

    def told(done: int) -> None:
        if on_progress is not None:
            on_progress("referrals", done, _STAGES)

    told(0)
    people = referrals_of(store, as_of=as_of)
    told(1)
    count = int(people.circle.max(initial=-1)) + 1
    first = _first_in_circle(people, count)
    told(2)
    became = became_of(store, people)
    told(3)
    ids = [circle_id(secret, node_id) for node_id in store.node_ids(people.handles[first].tolist())]
    brought = people.is_brought
    told(_STAGES)
    return Circles(
        people=people,
        ids=ids,
        seed=first,
        size=np.bincount(people.circle, minlength=count),
        depth=_greatest(people.circle, people.depth, count),
        referrals=np.bincount(people.circle[people.referrer], minlength=count),
        brought=np.bincount(people.circle[brought], minlength=count),
        applied=np.bincount(people.circle[became.applied], minlength=count),
        approved=np.bincount(people.circle[became.approved], minlength=count),
        drawn=np.bincount(people.circle[became.drawn], minlength=count),
        became=became,
        influence=influence(people.parent, np.bincount(became.drawn, minlength=len(people.handles)).astype(np.float64)),
    )


def referrals_of(store: GraphStore, *, as_of: datetime) -> Referrals:
    """Who had brought whom by then, strictly."""
    edges = store.scan_edges("REFERRED", "Customer", "Customer", as_of=AsOf.at(as_of))
    real = edges.start != edges.end
    handles, places = np.unique(np.concatenate([edges.start[real], edges.end[real]]), return_inverse=True)
    referrer, referred = places[: int(real.sum())], places[int(real.sum()) :]
    return _people(as_of, handles, referrer, referred, edges.first_seen[real], int((~real).sum()))


def circle_id(secret: bytes, node_id: str) -> str:
    """Of a circle, by who was first in it. Without the secret it leads nobody back to them, whoever knows everybody's node id included."""
    return f"circle-{blake2b(node_id.encode(), key=secret, digest_size=8, person=b'circle').hexdigest()}"


def _people(
    as_of: datetime, handles: Places, referrer: Places, referred: Places, at: Places, to_self: int
) -> Referrals:
    count = len(handles)
    earliest = first_of_each(referred, least=(at, referrer))
    parent = np.full(count, -1, dtype=np.int64)
    parent[referred[earliest]] = referrer[earliest]
    brought_at = np.zeros(count, dtype=np.int64)
    brought_at[referred[earliest]] = at[earliest]
    _break_rounds(parent, brought_at)
    layers = _layers(parent)
    depth, reach = np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.int64)
    for number, layer in enumerate(layers):
        depth[layer] = number
    for layer in reversed(layers[1:]):
        np.add.at(reach, parent[layer], reach[layer] + 1)
    return Referrals(
        as_of=as_of,
        handles=handles,
        referrer=referrer,
        referred=referred,
        referred_at=at,
        to_self=to_self,
        parent=parent,
        brought_at=brought_at,
        depth=depth,
        reach=reach,
        direct=np.bincount(parent[parent >= 0], minlength=count),
        circle=groups(referrer, referred, count, both_ways=False),
    )


def _break_rounds(parent: Places, brought_at: Places) -> None:
    """Where first referrers go round, the referral that closed the round brought nobody: who was referred by it was there before."""
    count = len(parent)
    brought = np.flatnonzero(parent >= 0)
    group = groups(parent[brought], brought, count, both_ways=True)
    round_of = np.flatnonzero(np.bincount(group)[group] > 1)
    if len(round_of) > 0:
        parent[round_of[first_of_each(group[round_of], least=(-brought_at[round_of],))]] = -1


def _layers(parent: Places) -> list[Places]:
    """The people by depth: who was first, whom they brought, whom these brought."""
    order = np.argsort(parent, kind="stable")
    sorted_parent = parent[order]
    layers = [np.flatnonzero(parent < 0)]
    while len(layers[-1]) > 0:
        begins = np.searchsorted(sorted_parent, layers[-1], side="left")
        sizes = np.searchsorted(sorted_parent, layers[-1], side="right") - begins
        offsets = np.arange(int(sizes.sum())) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        layers.append(order[np.repeat(begins, sizes) + offsets])
    return layers[:-1]


def influence(parent: Places, interest: Floats | None = None) -> Floats:
    """Personalised PageRank of who brings people in: rank flows from each person to who brought them, and starts at whom the interest is in
    (everybody alike when None). Sums to 1."""
    count = len(parent)
    if count == 0:
        return np.zeros(0)
    start = np.full(count, 1.0 / count) if interest is None or interest.sum() <= 0 else interest / interest.sum()
    brought = np.flatnonzero(parent >= 0)
    rank = start.copy()
    for _ in range(_ROUNDS):
        flows = np.bincount(parent[brought], weights=rank[brought], minlength=count)
        ended = 1.0 - float(flows.sum())  # with who was first it has nowhere to go on to, and begins anew
        new = DAMPING * (flows + ended * start) + (1 - DAMPING) * start
        if float(np.abs(new - rank).sum()) < _ENOUGH:
            return new
        rank = new
    return rank


def became_of(store: GraphStore, people: Referrals) -> Became:
    """What became of those brought in: by application, whose statuses say so."""
    brought = np.flatnonzero(people.is_brought)
    as_of = AsOf.at(people.as_of)
    wanted = people.handles[brought].tolist()
    found = store.edges_at(wanted, types=["APPLIED"], as_of=as_of).columns
    customer = np.concatenate([np.zeros(0, dtype=np.int64), *(edges.start for edges in found)])
    application = np.concatenate([np.zeros(0, dtype=np.int64), *(edges.end for edges in found)])
    at = np.concatenate([np.zeros(0, dtype=np.int64), *(edges.first_seen for edges in found)])
    place = np.searchsorted(people.handles, customer)
    after = at >= people.brought_at[place]
    place, application = place[after], application[after]
    told = store.scan_facts("status", values=["approved", "drawn"], among=application.tolist(), as_of=as_of)
    stages = [np.unique(place)]
    for status in ("approved", "drawn"):
        reached = told.about[told.value == told.values.index(status)] if status in told.values else told.about[:0]
        stages.append(np.unique(place[np.isin(application, reached)]))
    return Became(*stages)


def _first_in_circle(people: Referrals, count: int) -> Places:
    """Who made the first referral of each circle: that stays while it grows."""
    order = np.lexsort((people.referrer, people.referred_at))
    first = np.full(count, -1, dtype=np.int64)
    first[people.circle[people.referrer[order]][::-1]] = people.referrer[order][::-1]
    return first


def _greatest(group: Places, values: Places, count: int) -> Places:
    found = np.zeros(count, dtype=np.int64)
    np.maximum.at(found, group, values)
    return found


def groups(start: Places, end: Places, count: int, *, both_ways: bool) -> Places:
    """The group of each of `count` people: those who hang together by some referrals or, `both_ways`, from whom they lead to each other and back."""
    # Loaded where it is needed: each command of the shell imports this module.
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    matrix = coo_array((np.ones(len(start), dtype=np.int8), (start, end)), shape=(count, count))
    _, group = connected_components(matrix, directed=both_ways, connection="strong")
    found: Places = group.astype(np.int64)
    return found
