"""Communities by the constant Potts model (CPM), Leiden-style, over CSR arrays.

The objective is the sum over communities of (weight inside - gamma * n * (n - 1) / 2): gamma is the density below which a group is no
community. Modularity would hide rings behind its resolution limit; CPM does not depend on the size of the graph. Each round moves nodes
between communities, refines each community into connected parts and aggregates these, level by level; the next begins with single customers in the
communities found. In the end every community is connected.
"""

from collections.abc import Sequence
from itertools import count

import numpy as np

from gnn.arrays.compiled import kernel
from gnn.arrays.csr import Index, Pointer, Weights, components, group
from gnn.rings.nearby import brought_near, in_passes
from gnn.rings.projection import Projection

ROUNDS = 2  # a third raises the objective by 0.05 % and takes half as long again
_Room = tuple[Index, Weights]


def communities(
    graph: Projection, *, gamma: float, seed: int = 0, rounds: int = ROUNDS, order: Index | None = None
) -> Index:
    """The community of each customer, numbered from 0 by the first member in `order`, which is that of the graph where none is told. The same
    links, order and seed give the same answer, however the customers are numbered, and however many without a link (who may not have been there
    yet) are among them."""
    order = np.arange(graph.customers, dtype=np.int32) if order is None else order
    near, customer = brought_near(graph, order)
    random = np.random.default_rng(seed)
    community = np.arange(near.customers, dtype=np.int32)
    links = len(near.indices)
    # Room for the merged links of a level and of the next, taken once: fresh memory costs as much as merging.
    rooms = [(np.empty(links, dtype=np.int32), np.empty(links, dtype=np.float64)) for _ in range(2)]
    for _ in range(rounds):
        community = _one_round(near, community, gamma, random, rooms)
    spread = np.arange(graph.customers, dtype=np.int32) + np.int32(near.customers)
    spread[customer] = community
    return _numbered(components(graph.indptr, graph.indices, spread)[0], order)


def objective(graph: Projection, community: Index, *, gamma: float) -> float:
    """What `communities` maximises."""
    source = np.repeat(np.arange(graph.customers), np.diff(graph.indptr))
    inside = float(graph.weights[community[source] == community[graph.indices]].sum()) / 2
    sizes = np.bincount(community).astype(np.float64)
    return inside - gamma * float((sizes * (sizes - 1)).sum()) / 2


@kernel
def _numbered(community: Index, order: Index) -> Index:
    """The same communities, numbered as they come first in this order."""
    number = np.full(len(community), -1, dtype=np.int32)
    numbers = 0
    for customer in order:
        if number[community[customer]] < 0:
            number[community[customer]] = numbers
            numbers += 1
    return number[community]


def _one_round(
    graph: Projection, community: Index, gamma: float, random: np.random.Generator, rooms: Sequence[_Room]
) -> Index:
    indptr, indices, weights = graph.indptr, graph.indices, graph.weights
    sizes = np.ones(graph.customers, dtype=np.float64)
    member = np.arange(graph.customers, dtype=np.int32)  # customer -> node of the current level
    for level in count():
        nodes = len(indptr) - 1
        order = in_passes(nodes, random)
        community = _move(indptr, indices, weights, sizes, community, order, gamma)
        refined, parts = _refine(indptr, indices, weights, sizes, community, order, gamma)
        if parts == nodes:
            break
        room = rooms[level % 2]  # the other one holds the links of this level
        indptr, sizes, community = _merge(indptr, indices, weights, sizes, community, refined, parts, *room)
        indices, weights = room[0][: indptr[-1]], room[1][: indptr[-1]]
        member = refined[member]
    return np.asarray(community[member])


@kernel
def _move(
    indptr: Pointer, indices: Index, weights: Weights, sizes: Weights, community: Index, order: Index, gamma: float
) -> Index:
    """Local moving with a queue: each node goes to the neighbouring (or an empty) community that gains most, until none gains."""
    nodes = len(indptr) - 1
    community = community.copy()
    total = np.zeros(nodes, dtype=np.float64)
    members = np.zeros(nodes, dtype=np.int32)
    for node in range(nodes):
        total[community[node]] += sizes[node]
        members[community[node]] += 1
    empty = np.empty(nodes, dtype=np.int32)
    empties = 0
    for name in range(nodes):
        if members[name] == 0:
            empty[empties] = name
            empties += 1
    toward = np.zeros(nodes, dtype=np.float64)
    touched = np.empty(nodes, dtype=np.int32)
    queue = order.copy()
    waiting = np.ones(nodes, dtype=np.bool_)
    head = 0
    length = nodes
    while length > 0:
        node = queue[head]
        head = head + 1 if head + 1 < nodes else 0
        length -= 1
        waiting[node] = False
        old = community[node]
        count = 0
        for position in range(indptr[node], indptr[node + 1]):
            name = community[indices[position]]
            if toward[name] == 0.0:
                touched[count] = name
                count += 1
            toward[name] += weights[position]
        best = old
        gain = toward[old] - gamma * sizes[node] * (total[old] - sizes[node])
        for k in range(count):
            name = touched[k]
            if name != old:
                here = toward[name] - gamma * sizes[node] * total[name]
                if here > gain + 1e-9:
                    best = name
                    gain = here
        for k in range(count):
            toward[touched[k]] = 0.0
        if gain < -1e-9 and members[old] > 1:
            empties -= 1
            best = empty[empties]
        if best == old:
            continue
        total[old] -= sizes[node]
        members[old] -= 1
        if members[old] == 0:
            total[old] = 0.0
            empty[empties] = old
            empties += 1
        total[best] += sizes[node]
        members[best] += 1
        community[node] = best
        for position in range(indptr[node], indptr[node + 1]):
            other = indices[position]
            if community[other] != best and not waiting[other]:
                waiting[other] = True
                tail = head + length
                queue[tail if tail < nodes else tail - nodes] = other
                length += 1
    return community


