"""The test server itself: what a crash test claims about our store is only as true as this."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import neo4j
import pytest
from neo4j.exceptions import ServiceUnavailable

from tests.neo4j_server import bolt, docker, jars
from tests.neo4j_server.resolve import OwnServer, Source, absent, resolve
from tests.neo4j_server.server import Neo4jServer, running


@pytest.fixture(scope="module")
def own_server() -> Iterator[Neo4jServer]:
    reason = jars.unavailable_reason()
    if reason is not None:
        absent(reason)
    try:
        jars.fetch()
    except jars.ServerUnavailable as exc:
        absent(str(exc))
    with running() as started:
        yield started


def connect(server: Neo4jServer, password: str | None = None) -> neo4j.Driver:
    return neo4j.GraphDatabase.driver(
        server.uri, auth=(server.user, password or server.password), max_transaction_retry_time=0
    )


def phones_of(server: Neo4jServer, id_number: str) -> list[str]:
    with connect(server) as driver:
        records, _, _ = driver.execute_query(
            "MATCH (:Customer {id_number: $id})-[:HAS_PHONE]->(p:Phone) RETURN p.number AS number", id=id_number
        )
    return [record["number"] for record in records]


@pytest.mark.long
def test_what_was_committed_before_a_crash_is_there_after_it(own_server: Neo4jServer) -> None:
    with connect(own_server) as driver:
        driver.execute_query("CREATE CONSTRAINT FOR (c:Customer) REQUIRE c.id_number IS UNIQUE")
        driver.execute_query("CREATE (:Customer {id_number: 'c1'})-[:HAS_PHONE]->(:Phone {number: 'p1'})")
        crashed = own_server.pid
        own_server.kill()
        with pytest.raises(ServiceUnavailable):
            driver.execute_query("RETURN 1")

    own_server.restart()

    assert own_server.pid not in (None, crashed)
    assert phones_of(own_server, "c1") == ["p1"]


@pytest.mark.long
def test_what_was_not_committed_before_a_crash_is_gone_after_it(own_server: Neo4jServer) -> None:
    with connect(own_server) as driver, driver.session() as session:
        transaction = session.begin_transaction()
        transaction.run("CREATE (:Customer {id_number: 'c2'})-[:HAS_PHONE]->(:Phone {number: 'p2'})").consume()
        own_server.kill()
        with pytest.raises(ServiceUnavailable):
            transaction.commit()

    own_server.restart()

    assert phones_of(own_server, "c2") == []


@pytest.mark.long
def test_nobody_gets_in_without_the_password(own_server: Neo4jServer) -> None:
    with connect(own_server, password="neo4j") as driver, pytest.raises(neo4j.exceptions.AuthError):
        driver.verify_connectivity()


@pytest.mark.long
def test_a_start_that_fails_shows_the_servers_own_words(own_server: Neo4jServer) -> None:
    same_home = Neo4jServer(own_server.home, bolt.free_port(), own_server.password, own_server.lib)
    with pytest.raises(bolt.StartFailed, match="Lock file has been locked by another process"):
        same_home.start()
    assert same_home.pid is None
    assert phones_of(own_server, "nobody") == []


@pytest.mark.long
def test_a_second_server_on_the_same_port_is_refused(own_server: Neo4jServer, tmp_path: Path) -> None:
    with pytest.raises(bolt.StartFailed, match=f"Port {own_server.port} is taken"):
        Neo4jServer(tmp_path, own_server.port, "long-enough", own_server.lib).start()


def test_the_server_that_is_named_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEO4J_URI", "neo4j://graph.example:7687")
    monkeypatch.setenv("NEO4J_PASSWORD", "secret")

    source = resolve()

    assert isinstance(source, Source)
    with source.open() as server:
        assert (server.uri, server.user, server.password) == ("neo4j://graph.example:7687", "neo4j", "secret")
        assert not isinstance(server, OwnServer), "somebody else's server is not ours to crash"


def test_docker_goes_before_maven_where_an_engine_answers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("NEO4J_URI", raising=False)
    put_docker(tmp_path, monkeypatch, "exit 0")
    source = resolve()
    assert isinstance(source, Source)
    assert source.name == "Docker"

    put_docker(tmp_path, monkeypatch, "exit 1")
    source = resolve()
    assert not isinstance(source, Source) or source.name == "Maven and Java"


def test_a_machine_with_nothing_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    for name in ("NEO4J_URI", "JAVA_HOME"):
        monkeypatch.delenv(name, raising=False)
    assert resolve() == "No java found. Install a Java 17 or 21 runtime, or set JAVA_HOME to one."


@pytest.mark.parametrize(("ci", "outcome"), [("true", pytest.fail.Exception), ("", pytest.skip.Exception)])
def test_no_server_is_a_failure_in_ci_and_a_skip_elsewhere(
    monkeypatch: pytest.MonkeyPatch, ci: str, outcome: type[BaseException]
) -> None:
    monkeypatch.setenv("CI", ci)
    with pytest.raises(outcome, match="No java found"):
        absent("No java found.")


def test_a_failed_download_leaves_no_cache_behind(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    put_command(tmp_path / "bin" / "mvn", 'echo "Could not transfer artifact"; exit 1')
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    monkeypatch.setenv("GUANXI_NEO4J_CACHE", str(tmp_path / "cache"))

    with pytest.raises(jars.ServerUnavailable, match="Could not transfer artifact"):
        jars.fetch()

    assert list((tmp_path / "cache").iterdir()) == []


def test_a_half_filled_download_is_not_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    lib = 'for word in "$@"; do case $word in -DoutputDirectory=*) lib=${word#*=};; esac; done'
    put_command(tmp_path / "bin" / "mvn", f'{lib}; mkdir -p "$lib"; touch "$lib/netty-buffer.jar"')
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    monkeypatch.setenv("GUANXI_NEO4J_CACHE", str(tmp_path / "cache"))

    with pytest.raises(jars.ServerUnavailable, match="no runnable Neo4j"):
        jars.fetch()

    assert not jars.cache_folder().exists()


def test_a_container_that_dies_shows_its_log_and_is_removed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    words = tmp_path / "words"
    put_docker(
        tmp_path,
        monkeypatch,
        f'echo "$NEO4J_AUTH $@" >> {words}\n'
        "case $1 in run) echo abc123;; inspect) echo false;; logs) echo 'Invalid memory configuration';; esac",
    )

    with pytest.raises(bolt.StartFailed, match="Invalid memory configuration"), docker.running():
        pass

    calls = words.read_text().splitlines()
    auth, command = calls[0].split(" ", 1)
    assert auth.startswith("neo4j/")
    assert command.startswith("run --detach --publish 127.0.0.1:")
    assert auth.removeprefix("neo4j/") not in command, "the password must not be in the process list"
    assert calls[-1].endswith("rm --force --volumes abc123")


def put_docker(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    put_command(folder / "bin" / "docker", script)
    monkeypatch.setenv("PATH", f"{folder / 'bin'}:{os.environ['PATH']}")


def put_command(path: Path, script: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
