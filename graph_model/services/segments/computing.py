"""Computing who is in segments on a base date: in one question per step, resumable, and nothing where nothing changed.

A segment is current where its newest edition is of this day and version, and neither the graph nor a tag or segment that its rule reads has changed since;
but an edition that was computed without anybody's risk known, or by another scoring of everybody than the day's, is computed anew: it is cheap.
"""

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial

from graph_model.errors import InvalidRequest, NotFound
from graph_model.moments import whole
from graph_model.predicates import AllOf
from graph_model.services.gate import risk_moment
from graph_model.services.gate_policy import GatePolicy
from graph_model.services.segments import editions
from graph_model.services.segments.definition import LABEL, Segment, current, everything
from graph_model.services.segments.dictionary import read
from graph_model.services.segments.editions import Edition
from graph_model.services.tags import dictionary as tags
from graph_model.services.tags.binding import population
from graph_model.services.tags.computing import base_date_of
from graph_model.services.tags.definition import Schedule
from graph_model.services.tags.runs import LastRun, RunStatus, began, recorded
from graph_model.store import Clock, GraphStore, OnProgress
from graph_model.tagging import TagRule, TagRun


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one segment; `run` is None where it was current already."""

    code: str
    edition: Edition | None
    run: LastRun | None

    @property
    def failed(self) -> bool:
        return self.run is not None and self.run.status is RunStatus.FAILED


def compute(
    store: GraphStore,
    policy: GatePolicy,
    *,
    codes: Sequence[str] | None = None,
    again: bool = False,
    by: str,
    clock: Clock,
    on_progress: OnProgress,
) -> list[Outcome]:
    """Compute these segments, or all of the daily schedule, for today. Raises NotFound for a code that isn't there, StoreLocked where others
    write for long."""
    outcomes = []
    with store.writing("segments"):
        wanted = _wanted(everything(store), codes)
        for place, code in enumerate(wanted):
            on_progress("segments", place, len(wanted))
            segment = current(store, code)
            if segment is None:  # deleted meanwhile
                continue
            found = None if again else _current(store, policy, segment, clock())
            if found is not None:
                outcomes.append(Outcome(code, found, None))
            else:
                heard = partial(on_progress, "segments", place, len(wanted))
                outcomes.append(_computed(store, policy, segment, by, clock, heard))
    on_progress("segments", len(wanted), len(wanted))
    return outcomes


def _wanted(segments: dict[str, Segment], codes: Sequence[str] | None) -> list[str]:
    if codes is None:
        return [code for code, segment in segments.items() if segment.schedule is Schedule.DAILY]
    for code in codes:
        if code not in segments:
            raise NotFound(f"There is no segment {code}. `guanxi segments list` shows those that there are.")
    return list(dict.fromkeys(codes))


def _current(store: GraphStore, policy: GatePolicy, segment: Segment, now: datetime) -> Edition | None:
    edition, last = editions.newest(store, segment.code), editions.last_run(store, segment.code)
    if edition is None or last is None or last.status is not RunStatus.DONE:
        return None
    of_today = (edition.version, edition.base_date) == (segment.version, base_date_of(now))
    same = store.statistics().changed_at == last.graph_at and _read(store, segment) == last.read
    return edition if of_today and same and edition.risk_at == risk_moment(store, policy, now=now) else None


def _read(store: GraphStore, segment: Segment) -> dict[str, datetime]:
    """When what its rule reads was computed or, of segments, which are read as they are written, changed."""
    found, read = dict[str, datetime](), set(segment.reads.tags)
    ahead, seen = list(segment.segments), set[str]()
    while ahead:
        code = ahead.pop()
        other = None if code in seen else current(store, code)
        seen.add(code)
        if other is not None:
            found[editions.tag_of(code)] = other.changed_at
            ahead.extend(other.segments)
            read.update(other.reads.tags)
    return found | began(store, read)


def _computed(
    store: GraphStore, policy: GatePolicy, segment: Segment, by: str, clock: Clock, heard: Callable[[], None]
) -> Outcome:
    """`heard` is told after each step, and raises where it is to end."""
    code, now = segment.code, whole(clock())
    graph_at, read_at = store.statistics().changed_at, _read(store, segment)
    begun = LastRun(segment.version, base_date_of(now), RunStatus.RUNNING, now, now, by, graph_at, read_at)
    edition: Edition | None = None
    with recorded(begun, partial(editions.remember, store, code)) as recording:
        run = TagRun(editions.tag_of(code), segment.version, begun.base_date, now, by)
        members = TagRule(run, [(1, _members(store, segment, begun.base_date))])
        with closing(store.tag(LABEL, [members], within=population(LABEL, begun.base_date))) as steps:
            for (step,) in steps:
                recording.add(step, whole(clock()))
                heard()
        edition = _kept(store, policy, segment, run, recording.told)
    return Outcome(code, edition, recording.told)


def _members(store: GraphStore, segment: Segment, day: date) -> AllOf:
    bound = read(segment.rule, day, tags.everything(store), everything(store)).bound
    return AllOf(tuple(bound.predicates))


def _kept(store: GraphStore, policy: GatePolicy, segment: Segment, run: TagRun, told: LastRun) -> Edition:
    before = editions.newest(store, segment.code)
    edition = Edition(
        code=segment.code,
        number=1 if before is None else before.number + 1,
        version=segment.version,
        base_date=run.base_date,
        computed_at=run.computed_at,
        by=run.source,
        members=told.coverage,
        population=told.population,
        risk_at=risk_moment(store, policy, now=run.computed_at),
        valid_until=run.computed_at + timedelta(days=policy.valid_days),
        policy_version=policy.version,
    )
    if not editions.keep(store, edition):
        raise InvalidRequest(
            "Others compute this segment at the same time. Look at it in a moment.", code="segment.busy"
        )
    return edition
