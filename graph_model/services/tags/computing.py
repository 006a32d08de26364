"""Computing tags for a base date: in the order of what they read, each in steps that the store makes in one statement, resumable at any of them.

A tag that has been computed for the day is left alone where nothing it could read has changed since (its rule, the graph, the runs of the tags that it
reads), so a job that was killed goes on where it was; a step that is made twice changes nothing. What people change meanwhile in the dictionary holds
from the next tag on. One tag that can't be computed is told and keeps the others from nothing but reading it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from graphlib import TopologicalSorter

from graph_model.errors import InvalidRequest, NotFound
from graph_model.moments import whole
from graph_model.predicates import AllOf
from graph_model.schema.property_types import LOCAL_ZONE
from graph_model.services.tags import dictionary
from graph_model.services.tags.binding import bind, population
from graph_model.services.tags.definition import Plain, Schedule, TagDefinition, TagKind
from graph_model.services.tags.runs import LastRun, RunStatus, began, forget, last_run, last_runs, recorded, remember
from graph_model.store import MAX_LIMIT, Clock, GraphStore, OnProgress
from graph_model.tagging import TagCell, TagRun, TagStep


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one tag in a computation; `run` is None where it was current already."""

    code: str
    run: LastRun | None

    @property
    def failed(self) -> bool:
        return self.run is not None and self.run.status is RunStatus.FAILED


def base_date_of(moment: datetime) -> date:
    """The day on the calendar here."""
    return moment.astimezone(LOCAL_ZONE).date()


def compute(
    store: GraphStore,
    *,
    base_date: date,
    codes: Sequence[str] | None = None,
    again: bool = False,
    by: str,
    clock: Clock,
    on_progress: OnProgress,
) -> list[Outcome]:
    """Compute these tags, or all of the daily schedule, and what they read first. `again`: also what is current.
    Raises NotFound for a code that isn't there, InvalidRequest tag.base_date for a day to come, StoreLocked where others write for long."""
    if base_date > base_date_of(clock()):
        raise InvalidRequest("The base date is still to come. Choose today or a day before.", code="tag.base_date")
    outcomes: dict[str, Outcome] = {}
    with store.writing("tags"):
        wanted = _wanted(dictionary.everything(store), codes)
        _end_deleted(store, by, clock)
        for place, code in enumerate(wanted):
            on_progress("tags", place, len(wanted))
            tag = dictionary.current(store, code)
            if tag is None:  # deleted meanwhile
                continue
            failed = [other for other in tag.reads.tags if other in outcomes and outcomes[other].failed]
            if not again and _is_current(store, tag, base_date):
                outcomes[code] = Outcome(code, None)
            else:
                heard = partial(on_progress, "tags", place, len(wanted))
                outcomes[code] = Outcome(code, _computed(store, tag, base_date, failed, by, clock, heard))
    on_progress("tags", len(wanted), len(wanted))
    return list(outcomes.values())


def end_deleted(store: GraphStore, *, by: str, clock: Clock) -> list[str]:
    """Take tags that were deleted from everybody, and return their codes; the history stays. Every computation begins with it."""
    with store.writing("tags"):
        return _end_deleted(store, by, clock)


def _end_deleted(store: GraphStore, by: str, clock: Clock) -> list[str]:
    runs = last_runs(store, limit=MAX_LIMIT)
    gone = [(code, last) for code, last in runs.items() if dictionary.current(store, code) is None]
    for code, last in gone:
        now = whole(clock())
        tag = dictionary.newest_version(store, code)
        if tag is not None:
            run = TagRun(code, tag.version, max(last.base_date, base_date_of(now)), now, by)
            after: int | None = 0
            while after is not None:
                after = store.tag(tag.label, [], run, after=after).after
        forget(store, code)
    return sorted(code for code, _ in gone)


def cell_of(value: Plain) -> TagCell:
    """A value as stores keep it."""
    if isinstance(value, bool):
        return int(value)
    return value.isoformat() if isinstance(value, date) else value


def _wanted(tags: Mapping[str, TagDefinition], codes: Sequence[str] | None) -> list[str]:
    """What is computed, each after what it reads."""
    if codes is None:
        ahead = [code for code, tag in tags.items() if tag.schedule is Schedule.DAILY]
    else:
        ahead = list(codes)
        for code in ahead:
            if code not in tags:
                raise NotFound(f"There is no tag {code}. `guanxi tags list` shows those that there are.")
            if tags[code].kind is not TagKind.RULE:
                raise InvalidRequest(f"The tag {code} has no rule to compute: its values are given.", code="tag.kind")
    graph: dict[str, Sequence[str]] = {}
    while ahead:
        code = ahead.pop()
        if code not in graph:
            read = (tags[other] for other in tags[code].reads.tags if other in tags)
            graph[code] = [tag.code for tag in read if tag.kind is TagKind.RULE]
            ahead.extend(graph[code])
    return list(TopologicalSorter({code: sorted(graph[code]) for code in sorted(graph)}).static_order())


def _is_current(store: GraphStore, tag: TagDefinition, base_date: date) -> bool:
    last = last_run(store, tag.code)
    if last is None or last.status is not RunStatus.DONE or (last.version, last.base_date) != (tag.version, base_date):
        return False
    return store.statistics().changed_at == last.graph_at and began(store, tag.reads.tags) == last.read


def _computed(
    store: GraphStore,
    tag: TagDefinition,
    base_date: date,
    failed: Sequence[str],
    by: str,
    clock: Clock,
    heard: Callable[[], None],
) -> LastRun:
    """`heard` is told after each step, and raises where it is to end."""
    now = whole(clock())
    graph_at, read = store.statistics().changed_at, began(store, tag.reads.tags)
    begun = LastRun(tag.version, base_date, RunStatus.RUNNING, now, now, by, graph_at, read)
    with recorded(begun, partial(remember, store, tag.code)) as recording:
        if len(failed) > 0:
            raise InvalidRequest(f"It reads what could not be computed: {', '.join(failed)}.", code="tag.reads_failed")
        for step in _steps(store, tag, begun):
            recording.add(step, whole(clock()))
            if step.after is not None:
                heard()
    return recording.told


def _steps(store: GraphStore, tag: TagDefinition, told: LastRun) -> Iterator[TagStep]:
    bound = bind(tag.rule, tag.label, told.base_date, tags=partial(dictionary.current, store))
    there = population(tag.label, told.base_date)
    cases = [(cell_of(value), AllOf((there, predicate))) for value, predicate in bound.cases]
    run = TagRun(tag.code, tag.version, told.base_date, told.started_at, told.by)
    after: int | None = 0
    while after is not None:
        step = store.tag(tag.label, cases, run, after=after)
        yield step
        after = step.after
