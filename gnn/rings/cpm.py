"""Communities by the constant Potts model (CPM), Leiden-style, over CSR arrays.

The objective is the sum over communities of (weight inside - gamma * n * (n - 1) / 2): gamma is the density below which a group is no
community. Modularity would hide rings behind its resolution limit; CPM does not depend on the size of the graph. Each round moves nodes
between communities, refines each community into connected parts and aggregates these; in the end every community is connected.
"""

import numpy as np

from gnn.arrays.compiled import kernel
from gnn.arrays.csr import Index, Pointer, Weights, components, group
from gnn.rings.projection import Projection


def communities(graph: Projection, *, gamma: float, seed: int = 0, rounds: int = 3) -> Index:
    """The community of each customer, numbered from 0 by lowest member. The same links and seed give the same answer, however many
    customers without a link (who may not have been there yet) are in the graph."""
    linked = np.flatnonzero(np.diff(graph.indptr))
    number = np.full(graph.customers, -1, dtype=np.int32)
    number[linked] = np.arange(len(linked))
    indptr = np.concatenate((graph.indptr[linked], graph.indptr[-1:]))
    core = Projection(indptr, number[graph.indices], graph.weights)
    random = np.random.default_rng(seed)
    community = np.arange(len(linked), dtype=np.int32)
    for _ in range(rounds):
        before = community
        community = _one_round(core, community, gamma, random)
        if np.array_equal(before, community):
            break
    spread = np.arange(graph.customers, dtype=np.int32) + np.int32(len(linked))
    spread[linked] = community
    return components(graph.indptr, graph.indices, spread)[0]


def objective(graph: Projection, community: Index, *, gamma: float) -> float:
    """What `communities` maximises."""
    source = np.repeat(np.arange(graph.customers), np.diff(graph.indptr))
    inside = float(graph.weights[community[source] == community[graph.indices]].sum()) / 2
    sizes = np.bincount(community).astype(np.float64)
    return inside - gamma * float((sizes * (sizes - 1)).sum()) / 2


def _one_round(graph: Projection, community: Index, gamma: float, random: np.random.Generator) -> Index:
    indptr, indices, weights = graph.indptr, graph.indices, graph.weights
    sizes = np.ones(graph.customers, dtype=np.float64)
    member = np.arange(graph.customers, dtype=np.int32)  # customer -> node of the current level
    while True:
        nodes = len(indptr) - 1
        order = random.permutation(nodes).astype(np.int32)
        community = _move(indptr, indices, weights, sizes, community, order, gamma)
        refined, parts = _refine(indptr, indices, weights, sizes, community, order, gamma)
        if parts == nodes:
            break
        indptr, indices, weights, sizes, community = _merge(indptr, indices, weights, sizes, community, refined, parts)
        member = refined[member]
    whole, _ = components(graph.indptr, graph.indices, community[member])
    return whole


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
    indptr: Pointer, indices: Index, weights: Weights, sizes: Weights, community: Index, part: Index, parts: int
) -> tuple[Pointer, Index, Weights, Weights, Index]:
    """The graph whose nodes are the parts, with the communities they lie in, renumbered."""
    nodes = len(indptr) - 1
    row, listing = group(part, parts)
    merged_ptr = np.zeros(parts + 1, dtype=np.int64)
    merged = np.empty(len(indices), dtype=np.int32)
    merged_weights = np.empty(len(indices), dtype=np.float64)
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
    return merged_ptr, merged[:entries].copy(), merged_weights[:entries].copy(), merged_sizes, merged_community
