"""What is remembered of a tag's runs: of the last for which day, how far it came, what it found, why it failed; of those before it the same in short.

Pure but for reading and writing it. A run goes into the history when the next one begins, so what a process that died left behind is there, too.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

import orjson

from graph_model.crossing import ByTag
from graph_model.errors import GuanxiError, InvalidRequest, StoreError
from graph_model.services.tags.definition import TagDefinition
from graph_model.store import GraphStore
from graph_model.tagging import TagCell, TagChange, TagStep

PREFIX = "tag-run/"
HISTORY = "tag-runs/"
MOST_RUNS = 30  # of one tag that are told, the last one among them
SILENT = timedelta(minutes=10)  # a run that has not moved for so long is told as stuck
STALE = timedelta(days=2)  # values of a base date longer ago are told as stale


class RunStatus(StrEnum):
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    STUCK = "stuck"  # running, and not heard of for long; the next run takes over


@dataclass(frozen=True, slots=True)
class LastRun:
    """`graph_at` is when the graph had last changed as the run began, and `read` when the runs began of the tags that it read. `counts` are nodes
    by value and `population` all that were looked at; `code` and `message` say why it failed."""

    version: int
    base_date: date
    status: RunStatus
    started_at: datetime
    heard_at: datetime
    by: str
    graph_at: datetime | None = None
    read: Mapping[str, datetime] = field(default_factory=dict)
    population: int = 0
    changed: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)  # by the value as JSON
    code: str = ""
    message: str = ""

    @property
    def coverage(self) -> int:
        """How many nodes have the tag."""
        return sum(self.counts.values())

    def with_step(self, step: TagStep, now: datetime) -> "LastRun":
        counts = dict(self.counts)
        for value, number in step.counts.items():
            text = value_text(value)
            counts[text] = counts.get(text, 0) + number
        return replace(
            self,
            counts=counts,
            population=self.population + step.looked_at,
            changed=self.changed + step.changed,
            heard_at=now,
        )

    def with_changes(self, changes: Sequence[TagChange], now: datetime) -> "LastRun":
        """After values that were given: what nodes had is counted no more, what they have is."""
        counts = Counter(self.counts)
        for change in changes:
            if change.before is not None:
                counts[value_text(change.before)] -= 1
            if change.now is not None:
                counts[value_text(change.now)] += 1
        return replace(self, counts=dict(+counts), changed=self.changed + len(changes), heard_at=now)

    def failed(self, error: GuanxiError) -> "LastRun":
        return replace(self, status=RunStatus.FAILED, code=error.code, message=error.message)

    def seen(self, now: datetime) -> "LastRun":
        """As it is told at a moment."""
        silent = self.status is RunStatus.RUNNING and now - self.heard_at > SILENT
        return replace(self, status=RunStatus.STUCK) if silent else self

    def dump(self) -> str:
        return orjson.dumps(self).decode()

    @classmethod
    def parse(cls, text: str) -> "LastRun":
        kept: Mapping[str, Any] = orjson.loads(text)
        given = {name: kept[name] for name in ("version", "by", "population", "changed", "counts", "code", "message")}
        read: Mapping[str, str] = kept.get("read", {})
        return cls(
            **given,
            read={code: datetime.fromisoformat(moment) for code, moment in read.items()},
            base_date=date.fromisoformat(kept["base_date"]),
            status=RunStatus(kept["status"]),
            started_at=datetime.fromisoformat(kept["started_at"]),
            heard_at=datetime.fromisoformat(kept["heard_at"]),
            graph_at=None if kept["graph_at"] is None else datetime.fromisoformat(kept["graph_at"]),
        )


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run in short; `heard_at` is when it was heard of last, which is its end where it has ended."""

    version: int
    base_date: date
    status: RunStatus
    started_at: datetime
    heard_at: datetime
    by: str
    population: int
    changed: int
    coverage: int
    code: str
    message: str

    @classmethod
    def of(cls, run: LastRun) -> "RunRecord":
        return cls(
            version=run.version,
            base_date=run.base_date,
            status=run.status,
            started_at=run.started_at,
            heard_at=run.heard_at,
            by=run.by,
            population=run.population,
            changed=run.changed,
            coverage=run.coverage,
            code=run.code,
            message=run.message,
        )

    @classmethod
    def read(cls, kept: Mapping[str, Any]) -> "RunRecord":
        moments = {name: datetime.fromisoformat(kept[name]) for name in ("started_at", "heard_at")}
        day, status = date.fromisoformat(kept["base_date"]), RunStatus(kept["status"])
        return cls(**{**kept, **moments, "base_date": day, "status": status})


