"""What of scorings goes into a copy of a store that others write to: those that were complete when the copy began, and nothing of another.

A scoring is announced before its first ring and completed after its last assessment, so whatever else is found is named by what the store says is
unfinished, or by what became complete meanwhile.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from graph_model.records import Ring, RiskAssessment, Scoring
from graph_model.store import GraphStore
from graph_model.stores.unfinished import STATE
from graph_model.transfer import Bounds, Page, Part, Record, SmallText

_Scorings = frozenset[Scoring]
_OF_SCORINGS = (Part.RUNS, Part.ASSESSMENTS, Part.RINGS)


@dataclass(frozen=True, slots=True)
class WholeScorings:
    """The complete scorings of one moment, the one that was not complete then, and the bounds of that moment."""

    source: GraphStore
    bounds: Bounds
    whole: _Scorings
    begun: Scoring | None

    @classmethod
    def of(cls, source: GraphStore, *, at_once: int) -> "WholeScorings":
        """Read until no scoring began or ended between two readings, which lie moments apart."""
        before = _read(source, at_once)
        while True:
            bounds = source.export_bounds()
            after = _read(source, at_once)
            if after == before:
                return cls(source, bounds, *after)
            before = after

    def page(self, part: Part, *, after: str, limit: int) -> Page:
        """A page of the source's records without those of scorings that are left out."""
        before = self.source.unfinished_scoring() if part in _OF_SCORINGS else None
        page = self.source.export_records(part, self.bounds, after=after, limit=limit)
        return Page(self._kept(part, page.records, before, limit), page.after)

    def _kept(self, part: Part, records: Sequence[Record], before: Scoring | None, limit: int) -> Sequence[Record]:
        match part:
            case Part.RUNS | Part.ASSESSMENTS | Part.RINGS if len(records) > 0:
                whole, now = _read(self.source, limit)
                out = {_name(one) for one in (*(whole - self.whole), self.begun, before, now) if one is not None}
                dated = cast(Sequence[Scoring | RiskAssessment | Ring], records)
                return [record for record in dated if _name(record) not in out]
            case Part.SCORINGS:
                return [scoring for scoring in cast(Sequence[Scoring], records) if scoring in self.whole]
            case Part.STATE:
                return [text for text in cast(Sequence[SmallText], records) if text.name != STATE]
            case _:
                return records


def _read(source: GraphStore, at_once: int) -> tuple[_Scorings, Scoring | None]:
    found: set[Scoring] = set()
    bounds, after = source.export_bounds(), ""
    while True:
        page = source.export_records(Part.SCORINGS, bounds, after=after, limit=at_once)
        found.update(cast(Sequence[Scoring], page.records))
        if page.after is None:
            return frozenset(found), source.unfinished_scoring()
        after = page.after


def _name(record: Scoring | RiskAssessment | Ring) -> tuple[datetime, datetime]:
    """As whatever belongs to a scoring is found when it is taken back; no two scorings speak of one moment and were made at one."""
    return record.as_of, record.scored_at
