"""Looking at segments: the list, and one with its editions, how its last computation went, and which segments name it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from graph_model.principal import Principal, Right
from graph_model.services.gate import disclosed, rounded
from graph_model.services.segments import dictionary, editions
from graph_model.services.segments.definition import Segment
from graph_model.services.segments.editions import Edition
from graph_model.services.segments.tree import Json, tree_of
from graph_model.services.tags import syntax
from graph_model.services.tags.computing import base_date_of
from graph_model.services.tags.runs import STALE, LastRun
from graph_model.store import GraphStore


@dataclass(frozen=True, slots=True)
class EditionView:
    """An edition as one principal may see it: numbers are None where they are too small to tell. `open` while it may be handed out,
    if it reads no tag that is not for marketing."""

    edition: Edition
    members: int | None
    population: int
    open: bool


@dataclass(frozen=True, slots=True)
class SegmentView:
    """`run` is the last computation as it is told now, None before the first; `newest` its newest edition."""

    segment: Segment
    run: LastRun | None
    newest: EditionView | None
    stale: bool
    dependants: Sequence[str]


def listed(store: GraphStore, principal: Principal, *, now: datetime) -> list[SegmentView]:
    """All segments that the principal may know of, by code."""
    segments = dictionary.visible(store, principal)
    runs, dependants = editions.last_runs(store), dictionary.dependants_of_each(segments)
    return [
        _view(store, principal, segment, runs.get(code), dependants.get(code, []), now)
        for code, segment in segments.items()
    ]


def view(store: GraphStore, principal: Principal, code: str, *, now: datetime) -> SegmentView:
    """Raises NotFound."""
    found = dictionary.find(store, principal, code)
    dependants = dictionary.dependants(dictionary.visible(store, principal), code)
    return _view(store, principal, found, editions.last_run(store, code), dependants, now)


def tree(segment: Segment) -> Json:
    """Its rule as a builder has it."""
    found = syntax.parse(segment.rule)
    assert not isinstance(found, syntax.Cases)  # what a segment's rule is not
    return tree_of(found)


def edition_views(
    store: GraphStore, principal: Principal, segment: Segment, *, limit: int, now: datetime
) -> list[EditionView]:
    """The newest first."""
    principal.require(Right.SEE_TAGS)
    return [_edition(principal, segment, found, now) for found in editions.editions(store, segment, limit=limit)]


def _view(
    store: GraphStore,
    principal: Principal,
    segment: Segment,
    run: LastRun | None,
    dependants: Sequence[str],
    now: datetime,
) -> SegmentView:
    newest = next(iter(edition_views(store, principal, segment, limit=1, now=now)), None)
    stale = newest is not None and base_date_of(now) - newest.edition.base_date > STALE
    told = None if run is None or run.version < segment.first else run.seen(now)
    return SegmentView(segment, told, newest, stale, dependants)


def _edition(principal: Principal, segment: Segment, found: Edition, now: datetime) -> EditionView:
    exact = principal.may(Right.SEE_RISK)
    ready = found.risk_at is not None and now <= found.valid_until and not segment.risk and not segment.reads.risk
    population = found.population if exact else rounded(found.population)
    return EditionView(found, disclosed(found.members, exact=exact), population, ready)
