"""`guanxi demo`: from an empty folder to both servers answering, and three people worth searching."""

import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from api.cli.tag_file import read_drafts
from api.demo.marketing import AUDIENCE, EXAMPLES, SEGMENTS
from api.demo.processes import ChildFailed, start, stop, wait_until_ready
from graph_model.principal import Principal, Role
from graph_model.records import Grade, NodeRef
from graph_model.services import audiences
from graph_model.services.segments import reading as segment_reading
from graph_model.services.tags import reading as tag_reading
from graph_model.services.tags.definition import ConsentClass
from graph_model.services.tags.runs import RunStatus
from graph_model.store import GraphStore, utc_now
from graph_model.stores import open_store
from tests.api.test_cli import Finished, guanxi, refused

CUSTOMERS = 2_000


def graph_of(home: Path) -> GraphStore:
    (path,) = home.glob("demo-*.db")
    return open_store(f"sqlite:///{path}", read_only=True)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Finished]:
    home = tmp_path_factory.mktemp("demo")
    found = guanxi("demo", "--customers", str(CUSTOMERS), "--home", home, "--no-serve", home=home)
    assert found.returncode == 0, found.stderr
    return home, found


def worth_searching(text: str) -> dict[str, str]:
    """What the demo printed: the case's name → ID number."""
    rows = re.findall(r"^\s+(\d{17}[\dX])\s{2,}(clean customer|ring member|customer on a hub)\b", text, re.MULTILINE)
    return {name: number for number, name in rows}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.slow
def test_the_three_people_are_what_the_demo_says(prepared: tuple[Path, Finished]) -> None:
    home, found = prepared
    people = worth_searching(found.stdout)
    assert list(people) == ["clean customer", "ring member", "customer on a hub"]
    store = graph_of(home)
    try:
        clean, member, hub = (store.get(NodeRef("Customer", number)) for number in people.values())
        assert clean is not None and member is not None and hub is not None
        assert clean.grade is Grade.A and clean.ring_id is None
        around = store.neighbourhood(clean.node_id, hops=2, cap=25, limit=150)
        assert {node.grade for node in around.nodes} <= {Grade.A, None}
        assert member.ring_id is not None and member.grade in (Grade.C, Grade.D)
        shared = [n.node_id for n in store.neighbourhood(hub.node_id, hops=1).nodes[1:]]
        busiest = max(sum(d.count for d in parts) for parts in store.degrees(shared).values())
        assert busiest > 50
    finally:
        store.close()


@pytest.mark.slow
def test_a_marketer_finds_tags_segments_and_a_seed_audience(prepared: tuple[Path, Finished]) -> None:
    home, _ = prepared
    (path,) = home.glob("demo-*.db")
    where = ("--store", f"sqlite:///{path}", "--home", home)
    drafts = read_drafts(EXAMPLES)
    marketer = Principal("marketer", Role.MARKETER)
    store = graph_of(home)
    try:
        told = {view.tag.code: view for view in tag_reading.market(store, marketer, now=utc_now())}
        assert set(told) == {draft.code for draft in drafts if draft.consent is not ConsentClass.RISK}
        assert all(view.figures is not None and view.figures.status is RunStatus.DONE for view in told.values())
        assert told["age_band"].figures is not None and (told["age_band"].figures.coverage or 0) > 0.9 * CUSTOMERS
        shown = {view.segment.code: view.newest for view in segment_reading.listed(store, marketer, now=utc_now())}
        assert set(shown) == {draft.code for draft in SEGMENTS}
        counted = {code: view.edition.members for code, view in shown.items() if view is not None}
        assert set(counted) == {"young_referrers", "active_by_email"} and min(counted.values()) >= 10
        (audience,) = audiences.listed(store, marketer, first=10)
        drawn = audiences.version(store, marketer, audience)
        assert audience.name == AUDIENCE and drawn.members >= 20 and drawn.grown > 0
    finally:
        store.close()
    # What it made can be worked with by the commands that it prints.
    assert "age_band" in guanxi("tags", "list", *where, home=home).stdout


@pytest.mark.slow
def test_a_second_run_makes_nothing_anew(prepared: tuple[Path, Finished]) -> None:
    home, first = prepared
    store = graph_of(home)
    before = store.statistics()
    store.close()
    again = guanxi("demo", "--customers", str(CUSTOMERS), "--home", home, "--no-serve", home=home)
    assert again.returncode == 0
    assert again.stdout == first.stdout  # the same people, the same passwords
    assert not [word for word in ("Making", "Loading", "scoring", "Computing") if word in again.stderr]
    store = graph_of(home)
    assert store.statistics() == before
    store.close()


