"""Selecting by predicate: whom a filter, a segment or a screening rule means, and setting something on all of them."""

from datetime import date

import pytest

from graph_model.errors import InvalidRequest, UnknownName
from graph_model.predicates import EVERYTHING, AllOf, Among, AnyOf, Compare, Missing, Not, Operator, Predicate
from graph_model.records import GraphBatch, NodeRef
from graph_model.store import MAX_LIMIT, GraphStore
from tests.stores.scenarios import application, customer, day, known, node, phone


@pytest.fixture
def book(store: GraphStore) -> GraphStore:
    store.upsert(
        GraphBatch(
            [
                node(application("x1"), 1, amount=1000.0, term_months=6, channel="app", applied_at=day(1)),
                node(application("x2"), 2, amount=5000.0, term_months=12, channel="web", applied_at=day(2)),
                node(application("x3"), 3, amount=5000.0, term_months=24, source="partner"),
                node(application("x4"), 4),
                node(customer("c1"), birth_date=date(1990, 5, 1), name="张伟"),
                node(customer("c2"), birth_date=date(2008, 5, 1)),
                node(phone("p1"), 5),
            ]
        )
    )
    return store


def chosen(store: GraphStore, predicate: Predicate, label: str = "Application", **options: object) -> list[str]:
    found = [n.key for n in store.select(label, predicate, **options)]  # type: ignore[arg-type]
    if len(options) == 0:
        assert store.count(label, predicate) == len(found)
    return found


@pytest.mark.parametrize(
    ("predicate", "expected"),
    [
        (EVERYTHING, ["x1", "x2", "x3", "x4"]),
        (Compare("amount", Operator.GT, 1000), ["x2", "x3"]),
        (Compare("amount", Operator.NE, 1000.0), ["x2", "x3"]),
        (Compare("applied_at", Operator.LE, day(1)), ["x1"]),
        (Compare("channel", Operator.EQ, "web"), ["x2"]),
        (Compare("application_id", Operator.GE, "x3"), ["x3", "x4"]),
        (Compare("source", Operator.EQ, "partner"), ["x3"]),
        (Compare("first_seen", Operator.LT, day(3)), ["x1", "x2"]),
        (Among("term_months", [6, 24, 36]), ["x1", "x3"]),
        (Among("term_months", []), []),
        (Missing("channel"), ["x3", "x4"]),
        (Missing("score"), ["x1", "x2", "x3", "x4"]),
        (Not(Compare("amount", Operator.EQ, 5000.0)), ["x1", "x4"]),
        (Not(Among("channel", ["app"])), ["x2", "x3", "x4"]),
        (AllOf([Compare("amount", Operator.EQ, 5000.0), Compare("term_months", Operator.GT, 12)]), ["x3"]),
        (AnyOf([Compare("term_months", Operator.EQ, 6), Missing("amount")]), ["x1", "x4"]),
        (AnyOf([]), []),
        (Not(AnyOf([])), ["x1", "x2", "x3", "x4"]),
    ],
)
def test_a_filter_means_exactly_these(book: GraphStore, predicate: Predicate, expected: list[str]) -> None:
    assert chosen(book, predicate) == expected


def test_minors_are_found_by_date_of_birth(book: GraphStore) -> None:
    assert chosen(book, Compare("birth_date", Operator.GT, date(2007, 1, 1)), "Customer") == ["c2"]


def test_a_type_without_properties_is_filtered_by_what_every_node_has(book: GraphStore) -> None:
    assert chosen(book, Compare("last_seen", Operator.EQ, day(5)), "Phone") == ["p1"]


def test_order_puts_those_without_the_field_last_either_way(book: GraphStore) -> None:
    assert chosen(book, EVERYTHING, order="amount") == ["x1", "x2", "x3", "x4"]
    assert chosen(book, EVERYTHING, order="amount", descending=True) == ["x2", "x3", "x1", "x4"]
    assert chosen(book, EVERYTHING, order="last_seen", descending=True) == ["x4", "x3", "x2", "x1"]
    assert chosen(book, EVERYTHING, order="application_id", descending=True) == ["x4", "x3", "x2", "x1"]


