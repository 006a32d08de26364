"""The whole product on a real Neo4j, by the commands that people type: what works on a file works there, and no password is ever shown."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from graph_model.records import GraphBatch
from graph_model.stores import open_store, without_password
from tests.api.test_cli import Finished, guanxi, refused
from tests.stores.neo4j_database import DATABASE
from tests.stores.scenarios import customer, node

Command = Callable[..., Finished]
pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def url() -> str:
    return DATABASE.empty()


@pytest.fixture(scope="module")
def home(url: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose graph, 300 made-up customers, is in Neo4j."""
    folder = tmp_path_factory.mktemp("neo4j-home")
    made = guanxi("generate", "--customers", "300", "--seed", "3", "--out", folder / "files", home=folder)
    assert made.returncode == 0, made.stderr
    done = guanxi("ingest", folder / "files", home=folder, GUANXI_STORE=url)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def command(url: str, home: Path) -> Iterator[Command]:
    """`guanxi` on that graph. Whatever it says, it never says the password."""
    password = urlsplit(url).password
    assert password

    def run(*arguments: str | Path, **environment: str) -> Finished:
        found = guanxi(*arguments, home=home, **{"GUANXI_STORE": url, **environment})
        assert password not in found.stdout + found.stderr
        return found

    yield run


def test_the_graph_is_counted_searched_and_sound(command: Command, url: str) -> None:
    counted = command("status").stdout
    assert re.search(r"Customer\s+300\b", counted)
    assert without_password(url) in counted
    store = open_store(url, read_only=True)
    (someone,) = store.select("Customer", limit=1)
    store.close()
    assert someone.node_id in command("search", someone.key).stdout
    assert "is sound" in command("doctor").stdout
    refused(command("status", GUANXI_STORE=url.replace("@127.0.0.1", "@127.0.0.1:1@", 1)), "invalid_request", 2)


def test_scores_are_made_on_it_and_a_copy_in_a_file_holds_them(command: Command, tmp_path: Path) -> None:
    scored = command("score", "--as-of", "2026-10-31")
    assert scored.returncode == 0, scored.stderr
    file = f"sqlite:///{tmp_path}/copy.db"

    copied = command("copy", "--to", file)
    assert copied.returncode == 0, copied.stderr
    assert re.search(r"nodes Customer\s+300\b", copied.stdout) and "hold the same now" in copied.stdout
    assert "hold the same" in command("copy", "--to", file, "--verify-only").stdout
    refused(command("copy", "--to", file), "invalid_request", 2)

    store = open_store(file)
    assert all(found.grade is not None for found in store.select("Customer", limit=1_000))
    store.upsert(GraphBatch([node(customer("late"))]))
    store.close()
    line = refused(command("copy", "--to", file, "--verify-only"), "copy.differs", 5)
    assert "nodes Customer" in line


def test_a_backup_opens_as_a_file(command: Command, tmp_path: Path) -> None:
    assert command("backup", tmp_path / "monday.db").returncode == 0
    assert re.search(r"Customer\s+300\b", command("status", "--store", f"sqlite:///{tmp_path}/monday.db").stdout)
    refused(command("backup", tmp_path / "monday.db"), "invalid_request", 2)


def test_serve_answers_from_it_and_stops_when_asked(url: str, home: Path) -> None:
    server = subprocess.Popen(
        [sys.executable, "-m", "api.cli", "serve", "--port", "0", "--home", str(home)],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "GUANXI_STORE": url},
    )
    try:
        assert server.stderr is not None
        started = json.loads(server.stderr.readline())
        deadline = time.monotonic() + 60
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{started['port']}/readyz", timeout=5) as answer:
                    assert answer.status == 200
                    break
            except OSError:
                assert time.monotonic() < deadline
                time.sleep(0.1)
        server.send_signal(signal.SIGTERM)
        assert server.wait(30) == 0
        assert str(urlsplit(url).password) not in json.dumps(started) + server.stderr.read()
    finally:
        server.kill()
