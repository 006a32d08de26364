"""Computing tags for a base date: in the order of what they read, many in one pass over the nodes that they are about, each on its own account.

A tag that has been computed for the day is left alone where nothing it could read has changed since (its rule, the graph, the runs of the tags that it
reads), so a job that was killed goes on with the tags that were at work; a pass that is made twice changes nothing. What people change meanwhile in the
dictionary holds from the next pass on. One tag that can't be computed is told and keeps the others from nothing but reading it.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial
from graphlib import TopologicalSorter
from itertools import groupby

from graph_model.errors import GuanxiError, InvalidRequest, NotFound, StoreError
from graph_model.moments import whole
from graph_model.schema.property_types import LOCAL_ZONE
from graph_model.services.tags import dictionary
from graph_model.services.tags.binding import bind, population
from graph_model.services.tags.computed import column
from graph_model.services.tags.computed_columns import Book
from graph_model.services.tags.definition import Plain, Schedule, TagDefinition, TagKind
from graph_model.services.tags.runs import LastRun, RunStatus, began, ended, forget, last_run, last_runs, remember
from graph_model.store import MAX_LIMIT, Clock, GraphStore, OnProgress
from graph_model.tagging import TagCell, TagRule, TagRun

AT_ONCE = 32  # tags of one pass: what a computation that was killed begins anew
_HEARD_EVERY = timedelta(minutes=1)  # how often those at work are told to be


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
    with store.writing("tags"):
        levels = _levels(dictionary.everything(store), codes)
        job = _Computation(store, base_date, again, by, clock, on_progress, sum(map(len, levels)))
        _end_deleted(store, by, clock)
        for level in levels:
            for place in range(0, len(level), AT_ONCE):
                job.compute(level[place : place + AT_ONCE])
        job.hear()
    return list(job.outcomes.values())


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
            for _ in store.tag(tag.label, [TagRule(run)]):
                pass
        forget(store, code)
    return sorted(code for code, _ in gone)


def cell_of(value: Plain) -> TagCell:
    """A value as stores keep it."""
    if isinstance(value, bool):
        return int(value)
    return value.isoformat() if isinstance(value, date) else value


def _levels(tags: Mapping[str, TagDefinition], codes: Sequence[str] | None) -> list[list[str]]:
    """What is computed, each level after what it reads. What reads alike stands together, and is read together."""
    if codes is None:
        ahead = [code for code, tag in tags.items() if tag.schedule is Schedule.DAILY]
    else:
        ahead = list(codes)
        for code in ahead:
            if code not in tags:
                raise NotFound(f"There is no tag {code}. `guanxi tags list` shows those that there are.")
            if tags[code].kind.is_given:
                raise InvalidRequest(f"There is nothing to compute of {code}: its values are given.", code="tag.kind")
    graph: dict[str, Sequence[str]] = {}
    while ahead:
        code = ahead.pop()
        if code not in graph:
            read = (tags[other] for other in tags[code].reads.tags if other in tags)
            graph[code] = [tag.code for tag in read if not tag.kind.is_given]
            ahead.extend(graph[code])
    sorter = TopologicalSorter(graph)
    sorter.prepare()
    levels = []
    while sorter.is_active():
        ready = sorter.get_ready()
        levels.append(sorted(ready, key=lambda code: _likeness(tags[code])))
        sorter.done(*ready)
    return levels


def _likeness(tag: TagDefinition) -> tuple[str, Sequence[str], Sequence[str], Sequence[str], str]:
    return tag.label, tag.reads.identifiers, tag.reads.relationships, tag.reads.tags, tag.code


def _is_current(store: GraphStore, tag: TagDefinition, base_date: date) -> bool:
    last = last_run(store, tag.code)
    if last is None or last.status is not RunStatus.DONE or (last.version, last.base_date) != (tag.version, base_date):
        return False
    return store.statistics().changed_at == last.graph_at and began(store, tag.reads.tags) == last.read


@dataclass(frozen=True, slots=True)
class _Working:
    """A tag that can be computed: what the store is to give, and the run as it began."""

    tag: TagDefinition
    rule: TagRule
    begun: LastRun


class _Computation:
    """The tags of one day, batch by batch."""

    def __init__(
        self,
        store: GraphStore,
        base_date: date,
        again: bool,
        by: str,
        clock: Clock,
        on_progress: OnProgress,
        total: int,
    ) -> None:
        self.outcomes: dict[str, Outcome] = {}
        self._store = store
        self._base_date = base_date
        self._again = again
        self._by = by
        self._clock = clock
        self._on_progress = on_progress
        self._total = total
        self._done = 0
        self._at_work: dict[str, LastRun] = {}  # runs that have begun and not ended, as far as they have come
        self._book: Book | None = None
        self._book_at: datetime | None = None

    def hear(self, more: int = 0) -> None:
        """Tell how far it is. Raises where the computation is to end."""
        self._on_progress("tags", self._done + more, self._total)

    def compute(self, codes: Sequence[str]) -> None:
        """Tags that read none of each other. Whatever ends it, none is left telling that it runs."""
        self.hear()
        try:
            working = [found for found in map(self._begun, codes) if found is not None]
            for label, alike in groupby(working, key=lambda one: one.tag.label):
                self._pass(label, list(alike))
        except StoreError as exc:
            with suppress(StoreError):
                self._keep(self._at_work, exc)
            raise
        except BaseException:  # somebody ended it
            self._keep(self._at_work, ended())
            raise

    def _begun(self, code: str) -> _Working | None:
        """None where nothing is left to do: the tag was deleted meanwhile, is current, or can't be computed."""
        tag = dictionary.current(self._store, code)
        if tag is None:
            self._done += 1
            return None
        if not self._again and _is_current(self._store, tag, self._base_date):
            self._end(code, None)
            return None
        now, graph_at = whole(self._clock()), self._store.statistics().changed_at
        read = began(self._store, tag.reads.tags)
        begun = LastRun(tag.version, self._base_date, RunStatus.RUNNING, now, now, self._by, graph_at, read)
        self._at_work[code] = begun
        remember(self._store, code, begun)
        try:
            return _Working(tag, self._rule(tag, now, graph_at), begun)
        except StoreError:  # what the others would meet, too
            raise
        except GuanxiError as exc:
            self._end(code, begun.failed(exc))
            return None

    def _rule(self, tag: TagDefinition, now: datetime, graph_at: datetime | None) -> TagRule:
        failed = [other for other in tag.reads.tags if other in self.outcomes and self.outcomes[other].failed]
        if len(failed) > 0:
            raise InvalidRequest(f"It reads what could not be computed: {', '.join(failed)}.", code="tag.reads_failed")
        run = TagRun(tag.code, tag.version, self._base_date, now, self._by)
        if tag.kind is TagKind.COMPUTED:
            return TagRule(run, column=column(tag.computation, self._book_of(graph_at)))
        bound = bind(tag.rule, tag.label, self._base_date, tags=partial(dictionary.current, self._store))
        return TagRule(run, [(cell_of(value), predicate) for value, predicate in bound.cases])

    def _book_of(self, graph_at: datetime | None) -> Book:
        """What computations read, once for all of them while the graph is the same."""
        if self._book is None or self._book_at != graph_at:
            self._book, self._book_at = Book(self._store, self._base_date), graph_at
        return self._book

    def _pass(self, label: str, working: Sequence[_Working]) -> None:
        try:
            self._walk(label, working)
        except StoreError:  # what the others would meet, too
            raise
        except GuanxiError as exc:
            if len(working) > 1:  # whose fault it is shows where each is alone
                self._at_work.update({one.tag.code: one.begun for one in working})
                for one in working:
                    self._pass(label, [one])
                return
            code = working[0].tag.code
            self._end(code, self._at_work[code].failed(exc))
        else:
            for one in working:
                self._end(one.tag.code, replace(self._at_work[one.tag.code], status=RunStatus.DONE))

    def _walk(self, label: str, working: Sequence[_Working]) -> None:
        heard, looked_at, everybody = self._clock(), 0, self._store.statistics().nodes[label]
        rules, codes = [one.rule for one in working], [one.tag.code for one in working]
        with closing(self._store.tag(label, rules, within=population(label, self._base_date))) as steps:
            for told in steps:
                now = whole(self._clock())
                for code, step in zip(codes, told, strict=True):
                    self._at_work[code] = self._at_work[code].with_step(step, now)
                if now - heard >= _HEARD_EVERY:
                    heard = now
                    self._keep(codes)
                looked_at += told[0].looked_at
                self.hear(len(working) * looked_at // (everybody + 1))

    def _keep(self, codes: Iterable[str], failure: GuanxiError | None = None) -> None:
        for code in codes:
            told = self._at_work[code]
            remember(self._store, code, told if failure is None else told.failed(failure))

    def _end(self, code: str, run: LastRun | None) -> None:
        if run is not None:
            remember(self._store, code, run)
            del self._at_work[code]
        self.outcomes[code] = Outcome(code, run)
        self._done += 1
