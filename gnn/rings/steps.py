"""Steps: the kernels that one round of Leiden is made of. Nodes move between communities, communities are refined into parts, parts are merged.

What they cost is how many links they look at and how many branches the processor can't foretell. So links that can't matter are set aside
first, an entry that may be wanted is written anyhow and only counted if it is, no link waits for what came of the one before, and what indexes
is unsigned, for numba asks of every signed index whether it is negative.

Two conditions that no kernel asks about, `communities` (cpm.py) does. Pointers are int64 and indices int32, none negative: they are read bit by bit as
uint64 and uint32. And every link weighs more than 0: a sum of 0 means that a community or a part was not met yet.
"""

import numpy as np
from numpy.typing import NDArray

from gnn.arrays.compiled import kernel
from gnn.arrays.csr import Index, Pointer, Weights, group

_EVEN = 1e-9  # gains that differ by less are the same
_SLACK = 1e-6  # more than `_EVEN` and rounding can make of a gain


@kernel
def move(
    indptr: Pointer, indices: Index, weights: Weights, sizes: Weights, community: Index, order: Index, gamma: float
) -> Index:
    """Local moving with a queue: each node goes to the neighbouring (or an empty) community that gains most, until none gains.

    Joining a community gains, summed over its members, the weight of the link less gamma times both sizes. Whoever is alone and has no link that
    outweighs this can't gain by any: in the later levels nearly everybody, whose links are then only looked at for that."""
    nodes = len(indptr) - 1
    start = indptr.view(np.uint64)
    neighbour = indices.view(np.uint32)
    moved = community.copy()
    place = moved.view(np.uint32)
    total, members = _tally(place, sizes)
    empty = np.empty(nodes, dtype=np.uint32)
    empties = 0
    for name in range(nodes):
        if members[name] == 0:
            empty[empties] = name
            empties += 1
    toward = np.zeros(nodes, dtype=np.float64)
    touched = np.empty(nodes + 1, dtype=np.uint32)
    gains = np.empty(nodes + 1, dtype=np.float64)
    queue = order.astype(np.uint32)
    waiting = np.ones(nodes, dtype=np.bool_)
    head = 0
    length = nodes
    while length > 0:
        mover = queue[head]
        head = head + 1 if head + 1 < nodes else 0
        length -= 1
        waiting[mover] = False
        old = place[mover]
        size = sizes[mover]
        begin, end = start[mover], start[mover + 1]
        if members[old] == 1:
            for position in range(begin, end):
                if weights[position] >= gamma * size * sizes[neighbour[position]] - _SLACK:
                    break
            else:
                continue
        count = 0
        for position in range(begin, end):
            there = place[neighbour[position]]
            before = toward[there]
            touched[count] = there
            count += before == 0.0
            toward[there] = before + weights[position]
        best = old
        gain = toward[old] - gamma * size * (total[old] - size)
        least = gain + _EVEN
        better = 0
        for k in range(count):
            there = touched[k]
            here = toward[there] - gamma * size * total[there]
            toward[there] = 0.0
            touched[better] = there
            gains[better] = here
            better += (there != old) & (here > least)
        for k in range(better):
            if gains[k] > gain + _EVEN:
                best = touched[k]
                gain = gains[k]
        if gain < -_EVEN and members[old] > 1:
            empties -= 1
            best = empty[empties]
        if best == old:
            continue
        total[old] -= size
        members[old] -= 1
        if members[old] == 0:
            total[old] = 0.0
            empty[empties] = old
            empties += 1
        total[best] += size
        members[best] += 1
        place[mover] = best
        for position in range(begin, end):
            other = neighbour[position]
            if place[other] != best and not waiting[other]:
                waiting[other] = True
                tail = head + length
                queue[tail if tail < nodes else tail - nodes] = other
                length += 1
    return moved


