"""Columns: the graph as numpy arrays, for whatever learns or counts over all of it.

A *handle* is the engine's own integer for a node: dense enough to index by, valid while the store is open, never shown outside the process.
Moments are int64 milliseconds since 1970 UTC; a missing one is `MISSING_MOMENT`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

MISSING_MOMENT = np.iinfo(np.int64).min


def distinct(handles: Sequence[int]) -> list[int]:
    """Each handle once, rising."""
    return sorted({int(handle) for handle in handles})


def coded(texts: list[str]) -> tuple[list[str], NDArray[np.int64]]:
    """The distinct texts in order, and each text's place among them."""
    distinct = sorted(set(texts))
    place = {text: i for i, text in enumerate(distinct)}
    return distinct, np.fromiter(map(place.__getitem__, texts), np.int64, len(texts))


def first_of_each(*keys: NDArray[Any], least: Sequence[NDArray[Any]] = ()) -> NDArray[np.int64]:
    """The rows by rising keys, the first key first; of rows alike in all of them the one that is `least`, or comes first."""
    order = np.lexsort((*reversed(least), *reversed(keys)))
    first = np.zeros(len(order), dtype=np.bool_)
    first[:1] = True
    for key in keys:
        first[1:] |= key[order][1:] != key[order][:-1]
    return order[first]


@dataclass(frozen=True, slots=True)
class NodeColumns:
    """All nodes of one label, by rising handle. Shapes [n]. `properties` holds only what was asked: float64 (NaN is missing) for numbers and
    booleans, int64 milliseconds for moments, int64 days since 1970 for dates (`MISSING_MOMENT` is missing), object (None is missing) for text."""

    label: str
    handles: NDArray[np.int64]
    keys: Sequence[str]
    first_seen: NDArray[np.int64]
    recorded_at: NDArray[np.int64]
    properties: Mapping[str, NDArray[np.generic]]


@dataclass(frozen=True, slots=True)
class EdgeColumns:
    """All relationships of one type between two labels, by (start, end, qualifier). Shapes [e]. `qualifiers[qualifier[i]]` is the i-th's."""

    type: str
    start_label: str
    end_label: str
    start: NDArray[np.int64]
    end: NDArray[np.int64]
    first_seen: NDArray[np.int64]
    last_seen: NDArray[np.int64]
    recorded_at: NDArray[np.int64]
    qualifier: NDArray[np.int8]
    qualifiers: Sequence[str]

    def those(self, chosen: NDArray[np.bool_]) -> "EdgeColumns":
        return replace(
            self,
            start=self.start[chosen],
            end=self.end[chosen],
            first_seen=self.first_seen[chosen],
            last_seen=self.last_seen[chosen],
            recorded_at=self.recorded_at[chosen],
            qualifier=self.qualifier[chosen],
        )


@dataclass(frozen=True, slots=True)
class EdgesAt:
    """Relationships of some nodes, by kind, and the handles (rising) of those nodes that have more than were read."""

    columns: Sequence[EdgeColumns]
    capped: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class FactColumns:
    """All facts of one kind, by (at, handle, value). Shapes [f]. `values[value[i]]` and `topics[topic[i]]` are the i-th's."""

    kind: str
    about: NDArray[np.int64]
    at: NDArray[np.int64]
    recorded_at: NDArray[np.int64]
    value: NDArray[np.int16]
    values: Sequence[str]
    topic: NDArray[np.int16]
    topics: Sequence[str]


@dataclass(frozen=True, slots=True)
class Changes:
    """What was written up to a `version`, the handles of the nodes touched (rising); None where it can't be told one by one: so much, or so long ago."""

    version: int
    handles: NDArray[np.int64] | None


@dataclass(frozen=True, slots=True)
class GradeColumns:
    """What nodes wear of their latest assessments, shapes [n]. `grade` indexes "ABCD", -1 is none; `ring` indexes `rings`, -1 is none."""

    grade: NDArray[np.int8]
    ring: NDArray[np.int32]
    rings: Sequence[str]


def worn(
    handles: Sequence[int], about: NDArray[np.int64], grade: NDArray[np.int64], ring: Sequence[str]
) -> GradeColumns:
    """Rows of (about, grade, ring or the empty text), of which the last of a node counts, as columns in the order of `handles`."""
    rings, place = coded([*ring, ""])  # the empty text is the first of them
    last = {int(handle): row for row, handle in enumerate(about)}
    rows = np.array([last.get(int(handle), -1) for handle in handles], dtype=np.int64)
    grades = np.append(grade, -1)[rows].astype(np.int8)
    return GradeColumns(grades, (place[rows] - 1).astype(np.int32), rings[1:])


@dataclass(frozen=True, slots=True)
class AssessmentColumns:
    """One scoring of many nodes, shapes [n]. `grade` indexes "ABCD"; `ring` indexes `rings`, -1 is none; `reasons` is JSON text per node or "[]"."""

    handles: NDArray[np.int64]
    score: NDArray[np.float64]
    grade: NDArray[np.int8]
    ring: NDArray[np.int32]
    rings: Sequence[str]
    reasons: Sequence[str]
