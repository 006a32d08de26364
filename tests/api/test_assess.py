"""A risk engine in the middle of somebody's loan application: one decision per key, whatever is repeated, at once or after a crash."""

import dataclasses
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from api.application_form import Applicant, ApplicationForm
from api.assess import Answer, assess
from api.auth import begin_session
from api.idempotency import HELD, Idempotency, Reservation
from gnn.online import Assessed, Scorer
from graph_model.errors import Forbidden, StoreTimeout
from graph_model.principal import Principal, Role
from graph_model.records import NodeRef
from graph_model.services import blocklist
from graph_model.store import GraphStore
from graph_model.stores import open_store
from tests.api import queries
from tests.api.conftest import Client, Served
from tests.api.serving import serving
from tests.fixtures.reference_case import id_number

START = datetime(2026, 7, 1, 3, 0, tzinfo=UTC)
ENGINE = Principal("key:core-banking", Role.RISK_ENGINE)
SUE = Principal("sue", Role.SUPERVISOR)
SECRET = b"s" * 32


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


class BrokenScorer:
    """A part that is down."""

    def __init__(self, error: Exception) -> None:
        self.error = error
        self.asked = 0

    def assess(
        self, application: str | NodeRef, *, as_of: datetime, scored_at: datetime, write: bool = True
    ) -> Assessed:
        self.asked += 1
        raise self.error


@pytest.fixture(scope="module")
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def bank(home: Path, tmp_path_factory: pytest.TempPathFactory, clock: Clock) -> Iterator[Served]:
    with serving(home, tmp_path_factory.mktemp("bank"), clock=clock) as served:
        yield served


def person(serial: int, *, born: date = date(1990, 5, 12), **more: object) -> dict[str, Any]:
    return {"idNumber": id_number(born, serial), "idExpiryDate": "2040-01-01", "name": "韩梅梅", **more}


def application(number: str, serial: int, **more: object) -> dict[str, Any]:
    return {"applicationId": number, "customer": person(serial), "product": "cash loan", "amount": 5000.0, **more}


def decided(client: Client, input: dict[str, Any], key: str) -> dict[str, Any]:
    answer: dict[str, Any] = client.data(queries.ASSESS, input=input, key=key)["assessApplication"]
    return answer


def codes(answer: dict[str, Any]) -> set[str]:
    return {rule["code"] for rule in answer["rules"]}


def signed_in(bank: Served, role: Role) -> Client:
    """With a session that begins now: the clock of this bank runs through months."""
    users = {user.role: user for user in bank.runtime.users.all()}
    token, _ = begin_session(bank.runtime, users[role], now=bank.runtime.clock())
    return Client(httpx.Client(base_url=bank.url, timeout=30), token)


@pytest.fixture
def engine(bank: Served) -> Client:
    return signed_in(bank, Role.RISK_ENGINE)


def test_an_application_without_a_blemish_is_approved_and_is_in_the_graph(bank: Served, engine: Client) -> None:
    input = application("APP-1", 501, phones=["13700137001"], devices=["device-501"], channel="app", termMonths=12)
    answer = decided(engine, input, "first")
    assert (answer["decision"], answer["rules"], answer["replayed"]) == ("APPROVE", [], False)
    assert answer["grade"] in ("A", "B") and 0 <= answer["score"] <= 1 and answer["decisionPolicyVersion"]
    assert answer["degraded"] and "rules_only" in answer["degradedBecause"]  # nothing was learnt here yet
    node = bank.runtime.store.get(NodeRef("Application", "APP-1"))
    assert node is not None and node.node_id == answer["applicationId"]
    assert (node.source, node.properties["amount"], node.score) == ("user:risk_engine", 5000.0, answer["score"])
    told = signed_in(bank, Role.INVESTIGATOR).data(queries.NODE_FACTS, id=node.node_id, kind="decision")["node"][
        "facts"
    ]
    assert [(fact["value"], fact["source"]) for fact in told] == [("approve", "user:risk_engine")]
    assert answer["decisionPolicyVersion"] in told[0]["note"]