@kernel
def refine(
    indptr: Pointer,
    indices: Index,
    weights: Weights,
    sizes: Weights,
    community: Index,
    order: Index,
    gamma: float,
    near: Index,
    tied: Weights,
) -> tuple[Index, int]:
    """Split each community into connected parts: single nodes join the part of their own community that gains most, well-linked ones only.
    Links inside communities are first set aside in `near` and `tied`, which have room for one more than there are links."""
    nodes = len(indptr) - 1
    start = indptr.view(np.uint64)
    neighbour, inside = indices.view(np.uint32), near.view(np.uint32)
    place = community.view(np.uint32)
    whole, members = _tally(place, sizes)
    inward = np.zeros(nodes, dtype=np.float64)  # weight from a part to the rest of its community
    inside_ptr = np.zeros(nodes + 1, dtype=np.int64)
    found = 0
    for node in range(nodes):
        home = place[node]
        if members[home] > 1:
            strength = 0.0
            for position in range(start[node], start[node + 1]):
                other = neighbour[position]
                weight = weights[position]
                same = place[other] == home
                inside[found] = other
                tied[found] = weight
                found += same
                strength += weight if same else 0.0
            inward[node] = strength
        inside_ptr[node + 1] = found
    parted = np.arange(nodes).astype(np.int32)
    part = parted.view(np.uint32)
    total = sizes.copy()
    alone = np.ones(nodes, dtype=np.bool_)
    toward = np.zeros(nodes, dtype=np.float64)
    touched = np.empty(nodes + 1, dtype=np.uint32)
    for joiner in order.view(np.uint32):
        home = place[joiner]
        size = sizes[joiner]
        if members[home] == 1 or not alone[joiner] or inward[joiner] < gamma * size * (whole[home] - size):
            continue
        count = 0
        for position in range(inside_ptr[joiner], inside_ptr[joiner + 1]):
            there = part[inside[position]]
            touched[count] = there
            count += toward[there] == 0.0
            toward[there] += tied[position]
        best = joiner
        gain = _EVEN
        strength = 0.0
        for k in range(count):
            there = touched[k]
            if inward[there] + _EVEN >= gamma * total[there] * (whole[home] - total[there]):
                here = toward[there] - gamma * size * total[there]
                if here > gain:
                    best = there
                    gain = here
                    strength = toward[there]
            toward[there] = 0.0
        if best != joiner:
            inward[best] += inward[joiner] - 2.0 * strength
            total[best] += size
            total[joiner] = 0.0
            part[joiner] = best
            alone[joiner] = False
            alone[best] = False
    number = np.full(nodes, -1, dtype=np.int32)
    parts = 0
    for node in range(nodes):
        if number[part[node]] < 0:
            number[part[node]] = parts
            parts += 1
    for node in range(nodes):
        part[node] = number[part[node]]
    return parted, parts


@kernel
def _tally(place: NDArray[np.uint32], sizes: Weights) -> tuple[Weights, Index]:
    """The size of each community, and how many nodes lie in it."""
    nodes = len(place)
    whole = np.zeros(nodes, dtype=np.float64)
    members = np.zeros(nodes, dtype=np.int32)
    for node in range(nodes):
        whole[place[node]] += sizes[node]
        members[place[node]] += 1
    return whole, members


@kernel
def merge(
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
    """The graph whose nodes are the parts, with the communities they lie in, renumbered. Its links and their weights are written into `merged`,
    which has room for one more than there are: links inside a part all go there."""
    nodes = len(indptr) - 1
    start = indptr.view(np.uint64)
    neighbour, belongs = indices.view(np.uint32), part.view(np.uint32)
    row, listing = group(part, parts)
    merged_ptr = np.zeros(parts + 1, dtype=np.int64)
    merged_sizes = np.zeros(parts, dtype=np.float64)
    merged_community = np.empty(parts, dtype=np.int32)
    number = np.full(nodes, -1, dtype=np.int32)
    numbers = 0
    slot = np.full(parts, -1, dtype=np.int64)
    aside = len(merged) - 1
    entries = 0
    for name in range(parts):
        first = entries
        slot[name] = aside
        for k in range(row[name], row[name + 1]):
            node = listing[k]
            merged_sizes[name] += sizes[node]
            for position in range(start[node], start[node + 1]):
                other = belongs[neighbour[position]]
                known = slot[other]
                new = known < first
                entry = np.uint64(entries if new else known)
                slot[other] = entry
                merged[entry] = other
                before = merged_weights[entry]
                merged_weights[entry] = (0.0 if new else before) + weights[position]
                entries += new
        slot[name] = -1
        merged_ptr[name + 1] = entries
        old = community[listing[row[name]]]
        if number[old] < 0:
            number[old] = numbers
            numbers += 1
        merged_community[name] = number[old]
    return merged_ptr, merged_sizes, merged_community
