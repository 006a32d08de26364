"""Search: the few ties that a score rests on, by occlusion. Deterministic; reads no store.

First what has to go: of the customer's own ties the fewest whose removal takes nearly all that the removal of all of them takes. Ties of
one customer stand in for each other, so it begins with all of them gone and gives back, one by one, those that matter least. Then what
carries the score: of the ties of others to the same identifiers those that bring back most of it where everything else around is gone. What is
found so hangs together. Each tie's share of the fall is its Shapley value, over orders in which the ties may go.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from gnn.arrays.channels import CUSTOMER
from gnn.arrays.csr import Weights
from gnn.arrays.graph import GraphArrays
from gnn.explanation.hiding import Hiding, Tie

MOST_TIES = 12
MOST_OWN = 40  # of the customer's own ties; those that matter most alone
MOST_TRIED = 400  # ties of others
MOST_KEPT = 60  # of them, tried again in each round
NEARLY = 0.9  # of the fall that the removal of all own ties brings
LEAST_GAIN = 0.02  # of log odds, for each tie of others: what changes less is noise
ORDERS = 16  # of removal, over which shares are taken; each is gone through both ways

Path = tuple[
    Tie, ...
]  # from the customer outwards: own, a neighbour's to the same identifier, that neighbour's to another


@dataclass(frozen=True, slots=True)
class Found:
    """`estimate` with all ties, `without` those found, and with `only` those left of all ties around; `shares` of the fall add up to it."""

    estimate: float
    without: float
    only: float
    ties: tuple[Tie, ...]
    shares: tuple[float, ...]


def search(hiding: Hiding, arrays: GraphArrays, customer: int, *, moment: int, hub_cap: int) -> Found:
    """What the estimate of `hiding`'s question, which is about this customer, rests on."""
    own, others = ties_around(arrays, customer, moment, hub_cap)
    estimate = hiding.estimate()
    core = _core(hiding, own, estimate)
    around = [*own, *(path[-1] for path in others)]
    chosen = _carried(hiding, core, others, around)
    while True:
        shares = _shares(hiding, chosen, estimate)
        ends = _ends(chosen, core, others)
        useful = [tie for tie, share in zip(chosen, shares, strict=True) if share >= 0 or tie not in ends]
        if len(useful) == len(chosen):
            break
        chosen = useful
    hidden = set(around) - set(chosen)
    hiding.hide(hidden)
    only = hiding.estimate()
    hiding.show(hidden)
    order = sorted(range(len(chosen)), key=lambda k: (-shares[k], k))
    without = estimate - float(np.sum(shares))
    return Found(estimate, without, only, tuple(chosen[k] for k in order), tuple(float(shares[k]) for k in order))


def ties_around(arrays: GraphArrays, me: int, moment: int, hub_cap: int) -> tuple[list[Tie], list[Path]]:
    """The customer's own ties that are shared, and the ties of others that the walk may follow, each with those that lead to it."""
    links = arrays.incidence

    def used(customer: int) -> NDArray[np.int32]:
        rows = slice(links.customer_ptr[customer], links.customer_ptr[customer + 1])
        return links.customer_identifier[rows][links.customer_since[rows] < moment]

    def users(identifier: int) -> NDArray[np.int32]:
        rows = slice(links.identifier_ptr[identifier], links.identifier_ptr[identifier + 1])
        return links.identifier_customer[rows][links.identifier_since[rows] < moment]

    def stands_for(identifier: int, customer: int) -> bool:
        """A person who stands for an identifier: what ties them to it is no one tie of theirs, but all who hang on them."""
        at = arrays.identifiers
        same = at.handles[identifier] == arrays.customers.handles[customer]
        return bool(same and at.labels[at.label[identifier]] == CUSTOMER)

    own = [int(i) for i in used(me) if len(users(int(i))) >= 2]
    second: list[Path] = []
    nearest: dict[int, Path] = {}
    for i in sorted((i for i in own if len(users(i)) <= hub_cap), key=lambda i: len(users(i))):
        before: Path = () if stands_for(i, me) else (Tie(me, i),)
        for k in (int(k) for k in users(i) if k != me):
            path = before if stands_for(i, k) else (*before, Tie(k, i))
            second += [path] if path != before else []
            nearest.setdefault(k, path)
    third = [
        (*path, Tie(k, int(j)))
        for k, path in nearest.items()
        for j in used(k)
        if j not in own and not stands_for(int(j), k) and 2 <= len(users(int(j))) <= hub_cap
    ]
    return [Tie(me, i) for i in own if not stands_for(i, me)], [*second, *third][:MOST_TRIED]


