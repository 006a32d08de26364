"""The disk is full, or nobody may write: one clear sentence, nothing half-written, and the same command goes on when there is room.

The disk is a real file system of a few megabytes where this process may mount one (a tmpfs, in a container of a superuser); elsewhere these tests
are skipped, and what a file-size limit (RLIMIT_FSIZE) can show is shown everywhere.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from graph_model.errors import StoreFull
from graph_model.records import GraphBatch
from graph_model.stores import open_store
from tests.api import queries
from tests.api.processes import Home, serving_process
from tests.api.test_cli import guanxi, refused
from tests.crash.killing import ROOT
from tests.stores.child import numbered
from tests.stores.scenarios import customer, node

MEGABYTE = 1024**2
ROOM_TO_OPEN = (
    128 * 1024
)  # without any, not even a reader can open a SQLite file: it shares memory through a file beside it


@contextmanager
def small_disk(folder: Path, size: int) -> Iterator[Path]:
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("no file system may be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def resize(folder: Path, size: int) -> None:
    subprocess.run(["mount", "-o", f"remount,size={size}", str(folder)], check=True)


def fill(folder: Path, *, leave: int = 0) -> Path:
    """Takes what is left of a disk, but for so many bytes."""
    ballast = folder / "ballast"
    descriptor = os.open(ballast, os.O_WRONLY | os.O_CREAT)
    try:
        while True:
            os.write(descriptor, b"\0" * 4096)
    except OSError:  # no room
        pass
    finally:
        os.close(descriptor)
    os.truncate(ballast, ballast.stat().st_size - leave)
    return ballast


def count(home: Path) -> int:
    store = open_store(f"sqlite:///{home / 'guanxi.db'}", read_only=True)
    try:
        store.check(thorough=True)
        return sum(store.statistics().nodes.values())
    finally:
        store.close()


@pytest.fixture(scope="module")
def loaded(files: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose graph has everything."""
    home = tmp_path_factory.mktemp("loaded")
    done = guanxi("ingest", files, home=home)
    assert done.returncode == 0, done.stderr
    return home


@pytest.mark.slow
def test_an_ingest_that_fills_the_disk_goes_on_when_there_is_room(files: Path, loaded: Path, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 2 * MEGABYTE) as disk:
        line = refused(guanxi("ingest", files, home=disk), "store_full", 5)
        assert "free some space and run the command again" in line
        before = count(disk)
        resize(disk, 200 * MEGABYTE)
        done = guanxi("ingest", files, home=disk)
        assert done.returncode == 0, done.stderr
        assert before < count(disk) == count(loaded)


@pytest.mark.slow
def test_a_score_on_a_full_disk_changes_nothing_and_is_done_when_there_is_room(loaded: Path, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 100 * MEGABYTE) as disk:
        assert guanxi("backup", disk / "guanxi.db", home=loaded).returncode == 0
        ballast = fill(disk, leave=ROOM_TO_OPEN)
        found = guanxi("score", "--as-of", "2026-10-31", home=disk)
        assert found.returncode in (5, 7)
        assert "[store_full]" in found.stderr or "[disk.full]" in found.stderr
        assert "ree some space" in found.stderr and "Traceback" not in found.stderr
        store = open_store(f"sqlite:///{disk / 'guanxi.db'}", read_only=True)
        assert store.statistics().assessments == 0 and store.latest_scoring() is None
        store.close()
        doctor = guanxi("doctor", home=disk)
        assert doctor.returncode != 0 and "disk.full" in doctor.stderr + doctor.stdout
        ballast.unlink()
        done = guanxi("score", "--as-of", "2026-10-31", home=disk)
        assert done.returncode == 0, done.stderr


