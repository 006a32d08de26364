"""Several server processes on one port and one file: they answer, write one chain, add their metrics up, and replace each other."""

import os
import re
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import psutil
import pytest

from graph_model.audit import first_break
from graph_model.principal import Role
from tests.api import queries
from tests.api.processes import Home, Serving, make_home, serving_process
from tests.api.test_cli import guanxi, refused


@pytest.fixture
def own(home: Path, tmp_path: Path) -> Home:
    return make_home(home, tmp_path)


def ask_in_turns(served: Serving, times: int) -> None:
    """Each on a connection of its own, so that both workers get some."""
    query, values = queries.SUBJECT_BY_NUMBER, {"idNumber": served.home.case.id_number}
    with ThreadPoolExecutor(6) as crowd:
        for answer in crowd.map(lambda _: served.ask(query, values), range(times)):
            assert "errors" not in answer


@pytest.mark.long
def test_two_workers_serve_write_and_keep_one_chain(own: Home) -> None:
    with serving_process(own, "--workers", "2") as served:
        ask_in_turns(served, 40)
        ends = {"from": own.case.subject_id, "to": own.case.ids["d_user"], "reason": "case 12"}
        drawn = served.ask(queries.DRAW_LINK, ends)["data"]["drawLink"]["id"]
        for _ in range(4):  # whichever worker is asked
            assert served.ask(queries.LINK, {"id": drawn})["data"]["link"]["reason"] == "case 12"
        counted = re.search(
            r'guanxi_operations_total\{code="ok",field="subject",role="investigator"\} (\d+)', served.metrics()
        )
        assert counted is not None and int(counted[1]) == 40  # of both, whichever is asked
        assert len(served.processes()) == 3
        assert served.stop() == 0
        assert len(served.events("serve.stopped")) == 2
    chain = own.audit()
    assert first_break(chain) is None
    assert len([line for line in chain if line.operation == "query subject"]) == 40
    assert guanxi("audit", "verify", home=own.path).returncode == 0


@pytest.mark.long
def test_a_worker_that_died_is_replaced_and_its_counts_are_kept(own: Home) -> None:
    with serving_process(own, "--workers", "2") as served:
        ask_in_turns(served, 10)
        before = {child.pid for child in served.processes()[1:]}
        victim = min(before)
        os.kill(victim, signal.SIGKILL)
        while len(now := {child.pid for child in served.processes()[1:]} - {victim}) < 2:
            time.sleep(0.05)
        assert len(now & before) == 1
        (died,) = served.events("worker.died")
        assert (died["worker"], died["status"]) == (victim, -signal.SIGKILL)
        ask_in_turns(served, 10)
        assert 'guanxi_operations_total{code="ok",field="subject",role="investigator"} 20.0' in served.metrics()
        assert served.stop() == 0


@pytest.mark.long
def test_workers_end_when_their_supervisor_is_killed(own: Home) -> None:
    with serving_process(own, "--workers", "2") as served:
        workers = served.processes()[1:]
        served.process.kill()
        gone, alive = psutil.wait_procs(workers, timeout=30)
        assert len(gone) == 2 and alive == []


def test_workers_that_cannot_start_are_one_clear_line(own: Home, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    refused(guanxi("serve", "--port", "0", "--workers", "2", home=empty), "store_missing", 3)
    broken = {"GUANXI_OTEL_ENDPOINT": "http://127.0.0.1:9/v1/traces", "PYTHONPATH": str(tmp_path / "without")}
    package = tmp_path / "without" / "opentelemetry"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise ImportError('not installed')\n")
    refused(guanxi("serve", "--port", "0", "--workers", "2", home=own.path, **broken), "serve.workers", 1)


@pytest.mark.slow
def test_more_than_fits_is_refused_with_a_time_to_come_back_and_health_still_answers(own: Home) -> None:
    from tests.api.processes import held_for_writing

    few = {"GUANXI_THREADS": "2", "GUANXI_WAITING": "2"}
    ends = {"from": own.case.subject_id, "to": own.case.ids["d_user"], "reason": "case 12"}
    with serving_process(own, **few) as served, httpx.Client(base_url=served.url, timeout=30) as http:

        def draw(_: int) -> httpx.Response:
            body = {"query": queries.DRAW_LINK, "variables": ends}
            return httpx.post(f"{served.url}/graphql", json=body, headers=own.headers(), timeout=60)

        with ThreadPoolExecutor(12) as crowd:
            with held_for_writing(own):
                answers = crowd.map(draw, range(12))
                while "guanxi_workers_waiting 2.0" not in served.metrics():
                    time.sleep(0.05)
                assert http.get("/healthz").status_code == 200
                assert http.get("/readyz").json()["status"] == "ready"
            done = list(answers)
        refusals = [answer for answer in done if answer.status_code == 503]
        assert len(refusals) >= 6
        for answer in refusals:
            assert answer.headers["retry-after"] == "1"
            assert answer.json()["errors"][0]["extensions"]["code"] == "overloaded"
        drawn = [answer for answer in done if answer.json().get("data")]
        assert len(drawn) >= 2
        text = served.metrics()
        assert f'guanxi_refusals_total{{code="overloaded"}} {len(refusals)}.0' in text
        assert "guanxi_workers_waiting 0.0" in text
        assert served.ask("{ me { name } }", role=Role.OPERATOR)["data"]