def test_repeating_gives_the_very_same_answer_and_does_nothing_anew(bank: Served, engine: Client, clock: Clock) -> None:
    input = application("APP-2", 502, phones=["13700137002"])
    first = decided(engine, input, "a key with spaces / and 汉字")
    before = bank.runtime.store.statistics()
    clock.now += timedelta(hours=2)
    again = decided(engine, input, "a key with spaces / and 汉字")
    assert again == {**first, "replayed": True}
    assert bank.runtime.store.statistics() == before
    other = application("APP-2", 502, phones=["13700137003"])
    assert engine.code(queries.ASSESS, input=other, key="a key with spaces / and 汉字") == "idempotency.conflict"
    # Keys are their owner's: another caller's same key is another key.
    newcomer = application("APP-2-bis", 503)
    token = bank.runtime.keys.create("other-engine", "risk_engine", expires_at=None, now=clock.now)[0]
    theirs = Client(httpx.Client(base_url=bank.url, timeout=30), token)
    assert decided(theirs, newcomer, "a key with spaces / and 汉字")["replayed"] is False


def test_the_same_key_at_once_is_one_application_and_one_decision(bank: Served, clock: Clock) -> None:
    input = application("APP-3", 504, phones=["13700137004"])
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda _: decided(signed_in(bank, Role.RISK_ENGINE), input, "at once"), range(4)))
    assert sorted(answer.pop("replayed") for answer in answers) == [False, True, True, True]
    assert all(answer == answers[0] for answer in answers)
    assert len(bank.runtime.store.assessments(answers[0]["applicationId"])) == 1


def test_a_part_that_is_down_gives_a_flagged_review_and_the_application_is_kept(
    bank: Served, home: Path, tmp_path: Path, clock: Clock
) -> None:
    with serving(home, tmp_path / "down", clock=clock) as served:
        for number, (error, code) in enumerate(
            ((RuntimeError("boom"), "scoring_failed"), (StoreTimeout(), "scoring_timeout"))
        ):
            scorer = BrokenScorer(error)
            form = ApplicationForm(
                f"APP-9{number}", Applicant(id_number(date(1990, 5, 12), 590), id_expiry_date="长期")
            )
            answer = assess(
                served.runtime.store, scorer, ENGINE, form, key=f"down {number}", secret=SECRET, clock=clock
            )
            assert (answer.decision, answer.score, answer.because) == ("review", None, (code,))
            assert {rule.code for rule in answer.rules} == {"NOT_SCORED"}
            assert served.runtime.store.get(NodeRef("Application", f"APP-9{number}")) is not None
            again = assess(served.runtime.store, scorer, ENGINE, form, key=f"down {number}", secret=SECRET, clock=clock)
            assert again == dataclasses.replace(answer, replayed=True) and scorer.asked == 1


# --- hard rules ----------------------------------------------------------------------------------------------------


def test_an_expired_document_and_an_applicant_under_age_are_declined(engine: Client) -> None:
    expired = application("APP-10", 510) | {"customer": person(510, idExpiryDate="2026-06-30")}
    answer = decided(engine, expired, "expired")
    assert (answer["decision"], codes(answer)) == ("DECLINE", {"ID_EXPIRED"})
    assert "1" in answer["rules"][0]["text"] and answer["rules"][0]["leadsTo"] == "DECLINE"
    assert "expired" in answer["english"][0]["text"]
    young = application("APP-11", 0) | {"customer": person(511, born=date(2008, 7, 2))}
    answer = decided(engine, young, "young")
    assert (answer["decision"], codes(answer)) == ("DECLINE", {"UNDER_AGE"})


def test_a_blocklisted_device_is_declined_from_the_moment_it_is_listed(
    bank: Served, engine: Client, clock: Clock
) -> None:
    assert decided(engine, application("APP-20", 520, devices=["device-520"]), "before")["decision"] == "APPROVE"
    wanted = blocklist.listing("Device", "Device-520", reason="used by a ring", expires_at=None, now=clock.now)
    blocklist.add(bank.runtime.store, SUE, [wanted], now=clock.now)
    answer = decided(engine, application("APP-21", 521, devices=["device-520"]), "after")
    assert (answer["decision"], codes(answer)) == ("DECLINE", {"BLOCKLISTED"})
    (entry,) = blocklist.add(bank.runtime.store, SUE, [wanted], now=clock.now)
    blocklist.remove(bank.runtime.store, SUE, entry.node.node_id, reason="sold on", now=clock.now)
    clock.now += timedelta(minutes=1)
    assert decided(engine, application("APP-22", 522, devices=["device-520"]), "off")["decision"] == "APPROVE"


