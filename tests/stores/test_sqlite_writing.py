"""How the SQLite adapter writes a batch: what a refused one leaves behind, and how many questions a large one asks."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from graph_model.errors import InvalidRequest
from graph_model.records import GraphBatch, NodeRef
from graph_model.stores.sqlite import SqliteStore
from graph_model.stores.sqlite.names import load_names
from graph_model.stores.sqlite.upsert import upsert
from tests.stores import portrait
from tests.stores.scenarios import application, batch, customer, device, device_farm, edge, fact, node


@pytest.fixture
def new_store(tmp_path: Path) -> Callable[[str], SqliteStore]:
    return lambda name: SqliteStore(tmp_path / f"{name}.db", create=True)


def test_a_batch_that_is_refused_at_its_last_fact_leaves_nothing_to_the_next(
    new_store: Callable[[str], SqliteStore],
) -> None:
    """The relationships are sorted into their tables before facts are looked at: they go, also from where they were sorted."""
    disturbed, calm = new_store("disturbed"), new_store("calm")
    refused = batch(
        edge("USES_DEVICE", customer("mule"), device("farm")),
        facts=[fact(application("none"), "status", "approved", 1)],
    )
    with pytest.raises(InvalidRequest):
        disturbed.upsert(refused)
    for store in (disturbed, calm):
        store.upsert(device_farm(3))
    assert portrait.of_everything(disturbed) == portrait.of_everything(calm)
    assert disturbed.statistics().edges == calm.statistics().edges
    disturbed.check(thorough=True)
    disturbed.close()
    calm.close()


def test_what_a_customer_brings_along_lies_beside_the_customer(tmp_path: Path) -> None:
    """Walks and later writes touch few pages. An employer that two of them share lies beside the first, and neither that nor a referral draws anybody
    away from what is theirs."""
    store = SqliteStore(tmp_path / "graph.db", create=True)
    people = [customer("chen"), customer("an"), customer("bai")]
    store.upsert(
        batch(
            *(edge("USES_DEVICE", who, device(f"of {who.key}")) for who in reversed(people)),
            *(edge("WORKS_AT", who, NodeRef("Employer", "mill")) for who in people[:2]),
            edge("REFERRED", people[0], people[2]),
            nodes=[node(who) for who in people],
        )
    )
    store.close()
    connection = sqlite3.connect(tmp_path / "graph.db")
    keys = [key for (key,) in connection.execute("SELECT key FROM node ORDER BY nid")]
    connection.close()
    assert keys == ["chen", "of chen", "mill", "an", "of an", "bai", "of bai"]


def _day(people: int, status: str) -> GraphBatch:
    """A day on which everyone applies again from the handset they have, and refers the next; each application has its status."""
    applied = [application(f"a{n:05}") for n in range(people)]
    return batch(
        *(edge("APPLIED", customer(f"c{n:05}"), applied[n], n) for n in range(people)),
        *(edge("USES_DEVICE", customer(f"c{n:05}"), device(f"d{n:05}"), n) for n in range(people)),
        *(edge("REFERRED", customer(f"c{n:05}"), customer(f"c{n + 1:05}"), n) for n in range(people - 1)),
        nodes=[node(ref) for ref in applied],
        facts=[fact(ref, "status", status, n) for n, ref in enumerate(applied)],
    )


def _statements(path: Path, told: GraphBatch) -> int:
    """How many statements SQLite is given to merge the batch, those of one `executemany` counted as they are: one a row."""
    connection = sqlite3.connect(path, isolation_level=None)
    given: list[str] = []
    names = load_names(connection)
    connection.execute("BEGIN IMMEDIATE")
    connection.set_trace_callback(given.append)
    upsert(connection, names, told)
    connection.set_trace_callback(None)
    connection.execute("ROLLBACK")
    connection.close()
    return sum(text.lstrip().startswith("SELECT") for text in given)


def test_what_is_stored_is_asked_for_in_as_many_questions_for_a_busy_day_as_for_a_quiet_one(
    new_store: Callable[[str], SqliteStore], tmp_path: Path
) -> None:
    store = new_store("graph")
    store.upsert(_day(60, "submitted"))
    store.close()
    quiet = _statements(tmp_path / "graph.db", _day(6, "approved"))
    busy = _statements(tmp_path / "graph.db", _day(60, "approved"))
    assert quiet == busy
