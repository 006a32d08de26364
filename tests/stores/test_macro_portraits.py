"""Macro portraits on every engine: what a cell says is what its rule counts, and what a marketer reads of it names nobody."""

from dataclasses import replace
from datetime import timedelta

import pytest

from graph_model.errors import InvalidRequest, NotFound
from graph_model.predicates import AllOf
from graph_model.principal import Principal, Role
from graph_model.records import EdgeRecord, GraphBatch, NodeRecord, NodeRef
from graph_model.services.macro_portraits.axes import Kind, quantile_edges
from graph_model.services.macro_portraits.portrait import Applied, Cell, MacroPortrait, cross
from graph_model.services.tags import dictionary
from graph_model.services.tags.binding import bind, population
from graph_model.services.tags.computing import base_date_of, compute
from graph_model.services.tags.definition import ConsentClass, ValueType
from graph_model.services.tags.dictionary import Draft
from graph_model.services.tags.runs import RunStatus, last_run, remember
from graph_model.store import GraphStore
from tests.services.people import NOW, START, person

SUPERVISOR, MARKETER = Principal("sun", Role.SUPERVISOR), Principal("mia", Role.MARKETER)
PEOPLE = [person(number) for number in range(240)]
TODAY = base_date_of(NOW)


def draft(
    code: str, rule: str, kind: ValueType = ValueType.BOOL, consent: ConsentClass = ConsentClass.MARKETING
) -> Draft:
    return Draft(code, code, code, "基本属性", "人口", rule, value_type=kind, consent=consent)


DRAFTS = (
    draft("school", 'when education = "doctor" then "doctor" when education = "bachelor" then "bachelor"', ValueType.TEXT),
    draft("woman", 'sex = "female"'),
    draft("activity", " ".join(f"when degree(APPLIED) >= {n} then {n}.5" for n in range(12, 0, -1)), ValueType.NUMBER),
    draft("wave", "when degree(APPLIED) >= 6 then 2026-12-31 when degree(APPLIED) >= 1 then 2026-05-02", ValueType.DATE),
    draft("risk_seen", "blocklisted", consent=ConsentClass.RISK),
)  # fmt: skip


@pytest.fixture
def book(store: GraphStore) -> GraphStore:
    """240 people; the nth applied n mod 13 times, for cash, every third for cards too; four doctors."""
    nodes = [
        NodeRecord(ref, START, START, "crm", {
            "sex": "female" if place % 3 == 0 else "male",
            "education": "doctor" if place < 4 else "bachelor" if place < 120 else "high",
        })
        for place, ref in enumerate(PEOPLE)
    ]  # fmt: skip
    edges = []
    for place, ref in enumerate(PEOPLE):
        for number in range(place % 13):
            application = NodeRef("Application", f"X{place}-{number}")
            product = "card" if place % 3 == 0 and number == 1 else "cash"
            at = START + timedelta(days=number)
            nodes.append(NodeRecord(application, at, at, "core", {"product": product, "channel": "app"}))
            edges.append(EdgeRecord("APPLIED", ref, application, at, at, at, "core"))
    store.upsert(GraphBatch(nodes, edges))
    for each in DRAFTS:
        dictionary.define(store, SUPERVISOR, each, now=NOW)
    done = compute(store, base_date=TODAY, by="job", clock=lambda: NOW, on_progress=lambda *_: None)
    assert not any(outcome.failed for outcome in done)
    return store


def shown(found: MacroPortrait) -> dict[tuple[str, str], int | None]:
    return {
        (row.value or row.kind, column.value or column.kind): cell.count
        for row, cells in zip(found.rows, found.cells, strict=True)
        for column, cell in zip(found.columns, cells, strict=True)
    }


def counted(store: GraphStore, rule: str) -> int:
    bound = bind(rule, "Customer", TODAY, tags=dictionary.lookup(dictionary.everything(store)))
    return store.count("Customer", AllOf((population("Customer", TODAY), bound.cases[0][1])))


def test_every_cell_is_what_its_rule_counts(book: GraphStore) -> None:
    for rows, columns, by in (
        ("school", "woman", None), ("activity", "school", None), ("wave", "woman", None), ("school", None, Applied.PRODUCT),
    ):  # fmt: skip
        found = cross(book, SUPERVISOR, rows, columns, by, now=NOW)
        assert (found.exact, found.suppressed, found.population) == (True, 0, 240)
        for row, cells in enumerate(found.cells):
            for column, cell in enumerate(cells):
                assert cell.count == counted(book, found.rule(row, column)), found.rule(row, column)
        for row, category in enumerate(found.rows):
            assert found.row_totals[row] == counted(book, category.rule)


def test_shares_confidence_and_lift_are_of_the_cell(book: GraphStore) -> None:
    found = cross(book, SUPERVISOR, "school", "woman", now=NOW)
    place = [category.value for category in found.rows].index("bachelor")
    cell = found.cells[place][0]
    assert (found.row_totals[place], found.column_totals[0], cell.count) == (116, 80, 38)
    assert (cell.row_share, cell.column_share, cell.share) == (38 / 116, 38 / 80, 38 / 240)
    assert cell.lift == pytest.approx((38 / 116) / (80 / 240))


