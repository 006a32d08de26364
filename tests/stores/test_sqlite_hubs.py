"""What is kept of hubs must be what counting would find: the oracle again, on a file for which three relationships make a hub."""

import sqlite3
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from graph_model.stores import open_store
from graph_model.stores.sqlite import SqliteStore
from tests.stores.adapters import Adapter
from tests.stores.scenarios import address, batch, customer, device, device_farm, edge, id_of
from tests.stores.test_model import StoreMachine


def _where_three_make_a_hub(folder: Path) -> str:
    path = folder / "graph.db"
    if not path.exists():
        SqliteStore(path, create=True).close()
        connection = sqlite3.connect(path, isolation_level=None)
        connection.execute("UPDATE meta SET value = '3' WHERE name = 'hub_degree'")
        connection.close()
    return f"sqlite:///{path}"


@pytest.mark.slow
def test_hubs_are_walked_counted_and_linked_as_the_oracle_does() -> None:
    tiny = Adapter("sqlite with tiny hubs", _where_three_make_a_hub)
    run_state_machine_as_test(
        lambda: StoreMachine(tiny),
        settings=settings(
            max_examples=40, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


def test_the_counts_of_a_hub_are_those_of_its_relationships_however_it_grew(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/graph.db", create=True)
    store.upsert(device_farm(200))
    store.upsert(device_farm(300))  # a third of them new: it becomes a hub here
    for number in range(300, 310):
        store.upsert(batch(edge("USES_DEVICE", customer(f"c{number:05}"), device("farm"), number)))
    crowd = [
        edge("HAS_ADDRESS", customer(f"c{n:05}"), address("box"), n, qualifier=kind)
        for n in range(400)
        for kind in ("home", "work")
    ]
    store.upsert(batch(*crowd))
    ids = [id_of(store, device("farm")), id_of(store, address("box"))]
    assert [[d.count for d in found] for found in store.degrees(ids).values()] == [[310], [800]]
    around = store.neighbourhood(ids[1], hops=1)
    assert around.omissions[0].total == 400  # neighbours, not relationships
    store.close()

    connection = sqlite3.connect(tmp_path / "graph.db")
    kept = connection.execute("SELECT nid, type, edges, neighbours FROM hub ORDER BY nid, type").fetchall()
    counted = connection.execute(
        "SELECT nid, type, count(*), count(DISTINCT other) FROM adjacency GROUP BY nid, type HAVING count(*) > 256 ORDER BY 1, 2"
    ).fetchall()
    connection.close()
    assert kept == counted
