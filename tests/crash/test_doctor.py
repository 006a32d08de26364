"""The doctor's round: a healthy house is told so, and what ails one is named with what to do, without anybody's personal data."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from graph_model.records import ScoreSource, Scoring
from graph_model.services.backups import STATE as LAST_BACKUP
from graph_model.stores import open_store
from ingest import leftovers
from tests.api.processes import Home, serving_process
from tests.api.test_cli import guanxi, refused
from tests.crash.killing import ROOT
from tests.ingest.files import read
from tests.stores.neo4j_database import DATABASE

Findings = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def home(files: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose graph was loaded this minute."""
    folder = tmp_path_factory.mktemp("home")
    assert guanxi("ingest", files, home=folder).returncode == 0
    return folder


def examined(home: Path, *options: str, **environment: str) -> Findings:
    """Area and name → what was found; the worst of those of one name."""
    told = guanxi("doctor", "--json", *options, home=home, **environment)
    report = json.loads(told.stdout)
    rank = ["ok", "warning", "problem"]
    found: Findings = {}
    for finding in report["findings"]:
        name = f"{finding['area']} {finding['name']}"
        if name not in found or rank.index(finding["level"]) > rank.index(found[name]["level"]):
            found[name] = finding
        assert finding["level"] == "ok" or finding["advice"] or finding["code"], (
            "whoever is told of a trouble is told what to do"
        )
    assert report["ok"] is (told.returncode == 0) is all(each["level"] != "problem" for each in found.values())
    return found


def test_a_healthy_house_is_told_so_with_its_sizes_and_ages(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))  # what killed ingests of others left is not its
    assert guanxi("backup", tmp_path / "copy.db", home=home).returncode == 0
    found = examined(home)
    assert found["size records"]["values"]["nodes"] > 250
    assert found["size bytes"]["values"]["file"] == (home / "guanxi.db").stat().st_size
    assert found["places disk"]["values"]["needed"] >= found["size bytes"]["values"]["file"]
    assert found["places disk"]["values"]["free"] > 0
    assert found["graph store"]["values"]["engine"].startswith("SQLite 3.")
    assert found["installed extra neo4j"]["values"]["installed"] is True
    for name in ("places home", "places graph file", "age ingest", "age backup", "sound graph", "sound audit chain"):
        assert found[name]["level"] == "ok", found[name]
    assert found["age model"]["advice"] == "Run guanxi score"
    told = guanxi("doctor", home=home)
    assert told.returncode == 0 and "1 warning." in told.stdout


def test_nobodys_data_is_in_what_the_doctor_says(home: Path, files: Path) -> None:
    told = guanxi("doctor", home=home).stdout + guanxi("doctor", "--json", home=home).stdout
    for person in read(files / "customers.csv")[:200]:
        assert person["id_number"] not in told
        assert not person["phone"] or person["phone"] not in told


def test_a_quick_round_leaves_out_what_reads_everything(home: Path) -> None:
    found = examined(home, "--quick")
    assert "sound audit chain" not in found
    assert found["sound graph"]["values"] == {"thorough": False}


def test_where_there_is_no_graph_the_rest_is_looked_at_all_the_same(tmp_path: Path) -> None:
    found = examined(tmp_path / "nowhere")
    assert found["graph store"]["code"] == "store_missing"
    assert found["places home"]["level"] == "warning"
    assert found["installed guanxi"]["level"] == "ok"
    assert "guanxi ingest FILES" in refused(guanxi("doctor", home=tmp_path / "nowhere"), "store_missing", 3)
    assert not (tmp_path / "nowhere").exists(), "looking makes nothing"


def test_what_was_broken_off_and_what_is_old_is_named(home: Path, tmp_path: Path) -> None:
    copy = tmp_path / "guanxi.db"
    assert guanxi("backup", copy, home=home).returncode == 0
    long_ago = datetime.now(UTC) - timedelta(days=30)
    store = open_store(f"sqlite:///{copy}")
    for name in store.states("ingest.job."):
        store.put_state(name, json.dumps({"now": long_ago.isoformat(), "done": False, "files": {}}))
    store.put_state(LAST_BACKUP, long_ago.isoformat())
    store.begin_scoring(Scoring(ScoreSource.MODEL, "m1", "p1", long_ago, long_ago))
    store.close()
    found = examined(tmp_path)
    assert found["age ingest"]["level"] == found["age backup"]["level"] == found["age scoring"]["level"] == "warning"
    assert "30 days ago" in found["age backup"]["message"]
    assert "scoring_unfinished" in found["age scoring"]["message"]


def test_clocks_and_secrets_that_are_not_as_they_should_be_are_named(home: Path, tmp_path: Path) -> None:
    assert guanxi("backup", tmp_path / "guanxi.db", home=home).returncode == 0
    (tmp_path / "secret").write_text("ab" * 32)
    (tmp_path / "secret").chmod(0o644)
    tomorrow = time.time() + 86_400
    os.utime(tmp_path / "guanxi.db", (tomorrow, tomorrow))
    found = examined(tmp_path)
    assert "chmod 600" in found["places secret"]["advice"]
    assert "NTP" in found["places clock"]["advice"]


def test_what_a_killed_ingest_left_in_the_temporary_folder_is_named_and_then_removed(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows of the files are in it. The folder of one that is at work is left alone."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    child = "import sys, time; from ingest.leftovers import lent_folder\nwith lent_folder() as folder:\n"
    child += " (folder / 'rows').write_text('x'); print('lent', flush=True); time.sleep(600)"
    with subprocess.Popen(
        [sys.executable, "-c", child], cwd=ROOT, stdout=subprocess.PIPE, env={**os.environ, "TMPDIR": str(tmp_path)}
    ) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == b"lent\n"
        assert "places leftovers" not in examined(home, "--quick")
        holder.send_signal(signal.SIGKILL)
        holder.wait()
    assert examined(home, "--quick")["places leftovers"]["values"] == {"folders": 1}
    with leftovers.lent_folder() as mine:
        assert [path for path in tmp_path.glob("guanxi-ingest-*") if path != mine] == []
    assert list(tmp_path.glob("guanxi-ingest-*")) == []


@pytest.mark.slow
def test_a_server_is_looked_at_at_its_address(own: Home) -> None:
    with serving_process(own) as served:
        found = examined(own.path, "--quick", "--url", served.url)
        assert found["served api"]["level"] == found["served ready"]["level"] == "ok"
        url = served.url
    found = examined(own.path, "--quick", "--url", url)
    assert found["served api"]["code"] == "doctor.unreachable"
    told = refused(guanxi("doctor", "--quick", "--url", url, home=own.path), "doctor.unreachable", 4)
    assert "guanxi serve" in told


@pytest.mark.long
def test_a_graph_in_neo4j_is_examined_alike(tmp_path: Path) -> None:
    url = DATABASE.empty()
    open_store(url, create=True).close()
    found = examined(tmp_path, GUANXI_STORE=url)
    assert found["graph store"]["values"]["engine"].startswith("Neo4j Kernel 5.")
    assert found["graph store"]["values"]["ms"] > 0
    assert found["sound graph"]["level"] == found["sound audit chain"]["level"] == "ok"
    assert found["size records"]["level"] == "warning"  # it is empty
    assert "graph clock" not in found
    unreachable = examined(tmp_path, GUANXI_STORE="neo4j://127.0.0.1:1")
    assert unreachable["graph store"]["code"] == "store_unavailable"
