"""Cross-tabulation, counts among some, and one tag of everybody: what every engine counts is what its portraits say."""

from collections import Counter
from datetime import date

import pytest

from graph_model.crossing import ByNeighbour, ByTag, Crossed
from graph_model.errors import InvalidRequest, UnknownName
from graph_model.predicates import AnyOf, Compare, Neighbours, Operator, Predicate, Tagged
from graph_model.store import GraphStore
from graph_model.tagging import TagCell, TagRule, TagRun
from tests.stores.scenarios import application, batch, customer, day, edge, id_of, node

FIRST = date(2025, 1, 1)
PEOPLE = [customer(f"c{number}") for number in range(6)]
PRODUCT = ByNeighbour("APPLIED", "Application", "product", day(20))


def applied(number: int) -> Predicate:
    return Neighbours("APPLIED", Operator.GE, number)


def give(store: GraphStore, code: str, *cases: tuple[TagCell, Predicate]) -> None:
    list(store.tag("Customer", [TagRule(TagRun(code, 1, FIRST, day(1), "job"), cases)]))


@pytest.fixture
def book(store: GraphStore) -> GraphStore:
    """c0 and c1 applied twice, c2 and c3 once, c4 and c5 never; the last one's application has no product."""
    store.upsert(
        batch(
            edge("APPLIED", PEOPLE[0], application("x1")),
            edge("APPLIED", PEOPLE[0], application("x2")),
            edge("APPLIED", PEOPLE[1], application("x3")),
            edge("APPLIED", PEOPLE[1], application("x4")),
            edge("APPLIED", PEOPLE[2], application("x5")),
            edge("APPLIED", PEOPLE[3], application("x6"), 25),
            nodes=[
                *(node(ref, sex="female" if place % 2 else "male") for place, ref in enumerate(PEOPLE)),
                node(application("x1"), product="cash"),
                node(application("x2"), product="card"),
                node(application("x3"), product="cash"),
                node(application("x4"), product="cash"),
                node(application("x6"), 25, product="cash"),
            ],
        )
    )
    give(store, "level", ("often", applied(2)), ("once", applied(1)))
    give(store, "woman", (1, Compare("sex", Operator.EQ, "female")))
    give(store, "since", ("2026-01-31", applied(2)), ("2026-01-02", applied(1)))
    give(store, "number", (2.5, applied(2)), (1.0, applied(1)))
    return store


def test_every_pair_of_two_tags_is_counted_and_nobody_twice(book: GraphStore) -> None:
    found = book.cross("Customer", (ByTag("level"), ByTag("woman")))
    assert {(each.row, each.column): each.count for each in found} == {
        ("often", None): 1, ("often", 1): 1, ("once", None): 1, ("once", 1): 1, (None, None): 1, (None, 1): 1,
    }  # fmt: skip


def test_what_is_counted_is_what_the_portraits_say(book: GraphStore) -> None:
    """The same table, from each customer's own tags."""
    ids = [id_of(book, ref) for ref in PEOPLE]
    portraits = [{tag.run.code: tag.value for tag in book.tags_of([each]).get(each, [])} for each in ids]
    for one in ("level", "woman", "number"):
        for other in ("woman", "since", "missing"):
            wanted = Counter((tags.get(one), tags.get(other)) for tags in portraits)
            found = book.cross("Customer", (ByTag(one), ByTag(other)))
            assert {(each.row, each.column): each.count for each in found} == wanted


def test_dates_are_counted_by_month(book: GraphStore) -> None:
    found = book.cross("Customer", (ByTag("since", month=True), ByTag("nobody_has_it")))
    assert sorted((str(each.row), each.column, each.count) for each in found) == [
        ("2026-01", None, 4),
        ("None", None, 2),
    ]


def test_what_customers_applied_for_is_a_set_as_it_was_known_then(book: GraphStore) -> None:
    """Twice for one product is once; an application without a product, or of a later day, is none."""
    found = book.cross("Customer", (ByTag("level"), PRODUCT))
    assert {(each.row, each.column): each.count for each in found} == {
        ("often", ("card", "cash")): 1, ("often", ("cash",)): 1, ("once", ()): 2, (None, ()): 2,
    }  # fmt: skip


def test_only_those_who_match_are_counted(book: GraphStore) -> None:
    some = AnyOf((Tagged("level", Operator.EQ, "often"), Compare("sex", Operator.EQ, "female")))
    found = book.cross("Customer", (ByTag("level"), PRODUCT), some)
    assert sum(each.count for each in found) == 4 == book.count("Customer", some)
    assert Crossed("often", ("card", "cash"), 1) in found


def test_some_are_counted_by_tag_and_one_tag_is_read_of_everybody(book: GraphStore) -> None:
    handles = book.handles([id_of(book, ref) for ref in PEOPLE])
    assert book.tag_counts(["level", "woman", "number", "nobody_has_it"], handles[:3]) == {
        "level": {"often": 2, "once": 1}, "woman": {1: 1}, "number": {2.5: 2, 1.0: 1}, "nobody_has_it": {},
    }  # fmt: skip
    column = book.scan_tag("level", ["once", "never"])
    assert column.handles.tolist() == sorted(handles[:4])
    assert dict(zip(column.handles.tolist(), column.place.tolist(), strict=True)) == dict(
        zip(handles[:4], [-1, -1, 0, 0], strict=True)
    )
    assert book.scan_tag("number", [1.0, 2.5]).place.tolist().count(0) == 2
    assert len(book.scan_tag("nobody_has_it", ["a"]).handles) == 0


def test_an_axis_of_more_values_than_anybody_reads_is_refused(
    book: GraphStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two values of a tag, two products in two sets: however few pairs they make."""
    axes = [(ByTag("level"), ByTag("woman")), (ByTag("woman"), ByTag("level")), (ByTag("woman"), PRODUCT)]

    def allow(most: int) -> None:
        for module in ("graph_model.crossing", "graph_model.stores.sqlite.crossing"):
            monkeypatch.setattr(f"{module}.MOST_VALUES", most)

    for pair in axes:
        allow(2)
        assert sum(each.count for each in book.cross("Customer", pair)) == 6
        allow(1)
        with pytest.raises(InvalidRequest) as refused:
            book.cross("Customer", pair)
        assert refused.value.code == "portrait.too_many"


def test_names_are_checked_before_the_engine_sees_them(book: GraphStore) -> None:
    for axis in (ByTag("no' tag"), ByNeighbour("APPLIED", "Application", "nothing", day(20))):
        with pytest.raises(UnknownName):
            book.cross("Customer", (ByTag("level"), axis))
    with pytest.raises(UnknownName):
        book.cross("Customer", (ByTag("level"), ByNeighbour("WORKS_AT", "Application", "product", day(20))))
    for field in ("amount", "application_id"):
        with pytest.raises(InvalidRequest):
            book.cross("Customer", (ByTag("level"), ByNeighbour("APPLIED", "Application", field, day(20))))
    with pytest.raises(UnknownName):
        book.scan_tag("x; y", [])
    with pytest.raises(UnknownName):
        book.tag_counts(["X"], [])