def test_a_backup_that_does_not_fit_leaves_nothing_behind(loaded: Path, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", MEGABYTE) as disk:
        line = refused(guanxi("backup", disk / "copy.db", home=loaded), "store_full", 5)
        assert "free some space" in line
        assert list(disk.iterdir()) == []
        resize(disk, 100 * MEGABYTE)
        assert guanxi("backup", disk / "copy.db", home=loaded).returncode == 0


def test_a_restore_that_does_not_fit_leaves_the_graph_as_it_was(loaded: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    assert guanxi("backup", copy, home=loaded).returncode == 0
    with small_disk(tmp_path / "disk", MEGABYTE) as disk:
        store = open_store(f"sqlite:///{disk / 'guanxi.db'}", create=True)
        store.upsert(GraphBatch([node(customer("c1"), 0)]))
        store.close()
        refused(guanxi("restore", copy, "--replace", home=disk), "store_full", 5)
        assert count(disk) == 1
        assert not [path for path in disk.iterdir() if "restoring" in path.name or "aside" in path.name]


@pytest.mark.slow
def test_a_server_on_a_full_disk_refuses_writes_and_takes_them_again_when_there_is_room(
    own: Home, tmp_path: Path
) -> None:
    """Reads are refused too: each is a line of the audit, which can't be written."""
    reason = {"from": own.case.subject_id, "to": own.case.ids["d_user"], "reason": "seen together, case 12"}
    with small_disk(tmp_path / "disk", 60 * MEGABYTE) as disk:
        for file in own.path.iterdir():
            if file.is_file():
                (disk / file.name).write_bytes(file.read_bytes())
        moved = Home(disk, own.case, own.tokens)
        with serving_process(moved) as served:
            assert "errors" not in served.ask(queries.STATUS)
            ballast = fill(disk)
            (error,) = served.ask(queries.DRAW_LINK, reason)["errors"]
            assert error["extensions"]["code"] in ("audit.unavailable", "store_full")
            assert str(disk) not in error["message"]
            ballast.unlink()
            assert "errors" not in served.ask(queries.DRAW_LINK, reason)
            assert served.stop() == 0
        assert guanxi("audit", "verify", home=disk).returncode == 0


LIMITED = """
import resource, sys
from graph_model.stores import open_store
from tests.stores.child import numbered
store = open_store(sys.argv[1], create=True)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
import signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
try:
    for number in range(10_000):
        store.upsert(numbered(number))
except Exception as exc:
    print(exc.code, number)
"""


def test_a_file_that_may_not_grow_is_refused_like_a_full_disk(tmp_path: Path) -> None:
    """Wherever the tests run: the system refuses every write beyond a megabyte (RLIMIT_FSIZE)."""
    url = f"sqlite:///{tmp_path / 'graph.db'}"
    child = subprocess.run(
        [sys.executable, "-c", LIMITED, url, str(MEGABYTE)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    code, written = child.stdout.split()
    assert code == StoreFull.code, child.stdout
    store = open_store(url)
    store.check(thorough=True)
    store.upsert(numbered(int(written)))  # the very batch that was refused
    store.check(thorough=True)
    store.close()


@pytest.mark.long
def test_who_may_not_write_is_told_so_by_every_command(loaded: Path, files: Path, tmp_path: Path) -> None:
    """A superuser gives up the right to pass over permissions, so that they bind as they bind everybody."""
    copy, home, locked = tmp_path / "guanxi.db", tmp_path / "home", tmp_path / "locked"
    assert guanxi("backup", copy, home=loaded).returncode == 0
    home.mkdir()
    copy.chmod(0o444)
    locked.mkdir(mode=0o555)
    address = ("--store", f"sqlite:///{copy}")
    for arguments in (("ingest", str(files)), ("score",)):
        code, told = bound(*arguments, *address, "--home", str(home))
        assert code == 5 and "[store_read_only]" in told and "Check the permissions" in told, told
    code, told = bound("backup", str(locked / "b.db"), *address, "--home", str(home))
    assert code == 5 and "[store_read_only]" in told, told
    code, told = bound("status", *address, "--home", str(home))
    assert code == 0, told
    code, told = bound("doctor", *address, "--home", str(home))
    assert code == 0 and "can't be written to" in told and "is sound" in told, told
    code, told = bound("doctor", "--quick", *address, "--home", str(locked))
    assert code == 7 and "[home.unusable]" in told, told


def bound(*arguments: str) -> tuple[int, str]:
    """The exit status, and all that was said."""
    bare = [] if os.geteuid() != 0 else ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]
    command = [*bare, sys.executable, "-m", "api.cli", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr
