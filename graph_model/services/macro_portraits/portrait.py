"""A macro portrait: two tags crossed, or a tag and what customers applied for, to each role as it may know it.

Whoever may see risk gets exact numbers. Everybody else gets them rounded to 5, no category of fewer than LEAST_TOLD people (it is told with others
together), and no cell of fewer nor those from which one could be computed (`suppression`); shares and lift are of the rounded numbers. Tags that say
something of risk are not there for them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

import numpy as np

from graph_model.crossing import Axis, ByNeighbour, ByTag, Crossed
from graph_model.errors import InvalidRequest
from graph_model.predicates import EVERYTHING, AllOf, Predicate
from graph_model.principal import Principal, Right
from graph_model.services.gate import LEAST_TOLD, rounded
from graph_model.services.macro_portraits.axes import MOST_SHOWN, Category, TagAxis, both, product_category, together
from graph_model.services.macro_portraits.suppression import Table, left_out
from graph_model.services.segments import dictionary as segments
from graph_model.services.segments.editions import belongs
from graph_model.services.segments.members import edition
from graph_model.services.tags import dictionary
from graph_model.services.tags.binding import end_of, population
from graph_model.services.tags.computing import base_date_of
from graph_model.services.tags.definition import TagDefinition, ValueType
from graph_model.services.tags.runs import LastRun, RunStatus, counted_now, last_run
from graph_model.store import GraphStore


class Applied(StrEnum):
    """What of their applications customers are told apart by."""

    PRODUCT = "product"
    CHANNEL = "channel"


@dataclass(frozen=True, slots=True)
class Cell:
    """Who is in a row and a column, and what that is of the row, of the column and of everybody. `row_share` is the confidence of "row, then
    column", `column_share` that of "column, then row"; `lift` how many times as many there are as if the two had nothing to do with each other.
    All None where it is not told."""

    count: int | None
    row_share: float | None = None
    column_share: float | None = None
    share: float | None = None
    lift: float | None = None


@dataclass(frozen=True, slots=True)
class MacroPortrait:
    """`overlapping`: somebody may be in several columns, so that rows sum to more than their totals. `cells` are by row, then column."""

    rows: Sequence[Category]
    row_totals: Sequence[int]
    columns: Sequence[Category]
    column_totals: Sequence[int]
    cells: Sequence[Sequence[Cell]]
    population: int
    overlapping: bool
    exact: bool
    on: Mapping[str, date]  # the base date of each tag's values
    segment: str | None = None

    @property
    def suppressed(self) -> int:
        return sum(cell.count is None for row in self.cells for cell in row)

    def rule(self, row: int, column: int) -> str:
        """Of those in one cell."""
        return both(self.rows[row], self.columns[column], self.segment)


@dataclass(frozen=True, slots=True)
class _Counted:
    """Exact counts, before anything is left out."""

    rows: Sequence[Category]
    columns: Sequence[Category]
    table: Table
    row_totals: Table
    population: int


def cross(
    store: GraphStore,
    principal: Principal,
    rows: str,
    columns: str | None = None,
    by: Applied | None = None,
    *,
    segment: str | None = None,
    now: datetime,
) -> MacroPortrait:
    """A tag by another or by what customers applied for, among everybody or a segment as it was computed last. Raises NotFound, InvalidRequest
    portrait.axes, portrait.same, portrait.type, portrait.not_computed, portrait.too_few, portrait.too_many."""
    within = EVERYTHING if segment is None else _belonging(store, principal, segment)
    if columns is not None and by is None:
        return replace(_cross_tags(store, principal, rows, columns, within, now), segment=segment)
    if by is not None and columns is None:
        return replace(_cross_applied(store, principal, rows, by, within, now), segment=segment)
    raise InvalidRequest(
        "Say what the tag is crossed with: another tag, or what customers applied for, one of the two.",
        code="portrait.axes",
    )


def _belonging(store: GraphStore, principal: Principal, code: str) -> Predicate:
    found = segments.find(store, principal, code)
    edition(store, found)  # which says so where there is none yet
    return belongs(found.code)


def _cross_tags(
    store: GraphStore, principal: Principal, rows: str, columns: str, within: Predicate, now: datetime
) -> MacroPortrait:
    """Two tags of one type of node."""
    one, other = dictionary.find(store, principal, rows), dictionary.find(store, principal, columns)
    if one.code == other.code:
        raise InvalidRequest("A tag is not crossed with itself. Choose two.", code="portrait.same")
    if one.label != other.label:
        raise InvalidRequest(
            f"{one.code} is about {one.label}, {other.code} about {other.label}. Choose two tags of one type.",
            code="portrait.type",
        )
    runs = {tag.code: _run(store, tag) for tag in (one, other)}
    found = store.cross(one.label, (_axis(one), _axis(other)), _among(one.label, within, now))
    by_row = TagAxis(one, [each.row for each in found], _counts(store, one, runs[one.code]))
    by_column = TagAxis(other, [each.column for each in found], _counts(store, other, runs[other.code]))
    table = np.zeros((len(by_row.categories), len(by_column.categories)), dtype=np.int64)
    for each in found:
        table[by_row.place(each.row), by_column.place(each.column)] += each.count
    counted = _Counted(by_row.categories, by_column.categories, table, table.sum(axis=1), int(table.sum()))
    exact = principal.may(Right.SEE_RISK)
    counted = _columns_together(_rows_together(counted, exact=exact), exact=exact)
    return _told(counted, exact=exact, overlapping=False, on={code: run.base_date for code, run in runs.items()})


def _cross_applied(
    store: GraphStore, principal: Principal, rows: str, by: Applied, within: Predicate, now: datetime
) -> MacroPortrait:
    """Up to today; whoever applied for two products is in both columns."""
    tag = dictionary.find(store, principal, rows)
    if tag.label != "Customer":
        raise InvalidRequest(
            f"{tag.code} is about {tag.label}; applications are customers'. Choose a tag about Customer.",
            code="portrait.type",
        )
    run = _run(store, tag)
    applied = ByNeighbour("APPLIED", "Application", by.value, end_of(base_date_of(now)))
    found = store.cross(tag.label, (_axis(tag), applied), _among(tag.label, within, now))
    by_row = TagAxis(tag, [each.row for each in found], _counts(store, tag, run))
    values = sorted({value for each in found for value in _values(each)})
    table = np.zeros((len(by_row.categories), len(values)), dtype=np.int64)
    totals = np.zeros(len(by_row.categories), dtype=np.int64)
    for each in found:
        row = by_row.place(each.row)
        totals[row] += each.count
        for value in _values(each):
            table[row, values.index(value)] += each.count
    columns = [product_category(by.value, value) for value in values]
    counted = _Counted(by_row.categories, columns, table, totals, int(totals.sum()))
    exact = principal.may(Right.SEE_RISK)
    counted = _large_columns(_rows_together(counted, exact=exact), exact=exact)
    return _told(counted, exact=exact, overlapping=True, on={tag.code: run.base_date})


def _axis(tag: TagDefinition) -> Axis:
    return ByTag(tag.code, month=tag.value_type is ValueType.DATE)


def _among(label: str, within: Predicate, now: datetime) -> Predicate:
    return AllOf((population(label, base_date_of(now)), within))


def _run(store: GraphStore, tag: TagDefinition) -> LastRun:
    run = last_run(store, tag.code)
    if run is None or run.status not in (RunStatus.DONE, RunStatus.RUNNING):
        raise InvalidRequest(
            f"{tag.code} has no values yet, or its last computation failed. Have it computed (guanxi tags compute), then ask again.",
            code="portrait.not_computed",
        )
    return run


def _counts(store: GraphStore, tag: TagDefinition, run: LastRun) -> Mapping[str, int]:
    """Everybody's, also while the tag is computed anew: a run that is not through has counted some."""
    if run.status is RunStatus.DONE or tag.value_type is not ValueType.NUMBER:
        return run.counts
    return counted_now(store, tag)


def _values(found: Crossed) -> tuple[str, ...]:
    assert isinstance(found.column, tuple)  # what a store gives by neighbour
    return found.column


# --- categories --------------------------------------------------------------------------------------------------------


def _rows_together(counted: _Counted, *, exact: bool) -> _Counted:
    groups = list(_groups(counted.row_totals, exact=exact))
    rows = [_one_of([counted.rows[place] for place in group]) for group in groups]
    table = np.array([counted.table[group].sum(axis=0) for group in groups], dtype=np.int64)
    totals = np.array([counted.row_totals[group].sum() for group in groups], dtype=np.int64)
    return _Counted(rows, counted.columns, table.reshape(len(rows), len(counted.columns)), totals, counted.population)


def _columns_together(counted: _Counted, *, exact: bool) -> _Counted:
    groups = list(_groups(counted.table.sum(axis=0), exact=exact))
    columns = [_one_of([counted.columns[place] for place in group]) for group in groups]
    table = np.array([counted.table[:, group].sum(axis=1) for group in groups], dtype=np.int64).T
    return _Counted(
        counted.rows, columns, table.reshape(len(counted.rows), len(columns)), counted.row_totals, counted.population
    )


def _large_columns(counted: _Counted, *, exact: bool) -> _Counted:
    """Where people may be in several columns these can't be put together: those of fewest people are not there."""
    totals = counted.table.sum(axis=0)
    kept = sorted(np.argsort(-totals, kind="stable")[:MOST_SHOWN].tolist())
    if not exact:
        kept = [place for place in kept if totals[place] >= LEAST_TOLD]
    columns = [counted.columns[place] for place in kept]
    return _Counted(counted.rows, columns, counted.table[:, kept], counted.row_totals, counted.population)


