"""The audit chain: each operation is one line in it before it is answered, nobody's number is in it, and whoever touches it is found."""

import csv
import json
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog

from api import audit_trail
from api.app import create_app
from api.audit_head import ChainCut, HeadFile
from api.audit_trail import AuditTrail, AuditUnavailable
from api.bootstrap import audit_head, build
from api.metrics import Metrics
from api.settings import Settings
from graph_model.audit import first_break
from graph_model.errors import StoreFull
from graph_model.principal import Role
from graph_model.records import AuditEntry, AuditRecord, NodeRef
from graph_model.services.reveal import subject_hash
from graph_model.stores import open_store
from graph_model.stores.sqlite.adapter import SqliteStore
from tests.api import queries
from tests.api.conftest import PASSWORD, Client, Served, ServerThread
from tests.api.serving import serving
from tests.api.test_cli import guanxi, refused
from tests.api.test_http import _KeepOpen, served_copy

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)


def line_of(served: Served, answer: httpx.Response) -> list[AuditEntry]:
    """The lines of the request that this answers."""
    asked = answer.headers["x-request-id"]
    found: list[AuditEntry] = []
    last = 0
    while len(lines := served.runtime.store.audit(after=last)) > 0:
        found += [line for line in lines if line.detail.get("request_id") == asked]
        last = lines[-1].sequence
    return found


def hash_of(served: Served, label: str, key: str) -> str:
    return subject_hash(served.runtime.audit_key, NodeRef(label, key))


def test_a_query_is_one_line_that_says_who_asked_about_whom_and_holds_no_number(
    investigator: Client, served: Served
) -> None:
    answer = investigator.post(queries.SUBJECT_BY_NUMBER, {"idNumber": served.case.id_number})
    (line,) = line_of(served, answer)
    assert (line.actor, line.role, line.operation, line.result) == (
        "investigator", "investigator", "query subject", "ok",
    )  # fmt: skip
    assert hash_of(served, "Customer", served.case.id_number) in line.subjects
    assert line.detail["ms"] > 0 and line.detail["cost"] > 100
    assert not [value for value in served.case.personal if value in repr(line)]


def test_somebody_who_was_looked_for_in_vain_is_in_the_chain_too(investigator: Client, served: Served) -> None:
    answer = investigator.post(queries.SUBJECT_BY_NUMBER, {"idNumber": "PASSPORT:E00000001"})
    (line,) = line_of(served, answer)
    assert line.result == "not_found"
    assert list(line.subjects) == [hash_of(served, "Customer", "PASSPORT:E00000001")]


def test_several_things_asked_at_once_are_one_line_with_all_their_names(investigator: Client, served: Served) -> None:
    answer = investigator.post("query Footer13800138001 { me { name } s: status { nodes } schema { version } }")
    (line,) = line_of(served, answer)
    assert line.operation == "query me,status,schema"
    assert line.detail["name"] == "Footer#"


@pytest.mark.parametrize(
    ("query", "operation", "result"),
    [
        ("{ me {", "request", "graphql.syntax"),
        ("{ nobody { name } }", "request", "graphql.invalid"),
        ("query ($n: String!) { subject(idNumber: $n) { idExpired } }", "query subject", "forbidden"),
        ("", "request", "invalid_request"),
    ],
)
def test_what_a_known_person_was_refused_is_in_the_chain(
    served: Served, query: str, operation: str, result: str
) -> None:
    answer = served.client(Role.MARKETER).post(query, {"n": served.case.id_number})
    (line,) = line_of(served, answer)
    assert (line.actor, line.operation, line.result) == ("marketer", operation, result)
    assert line.subjects == ()


def test_a_mutation_is_in_the_chain_before_it_changes_anything_and_after(investigator: Client, served: Served) -> None:
    subject = served.case.subject_id
    answer = investigator.post(queries.DRAW_LINK, {"from": subject, "to": subject, "reason": "the same man"})
    begun, ended = line_of(served, answer)
    assert (begun.operation, begun.result) == ("mutation drawLink", "begun")
    assert (ended.operation, ended.result) == ("mutation drawLink", "link.self")


def test_a_reveal_is_one_line_of_its_own_and_a_refused_one_an_ordinary_one(
    investigator: Client, served: Served
) -> None:
    values = {"nodeId": served.case.subject_id, "property": "name", "reason": "case 4711"}
    (line,) = line_of(served, investigator.post(queries.REVEAL, values))
    assert (line.operation, line.detail["reason"]) == ("reveal", "case 4711")
    (line,) = line_of(served, investigator.post(queries.REVEAL, {**values, "reason": "x"}))
    assert (line.operation, line.result) == ("mutation reveal", "reveal.reason")