def test_too_many_applications_in_thirty_days_are_looked_at(bank: Served, engine: Client, clock: Clock) -> None:
    answers = [decided(engine, application(f"APP-30-{n}", 530), f"many {n}") for n in range(6)]
    assert ["TOO_MANY_APPLICATIONS" in codes(answer) for answer in answers] == [False] * 5 + [True]
    assert answers[-1]["decision"] != "APPROVE"
    clock.now += timedelta(days=31)
    engine = signed_in(bank, Role.RISK_ENGINE)
    assert "TOO_MANY_APPLICATIONS" not in codes(decided(engine, application("APP-30-7", 530), "many later"))


# --- what is refused -----------------------------------------------------------------------------------------------


def test_bad_fields_are_told_all_at_once_and_reserve_nothing(bank: Served, engine: Client) -> None:
    bad = application(
        "APP-40", 540, phones=["1380013"], bankAccounts=[{"role": "PAY_OUT", "number": "6222020000000000001"}]
    )
    response = engine.post(queries.ASSESS, {"input": bad, "key": "bad"})
    (error,) = response.json()["errors"]
    assert error["extensions"]["code"] == "application.invalid"
    assert [(field["path"], field["code"]) for field in error["extensions"]["fields"]] == [
        ("phones[0]", "phone.invalid"), ("bankAccounts[0].number", "account.luhn"),
    ]  # fmt: skip
    assert "1380013" not in response.text and "6222020000000000001" not in response.text
    assert bank.runtime.store.get(NodeRef("Application", "APP-40")) is None
    assert (
        decided(engine, application("APP-40", 540), "bad")["replayed"] is False
    )  # the key is free for the corrected one


def test_an_application_of_another_customer_is_not_taken_over(engine: Client) -> None:
    decided(engine, application("APP-41", 541), "mine")
    response = engine.post(queries.ASSESS, {"input": application("APP-41", 542), "key": "not mine"})
    (error,) = response.json()["errors"]
    assert [field["code"] for field in error["extensions"]["fields"]] == ["application.taken"]
    assert decided(engine, application("APP-41", 541), "mine again")["decision"] == "APPROVE"


def test_keys_that_are_none_are_refused(engine: Client) -> None:
    for key in ("", " ", "k" * 201, "line\nbreak"):
        assert engine.code(queries.ASSESS, input=application("APP-42", 543), key=key) == "idempotency.key"


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.RISK_ENGINE])
def test_nobody_but_a_risk_engine_assesses(bank: Served, role: Role) -> None:
    client = signed_in(bank, role)
    assert client.code(queries.ASSESS, input=application("APP-43", 544), key="a key") == "forbidden"
    with pytest.raises(Forbidden):
        assess(
            bank.runtime.store, BrokenScorer(RuntimeError()), Principal("x", role),
            ApplicationForm("APP-43", Applicant("1")), key="k", secret=SECRET, clock=bank.runtime.clock,
        )  # fmt: skip


# --- crashes -------------------------------------------------------------------------------------------------------


class Crash(BaseException):
    """The process is gone: nothing that would clean up runs."""


def test_a_crash_in_between_is_finished_by_repeating_with_the_moment_that_was_reserved(tmp_path: Path) -> None:
    address, clock = f"sqlite:///{tmp_path / 'graph.db'}", Clock()
    form = ApplicationForm("APP-50", Applicant(id_number(date(1990, 5, 12), 550), id_expiry_date="长期"))
    store = open_store(address, create=True)
    keys = Idempotency(store, ENGINE.name, secret=SECRET, clock=clock)
    assert isinstance(keys.reserve("crashed", form.plain(), now=clock.now), Reservation)
    store.close()

    clock.now += HELD + timedelta(hours=1)
    reopened = open_store(address)
    scorer = BrokenScorer(RuntimeError("boom"))
    answer = assess(reopened, scorer, ENGINE, form, key="crashed", secret=SECRET, clock=clock)
    assert (answer.assessed_at, answer.replayed) == (START, False)
    node = reopened.get(NodeRef("Application", "APP-50"))
    assert node is not None and (node.first_seen, node.recorded_at) == (START, START)
    reopened.close()

    once_more = open_store(address)
    assert assess(once_more, scorer, ENGINE, form, key="crashed", secret=SECRET, clock=clock).replayed
    once_more.close()


