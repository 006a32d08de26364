"""A job that was killed, cancelled or failed goes on where it was, and ends in the same graph with the same quarantine."""

import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from time import sleep

import pytest

from graph_model.stores import open_store
from ingest.checkpoint import JobProgress
from ingest.errors import FileChanged
from ingest.load import ingest
from ingest.report import IngestReport
from tests.ingest.files import APPLICATION, CUSTOMER, EMERGENCY, LABEL, NOW, made_up_id, read, write
from tests.ingest.graphs import Graph, graph_of
from tests.ingest.memory_store import MemoryStore

LATER = NOW + timedelta(hours=5)
CUSTOMERS = 30
BATCH = 4
ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Thirty customers who share phones, their applications, contacts and labels; every seventh row is bad."""
    files = tmp_path / "files"
    files.mkdir()
    ids = [made_up_id(n) for n in range(CUSTOMERS)]
    phones = [f"1380013{8000 + n % 9}" if n % 7 else "12" for n in range(CUSTOMERS)]
    write(files / "customers.csv", [{**CUSTOMER, "id_number": i, "phone": p} for i, p in zip(ids, phones, strict=True)])
    write(
        files / "applications.csv",
        [{**APPLICATION, "application_id": f"A{n}", "id_number": i} for n, i in enumerate(ids)],
    )
    write(files / "relations.csv", [{**EMERGENCY, "id_number": i} for i in ids])
    write(files / "labels.csv", [{**LABEL, "application_id": f"A{n}" if n % 7 else "A999"} for n in range(CUSTOMERS)])
    return files


def run(store: object, folder: Path, **options: object) -> IngestReport:
    given = {"quarantine_dir": folder.parent / "quarantine", "now": NOW, "batch_rows": BATCH, **options}
    return ingest(store, [folder], **given)  # type: ignore[arg-type]


def refused_rows(quarantine: Path) -> list[dict[str, str]]:
    return [row for file in sorted(quarantine.glob("*.csv")) for row in read(file)]


def counts(report: IngestReport) -> tuple[int, int, int, int]:
    return report.read, report.loaded, report.merged, report.quarantined


@pytest.fixture
def whole(folder: Path) -> tuple[MemoryStore, IngestReport, list[dict[str, str]]]:
    """What an ingest that nothing disturbs ends in."""
    store = MemoryStore()
    report = run(store, folder, quarantine_dir=folder.parent / "undisturbed")
    return store, report, refused_rows(folder.parent / "undisturbed")


@pytest.mark.parametrize("batches", range(1, 32, 3))
def test_a_store_that_fails_in_any_batch_leaves_a_job_that_can_go_on(
    folder: Path, whole: tuple[MemoryStore, IngestReport, list[dict[str, str]]], batches: int
) -> None:
    store = MemoryStore(fail_after=batches)
    with pytest.raises(OSError, match="went away"):
        run(store, folder)
    store.fail_after = None
    report = run(store, folder, now=LATER)
    assert store.graph() == whole[0].graph()
    assert refused_rows(folder.parent / "quarantine") == whole[2]
    assert report.read == whole[1].read
    assert report.quarantined == whole[1].quarantined
    assert counts(report) == counts(whole[1])
    assert store.batches == whole[0].batches, "what was committed before is not read again"


def test_a_cancelled_job_ends_after_a_batch_and_can_go_on(
    folder: Path, whole: tuple[MemoryStore, IngestReport, list[dict[str, str]]]
) -> None:
    store = MemoryStore()
    report = run(store, folder, cancelled=lambda: store.batches >= 10)
    assert report.cancelled
    assert store.batches == 10
    assert [(f.file, f.complete, f.read) for f in report.files] == [
        ("customers.csv", True, 30),
        ("applications.csv", False, 8),
    ]
    resumed = run(store, folder, now=LATER)
    assert not resumed.cancelled
    assert [f.resumed_at for f in resumed.files] == [32, 10, None, None]
    assert store.graph() == whole[0].graph()
    assert counts(resumed) == counts(whole[1])


def test_a_job_that_ended_is_read_anew_when_it_is_asked_for_again(folder: Path) -> None:
    store = MemoryStore()
    first = run(store, folder)
    again = run(store, folder)
    assert (again.loaded, again.merged) == (0, first.loaded + first.merged)
    assert [f.resumed_at for f in again.files] == [None] * 4


@pytest.mark.parametrize(
    "kept", ["", "no JSON", "[]", '{"done": false}', '{"done": false, "now": "x", "files": {"0": {"a": 1}}}']
)
def test_a_checkpoint_that_is_not_understood_is_no_checkpoint(kept: str) -> None:
    assert JobProgress.load(kept, NOW) == JobProgress(NOW)


def test_a_changed_file_begins_anew(folder: Path) -> None:
    store = MemoryStore(fail_after=5)
    with pytest.raises(OSError, match="went away"):
        run(store, folder)
    store.fail_after = None
    rows = read(folder / "customers.csv")
    write(folder / "customers.csv", [{**row, "phone": row["phone"].replace("12", "13900139000")} for row in rows])
    report = run(store, folder)
    assert report.files[0].resumed_at is None
    assert (report.files[0].read, report.files[0].quarantined) == (CUSTOMERS, 0)


def test_a_file_whose_quarantine_is_gone_begins_anew(
    folder: Path, whole: tuple[MemoryStore, IngestReport, list[dict[str, str]]]
) -> None:
    store = MemoryStore(fail_after=5)
    with pytest.raises(OSError, match="went away"):
        run(store, folder)
    store.fail_after = None
    for file in (folder.parent / "quarantine").iterdir():
        file.unlink()
    run(store, folder)
    assert refused_rows(folder.parent / "quarantine") == whole[2]


def test_a_file_that_changes_while_it_is_read_stops_the_job(folder: Path) -> None:
    def meddle(file: str, done: int, total: int) -> None:
        with (folder / file).open("a", encoding="utf-8") as target:
            target.write("more\n")

    with pytest.raises(FileChanged) as refused:
        run(MemoryStore(), folder, on_progress=meddle)
    assert refused.value.code == "ingest_file_changed"


def test_progress_tells_bytes_of_each_file(folder: Path) -> None:
    told: list[tuple[str, int, int]] = []
    store = MemoryStore()
    run(store, folder, on_progress=lambda *step: told.append(step))
    for name in ("customers.csv", "applications.csv", "relations.csv", "labels.csv"):
        steps = [(done, total) for file, done, total in told if file == name]
        assert [done for done, _ in steps] == sorted({done for done, _ in steps})
        assert steps[-1] == (steps[-1][1], (folder / name).stat().st_size)
    assert store.holders == ["ingest"], "the store is held for the whole job"


KILLED = """
import os, signal, sys
from datetime import datetime
from pathlib import Path
from graph_model.stores import open_store
from ingest.load import ingest
database, files, now, batches = sys.argv[1:]
left = int(batches)
def progress(*step):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
store = open_store(f"sqlite:///{database}", create=True)
ingest(store, [Path(files)], quarantine_dir=Path(files).parent / "quarantine", now=datetime.fromisoformat(now),
       batch_rows=4, on_progress=progress)
