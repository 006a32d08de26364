"""What segments ask of a store: a waterfall in one question, who was tagged by which run, and what became of them."""

from datetime import date

import pytest

from graph_model.predicates import EVERYTHING, Compare, Neighbours, Not, Operator, Predicate, Tagged
from graph_model.store import GraphStore
from graph_model.tagging import TagDifference, TagRule, TagRun
from tests.stores.scenarios import application, batch, customer, day, edge, id_of, node

PEOPLE = [f"c{number}" for number in range(6)]


@pytest.fixture
def book(store: GraphStore) -> GraphStore:
    """Six customers: c0 to c2 applied, c1 to c4 are women, of c5 nothing is known."""
    store.upsert(
        batch(
            *(edge("APPLIED", customer(f"c{number}"), application(f"x{number}")) for number in range(3)),
            nodes=[node(customer(f"c{number}"), sex="female") for number in range(1, 5)] + [node(customer("c5"))],
        )
    )
    return store


APPLIED = Neighbours("APPLIED", Operator.GE, 1)
FEMALE = Compare("sex", Operator.EQ, "female")


def run(number: int, code: str = "segment:some") -> TagRun:
    return TagRun(code, number, date(2025, 1, number), day(number), "job")


def put(store: GraphStore, predicate: Predicate, of: TagRun) -> None:
    list(store.tag("Customer", [TagRule(of, [(1, predicate)])], limit=4))


def test_each_person_is_counted_once_for_the_first_case_that_holds(book: GraphStore) -> None:
    assert book.count_cases("Customer", EVERYTHING, [Not(FEMALE), Not(APPLIED)]) == [2, 2, 2]
    assert book.count_cases("Customer", FEMALE, [Not(APPLIED)]) == [2, 2]
    assert book.count_cases("Customer", APPLIED, []) == [3]
    assert book.count_cases("Customer", Compare("sex", Operator.EQ, "male"), [APPLIED]) == [0, 0]


def test_who_was_in_it_by_a_run_stays_so_whatever_is_computed_later(book: GraphStore) -> None:
    ids = {key: id_of(book, customer(key)) for key in PEOPLE}
    put(book, APPLIED, run(1))
    put(book, FEMALE, run(2))
    put(book, Not(EVERYTHING), run(3))
    first = sorted(ids[key] for key in ("c0", "c1", "c2"))
    assert book.tagged_by(run(1)) == first
    assert book.tagged_by(run(2)) == sorted(ids[key] for key in ("c1", "c2", "c3", "c4"))
    assert book.tagged_by(run(3)) == [] == book.tagged_by(run(4)) == book.tagged_by(run(1, "segment:other"))
    assert book.tagged_by(run(1), limit=2) == first[:2] and book.tagged_by(run(1), after=first[1]) == first[2:]


def test_a_difference_counts_who_stayed_left_and_joined(book: GraphStore) -> None:
    put(book, APPLIED, run(1))
    put(book, FEMALE, run(2))
    assert book.tag_difference(run(1), run(2)) == TagDifference(stayed=2, left=1, joined=2)
    assert book.tag_difference(run(2), run(2)) == TagDifference(stayed=4, left=0, joined=0)
    assert book.tag_difference(run(1, "segment:other"), run(2, "segment:other")) == TagDifference(0, 0, 0)


def test_a_segment_is_asked_for_like_a_tag_and_is_none(book: GraphStore) -> None:
    put(book, APPLIED, run(1))
    assert book.count("Customer", Tagged("segment:some", Operator.EQ, True)) == 3
    assert book.count("Customer", Tagged("some", Operator.EQ, True)) == 0
