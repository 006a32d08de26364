"""Communities by the constant Potts model (CPM), Leiden-style, over CSR arrays.

The objective is the sum over communities of (weight inside - gamma * n * (n - 1) / 2): gamma is the density below which a group is no
community. Modularity would hide rings behind its resolution limit; CPM does not depend on the size of the graph. Each round moves nodes
between communities, refines each community into connected parts and aggregates these, level by level; the next begins with single customers in the
communities found. In the end every community is connected.
"""

from itertools import count

import numpy as np

from gnn.arrays.compiled import kernel
from gnn.arrays.csr import Index, components
from gnn.rings.nearby import Room, brought_near, in_passes, rooms
from gnn.rings.projection import Projection
from gnn.rings.steps import merge, move, refine

ROUNDS = 2  # a third raises the objective by 0.05 % and takes half as long again


def communities(
    graph: Projection, *, gamma: float, seed: int = 0, rounds: int = ROUNDS, order: Index | None = None
) -> Index:
    """The community of each customer, numbered from 0 by the first member in `order`, which is that of the graph where none is told. The same
    links, order and seed give the same answer, however the customers are numbered, and however many without a link (who may not have been there
    yet) are among them. `order` lists each customer once, and every link weighs more than 0: ValueError where not, for the kernels would write beside
    their arrays."""
    _check(graph, order)
    order = np.arange(graph.customers, dtype=np.int32) if order is None else order
    home, *others = rooms(3, len(graph.indices) + 1)
    near, customer = brought_near(graph, order, home)
    random = np.random.default_rng(seed)
    community = np.arange(near.customers, dtype=np.int32)
    for number in range(rounds):
        community = _one_round(near, community, gamma, random, (others[0], others[1]), last=number + 1 == rounds)
    return _numbered(community, customer, order)


def objective(graph: Projection, community: Index, *, gamma: float) -> float:
    """What `communities` maximises."""
    source = np.repeat(np.arange(graph.customers), np.diff(graph.indptr))
    inside = float(graph.weights[community[source] == community[graph.indices]].sum()) / 2
    sizes = np.bincount(community).astype(np.float64)
    return inside - gamma * float((sizes * (sizes - 1)).sum()) / 2


def _check(graph: Projection, order: Index | None) -> None:
    """What the kernels take for granted (steps.py)."""
    kinds = [array.dtype.name for array in (graph.indptr, graph.indices, graph.weights)]
    if kinds != ["int64", "int32", "float64"]:
        raise ValueError(f"A projection is of int64, int32 and float64, not of {', '.join(kinds)}.")
    if len(graph.weights) > 0 and not graph.weights.min() > 0.0:  # nor NaN
        raise ValueError("A link weighs more than 0: leave out those that weigh nothing.")
    if order is None:
        return
    listed = np.zeros(graph.customers, dtype=np.bool_)
    listed[order[(order >= 0) & (order < graph.customers)]] = True
    if len(order) != graph.customers or not listed.all():
        raise ValueError(f"The order must list each of the {graph.customers} customers once.")


def _one_round(
    graph: Projection,
    community: Index,
    gamma: float,
    random: np.random.Generator,
    others: tuple[Room, Room],
    *,
    last: bool,
) -> Index:
    indptr, indices, weights = graph.indptr, graph.indices, graph.weights
    sizes = np.ones(graph.customers, dtype=np.float64)
    member = np.arange(graph.customers, dtype=np.int32)  # customer -> node of the current level
    for level in count():
        nodes = len(indptr) - 1
        order = in_passes(nodes, random)
        room = others[level % 2]  # the other one holds the links of this level
        community = move(indptr, indices, weights, sizes, community, order, gamma)
        refined, parts = refine(indptr, indices, weights, sizes, community, order, gamma, *room)
        if parts == nodes:
            break
        indptr, sizes, community = merge(indptr, indices, weights, sizes, community, refined, parts, *room)
        indices, weights = room[0][: indptr[-1]], room[1][: indptr[-1]]
        member = refined[member]
    # Parts are connected, so a community is if its parts are: they are fewer.
    return np.asarray((components(indptr, indices, community)[0] if last else community)[member])


@kernel
def _numbered(community: Index, customer: Index, order: Index) -> Index:
    """The communities of these customers, and of each of all others who is alone, numbered as they come first in this order."""
    numbered = np.full(len(order), -1, dtype=np.int32)
    for place in range(len(customer)):
        numbered[customer[place]] = community[place]
    number = np.full(len(customer), -1, dtype=np.int32)
    numbers = 0
    for one in order:
        name = numbered[one]
        if name >= 0 and number[name] >= 0:
            numbered[one] = number[name]
            continue
        if name >= 0:
            number[name] = numbers
        numbered[one] = numbers
        numbers += 1
    return numbered