@kernel
def _refine(
    indptr: Pointer, indices: Index, weights: Weights, sizes: Weights, community: Index, order: Index, gamma: float
) -> tuple[Index, int]:
    """Split each community into connected parts: single nodes join the part of their own community that gains most, well-linked ones only."""
    nodes = len(indptr) - 1
    whole = np.zeros(nodes, dtype=np.float64)
    inward = np.zeros(nodes, dtype=np.float64)  # weight from a part to the rest of its community
    for node in range(nodes):
        whole[community[node]] += sizes[node]
        for position in range(indptr[node], indptr[node + 1]):
            if community[indices[position]] == community[node]:
                inward[node] += weights[position]
    part = np.arange(nodes).astype(np.int32)
    total = sizes.copy()
    alone = np.ones(nodes, dtype=np.bool_)
    toward = np.zeros(nodes, dtype=np.float64)
    touched = np.empty(nodes, dtype=np.int32)
    for node in order:
        rest = whole[community[node]] - sizes[node]
        if not alone[node] or inward[node] < gamma * sizes[node] * rest:
            continue
        count = 0
        for position in range(indptr[node], indptr[node + 1]):
            other = indices[position]
            if community[other] == community[node]:
                name = part[other]
                if toward[name] == 0.0:
                    touched[count] = name
                    count += 1
                toward[name] += weights[position]
        best = node
        gain = 1e-9
        for k in range(count):
            name = touched[k]
            remainder = whole[community[node]] - total[name]
            if inward[name] + 1e-9 >= gamma * total[name] * remainder:
                here = toward[name] - gamma * sizes[node] * total[name]
                if here > gain:
                    best = name
                    gain = here
        if best != node:
            inward[best] += inward[node] - 2.0 * toward[best]
            total[best] += sizes[node]
            total[node] = 0.0
            part[node] = best
            alone[node] = False
            alone[best] = False
        for k in range(count):
            toward[touched[k]] = 0.0
    number = np.full(nodes, -1, dtype=np.int32)
    parts = 0
    for node in range(nodes):
        if number[part[node]] < 0:
            number[part[node]] = parts
            parts += 1
    for node in range(nodes):
        part[node] = number[part[node]]
    return part, parts


@kernel
def _merge(
    indptr: Pointer,
    indices: Index,
    weights: Weights,
    sizes: Weights,
    community: Index,
    part: Index,
    parts: int,
    merged: Index,
    merged_weights: Weights,
) -> tuple[Pointer, Weights, Index]:
    """The graph whose nodes are the parts, with the communities they lie in, renumbered. Its links and their weights are written into `merged`."""
    nodes = len(indptr) - 1
    row, listing = group(part, parts)
    merged_ptr = np.zeros(parts + 1, dtype=np.int64)
    merged_sizes = np.zeros(parts, dtype=np.float64)
    merged_community = np.empty(parts, dtype=np.int32)
    number = np.full(nodes, -1, dtype=np.int32)
    numbers = 0
    seen = np.full(parts, -1, dtype=np.int64)
    entries = 0
    for name in range(parts):
        first = entries
        for k in range(row[name], row[name + 1]):
            node = listing[k]
            merged_sizes[name] += sizes[node]
            for position in range(indptr[node], indptr[node + 1]):
                other = part[indices[position]]
                if other == name:
                    continue
                if seen[other] < first:
                    seen[other] = entries
                    merged[entries] = other
                    merged_weights[entries] = 0.0
                    entries += 1
                merged_weights[seen[other]] += weights[position]
        merged_ptr[name + 1] = entries
        old = community[listing[row[name]]]
        if number[old] < 0:
            number[old] = numbers
            numbers += 1
        merged_community[name] = number[old]
    return merged_ptr, merged_sizes, merged_community
