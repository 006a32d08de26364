"""What stores keep of tags: runs, values and their history, as frozen values. Pure.

A tag's values are append-only by base date: a run adds a row where a node's value differs from what it was, and one without a value where the tag
ended. The value on a base date is that of the last row up to it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

TagCell = str | float | int  # a text, a date in ISO form, a number, or 1 for a tag that says yes


@dataclass(frozen=True, slots=True)
class TagRun:
    """One computation of one tag: which version of it, for which base date, when, and by whom or what."""

    code: str
    version: int
    base_date: date
    computed_at: datetime
    source: str


@dataclass(frozen=True, slots=True)
class TagValue:
    """A node's value of a tag since a run; None where the tag ended with it."""

    node_id: str
    value: TagCell | None
    run: TagRun


@dataclass(frozen=True, slots=True)
class TagStep:
    """What one step of a run came to. `after` is what to go on after; None when all nodes were looked at."""

    after: int | None
    looked_at: int = 0
    changed: int = 0
    counts: Mapping[TagCell, int] = field(default_factory=dict)  # nodes by value, of those looked at
