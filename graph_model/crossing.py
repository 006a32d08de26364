"""Cross-tabulation and columns of tags, as stores count and read them: axes, counts, and one tag of everybody. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from graph_model.errors import InvalidRequest, UnknownName
from graph_model.predicates import TAG_CODE, ends
from graph_model.schema import SCHEMA, StorageKind
from graph_model.tagging import TagCell

MOST_PAIRS = 100_000  # different pairs of values that one cross-tabulation counts
MOST_VALUES = 1_000  # and values of one axis


@dataclass(frozen=True, slots=True)
class ByTag:
    """A tag's newest value, None for a node without it; of dates only the month where `month` (`2026-03`)."""

    code: str
    month: bool = False


@dataclass(frozen=True, slots=True)
class ByNeighbour:
    """Which texts a property has among the neighbours of type `label` by one type of relationship: a tuple, in order, empty where there are none.
    Neighbours and relationships first seen or recorded after `at` don't count."""

    type: str
    label: str
    field: str
    at: datetime


Axis = ByTag | ByNeighbour
CrossCell = TagCell | tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Crossed:
    """How many nodes have one pair of values."""

    row: CrossCell
    column: CrossCell
    count: int


@dataclass(frozen=True, slots=True)
class TagColumn:
    """Who has a tag, by rising handle, and which of the values that were asked for, by place; -1 for another. Shapes [n]."""

    handles: NDArray[np.int64]
    place: NDArray[np.int64]


TagCounts = Mapping[str, Mapping[TagCell, int]]  # by tag: nodes by value


def check_axis(label: str, axis: Axis) -> None:
    """Raises UnknownName for names that the schema doesn't declare, InvalidRequest for a property that is no text."""
    if isinstance(axis, ByTag):
        check_code(axis.code)
        return
    ends(label, axis.type, None, axis.label)
    declared = SCHEMA.node(axis.label).declared(axis.field)
    if declared is SCHEMA.node(axis.label).key or declared.personal or declared.type.storage is not StorageKind.TEXT:
        raise InvalidRequest(f"{axis.label}.{axis.field} is no text to count by. Choose another property.")


def check_code(code: str) -> None:
    if TAG_CODE.fullmatch(code) is None:
        raise UnknownName("A tag's code is up to 40 small letters, digits and underscores, a letter first.")


def checked(found: Sequence[Crossed]) -> list[Crossed]:
    """Raises InvalidRequest `portrait.too_many` for more than MOST_PAIRS, or more than MOST_VALUES on an axis. An engine may refuse values that only
    nodes have which don't match."""
    axes = [each.row for each in found], [each.column for each in found]
    if len(found) > MOST_PAIRS or any(len(_values(cells)) > MOST_VALUES for cells in axes):
        raise too_many()
    return list(found)


def _values(cells: Sequence[CrossCell]) -> set[TagCell]:
    """Those of sets, each by itself."""
    sets = (cell if isinstance(cell, tuple) else (cell,) for cell in cells)
    return {value for each in sets for value in each if value is not None}


def too_many() -> InvalidRequest:
    return InvalidRequest(
        f"There are more than {MOST_VALUES:,} different values, or {MOST_PAIRS:,} pairs of them. Choose tags of fewer values.",
        code="portrait.too_many",
    )