def test_log_in_log_out_and_a_wrong_password_of_a_known_user_are_in_the_chain(served: Served) -> None:
    def log_in(name: str, password: str) -> httpx.Response:
        return httpx.post(f"{served.url}/auth/login", json={"username": name, "password": password})

    wrong = log_in("operator", "not the password")
    good = log_in("operator", PASSWORD)
    out = httpx.post(f"{served.url}/auth/logout", headers={"Authorization": f"Bearer {good.json()['token']}"})
    stranger = log_in("13800138001", PASSWORD)
    for answer, operation, result in ((good, "login", "ok"), (out, "logout", "ok"), (wrong, "login", "login.failed")):
        (line,) = line_of(served, answer)
        assert (line.actor, line.role, line.operation, line.result) == ("operator", "operator", operation, result)
    assert line_of(served, stranger) == []


class Unwritable(_KeepOpen):
    """A store whose disk is full as soon as `full` is set."""

    full = False

    def append_audit(self, records: Sequence[AuditRecord]) -> list[AuditEntry]:
        if self.full:
            raise StoreFull("graph.db")
        return self._store.append_audit(records)


def test_what_can_t_be_written_to_the_chain_is_not_answered(served: Served) -> None:
    store = Unwritable(served.runtime.store)
    trail = AuditTrail(store, None, served.runtime.metrics)  # type: ignore[arg-type]
    with ServerThread(served.runtime.settings, served_copy(served, store=store, audit=trail)) as url:
        client = Client(httpx.Client(base_url=url), served.tokens[Role.INVESTIGATOR])
        assert client.data("{ me { name } }")
        store.full = True
        for query, values in (
            (queries.SUBJECT_BY_NUMBER, {"idNumber": served.case.id_number}),
            (queries.DRAW_LINK, {"from": served.case.subject_id, "to": served.case.ids["d_user"], "reason": "case 1"}),
        ):
            answer = client.post(query, values)
            assert answer.status_code == 503
            assert answer.json()["data"] is None
            assert answer.json()["errors"][0]["extensions"]["code"] == "audit.unavailable"
        found = served.client().data(queries.RELATION_GRAPH, nodeId=served.case.subject_id, hops=4, limit=500)
        assert not [edge for edge in found["subjectById"]["relationGraph"]["edges"] if edge["human"]]
        store.full = False
        assert client.data("{ me { name } }")


def test_a_graph_that_can_t_be_written_to_is_read_with_its_audit_in_the_log(home: Path, tmp_path: Path) -> None:
    with serving(home, tmp_path / "first") as first:
        case, length = first.case, first.last_line()
    settings = Settings(home=tmp_path / "first", read_only=True)
    runtime = build(settings)
    with ServerThread(settings, runtime) as url:
        client = Client(httpx.Client(base_url=url), first.tokens[Role.INVESTIGATOR])
        assert client.data(queries.SUBJECT_BY_NUMBER, idNumber=case.id_number)
        ends = {"from": case.subject_id, "to": case.ids["d_user"], "reason": "case 1"}
        assert client.code(queries.DRAW_LINK, **ends) == "store_read_only"
        assert len(runtime.store.audit()) == length


def record(number: int, actor: str = "ida") -> AuditRecord:
    return AuditRecord(NOON, actor, "investigator", f"query n{number}", (), "ok", {})


def test_records_that_wait_together_are_committed_together_and_one_at_fault_harms_no_other(tmp_path: Path) -> None:
    commits: list[int] = []

    class Counted(_KeepOpen):
        def append_audit(self, records: Sequence[AuditRecord]) -> list[AuditEntry]:
            written = self._store.append_audit(records)
            commits.append(len(records))
            return written

    store = open_store(f"sqlite:///{tmp_path / 'graph.db'}", create=True)
    trail = AuditTrail(Counted(store), None, Metrics())  # type: ignore[arg-type]
    futures = [trail.submit(record(n)) for n in range(300)]
    spoilt = trail.submit(record(300, actor="half \ud800"))
    futures.append(trail.submit(record(301)))
    trail.close()
    assert all(future.result(5) is None for future in futures)
    with pytest.raises(AuditUnavailable):
        spoilt.result(5)
    assert sum(commits) == 301 and len(commits) < 301
    chain = store.audit()
    assert first_break(chain) is None
    assert [line.operation for line in chain] == [f"query n{n}" for n in (*range(300), 301)]
    trail.write_from_thread(record(302))  # one that was closed begins again
    trail.close()
    store.close()


HOLDS = """
import sqlite3, sys
held = sqlite3.connect(sys.argv[1], isolation_level=None)
held.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.readline()
"""


