"""How many meet which condition first: what the engines count by pieces, on several connections and without looking at what holds for everybody, is
what one plain question after the other says."""

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graph_model.errors import InvalidRequest, StoreCorrupt, StoreError, UnknownName
from graph_model.predicates import EVERYTHING, AllOf, AnyOf, Compare, Neighbours, Not, Operator, Predicate
from graph_model.records import GraphBatch
from graph_model.store import GraphStore
from graph_model.stores.sqlite import SqliteStore, case_counts, side_by_side
from graph_model.stores.sqlite.latest import settled
from graph_model.stores.sqlite.migrations import MIGRATIONS, migrate, version
from tests.stores.adapters import Adapter
from tests.stores.older_files import as_version_6
from tests.stores.scenarios import application, batch, customer, day, edge, node
from tests.stores.strategies import batches, moments, predicates

OPERATORS = st.sampled_from(tuple(Operator))
COMMON = st.builds(Compare, st.sampled_from(("first_seen", "recorded_at")), OPERATORS, moments)
AROUND = st.builds(Neighbours, st.just("APPLIED"), OPERATORS, st.integers(0, 2), at=moments)
CONDITIONS: st.SearchStrategy[Predicate] = predicates | COMMON | COMMON.map(Not) | AROUND


def one_by_one(store: GraphStore, within: Predicate, cases: Sequence[Predicate]) -> list[int]:
    before: list[Predicate] = [within]
    numbers = []
    for case in [*cases, EVERYTHING]:
        numbers.append(store.count("Application", AllOf([*before, case])))
        before.append(Not(case))
    return numbers