def _core(hiding: Hiding, own: Sequence[Tie], estimate: float) -> list[Tie]:
    """The fewest own ties whose removal takes nearly all that the removal of all takes; none where it lowers nothing."""
    alone = hiding.estimates([(tie,) for tie in own])
    gone = [own[k] for k in sorted(range(len(own)), key=lambda k: (alone[k], k))[:MOST_OWN]]
    hiding.hide(gone)
    floor = hiding.estimate()
    if floor >= estimate:  # together they protect
        hiding.show(gone)
        return []
    least = floor + (1.0 - NEARLY) * (estimate - floor)
    while len(gone) > 0:
        back = hiding.estimates([(tie,) for tie in gone], shown=True)
        place = len(gone) - 1 - int(np.argmin(back[::-1]))  # of equals the one that matters least alone
        if back[place] > least and len(gone) <= MOST_TIES:
            break
        hiding.show((gone.pop(place),))
    hiding.show(gone)
    return gone


def _carried(hiding: Hiding, core: Sequence[Tie], others: Sequence[Path], around: Sequence[Tie]) -> list[Tie]:
    """The core with the ties that go on from it and bring back most of the score where all else around is gone."""
    chosen = list(core)
    hidden = set(around) - set(core)
    hiding.hide(hidden)
    only = hiding.estimate()
    while len(core) > 0 and len(chosen) < MOST_TIES:
        met = {path[-1].customer for path in others if len(path) == 2 and path[-1] in chosen}
        steps = [
            path[-1]
            for path in others
            if path[-1] in hidden
            and set(path[:-1]) <= set(chosen)
            and not (len(path) == 2 and path[-1].customer in met)
        ][:MOST_KEPT]
        if len(steps) == 0:
            break
        higher = hiding.estimates([(tie,) for tie in steps], shown=True)
        place = int(np.argmax(higher))
        if _log_odds(higher[place]) - _log_odds(only) < LEAST_GAIN:
            break
        chosen.append(steps[place])
        hidden.discard(steps[place])
        hiding.show((steps[place],))
        only = float(higher[place])
    hiding.show(hidden)
    return chosen


def _ends(chosen: Sequence[Tie], core: Sequence[Tie], others: Sequence[Path]) -> set[Tie]:
    """Those that may be left out: no core, and nothing goes on from them."""
    needed = {tie for path in others if path[-1] in chosen for tie in path[:-1]}
    return set(chosen) - set(core) - needed


def _shares(hiding: Hiding, ties: Sequence[Tie], estimate: float) -> Weights:
    """What each tie takes from the score where it goes, the mean over orders in which all go. Adds up to the whole fall."""
    if len(ties) == 0:
        return np.zeros(0)
    random = np.random.default_rng(0)
    orders = [random.permutation(len(ties)).tolist() for _ in range(ORDERS)]
    orders += [order[::-1] for order in orders]
    gone = sorted({frozenset(order[:step]) for order in orders for step in range(1, len(ties) + 1)}, key=sorted)
    values = hiding.estimates([[ties[k] for k in sorted(part)] for part in gone])
    value = dict(zip(gone, values.tolist(), strict=True)) | {frozenset[int](): estimate}
    shares = np.zeros(len(ties))
    for order in orders:
        for before, after in pairwise(range(len(ties) + 1)):
            shares[order[before]] += value[frozenset(order[:before])] - value[frozenset(order[:after])]
    return np.asarray(shares / len(orders))


def _log_odds(estimate: Weights | float) -> Weights:
    held = np.clip(estimate, 1e-12, 1.0 - 1e-12)
    return np.asarray(np.log(held / (1.0 - held)))
