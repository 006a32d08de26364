"""What stores keep of tags: runs, values and their history, as frozen values. Pure.

A tag's values are append-only by base date: a run adds a row where a node's value differs from what it was, and one without a value where the tag
ended. The value on a base date is that of the last row up to it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from graph_model.predicates import Predicate
from graph_model.records import AsOf
from graph_model.schema.property_types import LOCAL_ZONE

_TICK = timedelta(milliseconds=1)

TagCell = str | float | int  # a text, a date in ISO form, a number, or 1 for a tag that says yes


@dataclass(frozen=True, slots=True)
class TagRun:
    """One computation of one tag: which version of it, for which base date, when, and by whom or what."""

    code: str
    version: int
    base_date: date
    computed_at: datetime
    source: str

    def speaks_by(self, on: date | None, as_of: AsOf | None) -> bool:
        """Whether it is about no later day than `on`, and known as of a moment: what it says is of the end of its base date, or of when it was
        computed where that was before."""
        if on is not None and self.base_date > on:
            return False
        if as_of is None:
            return True
        about_then = (
            self.computed_at <= as_of.event or self.base_date < (as_of.event + _TICK).astimezone(LOCAL_ZONE).date()
        )
        return about_then and (as_of.recorded is None or self.computed_at <= as_of.recorded)


@dataclass(frozen=True, slots=True)
class TagValue:
    """A node's value of a tag since a run; None where the tag ended with it."""

    node_id: str
    value: TagCell | None
    run: TagRun


@dataclass(frozen=True, slots=True)
class TagChange:
    """A node's value of a tag before and now; None for none."""

    node_id: str
    before: TagCell | None
    now: TagCell | None


@dataclass(frozen=True, slots=True)
class ValueColumn:
    """Values of many nodes at once, by rising handle: `values[place[i]]` is the i-th's. Shapes [n]. Who is not in it has none. `values` are each
    there once."""

    handles: NDArray[np.int64]
    place: NDArray[np.int64]
    values: Sequence[TagCell]


@dataclass(frozen=True, slots=True)
class TagRule:
    """What a run gives: each node the value of the first case that holds or, where values were worked out before, its own of a column. Who gets
    none has the tag no more."""

    run: TagRun
    cases: Sequence[tuple[TagCell, Predicate]] = ()
    column: ValueColumn | None = None  # in place of cases


@dataclass(frozen=True, slots=True)
class TagStep:
    """What one step of a run came to: how many nodes were looked at, how many values were written, and who is to have which."""

    looked_at: int
    changed: int
    counts: Mapping[TagCell, int] = field(default_factory=dict)  # nodes by value


@dataclass(frozen=True, slots=True)
class TagDifference:
    """How many nodes had a tag by both of two runs, by the first alone, and by the second alone."""

    stayed: int
    left: int
    joined: int