def test_pieces_count_what_plain_questions_count(
    adapter: Adapter, store: GraphStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One store that grows; in pieces of three handles."""
    monkeypatch.setattr(case_counts, "_PIECE", 3)

    @settings(
        max_examples=adapter.examples(40),
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(batches(), CONDITIONS, st.lists(CONDITIONS, max_size=3))
    def holds(written: GraphBatch, within: Predicate, cases: list[Predicate]) -> None:
        store.upsert(written)
        assert store.count_cases("Application", within, cases) == one_by_one(store, within, cases)

    holds()


@pytest.mark.parametrize(
    "within", [Compare("first_sight", Operator.LE, day(9)), Compare("amount", Operator.LE, day(9))]
)
def test_what_makes_no_sense_is_refused_whatever_else_is_asked(store: GraphStore, within: Predicate) -> None:
    store.upsert(batch(edge("APPLIED", customer("c1"), application("x1"))))
    with pytest.raises((UnknownName, InvalidRequest)):
        store.count_cases("Application", AnyOf([Compare("first_seen", Operator.LE, day(28)), within]), [])


# --- SQLite only ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "graph.db"


def everybody(path: Path, until: int, label: str = "Customer") -> bool:
    """Whether the engine knows without a look that everybody was seen and recorded by a day."""
    connection = sqlite3.connect(path)
    (code,) = connection.execute("SELECT code FROM vocabulary WHERE kind = 'label' AND name = ?", (label,)).fetchone()
    known = settled(connection, code, Compare("first_seen", Operator.LE, day(until)))
    connection.close()
    return known == EVERYTHING


def test_nobody_is_looked_at_where_all_were_seen_and_recorded_before(path: Path) -> None:
    store = SqliteStore(path, create=True)
    store.upsert(batch(nodes=[node(customer("c1"), 3), node(customer("c2"), 5), node(application("x1"), 9)]))
    assert not everybody(path, 4) and everybody(path, 5) and everybody(path, 6)
    assert not everybody(path, 8, "Application")
    store.upsert(batch(nodes=[node(customer("c1"), 2), node(customer("c2"), 8)]))
    assert everybody(path, 5), "who is there already is only ever seen first earlier"
    store.upsert(batch(nodes=[node(customer("c3"), 7)]))
    assert not everybody(path, 6) and everybody(path, 7)
    assert not everybody(path, 20, "Device"), "of a type of which there is nobody nothing is known"
    store.close()


def test_a_file_of_an_older_version_learns_it_when_it_is_brought_up_to_date(path: Path) -> None:
    store = SqliteStore(path, create=True)
    store.upsert(batch(nodes=[node(customer("c1"), 3), node(customer("c2"), 5)]))
    store.close()
    connection = sqlite3.connect(path, isolation_level=None)
    as_version_6(connection)
    connection.execute("DELETE FROM meta WHERE name LIKE 'latest %'")
    assert not everybody(path, 28)
    connection.execute("PRAGMA user_version = 5")
    migrate(connection, str(path))
    assert version(connection) == len(MIGRATIONS)
    connection.close()
    assert not everybody(path, 4) and everybody(path, 5)


def test_a_thorough_check_finds_a_customer_later_than_what_is_kept_of_them(path: Path) -> None:
    store = SqliteStore(path, create=True)
    store.upsert(batch(nodes=[node(customer("c1"), 3), node(customer("c2"), 5), node(application("x1"), 4)]))
    store.check(thorough=True)
    store.close()
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("UPDATE node SET first_seen = first_seen + 1 WHERE key = 'c2'")
    connection.close()
    store = SqliteStore(path)
    with pytest.raises(StoreCorrupt) as found:
        store.check(thorough=True)
    assert "too early (1 of the types of nodes)" in str(found.value)
    store.close()


def test_those_who_count_together_see_one_moment_however_others_write(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A customer comes in while the second connection begins; then while every one does."""
    store = SqliteStore(path, create=True)
    store.upsert(batch(nodes=[node(customer("c0"))]))
    asked = side_by_side._version
    monkeypatch.setattr(side_by_side, "_MOST", 2)
    left = [1]

    def disturbed(connection: sqlite3.Connection) -> int:
        found = asked(connection)
        if left[0] > 0:
            left[0] -= 1
            store.upsert(batch(nodes=[node(customer(f"c{100 - left[0]}"))]))
        return found

    monkeypatch.setattr(side_by_side, "_version", disturbed)
    with side_by_side.together(store._connections) as readers:
        seen = [each.execute("SELECT count(*) FROM node").fetchone()[0] for each in readers]
    assert seen == [2, 2]
    left[0] = 50
    with side_by_side.together(store._connections) as readers:
        assert len(readers) == 1
    store.close()


def test_what_is_dealt_out_comes_back_in_order(path: Path) -> None:
    store = SqliteStore(path, create=True)
    with store._connections.reading() as one, store._connections.reading() as other:
        for readers in ([one], [one, other]):
            found = side_by_side.dealt(
                readers, lambda connection, item: connection.execute("SELECT ?", (item,)), range(5)
            )
            assert [rows.fetchone()[0] for rows in found] == list(range(5))
    store.close()


def test_where_one_reading_fails_the_other_takes_up_nothing_more(path: Path) -> None:
    store = SqliteStore(path, create=True)
    both, failing, read = threading.Barrier(2), Future[threading.Thread](), list[int]()

    def reading(connection: sqlite3.Connection, item: int) -> None:
        if len(read) == 0:
            both.wait()
        if connection is one:
            failing.set_result(threading.current_thread())
            raise StoreError("The disk can't be read.")
        failing.result().join()  # who has failed is through with it, and so is who waits for all
        read.append(item)

    with store._connections.reading() as one, store._connections.reading() as other, pytest.raises(StoreError):
        side_by_side.dealt([one, other], reading, range(100))
    assert len(read) == 1
    store.close()


def test_who_looks_ahead_reads_no_further_than_the_connections_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(side_by_side, "_MOST", 2)
    asked: list[int] = []

    def items() -> Iterator[int]:
        for item in range(10):
            asked.append(item)
            yield item

    squares = side_by_side.ahead(lambda item: item * item, items())
    assert (next(squares), next(squares), asked) == (0, 1, [0, 1, 2, 3])
    squares.close()
    assert asked == [0, 1, 2, 3]
    assert list(side_by_side.ahead(lambda item: item * item, range(10))) == [item * item for item in range(10)]
