"""The command line as its users meet it: a portfolio goes in, questions are answered, and what is wrong is one clear line."""

import errno
import io
import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
import structlog

from api.cli import main
from graph_model.records import AuditRecord
from graph_model.stores import open_store

PASSWORD = "correct horse battery"


@dataclass(frozen=True)
class Finished:
    """What a command left behind."""

    returncode: int
    stdout: str
    stderr: str


def guanxi(*arguments: str | Path, home: Path, stdin: str = "", **environment: str) -> Finished:
    """The command's own entry point, in this process: what it prints, and the status it exits with."""
    out, err, logs = io.StringIO(), io.StringIO(), structlog.get_config()
    status: object = 0
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr(sys, "argv", ["guanxi", *map(str, arguments)])
        patch.setattr(sys, "stdin", io.StringIO(stdin))
        for name, value in {"GUANXI_HOME": str(home), "COLUMNS": "200", **environment}.items():
            patch.setenv(name, value)
        try:
            main()
        except SystemExit as exc:
            status = exc.code
        finally:
            structlog.configure(**logs)
    return Finished(int(str(status or 0)), out.getvalue(), err.getvalue())


def refused(found: Finished, code: str, status: int) -> str:
    """Asserts one clear line on stderr with that code, that exit status, and no traceback."""
    assert found.returncode == status, found.stderr
    (line,) = [line for line in found.stderr.splitlines() if line.startswith("error ")]
    assert line.startswith(f"error [{code}]: ")
    assert "Traceback" not in found.stderr + found.stdout
    return line


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with 300 generated customers in its graph."""
    home = tmp_path_factory.mktemp("loaded")
    made = guanxi("generate", "--customers", "300", "--seed", "3", "--out", home / "files", home=home)
    assert made.returncode == 0, made.stderr
    report = home / "report.json"
    done = guanxi("ingest", home / "files", "--json", report, home=home)
    assert done.returncode == 0, done.stderr
    return home


def test_a_portfolio_is_generated_ingested_and_counted(loaded: Path) -> None:
    report = json.loads((loaded / "report.json").read_text())
    assert report["read"] == report["loaded"] + report["merged"] + report["quarantined"]
    found = guanxi("status", home=loaded)
    assert found.returncode == 0
    assert re.search(r"Customer\s+300\b", found.stdout)
    assert "not scored yet" in found.stdout


def test_the_same_files_twice_change_nothing(loaded: Path) -> None:
    before = guanxi("status", home=loaded).stdout
    again = guanxi("ingest", loaded / "files", home=loaded)
    assert again.returncode == 0
    assert guanxi("status", home=loaded).stdout.splitlines()[:-2] == before.splitlines()[:-2]


def test_a_dry_run_writes_nothing(loaded: Path, tmp_path: Path) -> None:
    done = guanxi("ingest", loaded / "files", "--dry-run", home=tmp_path / "new")
    assert done.returncode == 0 and "Dry run" in done.stdout
    assert not (tmp_path / "new").exists()


def test_a_dry_run_compares_with_the_graph_that_is_there(loaded: Path) -> None:
    """Labels alone, whose applications are in the graph and not in the file."""
    done = guanxi("ingest", loaded / "files" / "labels.csv", "--dry-run", "--json", loaded / "dry.json", home=loaded)
    assert done.returncode == 0, done.stderr
    report = json.loads((loaded / "dry.json").read_text())
    assert report["read"] > 0 == report["quarantined"]


def test_a_graph_is_readable_by_its_owner_alone(loaded: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    assert guanxi("backup", copy, home=loaded).returncode == 0
    assert {(loaded / "guanxi.db").stat().st_mode & 0o777, copy.stat().st_mode & 0o777} == {0o600}


def test_search_finds_masked_people(loaded: Path) -> None:
    store = open_store(f"sqlite:///{loaded / 'guanxi.db'}", read_only=True)
    customer = next(c for c in store.select("Customer", limit=50) if len(str(c.properties["name"])) >= 2)
    store.close()
    for text, stdin in ((str(customer.properties["name"]), ""), ("-", customer.key + "\n")):
        found = guanxi("search", text, home=loaded, stdin=stdin)
        assert found.returncode == 0 and customer.node_id in found.stdout
        assert customer.key not in found.stdout and str(customer.properties["name"]) not in found.stdout
    refused(guanxi("search", "林", home=loaded), "search.too_short", 2)
    assert "Nothing was found" in guanxi("search", "查无此人", home=loaded).stdout


def test_a_backup_opens_and_holds_the_same(loaded: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    assert guanxi("backup", copy, home=loaded).returncode == 0
    counted = guanxi("status", "--store", f"sqlite:///{copy}", home=tmp_path).stdout
    assert re.search(r"Customer\s+300\b", counted)
    refused(guanxi("backup", copy, home=loaded), "invalid_request", 2)


@pytest.mark.slow
def test_everybody_is_scored_and_the_scores_are_kept(loaded: Path, tmp_path: Path) -> None:
    copy = tmp_path / "guanxi.db"
    assert guanxi("backup", copy, home=loaded).returncode == 0
    done = guanxi("score", "--as-of", "2026-10-31", home=tmp_path)
    assert done.returncode == 0, done.stderr
    assert re.search(r"customers\s+300\b", done.stdout)
    assert "not scored yet" not in guanxi("status", home=tmp_path).stdout
    store = open_store(f"sqlite:///{copy}", read_only=True)
    try:
        customers = store.select("Customer", limit=1_000)
        assert all(c.grade is not None and 0 <= (c.score or 0) <= 1 for c in customers)
        (assessment,) = store.assessments(customers[0].node_id)
        assert assessment.as_of == datetime(2026, 10, 31, 15, 59, 59, 999000, tzinfo=UTC)  # the end of the day in China
    finally:
        store.close()


def test_a_score_of_no_moment_or_of_the_future_is_refused(loaded: Path) -> None:
    refused(guanxi("score", "--as-of", "soon", home=loaded), "moment.malformed", 2)
    refused(guanxi("score", "--as-of", "2999-01-01", home=loaded), "invalid_request", 2)


def test_the_doctor_finds_a_sound_graph_and_a_touched_audit_line(loaded: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    assert guanxi("backup", copy, home=loaded).returncode == 0
    address = f"sqlite:///{copy}"
    store = open_store(address)
    at = datetime(2026, 7, 1, tzinfo=UTC)
    store.append_audit(
        [
            AuditRecord(at, "ida", "investigator", operation, [], "ok", {})
            for operation in ("reveal", "reveal", "export")
        ]
    )
    store.close()
    assert "is sound" in guanxi("doctor", "--store", address, home=tmp_path).stdout
    with sqlite3.connect(copy) as connection:
        for (trigger,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
            connection.execute(f'DROP TRIGGER "{trigger}"')
        assert connection.execute("UPDATE audit SET operation = 'nothing' WHERE operation = 'export'").rowcount == 1
    line = refused(guanxi("doctor", "--store", address, home=tmp_path), "audit.broken", 5)
    assert "Line 3" in line


def test_bad_rows_wait_in_quarantine_and_are_named(tmp_path: Path) -> None:
    (tmp_path / "customers.csv").write_text("id_number,name,registered_at\n110105199005120242,某人,2026-01-01\n")
    done = guanxi("ingest", tmp_path / "customers.csv", home=tmp_path / "home")
    assert done.returncode == 0
    assert "1 rows are in" in done.stderr
    assert "110105199005120242" not in done.stdout + done.stderr
    assert list((tmp_path / "home" / "quarantine").glob("*.csv"))


def test_files_that_can_not_be_ingested(tmp_path: Path) -> None:
    refused(guanxi("ingest", tmp_path / "nowhere.csv", home=tmp_path), "ingest_unreadable", 3)
    (tmp_path / "customers.csv").write_text("name\n某人\n")
    line = refused(guanxi("ingest", tmp_path / "customers.csv", home=tmp_path), "ingest_missing_columns", 2)
    assert "id_number" in line
    (tmp_path / "stuff.csv").write_text("a,b\n1,2\n")
    refused(guanxi("ingest", tmp_path / "stuff.csv", home=tmp_path), "ingest_unknown_kind", 2)


def test_a_store_that_is_missing_newer_damaged_or_unknown(loaded: Path, tmp_path: Path) -> None:
    assert "guanxi demo" in refused(guanxi("status", home=tmp_path), "store_missing", 3)
    refused(guanxi("status", "--store", "mongo://x", home=tmp_path), "invalid_request", 2)
    newer = tmp_path / "newer.db"
    assert guanxi("backup", newer, home=loaded).returncode == 0
    with sqlite3.connect(newer) as connection:
        connection.execute("PRAGMA user_version = 999")
    refused(guanxi("status", "--store", f"sqlite:///{newer}", home=tmp_path), "store_newer", 5)
    damaged = tmp_path / "damaged.db"
    damaged.write_bytes(b"this is no graph" * 1_000)
    refused(guanxi("status", "--store", f"sqlite:///{damaged}", home=tmp_path), "store_corrupt", 5)


def test_a_store_held_by_another_job_names_its_holder(loaded: Path) -> None:
    store = open_store(f"sqlite:///{loaded / 'guanxi.db'}")
    try:
        with store.writing("ingest"):
            line = refused(guanxi("ingest", loaded / "files", home=loaded), "store_locked", 4)
    finally:
        store.close()
    assert str(os.getpid()) in line


def test_a_setting_that_makes_no_sense_is_named(tmp_path: Path) -> None:
    line = refused(guanxi("status", home=tmp_path, GUANXI_API_PORT="many"), "settings.invalid", 2)
    assert "GUANXI_API_PORT" in line


def test_a_home_that_can_not_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    refused(guanxi("ingest", tmp_path / "file", home=tmp_path / "file" / "home"), "home.unusable", 7)


def test_a_place_that_can_not_be_written_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    line = refused(
        guanxi("generate", "--customers", "100", "--out", tmp_path / "file" / "x", home=tmp_path), "file.unusable", 7
    )
    assert "file/x" in line

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "/data/guanxi.db")

    monkeypatch.setattr("api.cli.data.open_store", full)
    refused(guanxi("status", home=tmp_path), "disk.full", 7)


def test_users_are_added_listed_and_removed(tmp_path: Path) -> None:
    add = ("users", "add", "ida", "--role", "investigator", "--password-stdin")
    assert guanxi(*add, home=tmp_path, stdin=PASSWORD + "\n").returncode == 0
    refused(guanxi(*add, home=tmp_path, stdin=PASSWORD + "\n"), "user.exists", 2)
    refused(
        guanxi("users", "add", "bob", "--role", "boss", "--password-stdin", home=tmp_path, stdin=PASSWORD),
        "user.role",
        2,
    )
    refused(
        guanxi("users", "add", "bob", "--role", "marketer", "--password-stdin", home=tmp_path, stdin="x"),
        "user.password",
        2,
    )
    assert re.search(r"ida\s+investigator", guanxi("users", "list", home=tmp_path).stdout)
    assert guanxi("users", "remove", "ida", home=tmp_path).returncode == 0
    refused(guanxi("users", "remove", "ida", home=tmp_path), "user.unknown", 3)


def test_the_installed_command_fails_in_one_line_too(tmp_path: Path) -> None:
    found = subprocess.run(
        [sys.executable, "-m", "api.cli", "status", "--home", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    refused(Finished(found.returncode, found.stdout, found.stderr), "store_missing", 3)


def test_a_surprise_is_one_line_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def surprise(*_: object, **__: object) -> None:
        raise ZeroDivisionError("110105199005120241")

    monkeypatch.setattr("api.cli.data.open_store", surprise)
    line = refused(guanxi("status", home=tmp_path), "internal", 1)
    assert "ZeroDivisionError" in line and "110105199005120241" not in line


def test_usage_errors_and_help_are_short(tmp_path: Path) -> None:
    assert guanxi("--help", home=tmp_path).returncode == 0
    wrong = guanxi("ingets", home=tmp_path)
    assert wrong.returncode == 2 and "Traceback" not in wrong.stderr


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        yield taken.getsockname()[1]


def test_a_port_in_use_is_one_clear_line(loaded: Path, taken_port: int) -> None:
    for command in ("serve", "ui"):
        line = refused(guanxi(command, "--port", str(taken_port), home=loaded), "port.in_use", 7)
        assert str(taken_port) in line and "--port" in line
    refused(guanxi("serve", "--host", "203.0.113.7", home=loaded), "port.refused", 7)


@pytest.mark.slow
@pytest.mark.parametrize("asked", [signal.SIGTERM, signal.SIGINT])
def test_serve_answers_and_stops_cleanly_when_asked(loaded: Path, asked: signal.Signals) -> None:
    server = subprocess.Popen(
        [sys.executable, "-m", "api.cli", "serve", "--port", "0", "--home", str(loaded)],
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert server.stderr is not None
        started = json.loads(server.stderr.readline())
        assert (started["event"], started["host"]) == ("serve", "127.0.0.1")
        url = f"http://127.0.0.1:{started['port']}/readyz"
        deadline = time.monotonic() + 60
        while True:
            try:
                with urllib.request.urlopen(url, timeout=5) as answer:
                    assert answer.status == 200
                    break
            except OSError:
                assert time.monotonic() < deadline
                time.sleep(0.1)
        server.send_signal(asked)
        assert server.wait(30) == 0
        assert "Traceback" not in server.stderr.read()
    finally:
        server.kill()