@dataclass(slots=True)
class Recording:
    """A run while it goes on: `keep` is told each of its states."""

    told: LastRun
    keep: Callable[[LastRun], None]

    def add(self, step: TagStep, now: datetime) -> None:
        self.told = self.told.with_step(step, now)
        self.keep(self.told)


@contextmanager
def recorded(begun: LastRun, keep: Callable[[LastRun], None]) -> Iterator[Recording]:
    """A computation whose run is kept as it begins and as it ends: done, or failed, which is raised only where the others would meet it too or
    somebody ended it."""
    recording = Recording(begun, keep)
    keep(begun)
    try:
        yield recording
        recording.told = replace(recording.told, status=RunStatus.DONE)
    except StoreError as exc:  # what the others would meet, too
        with suppress(StoreError):
            keep(recording.told.failed(exc))
        raise
    except GuanxiError as exc:
        recording.told = recording.told.failed(exc)
    except BaseException:  # somebody ended it
        keep(recording.told.failed(ended()))
        raise
    keep(recording.told)


def ended() -> InvalidRequest:
    """What is told of a run that somebody ended."""
    return InvalidRequest("It was ended before it was through. The next computation goes on.", code="tag.ended")


def value_text(value: TagCell) -> str:
    return orjson.dumps(value).decode()


def last_run(store: GraphStore, code: str) -> LastRun | None:
    text = store.state(PREFIX + code)
    return None if text is None else LastRun.parse(text)


def last_runs(store: GraphStore, *, limit: int) -> dict[str, LastRun]:
    return {name.removeprefix(PREFIX): LastRun.parse(text) for name, text in store.states(PREFIX, limit=limit).items()}


def began(store: GraphStore, codes: Iterable[str]) -> dict[str, datetime]:
    """When the last runs of these tags began, of those that have one."""
    runs = ((code, last_run(store, code)) for code in codes)
    return {code: run.started_at for code, run in runs if run is not None}


def counted_now(store: GraphStore, tag: TagDefinition) -> dict[str, int]:
    """Nodes by the value that they have at this moment: of a tag whose run is not through, or lost count."""
    found = store.cross(tag.label, (ByTag(tag.code), ByTag(tag.code)))
    return {value_text(pair.row): pair.count for pair in found if isinstance(pair.row, str | int | float)}


def run_history(store: GraphStore, code: str, now: datetime) -> list[RunRecord]:
    """A tag's runs as they are told at a moment, the newest first: its last one and those before it, MOST_RUNS at most."""
    last = last_run(store, code)
    if last is None:
        return []
    before = [run for run in _before(store, code) if run.started_at != last.started_at]
    return [RunRecord.of(last.seen(now)), *before][:MOST_RUNS]


def _before(store: GraphStore, code: str) -> list[RunRecord]:
    text = store.state(HISTORY + code)
    return [] if text is None else [RunRecord.read(kept) for kept in orjson.loads(text)]


def forget(store: GraphStore, code: str) -> None:
    for name in (HISTORY + code, PREFIX + code):
        text = store.state(name)
        if text is not None:
            store.swap_state(name, expected=text, value=None)


def remember(store: GraphStore, code: str, run: LastRun) -> None:
    """Keep a state of a tag's last run; where it is a new one, what was the last is kept in the history first."""
    last = last_run(store, code)
    if last is not None and last.started_at != run.started_at:
        _keep_before(store, code, last)
    store.put_state(PREFIX + code, run.dump())


def _keep_before(store: GraphStore, code: str, last: LastRun) -> None:
    ended = replace(last, status=RunStatus.STUCK) if last.status is RunStatus.RUNNING else last
    others = [run for run in _before(store, code) if run.started_at != last.started_at]
    store.put_state(HISTORY + code, orjson.dumps([RunRecord.of(ended), *others][: MOST_RUNS - 1]).decode())
