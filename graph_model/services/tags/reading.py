"""What people see of tags: the market with each tag's figures, and the portrait (微观画像) of one node.

Figures are of nobody in particular: to who may not see risk, numbers are rounded to 5 and nothing below 10 is told, none at all neither: a rule that is
narrowed to one person says nothing of them. A portrait is of a person: it takes the right to see the graph, and tags of class risk take the right to see risk.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any

import orjson

from graph_model.errors import InvalidRequest, NotFound
from graph_model.predicates import AllOf, Not, Predicate
from graph_model.principal import Principal, Right
from graph_model.records import AsOf
from graph_model.services.gate import disclosed, rounded
from graph_model.services.lookup import by_node_id
from graph_model.services.tags import dictionary
from graph_model.services.tags.binding import bind, population
from graph_model.services.tags.computing import base_date_of, cell_of
from graph_model.services.tags.definition import Reads, TagDefinition, ValueType
from graph_model.services.tags.runs import (
    MOST_RUNS,
    STALE,
    LastRun,
    RunRecord,
    RunStatus,
    last_run,
    last_runs,
    run_history,
)
from graph_model.store import GraphStore
from graph_model.tagging import TagCell, TagValue


@dataclass(frozen=True, slots=True)
class Share:
    """How many nodes have one value; None where so few have it that it isn't told."""

    value: str
    count: int | None


@dataclass(frozen=True, slots=True)
class RunFigures:
    """One run of a tag as one principal may see it. Numbers are None where they are too small to tell."""

    version: int
    base_date: date
    status: RunStatus
    started_at: datetime
    heard_at: datetime
    by: str
    code: str  # of the error, with its message
    message: str
    changed: int | None
    population: int
    coverage: int | None


@dataclass(frozen=True, slots=True)
class Figures(RunFigures):
    """A tag's last run, with how many have which value; `stale` where its base date is long ago."""

    distribution: Sequence[Share]
    stale: bool


@dataclass(frozen=True, slots=True)
class TagView:
    """A tag in the market; `figures` are None before its first run, `dependants` and `segments` those that the principal may know of that read it."""

    tag: TagDefinition
    figures: Figures | None
    dependants: Sequence[str]
    segments: Sequence[str]


@dataclass(frozen=True, slots=True)
class PortraitEntry:
    """One tag of one node, and since which base date it has this value."""

    tag: TagDefinition
    value: str
    version: int
    since: date
    computed_at: datetime
    source: str


@dataclass(frozen=True, slots=True)
class TagSpan:
    """What a tag said of a node since a base date; None where it ended then."""

    value: str | None
    since: date
    version: int
    computed_at: datetime
    source: str


@dataclass(frozen=True, slots=True)
class Checked:
    """What a rule would come to today: nodes by value, of all that there are."""

    value_type: ValueType
    reads: Reads
    population: int
    counts: Sequence[Share]


def market(store: GraphStore, principal: Principal, *, now: datetime) -> list[TagView]:
    """All tags that the principal may know of, by category and code."""
    tags = dictionary.visible(store, principal)
    runs = last_runs(store, limit=dictionary.MOST_TAGS)
    ordered = sorted(tags.values(), key=lambda tag: (tag.category, tag.subcategory, tag.code))
    segments = dictionary.segments_reading(store, principal)
    return [_view(tag, runs.get(tag.code), tags, segments, principal, now) for tag in ordered]


def view(store: GraphStore, principal: Principal, code: str, *, now: datetime) -> TagView:
    """Raises NotFound."""
    found = dictionary.find(store, principal, code)
    tags, segments = dictionary.visible(store, principal), dictionary.segments_reading(store, principal)
    return _view(found, last_run(store, code), tags, segments, principal, now)


def runs(
    store: GraphStore, principal: Principal, code: str, *, first: int = MOST_RUNS, now: datetime
) -> list[RunFigures]:
    """A tag's runs, the newest first, the one at work among them. Raises NotFound, or InvalidRequest outside 1..MOST_RUNS."""
    if not 1 <= first <= MOST_RUNS:
        raise InvalidRequest(f"first is between 1 and {MOST_RUNS}.")
    found = dictionary.find(store, principal, code)
    return [RunFigures(**_run(run, principal)) for run in run_history(store, found.code, now)[:first]]


def portrait(
    store: GraphStore, principal: Principal, node_id: str, *, on: date | None = None, as_of: AsOf | None = None
) -> list[PortraitEntry]:
    """The tags of a node, as they are, as they were on a base date, or as they were known as of a moment. Those that were deleted since are not
    shown. Raises NotFound."""
    principal.require(Right.SEE_GRAPH)
    by_node_id(store, node_id)
    return _entries(store, principal, node_id, on, as_of)