@contextmanager
def held_by_another(database: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process is in the middle of a long write, until it is killed."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(database)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None and holder.stdout.readline() == "held\n"
    yield holder
    holder.kill()
    holder.communicate()


def test_a_record_waits_for_the_long_write_of_another_process(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "graph.db", create=True, busy_seconds=0.05)
    tries = threading.Semaphore(0)

    class Tried(_KeepOpen):
        def append_audit(self, records: Sequence[AuditRecord]) -> list[AuditEntry]:
            tries.release()
            return self._store.append_audit(records)

    trail = AuditTrail(Tried(store), None, Metrics())  # type: ignore[arg-type]
    with held_by_another(tmp_path / "graph.db") as holder:
        futures = [trail.submit(record(n)) for n in range(3)]
        for _ in range(4):
            assert tries.acquire(timeout=5)
        assert not any(future.done() for future in futures)
        holder.kill()
        assert all(future.result(5) is None for future in futures)
    trail.close()
    assert first_break(store.audit()) is None and len(store.audit()) == 3
    store.close()


def test_a_record_that_waited_too_long_is_refused_by_name_and_later_ones_are_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_trail, "PATIENCE", 0.2)
    store = SqliteStore(tmp_path / "graph.db", create=True, busy_seconds=0.05)
    trail = AuditTrail(store, None, Metrics())
    with structlog.testing.capture_logs() as logs, held_by_another(tmp_path / "graph.db"):
        refused_one = trail.submit(replace(record(0), detail={"request_id": "r-0"}))
        with pytest.raises(AuditUnavailable):
            refused_one.result(10)
    assert [(told["code"], told["requests"]) for told in logs if told["event"] == "audit.failed"] == [
        ("store_locked", ["r-0"])
    ]
    trail.submit(record(1)).result(5)
    trail.close()
    assert [line.operation for line in store.audit()] == ["query n1"]
    store.close()


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Path]:
    """A home whose server has written six lines and was stopped."""
    settings = Settings(home=tmp_path)
    open_store(settings.store_address, create=True).close()
    write(tmp_path, range(6))
    yield tmp_path


def write(home: Path, numbers: Sequence[int]) -> None:
    runtime = build(Settings(home=home))
    for number in numbers:
        runtime.audit.write_from_thread(record(number))
    runtime.audit.close()
    runtime.store.close()


