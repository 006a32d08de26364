"""Ready: a store that answers, one that is slow, one that fails and one that hangs are told apart; operations that hang are given up."""

import dataclasses
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from api.bootstrap import Runtime
from api.metrics import Metrics
from api.settings import Settings
from api.workers import Workers
from graph_model.principal import Role
from graph_model.store import GraphStore
from tests.api import queries
from tests.api.conftest import Client, Served, ServerThread
from tests.api.test_http import _KeepOpen, served_copy


class Hanging(_KeepOpen):
    """A store that answers, or hangs until it is let go."""

    def __init__(self, store: GraphStore) -> None:
        super().__init__(store)
        self.go = threading.Event()
        self.go.set()
        self.delay = 0.0
        self.asked = 0

    def check(self, **_: Any) -> None:
        self.asked += 1
        time.sleep(self.delay)
        self.go.wait(60)

    def get(self, *arguments: Any, **options: Any) -> Any:
        self.go.wait(60)
        return self._store.get(*arguments, **options)


@pytest.fixture
def store(served: Served) -> Iterator[Hanging]:
    hanging = Hanging(served.runtime.store)
    yield hanging
    hanging.go.set()


def runtime_of(served: Served, store: Hanging, threads: int = 2, waiting: int = 4) -> Runtime:
    metrics = Metrics()
    workers = Workers(threads, waiting, on_change=metrics.workers)
    copy: Runtime = served_copy(served, store=store, metrics=metrics, workers=workers)
    return copy


def test_a_slow_store_is_ready_and_said_to_be_slow(served: Served, store: Hanging) -> None:
    store.delay = 1.1
    with ServerThread(served.runtime.settings, runtime_of(served, store)) as url:
        body = httpx.get(f"{url}/readyz", timeout=30).json()
        assert (body["status"], body["slow"]) == ("ready", True) and body["ms"] > 1_000
        store.delay = 0
        assert httpx.get(f"{url}/readyz", timeout=30).json()["slow"] is False


def test_a_store_that_hangs_is_told_as_stuck_and_keeps_one_thread(served: Served, store: Hanging) -> None:
    settings = Settings(home=served.runtime.settings.home, ready_seconds=0.3)
    runtime = served_copy(served, store=store, settings=settings)
    with ServerThread(settings, runtime) as url:
        store.go.clear()
        for _ in range(5):
            answer = httpx.get(f"{url}/readyz", timeout=30)
            assert (answer.status_code, answer.json()["error"]["code"]) == (503, "store_stuck")
            assert httpx.get(f"{url}/healthz").json() == {"status": "alive"}
        assert store.asked == 1
        assert len([thread for thread in threading.enumerate() if thread.name == "store probe"]) == 1
        store.go.set()
        while httpx.get(f"{url}/readyz", timeout=30).status_code != 200:
            time.sleep(0.05)


def test_a_store_is_looked_at_while_every_thread_of_operations_is_taken(served: Served, store: Hanging) -> None:
    settings = Settings(home=served.runtime.settings.home, operation_seconds=30)
    with ServerThread(settings, runtime_of(served, store, threads=1, waiting=0)) as url:
        store.go.clear()
        client = Client(httpx.Client(base_url=url, timeout=60), served.tokens[Role.INVESTIGATOR])
        asked = threading.Thread(
            target=lambda: client.post(queries.SUBJECT_BY_NUMBER, {"idNumber": served.case.id_number})
        )
        asked.start()
        while client.post("{ me { name } }").status_code != 503:  # until the one thread is taken
            time.sleep(0.02)
        store.go.set()
        assert httpx.get(f"{url}/readyz", timeout=30).json()["status"] == "ready"
        asked.join()


def test_an_operation_that_hangs_is_given_up_and_keeps_its_thread(served: Served, store: Hanging) -> None:
    settings = Settings(home=served.runtime.settings.home, operation_seconds=0.3)
    runtime = dataclasses.replace(runtime_of(served, store), settings=settings)
    with ServerThread(settings, runtime) as url:
        client = Client(httpx.Client(base_url=url, timeout=60), served.tokens[Role.INVESTIGATOR])
        values = {"idNumber": served.case.id_number}
        store.go.clear()
        for _ in range(2):
            answer = client.post(queries.SUBJECT_BY_NUMBER, values)
            assert answer.status_code == 504
            assert answer.json()["errors"][0]["extensions"]["code"] == "graphql.timeout"
        assert runtime.workers.stuck == 2
        # Both threads hang: what comes now waits for one until its own time is over, and is taken out of the line.
        assert client.post("{ me { name } }").json()["errors"][0]["extensions"]["code"] == "graphql.timeout"
        assert b"guanxi_workers_stuck 2.0" in runtime.metrics.text()
        store.go.set()
        while runtime.workers.stuck > 0:
            time.sleep(0.02)
        assert client.data(queries.SUBJECT_BY_NUMBER, **values)["subject"]["node"]
    last = [line.result for line in served.runtime.store.audit(after=served.last_line() - 4)]
    assert last == ["graphql.timeout", "graphql.timeout", "graphql.timeout", "ok"]
