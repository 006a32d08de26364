"""A first load files its relationships once, when all are there: what it ends with is what writing them one by one would have made, also after
a break; until then walks are refused, and other writers aren't held up."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graph_model.errors import StoreLoading
from graph_model.records import AuditRecord, GraphBatch
from graph_model.services.unfinished import take_back_unfinished
from graph_model.store import GraphStore
from graph_model.stores import open_store
from graph_model.stores.sqlite import SqliteStore, filing
from tests.stores import portrait
from tests.stores.scenarios import (
    application,
    batch,
    customer,
    day,
    device,
    device_farm,
    edge,
    id_of,
    node,
    phone,
    referral_circle,
)
from tests.stores.strategies import batches

_ENDS = """
SELECT nid, type, last_seen, triple, other, outgoing, qualifier, first_seen, recorded_at, s.name, properties
FROM adjacency a JOIN source s ON s.code = a.source_code ORDER BY nid, type, last_seen DESC, triple, other, outgoing, qualifier
"""
_PAIRS = """
SELECT nid, type, other, sum(1 - again) FROM adjacency GROUP BY nid, type, other
"""
_HUBS = "SELECT nid, type, label, edges, neighbours FROM hub ORDER BY nid, type, label"


class Killed(BaseException):
    """What happens to a process in the middle of its work."""


def rows_of(file: Path) -> tuple[object, ...]:
    with closing(sqlite3.connect(file)) as connection:
        return tuple(connection.execute(query).fetchall() for query in (_ENDS, _PAIRS, _HUBS))


def load(store: GraphStore, given: Sequence[GraphBatch]) -> None:
    with store.writing("ingest"):
        store.begin_load()
        for one in given:
            store.upsert(one)
        store.finish_load()


def where_three_make_a_hub(file: Path) -> SqliteStore:
    SqliteStore(file, create=True).close()
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE meta SET value = '3' WHERE name = 'hub_degree'")
    return SqliteStore(file)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "graph.db"


@pytest.fixture
def store(file: Path) -> GraphStore:
    return open_store(f"sqlite:///{file}", create=True)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(batches(), max_size=4), batches())
def test_a_first_load_ends_in_the_rows_that_one_by_one_would_make(first: list[GraphBatch], later: GraphBatch) -> None:
    with TemporaryDirectory() as folder:
        one, other = Path(folder, "one.db"), Path(folder, "other.db")
        with closing(where_three_make_a_hub(one)) as at_once, closing(where_three_make_a_hub(other)) as one_by_one:
            load(at_once, first)
            for given_batch in first:
                one_by_one.upsert(given_batch)
            assert rows_of(one) == rows_of(other)
            at_once.upsert(later)
            one_by_one.upsert(later)
            assert rows_of(one) == rows_of(other)
            assert portrait.of_everything(at_once) == portrait.of_everything(one_by_one)
            assert not at_once.loading()
            at_once.check(thorough=True)


def test_a_walk_is_refused_until_the_load_is_through(store: GraphStore, file: Path) -> None:
    store.begin_load()
    store.upsert(referral_circle())
    someone = id_of(store, customer("c1"))
    with closing(open_store(f"sqlite:///{file}", read_only=True)) as looking:
        assert looking.loading()
        with pytest.raises(StoreLoading, match="guanxi ingest"):
            looking.neighbourhood(someone, hops=2)
        looking.check()  # nothing is damaged
        store.finish_load()
        assert not looking.loading()
        assert len(looking.neighbourhood(someone, hops=2).nodes) == 4


def test_a_graph_with_customers_in_it_puts_nothing_off(store: GraphStore) -> None:
    store.upsert(GraphBatch([node(customer("c1"))]))
    store.begin_load()
    assert not store.loading()
    assert not store.finish_load()


def test_a_load_that_died_while_filing_goes_on_where_it_was(
    store: GraphStore, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filing, "AT_ONCE", 7)
    people = [customer(f"c{n:05}") for n in range(300)]
    farm = batch(*(edge("USES_DEVICE", who, device("farm"), n) for n, who in enumerate(people)))

    def die(_: str, filed: int, rows: int) -> None:
        if filed > rows // 2:
            raise Killed

    store.begin_load()
    store.upsert(batch(nodes=[node(who) for who in people]))
    store.upsert(farm)  # comes after everybody who uses it
    with pytest.raises(Killed):
        store.finish_load(die)
    store.close()

    again = open_store(f"sqlite:///{file}")
    assert again.loading()
    again.check()
    left: set[int] = set()
    with again.writing("ingest"):
        again.finish_load(lambda _, __, rows: left.add(rows))
    assert left == {300}, "what was filed of the customers is neither sorted nor filed again"
    assert again.degrees([id_of(again, device("farm"))])[id_of(again, device("farm"))][0].count == 300
    again.close()

    with closing(open_store(f"sqlite:///{file.with_name('other.db')}", create=True)) as undisturbed:
        undisturbed.upsert(batch(nodes=[node(who) for who in people]))
        undisturbed.upsert(farm)
    assert rows_of(file) == rows_of(file.with_name("other.db"))


def test_others_write_what_is_no_relationship_while_rows_are_filed(store: GraphStore, file: Path) -> None:
    """The server answers logins, and writes its audit lines, while another process files; an application would have to wait."""
    store.begin_load()
    store.upsert(device_farm(20))
    met: list[str] = []
    with closing(open_store(f"sqlite:///{file}")) as server:
        application_of_today = batch(edge("APPLIED", customer("c00001"), application("x1"), 30))

        def meanwhile(*_: object) -> None:
            server.append_audit([AuditRecord(day(1), "li", "analyst", "login", (), "ok", {})])
            server.upsert(GraphBatch([node(customer("c99999"))]))
            with pytest.raises(StoreLoading):
                server.upsert(application_of_today)
            met.append("met")

        store.finish_load(meanwhile)
        assert len(met) > 0
        assert server.upsert(application_of_today).edges_created == [True]
        assert len(server.neighbourhood(id_of(server, application("x1")), hops=1).nodes) == 2


def test_whoever_writes_during_a_first_load_is_filed_with_it(store: GraphStore, file: Path) -> None:
    store.begin_load()
    store.upsert(batch(edge("USES_PHONE", customer("c1"), phone("p1"))))
    with closing(open_store(f"sqlite:///{file}")) as server:
        server.upsert(batch(edge("USES_PHONE", customer("c2"), phone("p1"), 2)))
    store.finish_load()
    assert len(store.neighbourhood(id_of(store, phone("p1")), hops=1).nodes) == 3


def test_a_server_or_a_scoring_finishes_a_load_that_was_broken_off(store: GraphStore) -> None:
    store.begin_load()
    store.upsert(referral_circle())
    with store.writing("score"):
        take_back_unfinished(store)
    assert not store.loading()
    assert len(store.neighbourhood(id_of(store, customer("c2")), hops=1).nodes) == 3


def test_the_next_load_goes_on_where_one_died_while_filing(store: GraphStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filing, "AT_ONCE", 2)

    def die(*_: object) -> None:
        raise Killed

    store.begin_load()
    store.upsert(referral_circle())
    with pytest.raises(Killed):
        store.finish_load(die)
    load(store, [batch(edge("USES_PHONE", customer("c1"), phone("p1"), 6))])
    assert len(store.neighbourhood(id_of(store, customer("c1")), hops=1).nodes) == 5