def tamper(home: Path, *statements: str) -> None:
    with sqlite3.connect(home / "guanxi.db") as connection:
        for (trigger,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
            connection.execute(f'DROP TRIGGER "{trigger}"')
        for statement in statements:
            assert connection.execute(statement).rowcount == 1


def test_a_chain_nobody_touched_is_whole(kept: Path) -> None:
    found = guanxi("audit", "verify", home=kept)
    assert found.returncode == 0 and "6 lines" in found.stdout


@pytest.mark.parametrize(
    ("statements", "code", "words"),
    [
        (("UPDATE audit SET actor = 'somebody' WHERE sequence = 3",), "audit.broken", "Line 3 "),
        (("UPDATE audit SET result = 'forbidden' WHERE sequence = 6",), "audit.broken", "Line 6 "),
        (("DELETE FROM audit WHERE sequence = 4",), "audit.broken", "Line 4 "),
        (("DELETE FROM audit WHERE sequence = 1",), "audit.broken", "Line 1 "),
        (
            (
                "UPDATE audit SET sequence = 99 WHERE sequence = 2",
                "UPDATE audit SET sequence = 2 WHERE sequence = 3",
                "UPDATE audit SET sequence = 3 WHERE sequence = 99",
            ),
            "audit.broken",
            "Line 2 ",
        ),
        (("DELETE FROM audit WHERE sequence = 6",), "audit.cut", "line 6 "),
        (("DELETE FROM audit WHERE sequence = 6", "DELETE FROM audit WHERE sequence = 5"), "audit.cut", "line 6 "),
    ],
)
def test_a_changed_removed_moved_or_cut_off_line_is_found(
    kept: Path, statements: tuple[str, ...], code: str, words: str
) -> None:
    tamper(kept, *statements)
    assert words in refused(guanxi("audit", "verify", home=kept), code, 5)


def test_lines_that_follow_do_not_hide_those_that_were_cut_off(kept: Path) -> None:
    tamper(kept, "DELETE FROM audit WHERE sequence = 6", "DELETE FROM audit WHERE sequence = 5")
    write(kept, range(20, 26))  # a server goes on as if nothing had been
    refused(guanxi("audit", "verify", home=kept), "audit.cut", 5)
    assert guanxi("audit", "verify", "--without-head", home=kept).returncode == 0


def test_a_chain_that_was_written_anew_from_the_beginning_is_found(kept: Path) -> None:
    tamper(kept, *(f"DELETE FROM audit WHERE sequence = {n}" for n in range(1, 7)))
    write(kept, range(6, 18))
    refused(guanxi("audit", "verify", home=kept), "audit.cut", 5)


def test_a_head_that_is_gone_or_forged_is_told_and_a_seal_makes_a_new_one(kept: Path) -> None:
    (head,) = [path for path in kept.glob("audit-head-*") if path.suffix != ".lock"]
    body = json.loads(head.read_bytes())
    head.write_text(json.dumps({**body, "sequence": 5}))
    refused(guanxi("audit", "verify", home=kept), "audit.head", 5)
    head.unlink()
    refused(guanxi("audit", "verify", home=kept), "audit.head", 5)
    refused(guanxi("audit", "seal", "--reason", " x ", home=kept), "invalid_request", 2)
    assert guanxi("audit", "seal", "--reason", "restored on 1 July", home=kept).returncode == 0
    assert "7 lines" in guanxi("audit", "verify", home=kept).stdout
    assert head.stat().st_mode & 0o077 == 0


def test_a_restored_graph_is_accepted_by_a_seal_that_is_itself_in_the_chain(kept: Path) -> None:
    copy = kept / "copy.db"
    assert guanxi("backup", copy, home=kept).returncode == 0
    write(kept, range(6, 9))
    for path in kept.glob("guanxi.db*"):
        path.unlink()
    copy.rename(kept / "guanxi.db")
    refused(guanxi("audit", "verify", home=kept), "audit.cut", 5)
    assert guanxi("audit", "seal", "--reason", "restored from last night", home=kept).returncode == 0
    write(kept, range(9, 12))
    assert "10 lines" in guanxi("audit", "verify", home=kept).stdout
    store = open_store(Settings(home=kept).store_address, read_only=True)
    assert store.audit(after=6)[0].detail["reason"] == "restored from last night"
    store.close()


def test_the_head_moves_with_several_writers_and_never_past_a_cut_chain(kept: Path) -> None:
    settings = Settings(home=kept)
    store = open_store(settings.store_address)
    head: HeadFile = audit_head(settings, store.address)
    first = head.read()
    assert first is not None and first.sequence == 6
    newer = store.append_audit([record(7), record(8)])
    head.advance(store, newer[1])
    head.advance(store, newer[0])  # another process, which was slower
    assert (found := head.read()) is not None and found.sequence == 8
    store.close()
    tamper(kept, "DELETE FROM audit WHERE sequence = 8")
    store = open_store(settings.store_address)
    with pytest.raises(ChainCut):
        head.advance(store, store.append_audit([record(9)])[0])
    assert head.read() == found
    store.close()


def test_the_chain_is_exported_as_lines_and_as_a_table(kept: Path, tmp_path: Path) -> None:
    seal = guanxi("audit", "seal", "--reason", "=HYPERLINK(1)", home=kept)
    assert seal.returncode == 0
    as_lines, as_table = tmp_path / "audit.jsonl", tmp_path / "audit.csv"
    assert guanxi("audit", "export", as_lines, home=kept).returncode == 0
    entries = [json.loads(text) for text in as_lines.read_text().splitlines()]
    assert [entry["sequence"] for entry in entries] == [1, 2, 3, 4, 5, 6, 7]
    assert set(entries[0]) == {
        "sequence", "at", "actor", "role", "operation", "subjects", "result", "detail", "digest",
    }  # fmt: skip
    assert as_lines.stat().st_mode & 0o077 == 0
    found = guanxi("audit", "export", "--after", "5", "--format", "csv", as_table, home=kept)
    assert found.returncode == 0 and "--after 7" in found.stdout
    with as_table.open(newline="") as opened:
        rows = list(csv.DictReader(opened))
    assert [row["sequence"] for row in rows] == ["6", "7"]
    assert rows[0]["digest"] == entries[5]["digest"]
    refused(guanxi("audit", "export", as_lines, home=kept), "file.unusable", 7)  # never over something that is there
    printed = guanxi("audit", "export", "-", "--after", "6", home=kept)
    assert json.loads(printed.stdout)["operation"] == "audit.seal"


def test_an_unwritable_head_stops_nobody_and_is_told(kept: Path, tmp_path: Path) -> None:
    told: list[bool] = []

    class Heard(Metrics):
        def audit_head(self, good: bool) -> None:
            told.append(good)

    settings = Settings(home=kept)
    store = open_store(settings.store_address)
    trail = AuditTrail(store, HeadFile(tmp_path / "nowhere", store.address, b"key"), Heard())
    trail.write_from_thread(record(7))
    trail.close()
    store.close()
    assert told == [False]


def test_an_app_moves_the_head_to_the_last_line_when_it_stops(home: Path, tmp_path: Path) -> None:
    with serving(home, tmp_path / "own") as own:
        client: Any = own.client()
        for _ in range(3):
            client.data("{ me { name } }")
        settings, address = own.runtime.settings, own.runtime.store.address
    head = audit_head(settings, address).read()
    assert head is not None and head.sequence == 3
    assert create_app(settings) is not None
