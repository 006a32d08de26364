"""What can go wrong between us and a Neo4j: it is down, it refuses us, it dies under a load, its answer is lost, its leader moves."""

import threading
import time
from contextlib import closing
from urllib.parse import urlsplit

import pytest
from neo4j.exceptions import DatabaseUnavailable, NotALeader, SessionExpired, TransientError

from graph_model.audit import first_break
from graph_model.errors import InvalidRequest, StoreCorrupt, StoreTimeout, StoreUnavailable
from graph_model.records import AuditRecord, GraphBatch
from graph_model.store import GraphStore, utc_now
from graph_model.stores import open_store
from graph_model.stores.neo4j.address import parse
from graph_model.stores.neo4j.connections import Connections, Transaction
from tests.neo4j_server import bolt
from tests.neo4j_server.resolve import OwnServer, absent
from tests.stores.child import CUSTOMERS, numbered
from tests.stores.lossy_proxy import LossyProxy
from tests.stores.neo4j_database import DATABASE
from tests.stores.scenarios import customer, day, node

SECRET = "correct-horse@battery"
LOAD = 20  # batches


@pytest.fixture
def url() -> str:
    return DATABASE.empty()


def audit(store: GraphStore, number: int) -> None:
    store.append_audit([AuditRecord(day(number), "li", "operator", "load", subjects=[], result="ok", detail={})])


@pytest.mark.parametrize("scheme", ["neo4j", "neo4j+s", "neo4j+ssc", "bolt", "bolt+s", "bolt+ssc"])
def test_a_url_tells_where_and_who_and_is_shown_without_the_password(scheme: str) -> None:
    address = parse(f"{scheme}://guanxi:correct-horse%40battery@graph.example/loans")
    assert (address.uri, address.database) == (f"{scheme}://graph.example:7687", "loans")
    assert (address.user, address.password) == ("guanxi", SECRET)
    assert address.shown == f"{scheme}://graph.example:7687/loans"
    assert SECRET not in repr(address)


@pytest.mark.parametrize("rest", ["", "u:correct-horse@battery@host:port", "u:p@host/a/b", "u:p@host/db?tls=no"])
def test_a_url_that_makes_no_sense_is_refused_and_not_repeated(rest: str) -> None:
    with pytest.raises(InvalidRequest, match="neo4j://user:password@host") as refused:
        open_store(f"neo4j://{rest}")
    assert "horse" not in str(refused.value)


def test_a_store_of_an_older_version_gets_its_indexes_when_it_is_opened_for_writing(url: str) -> None:
    with (
        closing(Connections(parse(url), create=True, read_only=False, clock=utc_now)) as connections,
        connections.session(5.0) as session,
    ):
        session.run("DROP CONSTRAINT guanxi_TagHistory_nid").consume()
    with closing(open_store(url, read_only=True)) as store, pytest.raises(StoreCorrupt):
        store.check()
    with closing(open_store(url)) as store:
        store.check()


def test_a_server_that_is_not_there_is_said_to_be_down() -> None:
    with pytest.raises(StoreUnavailable, match="does not answer") as down:
        open_store(f"bolt://neo4j:{SECRET.replace('@', '%40')}@127.0.0.1:{bolt.free_port()}", create=True)
    assert "horse" not in str(down.value)


def test_a_wrong_password_is_said_to_be_wrong_and_not_repeated(url: str) -> None:
    parts = urlsplit(url)
    with pytest.raises(StoreUnavailable, match="refuses the user or the password") as refused:
        open_store(f"{parts.scheme}://neo4j:horse@{parts.hostname}:{parts.port}", create=True)
    assert "horse" not in str(refused.value)


def test_routing_finds_the_one_server_there_is(url: str) -> None:
    routed = open_store(url.replace("bolt://", "neo4j://", 1), create=True)
    routed.upsert(GraphBatch([node(customer("c1"))]))
    assert routed.get(customer("c1")) is not None
    routed.close()


@pytest.mark.parametrize("trouble", [NotALeader, SessionExpired, DatabaseUnavailable, TransientError])
def test_a_leader_that_moved_is_found_again_and_the_write_is_done_once(url: str, trouble: type[Exception]) -> None:
    """No cluster was at hand: what a driver says in the middle of a leader switch is said here by the write itself."""
    connections = Connections(parse(url), create=True, read_only=False, clock=lambda: day(0))
    tries = []

    def write(transaction: Transaction) -> int:
        tries.append(1)
        transaction.rows("CREATE (:State {name: 'written'})")
        if len(tries) == 1:
            raise trouble("the leader moved")
        return 7

    assert connections.write(write) == 7
    assert len(tries) == 2
    assert connections.read(lambda t: t.rows("MATCH (s:State {name: 'written'}) RETURN count(s)")) == [[1]]
    connections.close()


def test_a_read_that_takes_too_long_is_ended(url: str) -> None:
    connections = Connections(parse(url), create=True, read_only=False, clock=lambda: day(0))
    endless = "UNWIND range(1, 2000000000) AS i WITH i WHERE i % 7 = 8 RETURN count(i)"
    with pytest.raises(StoreTimeout):
        connections.read(lambda t: t.rows(endless), seconds=0.5)
    connections.close()


def test_a_commit_whose_answer_was_lost_is_not_done_twice(url: str) -> None:
    parts = urlsplit(url)
    assert parts.port is not None
    proxy = LossyProxy(parts.port)
    store = open_store(f"bolt://{parts.username}:{parts.password}@127.0.0.1:{proxy.port}", create=True)

    proxy.lose_next_commit()
    result = store.upsert(numbered(0))
    proxy.lose_next_commit()
    audit(store, 1)

    assert proxy.lost == 2
    assert all(result.nodes_created) and all(result.edges_created)
    assert store.statistics().nodes["Customer"] == CUSTOMERS
    assert [entry.sequence for entry in store.audit()] == [1]
    store.close()
    proxy.close()


@pytest.mark.long
def test_a_server_killed_in_the_middle_of_a_load_loses_and_doubles_nothing(url: str) -> None:
    server = DATABASE.server()
    if not isinstance(server, OwnServer):
        absent("NEO4J_URI names a server that is not ours to kill")
    store = open_store(url, create=True)
    written: list[int] = []
    failed: list[BaseException] = []

    def load() -> None:
        try:
            for number in range(LOAD):
                store.upsert(numbered(number), state={"written": str(number + 1)})
                audit(store, number)
                written.append(number)
        except BaseException as exc:
            failed.append(exc)

    loader = threading.Thread(target=load)
    loader.start()
    while len(written) < 5 and loader.is_alive():
        time.sleep(0.01)
    server.kill()
    assert len(written) < LOAD, "the load was over before the server was killed"
    server.restart()
    loader.join(180)

    assert failed == []
    assert len(written) == LOAD
    statistics = store.statistics()
    assert statistics.nodes["Customer"] == len(store.scan_nodes("Customer").keys) == LOAD * CUSTOMERS
    assert statistics.edges["USES_DEVICE"] == LOAD * CUSTOMERS
    assert store.state("written") == str(LOAD)
    lines = store.audit()
    assert len(lines) == LOAD
    assert first_break(lines) is None
    store.check(thorough=True)
    store.close()
