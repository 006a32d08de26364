"""Stopping and dying: what was accepted is answered and kept, and what was answered is in the audit chain."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from graph_model.audit import first_break
from graph_model.principal import Role
from tests.api import queries
from tests.api.processes import Home, held_for_writing, make_home, serving_process
from tests.api.test_cli import guanxi


@pytest.fixture
def own(home: Path, tmp_path: Path) -> Home:
    return make_home(home, tmp_path)


@pytest.mark.long
def test_a_slow_write_that_was_accepted_before_a_stop_is_answered_and_kept(own: Home) -> None:
    ends = {"from": own.case.subject_id, "to": own.case.ids["d_user"], "reason": "seen together, case 12"}
    answers: list[Any] = []
    with serving_process(own) as served:
        with held_for_writing(own):
            asking = threading.Thread(target=lambda: answers.append(served.ask(queries.DRAW_LINK, ends)))
            asking.start()
            while "guanxi_workers_running 1.0" not in served.metrics():
                time.sleep(0.05)
            served.process.terminate()
            time.sleep(0.5)
            assert served.process.poll() is None  # it waits for the write
            with pytest.raises(httpx.TransportError):
                httpx.get(f"{served.url}/healthz", timeout=5)  # and takes nothing new
        asking.join(30)
        assert served.process.wait(30) == 0
    link = answers[0]["data"]["drawLink"]
    with serving_process(own) as served:
        assert served.ask(queries.LINK, {"id": link["id"]})["data"]["link"]["reason"] == ends["reason"]
    assert [line.result for line in own.audit() if line.operation == "mutation drawLink"] == ["begun", "ok"]
    assert guanxi("audit", "verify", home=own.path).returncode == 0


@pytest.mark.long
@pytest.mark.parametrize("workers", [1, 2])
def test_kill_9_under_load_leaves_a_whole_chain_with_every_answer_in_it(own: Home, workers: int) -> None:
    answered: list[str] = []
    with serving_process(own, "--workers", str(workers)) as served:
        stop = threading.Event()

        def ask() -> None:
            with httpx.Client(base_url=served.url, headers=own.headers(), timeout=30) as http:
                while not stop.is_set():
                    try:
                        answer = http.post("/graphql", json={"query": "{ me { name } }"})
                    except httpx.TransportError:
                        return
                    assert answer.json()["data"] == {"me": {"name": "investigator"}}
                    answered.append(answer.headers["x-request-id"])

        with ThreadPoolExecutor(8) as crowd:
            asking = [crowd.submit(ask) for _ in range(8)]
            while len(answered) < 200 and not any(one.done() for one in asking):
                time.sleep(0.01)
            for victim in served.processes():
                victim.kill()
            stop.set()
            for done in asking:
                done.result()
        served.process.wait(40)
    chain = own.audit()
    assert first_break(chain) is None
    assert set(answered) <= {line.detail["request_id"] for line in chain}
    verified = guanxi("audit", "verify", home=own.path)
    assert verified.returncode == 0, verified.stderr
    with serving_process(own) as served:  # and the next server goes on with it
        served.ask("{ me { name } }", role=Role.OPERATOR)
    assert guanxi("audit", "verify", home=own.path).returncode == 0
    assert len(own.audit()) == len(chain) + 1
