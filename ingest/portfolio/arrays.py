"""Small array tools of the generator: named random streams, weighted draws, books of integer identifiers. Pure numpy.

While a portfolio is being made, people, phones, addresses and so on are integers; text is made once, at the end.
"""

from collections.abc import Callable, Sequence
from zlib import crc32

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Rng = np.random.Generator

NONE = -1  # an identifier column's "not known"


class Streams:
    """One independent random stream per subject, so that a change in one subject leaves the others' draws alone."""

    def __init__(self, seed: int, version: str) -> None:
        self._seed = seed
        self._version = version

    def of(self, subject: str) -> Rng:
        return np.random.Generator(
            np.random.PCG64(
                np.random.SeedSequence([self._seed, crc32(self._version.encode()), crc32(subject.encode())])
            )
        )


class Book:
    """Hands out identifiers of one type as consecutive integers and remembers style and region of each."""

    def __init__(self) -> None:
        self._styles: list[npt.NDArray[np.int8]] = []
        self._regions: list[npt.NDArray[np.int16]] = []
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def take(self, count: int, *, style: int = 0, region: Ints | None = None) -> Ints:
        """`count` new identifiers; `region` is one region per identifier, where the type has places."""
        self._styles.append(np.full(count, style, dtype=np.int8))
        self._regions.append(np.full(count, NONE, dtype=np.int16) if region is None else region.astype(np.int16))
        first = self._count
        self._count += count
        return np.arange(first, first + count, dtype=np.int64)

    @property
    def styles(self) -> Ints:
        return np.concatenate([np.empty(0, dtype=np.int64), *self._styles])

    @property
    def regions(self) -> Ints:
        return np.concatenate([np.empty(0, dtype=np.int64), *self._regions])


def pick(rng: Rng, weights: Sequence[float] | Floats, count: int) -> Ints:
    """`count` positions drawn with replacement, in proportion to `weights`."""
    bounds = np.cumsum(np.asarray(weights, dtype=np.float64))
    drawn = np.searchsorted(bounds, rng.random(count) * bounds[-1], side="right")
    return np.asarray(np.minimum(drawn, len(bounds) - 1), dtype=np.int64)


def chance(rng: Rng, probability: float | Floats, count: int) -> Bools:
    """`count` coin tosses, each with its own probability where an array is given."""
    return np.asarray(rng.random(count) < probability)


class GroupPicker:
    """Draws one item of the group that is asked for, in proportion to the items' weights."""

    def __init__(self, group: Ints, weights: Floats, groups: int) -> None:
        self._order = np.argsort(group, kind="stable")
        self._bounds = np.concatenate([[0.0], np.cumsum(weights[self._order])])
        sorted_group = group[self._order]
        self._first = np.searchsorted(sorted_group, np.arange(groups), side="left")
        self._last = np.searchsorted(sorted_group, np.arange(groups), side="right")

    def draw(self, rng: Rng, group: Ints) -> Ints:
        """One item per asked group; NONE where the group has no item."""
        uniform = rng.random(len(group))
        if len(self._order) == 0:
            return np.full(len(group), NONE, dtype=np.int64)
        first, last = self._first[group], self._last[group]
        low, high = self._bounds[first], self._bounds[last]
        place = np.searchsorted(self._bounds, low + uniform * (high - low), side="right") - 1
        item = self._order[np.clip(place, first, np.maximum(last - 1, first)).clip(max=len(self._order) - 1)]
        return np.where(last > first, item, NONE).astype(np.int64)


def distinct(draw: Callable[[int], Ints], count: int) -> Ints:
    """`count` different values of `draw(n)`; values that come twice are drawn again."""
    values = draw(count)
    while True:
        _, first = np.unique(values, return_index=True)
        if len(first) == count:
            return values
        again = np.ones(count, dtype=np.bool_)
        again[first] = False
        values[again] = draw(int(again.sum()))


def rank_in_group(group: Ints) -> Ints:
    """0, 1, 2 … within each group, in the order of the rows."""
    order = np.argsort(group, kind="stable")
    ordered = group[order]
    start = np.searchsorted(ordered, ordered, side="left")
    rank = np.empty(len(group), dtype=np.int64)
    rank[order] = np.arange(len(group)) - start
    return rank


def chunks(rng: Rng, group: Ints, smallest: int, largest: int) -> Ints:
    """Cuts every group into lots of `smallest` to `largest` neighbours (the last may be smaller): a lot number per row."""
    order = np.argsort(group, kind="stable")
    ordered = group[order]
    sizes = rng.integers(smallest, largest + 1, size=max(1, len(group)))
    lot = np.repeat(np.arange(len(sizes)), sizes)[: len(group)]
    _, numbered = np.unique(np.stack([ordered, lot]), axis=1, return_inverse=True)
    numbers = np.empty(len(group), dtype=np.int64)
    numbers[order] = numbered.reshape(-1)
    return numbers
