"""The server dies while risk engines and investigators write: whatever it has answered is there afterwards, and is answered again alike."""

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest

from graph_model.audit import first_break
from graph_model.principal import Role
from graph_model.records import ScoreSource, Scoring
from graph_model.stores import open_store
from tests.api import queries
from tests.api.processes import Home, Serving, serving_process
from tests.api.test_cli import guanxi
from tests.crash.killing import chance
from tests.fixtures.reference_case import id_number

BEFORE = 0.7  # seconds of writing, at most, from the first answer to the kill


@dataclass
class Written:
    """What was sent, by the answer that came. What no answer came to may be there or not."""

    assessed: dict[str, tuple[dict[str, Any], dict[str, Any]]] = field(default_factory=dict)  # key → input, answer
    unanswered: dict[str, dict[str, Any]] = field(default_factory=dict)  # key → input
    links: dict[str, str] = field(default_factory=dict)  # id → reason
    labels: set[str] = field(default_factory=set)  # notes
    listed: dict[str, str] = field(default_factory=dict)  # node id → reason

    @property
    def answered(self) -> int:
        return len(self.assessed) + len(self.links) + len(self.labels) + len(self.listed)


def writers(written: Written, home: Home, numbers: Iterator[int]) -> list[Callable[[httpx.Client], None]]:
    """Each writes one thing and notes it when it is answered."""

    def ask(http: httpx.Client, role: Role, query: str, **variables: Any) -> Any:
        answer = http.post("/graphql", json={"query": query, "variables": variables}, headers=home.headers(role)).json()
        assert "errors" not in answer, answer
        return answer["data"]

    def assess(http: httpx.Client) -> None:
        number = next(numbers)
        born = date(1981, 3, 4) + timedelta(days=number // 1_000)
        customer = {"idNumber": id_number(born, number % 1_000), "idExpiryDate": "2040-01-01", "name": "韩梅梅"}
        form = {"applicationId": f"CRASH-{number}", "customer": customer, "product": "cash loan", "amount": 5000.0}
        key = f"key-{number}"
        written.unanswered[key] = form
        answer = ask(http, Role.RISK_ENGINE, queries.ASSESS, input=form, key=key)["assessApplication"]
        written.assessed[key] = (written.unanswered.pop(key), answer)

    def draw(http: httpx.Client) -> None:
        reason = f"seen together, case {next(numbers)}"
        ends = {"from": home.case.subject_id, "to": home.case.ids["d_user"]}
        link = ask(http, Role.INVESTIGATOR, queries.DRAW_LINK, reason=reason, **ends)["drawLink"]
        written.links[link["id"]] = reason

    def label(http: httpx.Client) -> None:
        note = f"told by the branch, case {next(numbers)}"
        about = {"applicationId": home.case.ids["application1"], "label": "CONFIRMED_FRAUD"}
        ask(http, Role.SUPERVISOR, queries.RECORD_LABEL, note=note, **about)
        written.labels.add(note)

    def block(http: httpx.Client) -> None:
        number = next(numbers)
        entry = {"type": "Phone", "key": f"1390013{number:04d}", "reason": f"mule phone, case {number}"}
        listed = ask(http, Role.SUPERVISOR, queries.ADD_TO_BLOCKLIST, **entry)["addToBlocklist"]
        written.listed[listed["nodeId"]] = entry["reason"]

    return [assess, draw, label, block]


def written_until_killed(
    served: Serving,
    home: Home,
    written: Written,
    numbers: Iterator[int],
    told: Callable[[], int],
    seconds: float,
) -> None:
    """Everybody writes until the server, and all that it started, is killed so many seconds after `told` says that something was answered."""
    dead, before = threading.Event(), told()

    def keep_on(write: Callable[[httpx.Client], None]) -> None:
        with httpx.Client(base_url=served.url, timeout=60) as http:
            while not dead.is_set():
                try:
                    write(http)
                except httpx.TransportError:
                    return

    with ThreadPoolExecutor(4) as crowd:
        writing = [crowd.submit(keep_on, write) for write in writers(written, home, numbers)]
        while told() == before and not any(one.done() for one in writing):
            time.sleep(0.01)
        time.sleep(seconds)
        for victim in served.processes():
            victim.kill()
        dead.set()
        for done in writing:
            done.result()
    served.process.wait(40)


def require_all_there(served: Serving, home: Home, written: Written) -> None:
    for link_id, reason in written.links.items():
        assert served.ask(queries.LINK, {"id": link_id})["data"]["link"]["reason"] == reason
    told = served.ask(queries.NODE_FACTS, {"id": home.case.ids["application1"], "kind": "label"})["data"]["node"]
    assert written.labels <= {fact["note"] for fact in told["facts"]}
    for node_id, reason in written.listed.items():
        found = served.ask(queries.NODE_FACTS, {"id": node_id, "kind": "blocklist"}, role=Role.SUPERVISOR)
        assert found["data"]["node"]["blocklisted"], reason
        assert reason in [fact["note"] for fact in found["data"]["node"]["facts"]]
    for key, (form, answer) in written.assessed.items():
        again = served.ask(queries.ASSESS, {"input": form, "key": key}, role=Role.RISK_ENGINE)["data"]
        assert again["assessApplication"] == {**answer, "replayed": True}


def begin_a_scoring(home: Home) -> None:
    """And a scoring beside them died too."""
    store = open_store(f"sqlite:///{home.path / 'guanxi.db'}")
    now = datetime.now(UTC)
    store.begin_scoring(Scoring(ScoreSource.MODEL, "m", "p", now, now))
    store.close()


def killed_again_and_again(home: Home, kills: int) -> Written:
    moments, written, numbers = chance(), Written(), itertools.count(700)
    for kill in range(kills):
        # A server's first assessment takes longer than the other writes: every other server lives to answer one.
        told = (lambda: len(written.assessed)) if kill % 2 == 0 else (lambda: written.answered)
        with serving_process(home) as served:
            written_until_killed(served, home, written, numbers, told, moments.uniform(0.05, BEFORE))
        chain = home.audit()
        assert first_break(chain) is None
    begin_a_scoring(home)
    with serving_process(home, GUANXI_RATE_CAPACITY="100000000") as served:
        assert len(served.events("scoring.taken_back")) == 1
        require_all_there(served, home, written)
        assert served.stop() == 0
    assert guanxi("audit", "verify", home=home.path).returncode == 0
    assert guanxi("doctor", home=home.path).returncode == 0
    return written


@pytest.mark.long
def test_what_was_answered_outlives_the_server(own: Home) -> None:
    written = killed_again_and_again(own, 2)
    assert len(written.assessed) > 0 and written.answered > len(written.assessed)


@pytest.mark.long
def test_twenty_dead_servers_lose_nothing_that_was_answered(own: Home) -> None:
    """And what was not answered can be asked again under the same key: it is done once."""
    written = killed_again_and_again(own, 20)
    assert min(len(written.links), len(written.labels), len(written.listed), len(written.assessed)) > 0
    with serving_process(own) as served:
        for key, form in written.unanswered.items():
            first = decided(served, form, key)
            assert decided(served, form, key) == {**first, "replayed": True}


def decided(served: Serving, form: dict[str, Any], key: str) -> dict[str, Any]:
    """A key that a dead server held is free again within the minute."""
    end = time.monotonic() + 90
    while True:
        answer = served.ask(queries.ASSESS, {"input": form, "key": key}, role=Role.RISK_ENGINE)
        if "errors" not in answer:
            decision: dict[str, Any] = answer["data"]["assessApplication"]
            return decision
        (error,) = answer["errors"]
        assert error["extensions"]["code"] == "idempotency.in_progress" and time.monotonic() < end