def test_a_marketer_reads_rounded_numbers_and_few_people_only_together(book: GraphStore) -> None:
    """Four doctors are no row of their own: with those next in number they are one."""
    found = cross(book, MARKETER, "school", "woman", now=NOW)
    assert {category.kind for category in found.rows} == {Kind.MISSING, Kind.OTHER} and found.row_totals == [120, 120]
    assert all(cell.count is None or cell.count % 5 == 0 for cells in found.cells for cell in cells)
    assert not found.exact and found.population == 240
    other = next(category for category in found.rows if category.kind is Kind.OTHER)
    assert counted(book, other.rule) == 120


def test_small_cells_are_left_out_with_those_that_would_tell_them(book: GraphStore) -> None:
    told = cross(book, MARKETER, "activity", "woman", now=NOW)
    exact = cross(book, SUPERVISOR, "activity", "woman", now=NOW)
    small = {
        (row, column)
        for row, cells in enumerate(exact.cells)
        for column, cell in enumerate(cells)
        if cell.count is not None and cell.count < 10
    }
    hidden = {
        (row, column) for row, cells in enumerate(told.cells) for column, cell in enumerate(cells) if cell.count is None
    }
    assert [row.rule for row in told.rows] == [row.rule for row in exact.rows]
    assert len(small) == 1 and small < hidden and told.suppressed == len(hidden) == 4
    assert all(told.cells[row][column] == Cell(None) for row, column in hidden)


def test_what_was_applied_for_may_be_several_things(book: GraphStore) -> None:
    found = cross(book, SUPERVISOR, "woman", by=Applied.PRODUCT, now=NOW)
    assert found.overlapping and [column.value for column in found.columns] == ["card", "cash"]
    women = shown(found)
    assert women["true", "cash"] == found.row_totals[0] - sum(
        place % 3 == 0 and place % 13 == 0 for place in range(240)
    )
    assert women["missing", "card"] == 0
    told = cross(book, MARKETER, "woman", by=Applied.CHANNEL, now=NOW)
    assert [column.value for column in told.columns] == ["app"]


def test_risk_is_not_there_for_who_may_not_see_it(book: GraphStore) -> None:
    with pytest.raises(NotFound):
        cross(book, MARKETER, "risk_seen", "woman", now=NOW)
    with pytest.raises(NotFound):
        cross(book, MARKETER, "woman", "risk_seen", now=NOW)
    assert shown(cross(book, SUPERVISOR, "woman", "risk_seen", now=NOW)) == {
        ("true", "missing"): 80,
        ("missing", "missing"): 160,
    }


def test_a_question_that_makes_no_sense_is_told_what_to_do(book: GraphStore) -> None:
    dictionary.define(book, MARKETER, draft("nobody", "degree(REFERRED out) >= 1"), now=NOW)
    compute(book, base_date=TODAY, codes=["nobody"], by="job", clock=lambda: NOW, on_progress=lambda *_: None)
    dictionary.define(book, MARKETER, draft("later", 'sex = "male"'), now=NOW)
    of_phones = replace(draft("phones", "degree(USES_PHONE) >= 1"), label="Phone")
    dictionary.define(book, MARKETER, of_phones, now=NOW)
    asked: list[tuple[str | None, Applied | None, str]] = [
        ("woman", None, "portrait.same"),
        (None, None, "portrait.axes"),
        ("school", Applied.PRODUCT, "portrait.axes"),
        ("later", None, "portrait.not_computed"),
        ("phones", None, "portrait.type"),
        ("nobody", None, "portrait.too_few"),
    ]
    for columns, by, code in asked:
        with pytest.raises(InvalidRequest) as refused:
            cross(book, MARKETER, "woman", columns, by, now=NOW)
        assert refused.value.code == code


def test_numbers_are_cut_where_as_many_are_on_either_side_and_the_same_way_in_every_table(book: GraphStore) -> None:
    assert quantile_edges({float(n): 10 for n in range(10)}) == [2.0, 4.0, 6.0, 8.0]
    assert quantile_edges({1.0: 5, 2.0: 1, 3.0: 900}) == [3.0]
    one = cross(book, SUPERVISOR, "activity", "woman", now=NOW)
    other = cross(book, SUPERVISOR, "activity", "school", now=NOW)
    assert [row.rule for row in one.rows] == [row.rule for row in other.rows] and len(one.rows) == 6


def test_numbers_are_cut_as_before_while_they_are_computed_anew(book: GraphStore) -> None:
    """At the first moment of a computation nobody is counted, and later some are."""
    before = cross(book, SUPERVISOR, "activity", "woman", now=NOW)
    done = last_run(book, "activity")
    assert done is not None
    for counts in ({}, {"1.5": 3}):
        remember(book, "activity", replace(done, status=RunStatus.RUNNING, counts=counts, population=0))
        assert cross(book, SUPERVISOR, "activity", "woman", now=NOW) == before
        assert cross(book, MARKETER, "activity", by=Applied.CHANNEL, now=NOW).population == 240
