"""A server's first neighbourhoods don't wait for the disk: the file is read beside its start, where it fits, and no longer than the server runs."""

import threading
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from api.reading_ahead import reading_ahead
from graph_model.stores import open_store
from graph_model.stores.read_ahead import read_ahead


@pytest.fixture
def graph(tmp_path: Path) -> Path:
    path = tmp_path / "graph.db"
    open_store(f"sqlite:///{path}", create=True).close()
    return path


def test_a_file_that_fits_is_read_to_its_end(graph: Path) -> None:
    size = graph.stat().st_size
    assert read_ahead(f"sqlite:///{graph}", threading.Event(), memory=2 * size) == size


def test_a_file_larger_than_half_of_the_memory_is_left_where_it_is(graph: Path) -> None:
    assert read_ahead(f"sqlite:///{graph}", threading.Event(), memory=2 * graph.stat().st_size - 2) == 0


def test_a_graph_on_a_server_is_its_servers_matter() -> None:
    assert read_ahead("neo4j://localhost:7687", threading.Event()) == 0


def test_a_server_that_stops_reads_no_further(graph: Path) -> None:
    stop = threading.Event()
    stop.set()
    assert read_ahead(f"sqlite:///{graph}", stop) == 0


def test_the_log_says_how_much_was_read_beside_the_server(graph: Path) -> None:
    with graph.open("ab") as file:
        file.truncate(3 * 1024**2)
    with capture_logs() as logged, reading_ahead(f"sqlite:///{graph}", wanted=True) as reading:
        assert reading is not None
        reading.join(30)
    assert [(line["event"], line["mb"]) for line in logged] == [("serve.read_ahead", 3)]


def test_a_file_that_cannot_be_read_ahead_stops_no_server(tmp_path: Path) -> None:
    with capture_logs() as logged, reading_ahead(f"sqlite:///{tmp_path}/none.db", wanted=True) as reading:
        assert reading is not None
        reading.join(30)
    assert [(line["event"], line["error"]) for line in logged] == [("serve.read_ahead", "FileNotFoundError")]


def test_whoever_does_not_want_it_has_no_thread_for_it(graph: Path) -> None:
    with reading_ahead(f"sqlite:///{graph}", wanted=False) as reading:
        assert reading is None