def test_who_comes_while_another_is_at_it_is_told_to_repeat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from api import idempotency

    monkeypatch.setattr(idempotency, "WAIT_SECONDS", 0.2)
    store, clock = open_store(f"sqlite:///{tmp_path / 'graph.db'}", create=True), Clock()
    keys = Idempotency(store, "engine", secret=SECRET, clock=clock)
    mine = keys.reserve("busy", {"a": 1}, now=clock.now)
    assert isinstance(mine, Reservation)
    with pytest.raises(idempotency.IdempotencyInProgress):
        keys.reserve("busy", {"a": 1}, now=clock.now)
    with pytest.raises(idempotency.IdempotencyConflict):
        keys.reserve("busy", {"a": 2}, now=clock.now)
    # Who was slow finds the other's answer standing, and gives that one.
    clock.now += HELD
    theirs = keys.reserve("busy", {"a": 1}, now=clock.now)
    assert isinstance(theirs, Reservation) and theirs.at == START
    assert keys.complete(theirs, {"answer": "theirs"}) == {"answer": "theirs"}
    assert keys.complete(mine, {"answer": "mine"}) == {"answer": "theirs"}
    store.close()


def test_a_failure_to_write_frees_the_key_and_what_it_was_asked_for_is_not_readable(tmp_path: Path) -> None:
    store, clock = open_store(f"sqlite:///{tmp_path / 'graph.db'}", create=True), Clock()
    number = id_number(date(1990, 5, 12), 560)
    form = ApplicationForm("APP-60", Applicant(number, id_expiry_date="长期"))

    class Full:
        """A store that has no room for records."""

        def __getattr__(self, name: str) -> object:
            return getattr(store, name)

        def upsert(self, *_: object, **__: object) -> None:
            raise Crash

    full: Any = Full()
    broken = BrokenScorer(RuntimeError("boom"))
    with pytest.raises(Crash):
        assess(full, broken, ENGINE, form, key="full", secret=SECRET, clock=clock)
    assert store.states("idempotency/") == {}
    assess(store, broken, ENGINE, form, key="full", secret=SECRET, clock=clock)
    kept = store.states("idempotency/")
    assert len(kept) == 1 and number not in orjson.dumps(kept).decode() and "full" not in next(iter(kept))
    assert _ids(store) == {"APP-60"}
    store.close()


class LosesTheAnswer:
    """A process that is gone after the application was written and before its answer was kept."""

    def __init__(self, store: GraphStore) -> None:
        self._store = store

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    def swap_state(self, name: str, *, expected: str | None, value: str | None) -> bool:
        if value is not None and orjson.loads(value)["answer"] is not None:
            raise Crash
        return self._store.swap_state(name, expected=expected, value=value)


def test_an_application_that_was_written_but_not_answered_is_answered_with_its_own_moment(tmp_path: Path) -> None:
    store, clock = open_store(f"sqlite:///{tmp_path / 'graph.db'}", create=True), Clock()
    form = ApplicationForm("APP-70", Applicant(id_number(date(1990, 5, 12), 570), id_expiry_date="长期"))
    scorer = Scorer(store, tmp_path / "models")
    losing: Any = LosesTheAnswer(store)
    with pytest.raises(Crash):
        assess(losing, scorer, ENGINE, form, key="lost", secret=SECRET, clock=clock)
    clock.now += timedelta(minutes=5)
    answer = assess(store, scorer, ENGINE, form, key="lost", secret=SECRET, clock=clock)
    assert (answer.assessed_at, answer.replayed) == (START, False)
    # Done twice, written once: the scoring and the decision are those of one moment.
    assert len(store.assessments(answer.application_id)) == 1
    assert [fact.at for fact in store.facts(answer.application_id, kind="decision")] == [START]
    store.close()


def test_two_servers_that_are_asked_the_same_at_once_decide_once(tmp_path: Path) -> None:
    address, clock = f"sqlite:///{tmp_path / 'graph.db'}", Clock()
    open_store(address, create=True).close()
    form = ApplicationForm("APP-80", Applicant(id_number(date(1990, 5, 12), 580), id_expiry_date="长期"))
    stores = [open_store(address) for _ in range(3)]

    def ask(store: GraphStore) -> Answer:
        scorer = Scorer(store, tmp_path / "models")
        return assess(store, scorer, ENGINE, form, key="one", secret=SECRET, clock=clock)

    with ThreadPoolExecutor(3) as threads:
        answers = list(threads.map(ask, stores))
    assert sorted(answer.replayed for answer in answers) == [False, True, True]
    assert len({dataclasses.replace(answer, replayed=False, rules=(), reasons=()) for answer in answers}) == 1
    assert len(stores[0].assessments(answers[0].application_id)) == 1
    for store in stores:
        store.close()


def _ids(store: GraphStore) -> set[str]:
    return {node.key for node in store.select("Application")}
