"""Deadlines: a read that would take too long is stopped and says so; a write is never cut in the middle."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from graph_model.deadline import keep, seconds_left, within
from graph_model.errors import StoreTimeout
from graph_model.records import AuditRecord
from graph_model.store import GraphStore
from graph_model.stores.sqlite.connections import Connections
from tests.stores.scenarios import customer, day, device, device_farm, id_of, known, referral_circle

READS: dict[str, Callable[[GraphStore, str, str], object]] = {
    "get": lambda store, c1, c2: store.get(customer("c1")),
    "get_by_id": lambda store, c1, c2: store.get_by_id([c1]),
    "facts": lambda store, c1, c2: store.facts(c1),
    "facts_of": lambda store, c1, c2: store.facts_of([c1, c2]),
    "link_edits": lambda store, c1, c2: store.link_edits(["link-1"]),
    "neighbourhood": lambda store, c1, c2: store.neighbourhood(c1, hops=6),
    "induced": lambda store, c1, c2: store.induced([c1, c2]),
    "component": lambda store, c1, c2: store.component(c1),
    "degrees": lambda store, c1, c2: store.degrees([c1]),
    "paths": lambda store, c1, c2: store.paths(c1, c2, k=100, max_hops=6),
    "search": lambda store, c1, c2: store.search("张伟"),
    "select": lambda store, c1, c2: store.select("Customer"),
    "scan_nodes": lambda store, c1, c2: store.scan_nodes("Customer"),
    "scan_edges": lambda store, c1, c2: store.scan_edges("REFERRED", "Customer", "Customer"),
    "rings": lambda store, c1, c2: store.rings(),
    "statistics": lambda store, c1, c2: store.statistics(),
}


@pytest.mark.parametrize("read", READS.values(), ids=READS.keys())
def test_a_read_past_its_deadline_is_stopped_and_the_next_one_goes_on(
    store: GraphStore, read: Callable[[GraphStore, str, str], object]
) -> None:
    store.upsert(referral_circle())
    c1, c2 = id_of(store, customer("c1")), id_of(store, customer("c2"))
    with within(0), pytest.raises(StoreTimeout) as stopped:
        read(store, c1, c2)
    assert stopped.value.code == "store_timeout"
    with within(60):
        read(store, c1, c2)
    read(store, c1, c2)


def test_a_write_past_its_deadline_is_done_all_the_same(store: GraphStore) -> None:
    """The loan was decided; that nobody waits for the answer any more is no reason to forget it."""
    with within(0):
        store.upsert(device_farm(50))
        store.put_state("decided", "yes")
        store.append_audit([AuditRecord(day(1), "engine", "risk_engine", "assess", [], "ok", {})])
    assert store.state("decided") == "yes"
    assert known(store, device("farm")).key == "farm"
    assert len(store.audit()) == 1


def test_the_nearer_deadline_stands() -> None:
    assert seconds_left() is None
    keep()
    with within(0), within(60), pytest.raises(StoreTimeout):
        keep()
    with within(60):
        with within(0):
            pass
        keep()
    assert seconds_left() is None


def test_one_long_statement_is_stopped_in_the_middle(tmp_path: Path) -> None:
    """SQLite's own: a statement that would never end, and the connection that ran it is not used again."""
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    connections = Connections(tmp_path / "graph.db", create=True)
    used: list[sqlite3.Connection] = []
    with within(0.05), pytest.raises(StoreTimeout), connections.reading() as connection:
        used.append(connection)
        connection.execute(endless).fetchone()
    with connections.reading() as connection:
        assert connection not in used
        assert connection.execute("SELECT count(*) FROM node").fetchone() == (0,)
    connections.close()
