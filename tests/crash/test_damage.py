"""A disk goes bad: the doctor finds it and says where, nothing crashes with a trace, and the documented way back is walked, command by command."""

import re
import shlex
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from graph_model.records import AuditRecord
from graph_model.stores import open_store
from tests.api import queries
from tests.api.processes import Home, serving_process
from tests.api.test_cli import Finished, guanxi, refused
from tests.crash.damage import flip, places
from tests.crash.killing import ROOT
from tests.stores.child import numbered
from tests.stores.scenarios import day

OPERATIONS = ROOT / "docs" / "operations.md"


@pytest.fixture(scope="module")
def sound(files: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A loaded graph, closed, so that all of it is in the file."""
    home = tmp_path_factory.mktemp("sound")
    assert guanxi("ingest", files, home=home).returncode == 0
    return home / "guanxi.db"


@pytest.fixture
def home(sound: Path, tmp_path: Path) -> Path:
    assert guanxi("backup", tmp_path / "guanxi.db", home=sound.parent).returncode == 0
    return tmp_path


def doctor(home: Path, *options: str) -> Finished:
    return guanxi("doctor", *options, home=home)


@pytest.mark.parametrize("where", ["header", "interior", "leaf", "index", "search"])
def test_the_doctor_finds_damage_wherever_it_is_and_says_what_to_do(home: Path, where: str) -> None:
    place = places(home / "guanxi.db")[where]
    flip(home / "guanxi.db", place.offset)
    found = doctor(home)
    assert "guanxi restore" in refused(found, "store_corrupt", 5)
    assert "damaged" in found.stdout and place.table in found.stdout
    assert "places disk" in found.stdout, "the rest is looked at all the same"


def test_damage_in_the_log_is_found_that_sqlite_itself_passes_over(home: Path) -> None:
    """A server was killed, its last writes are in the log; one of them is damaged there, and SQLite drops it and all after it."""
    child = "import os, sys; from graph_model.stores import open_store; from tests.stores.child import numbered\n"
    child += "store = open_store(sys.argv[1])\nfor n in range(6): store.upsert(numbered(n))\nos.kill(os.getpid(), 9)"
    subprocess.run([sys.executable, "-c", child, f"sqlite:///{home / 'guanxi.db'}"], cwd=ROOT, check=False)
    log = home / "guanxi.db-wal"
    assert doctor(home).returncode == 0, "a log that is whole is no damage"
    flip(log, log.stat().st_size // 2)
    refused(found := doctor(home), "store_corrupt", 5)
    assert re.search(r"the log beside the file: \d of its last writes can't be read", found.stdout)


def test_nothing_crashes_on_a_damaged_graph_and_everything_names_the_doctor(home: Path) -> None:
    flip(home / "guanxi.db", places(home / "guanxi.db")["header"].offset)
    before = (home / "guanxi.db").read_bytes()
    for command in (
        ["status"],
        ["search", "138001380"],
        ["score"],
        ["serve", "--port", "0"],
        ["backup", str(home / "b")],
    ):
        assert "guanxi doctor" in refused(guanxi(*command, home=home), "store_corrupt", 5)
    assert (home / "guanxi.db").read_bytes() == before
    assert not (home / "b").exists()


@pytest.mark.slow
def test_a_server_whose_graph_goes_bad_answers_with_the_code_and_lives(own: Home) -> None:
    store = open_store(f"sqlite:///{own.path / 'guanxi.db'}")
    store.close()
    for place in ("interior", "leaf"):
        flip(own.path / "guanxi.db", places(own.path / "guanxi.db")[place].offset)
    with serving_process(own, ready=503) as served:
        answer = served.ask(queries.RELATION_GRAPH, {"nodeId": own.case.subject_id})
        assert {error["extensions"]["code"] for error in answer["errors"]} == {"store_corrupt"}
        assert served.process.poll() is None
        assert "Traceback" not in answer["errors"][0]["message"]


def documented() -> list[str]:
    """The commands of the section "When the graph is damaged", as they stand in the document."""
    section = OPERATIONS.read_text(encoding="utf-8").split("## When the graph is damaged", 1)[1].split("\n## ", 1)[0]
    (block,) = re.findall(r"```\n(.*?)```", section, re.DOTALL)
    return [line.split("#")[0].strip() for line in block.splitlines() if line.strip()]


@pytest.fixture
def audited(home: Path) -> Iterator[Path]:
    """A home whose graph has an audit chain under a signed head, a backup of yesterday, and files that came since."""
    at = day(1)
    address = f"sqlite:///{home / 'guanxi.db'}"
    assert guanxi("users", "list", home=home).returncode == 0
    store = open_store(address)
    store.append_audit([AuditRecord(at, "ida", "investigator", "subject", [], "ok", {})] * 3)
    store.close()
    assert guanxi("audit", "seal", "--reason", "the first night", home=home).returncode == 0
    assert guanxi("backup", home / "yesterday.db", home=home).returncode == 0
    store = open_store(address)
    store.append_audit([AuditRecord(at, "ida", "investigator", "subject", [], "ok", {})] * 2)
    store.upsert(numbered(1))
    store.close()
    assert guanxi("audit", "seal", "--reason", "the second night", home=home).returncode == 0
    yield home


@pytest.mark.slow
def test_the_documented_way_back_is_walked_command_by_command(audited: Path, files: Path) -> None:
    flip(audited / "guanxi.db", places(audited / "guanxi.db")["interior"].offset)
    damaged = (audited / "guanxi.db").read_bytes()
    shown = {"/srv/backups/guanxi-20260701.db": audited / "yesterday.db", "/srv/incoming": files}
    statuses = {}
    for line in documented():
        for placeholder, real in shown.items():
            line = line.replace(placeholder, str(real))
        program, *arguments = shlex.split(line)
        assert program == "guanxi"
        done = guanxi(*arguments, home=audited)
        statuses[" ".join(arguments[:2])] = done.returncode
        assert "Traceback" not in done.stderr
    first, *rest = statuses.items()
    assert first == ("doctor", 5)
    assert dict(rest) == {
        f"restore {audited / 'yesterday.db'}": 0,
        "audit verify": 5,  # its last lines are gone, rightly: they came after the backup
        "audit seal": 0,
        f"ingest {files}": 0,
        "score": 0,
        "tags compute": 0,
        "segments compute": 0,
        "doctor --quick": 0,
    }
    assert guanxi("audit", "verify", home=audited).returncode == 0
    assert doctor(audited).returncode == 0
    (aside,) = (path for path in audited.glob("guanxi.db-aside-*") if not path.name.endswith(("-wal", "-shm")))
    assert aside.read_bytes() == damaged, "the damaged file is kept as it was"


def test_a_graph_is_only_replaced_when_told_so_by_a_sound_backup_and_when_nobody_has_it_open(home: Path) -> None:
    backup, bad = home / "backup.db", home / "bad.db"
    assert guanxi("backup", backup, home=home).returncode == 0
    bad.write_bytes(backup.read_bytes())
    flip(bad, places(bad)["leaf"].offset)
    before = (home / "guanxi.db").read_bytes()
    assert "--replace" in refused(guanxi("restore", backup, home=home), "restore.exists", 2)
    assert "nothing was changed" in refused(guanxi("restore", bad, "--replace", home=home), "store_corrupt", 5)
    refused(guanxi("restore", home / "nowhere.db", "--replace", home=home), "invalid_request", 2)
    refused(guanxi("restore", home / "guanxi.db", "--replace", home=home), "invalid_request", 2)
    child = "import sys; from graph_model.stores import open_store; store = open_store(sys.argv[1], read_only=True)\n"
    child += "print('open', flush=True); sys.stdin.readline()"
    address = f"sqlite:///{home / 'guanxi.db'}"
    with subprocess.Popen(
        [sys.executable, "-c", child, address], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as idle:
        assert idle.stdout is not None
        assert idle.stdout.readline() == b"open\n"
        refused(guanxi("restore", backup, "--replace", home=home), "store_locked", 4)
        idle.kill()
    assert (home / "guanxi.db").read_bytes() == before
    assert guanxi("restore", backup, "--replace", home=home).returncode == 0
    elsewhere = home / "new" / "guanxi.db"
    assert guanxi("restore", backup, "--store", f"sqlite:///{elsewhere}", home=home).returncode == 0
    assert elsewhere.stat().st_mode & 0o777 == 0o600
    refused(guanxi("restore", backup, "--store", "neo4j://nowhere", home=home), "invalid_request", 2)


def test_a_backup_of_an_older_version_is_brought_up_to_date_and_stays_itself(home: Path) -> None:
    backup = home / "backup.db"
    assert guanxi("backup", backup, home=home).returncode == 0
    connection = sqlite3.connect(backup, isolation_level=None)
    connection.execute("PRAGMA journal_mode = DELETE")
    connection.execute("DELETE FROM meta WHERE name = 'schema'")  # as if the schema had grown since
    connection.close()
    before = backup.read_bytes()
    (home / "guanxi.db").unlink()
    assert guanxi("restore", backup, home=home).returncode == 0
    assert backup.read_bytes() == before
    assert doctor(home).returncode == 0