@pytest.mark.slow
def test_both_servers_run_until_ctrl_c_and_the_printed_log_in_works(prepared: tuple[Path, Finished]) -> None:
    home, first = prepared
    api, ui = free_port(), free_port()
    command = ["demo", "--customers", str(CUSTOMERS), "--home", str(home), "--port", str(api), "--ui-port", str(ui)]
    demo = subprocess.Popen(
        [sys.executable, "-m", "api.cli", *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert demo.stdout is not None
        said = ""
        while "Ctrl-C" not in said:
            line = demo.stdout.readline()
            assert line, demo.communicate()[1]
            said += line
        assert f"http://127.0.0.1:{ui}" in said
        assert re.search(rf"^\s+marketer\s+\S+\s+.*http://127\.0\.0\.1:{ui}/tags$", said, re.MULTILINE)
        with urllib.request.urlopen(f"http://127.0.0.1:{ui}/", timeout=30) as page:
            assert page.status == 200
        (password,) = re.findall(r"^\s+investigator\s+(\S+)", said, re.MULTILINE)
        base = f"http://127.0.0.1:{api}"
        token = httpx.post(f"{base}/auth/login", json={"username": "investigator", "password": password}).json()[
            "token"
        ]
        query = "query ($n: String!) { subject(idNumber: $n) { assessment { grade reasons { text } } } }"
        asked = {"query": query, "variables": {"n": worth_searching(first.stdout)["ring member"]}}
        answer = httpx.post(
            f"{base}/graphql", json=asked, headers={"Authorization": f"Bearer {token}"}, timeout=60
        ).json()
        assert answer["data"]["subject"]["assessment"]["grade"] in ("C", "D")
        assert all(re.search("[\u4e00-\u9fff]", r["text"]) for r in answer["data"]["subject"]["assessment"]["reasons"])
        made = guanxi("keys", "create", "engine", "--role", "risk_engine", home=home)
        (key,) = re.findall(r"gx_\S+", made.stdout)
        form = {
            "applicationId": "NEW1",
            "appliedAt": datetime.now(UTC).isoformat(),
            "customer": {"idNumber": worth_searching(first.stdout)["clean customer"]},
        }
        query = (
            "mutation ($i: ApplicationInput!)"
            ' { assessApplication(input: $i, idempotencyKey: "new-1") { modelVersion degraded } }'
        )
        answer = httpx.post(
            f"{base}/graphql",
            json={"query": query, "variables": {"i": form}},
            headers={"Authorization": f"Bearer {key}"},
            timeout=60,
        ).json()
        # What the demo learnt is what its server scores with.
        assert answer["data"]["assessApplication"]["modelVersion"].startswith("lgbm-"), answer
        demo.send_signal(signal.SIGINT)
        assert demo.wait(30) == 0
        (path,) = home.glob("demo-*.db")
        verified = guanxi("audit", "verify", "--store", f"sqlite:///{path}", home=home)
        assert verified.returncode == 0, verified.stderr  # whole from the demo's own first line
        for port in (api, ui):
            with socket.socket() as probe:
                assert probe.connect_ex(("127.0.0.1", port)) != 0
    finally:
        demo.kill()


def test_a_port_in_use_is_told_before_any_work_is_done(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        refused(guanxi("demo", "--home", tmp_path / "home", "--port", port, home=tmp_path), "port.in_use", 7)
    assert not list((tmp_path / "home").glob("**/*.csv"))


def test_a_server_that_ends_at_once_is_told_with_its_last_words(tmp_path: Path) -> None:
    child = start(
        "API", ["-c", "print('no graph here')"], {}, url="http://127.0.0.1:1/readyz", log=tmp_path / "logs" / "api.log"
    )
    with pytest.raises(ChildFailed) as raised:
        wait_until_ready([child], seconds=60)
    assert "no graph here" in raised.value.message


def test_a_server_that_will_not_go_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.demo.processes.STOP_SECONDS", 0.5)
    code = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"
    )
    child = start("UI", ["-c", code], {}, url="http://127.0.0.1:1/healthz", log=tmp_path / "ui.log")
    while "deaf" not in child.log.read_text():
        time.sleep(0.05)
    stop([child])
    assert child.process.returncode == -signal.SIGKILL
