"""Packing of discs: each is set down near the middle of all and near the discs it is tied to, as it fits. Pure and deterministic."""

import numpy as np
from scipy.sparse import csr_array

from graph_model.services.layout.geometry import SPACING, Floats

GOLDEN_ANGLE = np.pi * (3 - np.sqrt(5))
GAP = SPACING / 2


def pack(radii: Floats, ties: csr_array, *, first: int) -> Floats:
    """Centres, shape [d, 2], of discs that do not overlap; `first` lies at the origin. `ties` weighs the pairs."""
    centres = np.zeros((len(radii), 2))
    placed: list[int] = [first]
    waiting = set(range(len(radii))) - {first}
    pull = _row(ties, first)
    while waiting:
        # The disc most tied to those already set down; the largest first among equals.
        chosen = max(waiting, key=lambda disc: (pull[disc], radii[disc], -disc))
        waiting.remove(chosen)
        weights = _row(ties, chosen)[placed]
        around = centres[placed]
        # Halfway between those it is tied to and the first one: a chain of discs is drawn as a heap, not as a line across the screen.
        target = weights @ around / weights.sum() / 2 if weights.sum() > 0 else np.zeros(2)
        centres[chosen] = _nearest_free(target, radii[chosen], around, radii[placed])
        placed.append(chosen)
        pull = pull + _row(ties, chosen)
    return centres


def _row(ties: csr_array, disc: int) -> Floats:
    row = np.zeros(ties.shape[1])
    part = slice(ties.indptr[disc], ties.indptr[disc + 1])
    row[ties.indices[part]] = ties.data[part]
    row[disc] = 0.0
    return row


def _nearest_free(target: Floats, radius: float, centres: Floats, radii: Floats) -> Floats:
    """The first free place along a sunflower spiral around the target."""
    stride = max(SPACING / 2, radius / 4)
    start, size = 0, 256
    while True:
        seeds = np.arange(start, start + size)
        reach = stride * np.sqrt(seeds)
        tried = target + np.column_stack([reach * np.cos(seeds * GOLDEN_ANGLE), reach * np.sin(seeds * GOLDEN_ANGLE)])
        distance = np.hypot(tried[:, None, 0] - centres[None, :, 0], tried[:, None, 1] - centres[None, :, 1])
        free = np.flatnonzero((distance >= radii[None, :] + radius + GAP).all(axis=1))
        if len(free) > 0:
            found: Floats = tried[free[0]]
            return found
        start, size = start + size, size * 2
