"""A server's first neighbourhoods don't wait for the disk: the file is read beside its start, where it fits, by a process that has no other business."""

import subprocess
import sys
from pathlib import Path

import pytest

from api.reading_ahead import reading_ahead
from api.settings import Settings
from graph_model.stores import open_store
from graph_model.stores.read_ahead import read_ahead


@pytest.fixture
def graph(tmp_path: Path) -> Path:
    path = tmp_path / "graph.db"
    open_store(f"sqlite:///{path}", create=True).close()
    return path


def test_a_file_that_fits_is_read_to_its_end(graph: Path) -> None:
    size = graph.stat().st_size
    assert read_ahead(graph, memory=2 * size) == size


def test_a_file_larger_than_half_of_the_memory_is_left_where_it_is(graph: Path) -> None:
    assert read_ahead(graph, memory=2 * graph.stat().st_size - 2) == 0


def test_a_graph_on_a_server_is_its_servers_matter() -> None:
    with reading_ahead(Settings(store="neo4j://localhost:7687").store_file, wanted=True) as child:
        assert child is None


def test_who_has_the_graph_open_keeps_it_while_another_opens_and_closes_it(graph: Path) -> None:
    """Else the other takes itself for the last one and clears the log away, with all that is written from then on."""
    server = open_store(f"sqlite:///{graph}")
    with reading_ahead(graph, wanted=True) as child:
        assert child is not None
        assert child.wait(60) == 0
    other = f"from graph_model.stores import open_store; open_store('sqlite:///{graph}').close()"
    subprocess.run([sys.executable, "-c", other], check=True)
    assert graph.with_name("graph.db-wal").exists()
    server.put_state("after", "kept")
    seen = f"from graph_model.stores import open_store; print(open_store('sqlite:///{graph}', read_only=True).state('after'))"
    assert subprocess.run([sys.executable, "-c", seen], capture_output=True, text=True, check=True).stdout == "kept\n"
    server.close()


def test_a_server_that_stops_takes_the_reading_along(graph: Path) -> None:
    with reading_ahead(graph, wanted=True) as child:
        assert child is not None
    assert child.poll() is not None


def test_whoever_does_not_want_it_has_no_process_for_it(graph: Path) -> None:
    with reading_ahead(graph, wanted=False) as child:
        assert child is None