def _groups(totals: Table, *, exact: bool) -> Iterator[list[int]]:
    """The categories in their order, and last those that are one together: beyond MOST_SHOWN, and of too few to be told. Whom nobody is in is
    not there where numbers are exact."""
    there = [place for place in range(len(totals)) if totals[place] > 0]
    largest = sorted(there, key=lambda place: (-totals[place], place))
    small = largest[MOST_SHOWN:] if len(largest) > MOST_SHOWN + 1 else []
    if not exact:
        small += [place for place in largest if totals[place] < LEAST_TOLD and place not in small]
        while 0 < int(totals[small].sum()) < LEAST_TOLD and len(small) < len(largest):
            small.append(next(place for place in reversed(largest) if place not in small))
    for place in there:
        if place not in small:
            yield [place]
    if len(small) > 0:
        yield sorted(small)


def _one_of(categories: Sequence[Category]) -> Category:
    return categories[0] if len(categories) == 1 else together(categories)


# --- telling -----------------------------------------------------------------------------------------------------------


def _told(counted: _Counted, *, exact: bool, overlapping: bool, on: Mapping[str, date]) -> MacroPortrait:
    table, row_totals, column_totals = counted.table, counted.row_totals, counted.table.sum(axis=0)
    people, hidden = counted.population, np.zeros(table.shape, dtype=np.bool_)
    if not exact:
        if len(counted.rows) < 2 or len(counted.columns) < (1 if overlapping else 2):
            raise InvalidRequest(
                f"All but fewer than {LEAST_TOLD} people are alike here, so there is nothing to compare. Choose other tags.",
                code="portrait.too_few",
            )
        hidden = left_out(table, row_totals if overlapping else None)
        table, row_totals, column_totals = rounded(table), rounded(row_totals), rounded(column_totals)
        people = rounded(people)

    def cell(row: int, column: int) -> Cell:
        if hidden[row, column]:
            return Cell(None)
        count, in_row, in_column = int(table[row, column]), int(row_totals[row]), int(column_totals[column])
        return Cell(
            count,
            row_share=min(1.0, count / in_row),
            column_share=min(1.0, count / in_column),
            share=count / people,
            lift=count * people / (in_row * in_column),
        )

    return MacroPortrait(
        rows=counted.rows,
        row_totals=row_totals.tolist(),
        columns=counted.columns,
        column_totals=column_totals.tolist(),
        cells=[[cell(row, column) for column in range(table.shape[1])] for row in range(table.shape[0])],
        population=people,
        overlapping=overlapping,
        exact=exact,
        on=on,
    )