"""


def killed(database: Path, folder: Path, batches: int) -> int:
    """Ingests in a process of its own that is killed after so many batches; its exit status."""
    command = [sys.executable, "-c", KILLED, str(database), str(folder), NOW.isoformat(), str(batches)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, timeout=120, check=False).returncode


def stored(database: Path) -> Graph:
    store = open_store(f"sqlite:///{database}")
    try:
        return graph_of(store)
    finally:
        store.close()


@pytest.mark.long
def test_a_job_killed_again_and_again_ends_in_the_same_graph(folder: Path, tmp_path: Path) -> None:
    undisturbed, disturbed = tmp_path / "undisturbed.db", tmp_path / "disturbed.db"
    assert killed(undisturbed, folder, 0) == 0
    expected = refused_rows(tmp_path / "quarantine")
    for file in (tmp_path / "quarantine").iterdir():
        file.unlink()
    for batches in (2, 7, 9, 5):
        assert killed(disturbed, folder, batches) == -signal.SIGKILL
    assert killed(disturbed, folder, 0) == 0
    assert stored(disturbed) == stored(undisturbed)
    assert refused_rows(tmp_path / "quarantine") == expected


@pytest.mark.slow
def test_a_job_killed_at_any_moment_ends_in_the_same_graph(folder: Path, tmp_path: Path) -> None:
    """From outside, in the middle of whatever it does: some milliseconds after the first bad row is on the disk, later each round."""
    undisturbed, disturbed = tmp_path / "undisturbed.db", tmp_path / "disturbed.db"
    assert killed(undisturbed, folder, 0) == 0
    expected = refused_rows(tmp_path / "quarantine")
    for file in (tmp_path / "quarantine").iterdir():
        file.unlink()
    for milliseconds in (1, 15, 40):
        process = subprocess.Popen(
            [sys.executable, "-c", KILLED, str(disturbed), str(folder), NOW.isoformat(), "0"], cwd=ROOT
        )
        while process.poll() is None and not any((tmp_path / "quarantine").glob("*.csv")):
            sleep(0.001)
        sleep(milliseconds / 1000)
        process.kill()
        process.wait(timeout=60)
    assert killed(disturbed, folder, 0) == 0
    assert stored(disturbed) == stored(undisturbed)
    # A round that ended before it was killed is followed by a whole new pass, which refuses the same rows again.
    assert {row["_line"] + row["_file"] for row in refused_rows(tmp_path / "quarantine")} == {
        row["_line"] + row["_file"] for row in expected
    }
