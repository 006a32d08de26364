"""Editions of segments: who was in one on a base date, by one version of its rule. What was computed stays as it was, whatever comes later.

Who is in a segment is kept by the store as a tag that no dictionary holds (`segment:CODE`): rows are written where somebody joined or left, in steps of one
statement, so a computation that was killed goes on, and the same again changes nothing. An edition is there when all of its steps are.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import orjson

from graph_model.predicates import Operator, Predicate, Tagged
from graph_model.services.segments.definition import Segment
from graph_model.services.tags.runs import LastRun
from graph_model.store import MAX_LIMIT, GraphStore
from graph_model.tagging import TagRun

_EDITION = "segment-edition/"
_RUN = "segment-run/"
_MOST = 1_000  # editions that are listed, of one segment


@dataclass(frozen=True, slots=True)
class Edition:
    """One computation, whole. `risk_at` is the moment from which the gate looked at risk on that day, None where nobody had been scored (who is handed
    out goes by the day of asking); after `valid_until` it is handed out no more."""

    code: str
    number: int
    version: int  # of the segment
    base_date: date
    computed_at: datetime
    by: str
    members: int
    population: int
    risk_at: datetime | None
    valid_until: datetime
    policy_version: str

    @property
    def run(self) -> TagRun:
        return TagRun(tag_of(self.code), self.version, self.base_date, self.computed_at, self.by)

    def dump(self) -> str:
        return orjson.dumps(self).decode()

    @classmethod
    def parse(cls, text: str) -> "Edition":
        kept: dict[str, Any] = orjson.loads(text)
        moments = {name: datetime.fromisoformat(kept[name]) for name in ("computed_at", "valid_until")}
        risk_at = kept["risk_at"]
        return cls(
            **kept
            | moments
            | {
                "base_date": date.fromisoformat(kept["base_date"]),
                "risk_at": None if risk_at is None else datetime.fromisoformat(risk_at),
            }
        )


def tag_of(code: str) -> str:
    """Under which name stores keep who is in a segment."""
    return f"segment:{code}"


def belongs(code: str) -> Predicate:
    """Whoever is in a segment, as it was computed last."""
    return Tagged(tag_of(code), Operator.EQ, True)


def editions(store: GraphStore, segment: Segment, *, limit: int = _MOST) -> list[Edition]:
    """The newest first; none of a segment of the same code that was deleted."""
    found = store.states(f"{_EDITION}{segment.code}/", limit=limit)
    return [edition for edition in map(Edition.parse, found.values()) if edition.version >= segment.first]


def newest(store: GraphStore, code: str) -> Edition | None:
    """Also of a segment of the same code that was deleted."""
    return next(iter(map(Edition.parse, store.states(f"{_EDITION}{code}/", limit=1).values())), None)


def keep(store: GraphStore, edition: Edition) -> bool:
    """False where there is another of this number."""
    name = f"{_EDITION}{edition.code}/{edition.number:06d}"
    return store.swap_state(name, expected=None, value=edition.dump())


def last_run(store: GraphStore, code: str) -> LastRun | None:
    text = store.state(_RUN + code)
    return None if text is None else LastRun.parse(text)


def last_runs(store: GraphStore) -> dict[str, LastRun]:
    """Of all segments, by code, in one question."""
    found = store.states(_RUN, limit=MAX_LIMIT)  # also of some that were deleted
    return {name.removeprefix(_RUN): LastRun.parse(text) for name, text in found.items()}


def remember(store: GraphStore, code: str, run: LastRun) -> None:
    store.put_state(_RUN + code, run.dump())