def _entries(
    store: GraphStore, principal: Principal, node_id: str, on: date | None, as_of: AsOf | None
) -> list[PortraitEntry]:
    values = store.tags_of([node_id], on=on, as_of=as_of).get(node_id, [])
    known = dictionary.everything(store) if len(values) > 0 else {}
    found = []
    for value in values:
        tag = known.get(value.run.code)
        if tag is not None and value.value is not None and dictionary.may_know(principal, tag):
            told = value_of(tag.value_type, value.value)
            run = value.run
            found.append(PortraitEntry(tag, told, run.version, run.base_date, run.computed_at, run.source))
    return sorted(found, key=lambda entry: (entry.tag.category, entry.tag.subcategory, entry.tag.code))


def history(
    store: GraphStore, principal: Principal, node_id: str, code: str, *, as_of: AsOf | None = None
) -> list[TagSpan]:
    """What a tag said of a node and since when, the newest first, as it was known as of a moment. Raises NotFound for a node or tag that isn't there."""
    principal.require(Right.SEE_GRAPH)
    by_node_id(store, node_id)
    tag = dictionary.everything(store).get(code)
    if tag is None or not dictionary.may_know(principal, tag):
        raise NotFound("There is no such tag. `guanxi tags list` shows those that there are.")
    spoken = {each.run.base_date: each for each in store.tag_history(node_id, code) if each.run.speaks_by(None, as_of)}
    return [_span(tag, each) for _, each in sorted(spoken.items(), reverse=True)]


def _span(tag: TagDefinition, said: TagValue) -> TagSpan:
    value = None if said.value is None else value_of(tag.value_type, said.value)
    return TagSpan(value, said.run.base_date, said.run.version, said.run.computed_at, said.run.source)


def in_short(store: GraphStore, principal: Principal, node_id: str, *, as_of: AsOf | None = None) -> list[str]:
    """A node's tags as texts: the code of a tag that says yes, and code=value of the others. For who may see the graph or its risk."""
    if not principal.may(Right.SEE_RISK):
        principal.require(Right.SEE_GRAPH)
    return [
        entry.tag.code if entry.tag.value_type is ValueType.BOOL else f"{entry.tag.code}={entry.value}"
        for entry in _entries(store, principal, node_id, None, as_of)
    ]


def check(store: GraphStore, principal: Principal, rule: str, *, label: str = "Customer", now: datetime) -> Checked:
    """What a rule means and whom it would reach today. Raises InvalidRequest tag.syntax, tag.rule, tag.personal; Forbidden where it reads what
    says something of risk and the principal may not see that."""
    tags = dictionary.visible(store, principal)
    base_date = base_date_of(now)
    bound = bind(rule, label, base_date, tags=dictionary.lookup(tags))
    dictionary.require_may_read(principal, bound.reads)
    there = population(label, base_date)
    before: list[Predicate] = []
    counts = []
    for value, predicate in bound.cases:
        number = store.count(label, AllOf((there, *before, predicate)))
        counts.append(Share(value_of(bound.value_type, cell_of(value)), _told(principal, number)))
        before.append(Not(predicate))
    total = store.count(label, there)
    return Checked(bound.value_type, bound.reads, _rounded(principal, total), counts)


def value_of(kind: ValueType, cell: TagCell) -> str:
    """A kept value as every client reads it."""
    match kind:
        case ValueType.BOOL:
            return "true"
        case ValueType.NUMBER:
            number = float(cell)
            return str(int(number)) if number.is_integer() else str(number)
        case _:
            return str(cell)


def _view(
    tag: TagDefinition,
    run: LastRun | None,
    tags: Mapping[str, TagDefinition],
    segments: Mapping[str, Sequence[str]],
    principal: Principal,
    now: datetime,
) -> TagView:
    figures = None if run is None else _figures(tag, run.seen(now), principal, now)
    return TagView(tag, figures, dictionary.dependants(tags, tag.code), segments.get(tag.code, ()))


def _figures(tag: TagDefinition, run: LastRun, principal: Principal, now: datetime) -> Figures:
    shares = [
        Share(value_of(tag.value_type, orjson.loads(value)), _told(principal, number))
        for value, number in sorted(run.counts.items(), key=lambda item: (-item[1], item[0]))
    ]
    stale = not tag.kind.is_given and base_date_of(now) - run.base_date > STALE
    return Figures(**_run(RunRecord.of(run), principal), distribution=shares, stale=stale)


def _run(run: RunRecord, principal: Principal) -> dict[str, Any]:
    """The fields of `RunFigures`."""
    told = {each.name: getattr(run, each.name) for each in fields(RunFigures)}
    changed, coverage = (_told(principal, number) for number in (run.changed, run.coverage))
    return told | {"changed": changed, "coverage": coverage, "population": _rounded(principal, run.population)}


def _told(principal: Principal, number: int) -> int | None:
    return disclosed(number, exact=principal.may(Right.SEE_RISK))


def _rounded(principal: Principal, number: int) -> int:
    return number if principal.may(Right.SEE_RISK) else rounded(number)
