"""A segment as it is kept: its rule, what it reads, its versions. Pure but for reading it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from graph_model.services.tags.definition import Reads, Schedule
from graph_model.store import GraphStore

LABEL = "Customer"  # whom segments are of: the gate knows nobody else
PREFIX = "segment/"
VERSIONS = "segment-version/"
MOST_SEGMENTS = 1_000
RISK_CODE = "risk_"  # begins the codes of segments that say something of risk, and of no others


@dataclass(frozen=True, slots=True)
class Segment:
    """One version of a segment. `segments` are those that its rule names; `reads` is of all that they read, too. `first` is the version that
    it began with: smaller ones were of a segment of the same code that was deleted."""

    code: str
    version: int
    first: int
    name: str
    description: str
    owner: str
    schedule: Schedule
    rule: str
    reads: Reads
    segments: Sequence[str]
    changed_by: str
    changed_at: datetime

    @property
    def risk(self) -> bool:
        """Whether it says something of risk; for good, as its code says it."""
        return self.code.startswith(RISK_CODE)

    def dump(self) -> str:
        return orjson.dumps(self).decode()

    @classmethod
    def parse(cls, text: str) -> "Segment":
        kept: Mapping[str, Any] = orjson.loads(text)
        reads: Mapping[str, Any] = kept["reads"]
        listed = {name: tuple(reads[name]) for name in ("properties", "relationships", "identifiers", "tags")}
        return cls(
            **{name: kept[name] for name in ("code", "version", "first", "name", "description", "owner", "rule")},
            schedule=Schedule(kept["schedule"]),
            reads=Reads(**listed, risk=reads["risk"]),
            segments=tuple(kept["segments"]),
            changed_by=kept["changed_by"],
            changed_at=datetime.fromisoformat(kept["changed_at"]),
        )


def everything(store: GraphStore) -> dict[str, Segment]:
    """All segments by code, for those who compute them."""
    found = store.states(PREFIX, limit=MOST_SEGMENTS)
    return {name.removeprefix(PREFIX): Segment.parse(text) for name, text in sorted(found.items())}


def current(store: GraphStore, code: str) -> Segment | None:
    """A segment as it is now, for those who compute it."""
    text = store.state(PREFIX + code)
    return None if text is None else Segment.parse(text)


def readers_of_tag(store: GraphStore, code: str) -> list[Segment]:
    """The segments whose rules read a tag."""
    return [segment for segment in everything(store).values() if code in segment.reads.tags]
