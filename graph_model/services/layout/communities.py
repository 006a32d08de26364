"""Communities for drawing: label propagation with a bound on size. Quick and deterministic; rings, which are evidence, come from `gnn.rings`. Pure."""

import numpy as np
from scipy.sparse import csr_array

from graph_model.services.layout.geometry import Ints

MAX_SIZE = 150  # what one disc of a drawing holds well
ROOM = 2 * MAX_SIZE  # a community that small ones join grows to this
LEAST_SIZE = 40  # smaller ones join a neighbour: a drawing of crumbs shows nothing
MOST = 200  # discs in one drawing
ROUNDS = 8


def communities(matrix: csr_array) -> Ints:
    """A community number from 0 for each node, numbered by first member."""
    count = matrix.shape[0]
    labels = _propagate(matrix)
    labels = _merge_small(matrix, labels, least=max(LEAST_SIZE, count // MOST))
    _, first, renumbered = np.unique(labels, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    numbered: Ints = rank[renumbered]
    return numbered


def _propagate(matrix: csr_array) -> Ints:
    """Every node takes the label that weighs most around it, hubs counting little, while that label has room."""
    count = matrix.shape[0]
    starts, ends = matrix.indptr.tolist(), matrix.indices.tolist()
    weight = (1 / np.sqrt(np.maximum(np.diff(matrix.indptr), 1))).tolist()
    labels = list(range(count))
    sizes = [1] * count
    for _ in range(ROUNDS):
        moved = 0
        for node in range(count):
            around: dict[int, float] = {}
            for neighbour in ends[starts[node] : starts[node + 1]]:
                label = labels[neighbour]
                around[label] = around.get(label, 0.0) + weight[neighbour]
            own = labels[node]
            best, best_weight = own, around.get(own, 0.0)
            for label, total in around.items():
                better = total > best_weight or (total == best_weight and label < best)
                if better and label != own and sizes[label] < MAX_SIZE:
                    best, best_weight = label, total
            if best != own:
                sizes[own] -= 1
                sizes[best] += 1
                labels[node] = best
                moved += 1
        if moved * 100 <= count:
            break
    return np.asarray(labels, dtype=np.int64)


def _merge_small(matrix: csr_array, labels: Ints, *, least: int) -> Ints:
    """Communities below `least` join the neighbour they have most edges with, while it has room; then those that wait at the same neighbour, and
    those without any, lie together."""
    labels = labels.copy()
    members: dict[int, list[int]] = {}
    for node, label in enumerate(labels.tolist()):
        members.setdefault(label, []).append(node)
    starts, ends = matrix.indptr, matrix.indices
    gathered: dict[int, int] = {}  # neighbour without room (-1: no neighbour) → the community of those that wait
    for label in sorted(members, key=lambda name: (len(members[name]), name)):
        if len(members[label]) >= least:
            continue
        around = np.concatenate([labels[ends[starts[node] : starts[node + 1]]] for node in members[label]])
        names, votes = np.unique(around[around != label], return_counts=True)
        wished = [int(name) for name in names[np.argsort(-votes, kind="stable")]]
        target = next((name for name in wished if len(members[name]) < ROOM), None)
        if target is None:
            waits_at = wished[0] if wished else -1
            target = gathered.get(waits_at)
            if target is None or target == label or len(members[target]) >= MAX_SIZE:
                gathered[waits_at] = label
                continue
        labels[members[label]] = target
        members[target] += members.pop(label)
    return labels