def test_pages_make_up_the_whole(book: GraphStore) -> None:
    pages = [chosen(book, EVERYTHING, order="amount", descending=True, limit=2, offset=n) for n in (0, 2, 4)]
    assert pages == [["x2", "x3"], ["x1", "x4"], []]


def test_selected_nodes_are_whole(book: GraphStore) -> None:
    (found,) = book.select("Application", Compare("channel", Operator.EQ, "app"))
    assert found == known(book, application("x1"))


@pytest.mark.parametrize("field", ["shoe_size", "name", "node_id", "1=1; --"])
def test_a_field_that_is_not_declared_is_refused(book: GraphStore, field: str) -> None:
    with pytest.raises(UnknownName):
        book.select("Application", Missing(field))
    with pytest.raises(UnknownName):
        book.count("Application", Not(Compare(field, Operator.EQ, "x")))
    with pytest.raises(UnknownName):
        book.select("Application", order=field)


@pytest.mark.parametrize(
    "predicate",
    [
        Compare("amount", Operator.GT, "1000"),
        Compare("applied_at", Operator.GT, date(2025, 1, 1)),
        Among("channel", ["app", 7]),
        Among("channel", ["x"] * 1001),
    ],
)
def test_a_value_of_another_kind_is_refused(book: GraphStore, predicate: Predicate) -> None:
    with pytest.raises(InvalidRequest):
        book.select("Application", predicate)


def test_long_filters_work_and_endless_ones_are_refused(book: GraphStore) -> None:
    hundreds = AnyOf([Compare("term_months", Operator.EQ, n) for n in range(900)])
    assert book.count("Application", hundreds) == 3
    with pytest.raises(InvalidRequest):
        book.count("Application", AnyOf([Missing("amount")] * 1001))
    deep: Predicate = Missing("amount")
    for _ in range(60):
        deep = Not(deep)
    with pytest.raises(InvalidRequest):
        book.count("Application", deep)


@pytest.mark.parametrize("options", [{"limit": 0}, {"limit": MAX_LIMIT + 1}, {"offset": -1}])
def test_pages_have_bounds(book: GraphStore, options: dict[str, int]) -> None:
    with pytest.raises(InvalidRequest):
        book.select("Application", **options)  # type: ignore[arg-type]


def test_assigning_sets_a_property_on_all_that_match(book: GraphStore) -> None:
    changed = book.assign(
        "Application", Compare("amount", Operator.GE, 5000), {"outcome": "refused", "channel": "desk"}
    )
    assert changed == 2
    assert chosen(book, Compare("outcome", Operator.EQ, "refused")) == ["x2", "x3"]
    assert known(book, application("x3")).properties == {
        "amount": 5000.0,
        "term_months": 24,
        "outcome": "refused",
        "channel": "desk",
    }
    assert known(book, application("x1")).properties["channel"] == "app"
    assert book.assign("Application", AnyOf([]), {"outcome": "approved"}) == 0


def test_assigning_reaches_a_node_that_had_no_properties_at_all(book: GraphStore) -> None:
    assert book.assign("Application", Missing("amount"), {"amount": 1.0}) == 1
    assert known(book, application("x4")).properties == {"amount": 1.0}


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"application_id": "x9"}, InvalidRequest),
        ({"shoe_size": 43}, UnknownName),
        ({"score": 0.1}, UnknownName),
        ({"amount": "much"}, InvalidRequest),
        ({}, InvalidRequest),
    ],
)
def test_what_can_not_be_assigned_is_refused(
    book: GraphStore, values: dict[str, object], error: type[Exception]
) -> None:
    before = book.select("Application")
    with pytest.raises(error):
        book.assign("Application", EVERYTHING, values)  # type: ignore[arg-type]
    assert book.select("Application") == before


def test_an_assigned_value_gives_way_to_a_newer_record(book: GraphStore) -> None:
    book.assign("Application", EVERYTHING, {"channel": "desk"})
    book.upsert(GraphBatch([node(application("x1"), 9, channel="app")]))
    assert known(book, NodeRef("Application", "x1")).properties["channel"] == "app"
