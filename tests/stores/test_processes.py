"""Several processes on one store: one writes, others read; two long jobs exclude each other; whoever dies leaves whole batches."""

import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from graph_model.audit import first_break
from graph_model.errors import StoreLocked
from graph_model.records import AuditEntry, AuditRecord, GraphBatch
from graph_model.stores import open_store
from tests.stores import portrait
from tests.stores.adapters import Adapter, Opened
from tests.stores.child import CUSTOMERS, LINES, numbered
from tests.stores.scenarios import customer, day, node

Start = Callable[..., "subprocess.Popen[str]"]
ROOT = Path(__file__).parents[2]


@pytest.fixture
def start(opened: Opened) -> Iterator[Start]:
    """Starts another process on the store; what is still alive at the end is killed."""
    children: list[subprocess.Popen[str]] = []

    def begin(command: str, number: int) -> "subprocess.Popen[str]":
        child = subprocess.Popen(
            [sys.executable, "-m", "tests.stores.child", command, opened.url, str(number)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        children.append(child)
        return child

    yield begin
    for child in children:
        child.kill()
        child.communicate()


def first_line(child: "subprocess.Popen[str]") -> str:
    assert child.stdout is not None
    return child.stdout.readline().strip()


@pytest.mark.slow
def test_three_read_while_one_writes_and_see_whole_batches_only(start: Start) -> None:
    readers = [start("read", 30) for _ in range(3)]
    writer = start("write", 30)
    for child in (writer, *readers):
        out, err = child.communicate(timeout=120)
        assert child.returncode == 0, err
        assert out.split()[-1] == "30"


@pytest.mark.slow
def test_kill_9_in_the_middle_loses_no_acknowledged_batch_and_leaves_no_half(
    opened: Opened, start: Start, adapter: Adapter, tmp_path_factory: pytest.TempPathFactory
) -> None:
    chance = random.Random(7)
    for _ in range(4):
        child = start("write", 10_000)
        acknowledged = int(first_line(child))
        time.sleep(chance.uniform(0.0, 0.3))
        child.kill()
        out, _ = child.communicate()
        acknowledged = max([acknowledged, *map(int, out.split()[:-1])])  # the last line may be half

        store = opened.reopen()
        store.check(thorough=True)
        written, rest = divmod(store.statistics().nodes["Customer"], CUSTOMERS)
        assert rest == 0
        assert written >= acknowledged
        assert len(store.scan_nodes("Customer").handles) == written * CUSTOMERS

    # Started again, it ends in the graph that an undisturbed run makes.
    for number in range(written + 3):
        opened.store.upsert(numbered(number))
    disturbed = portrait.of_everything(opened.store)
    undisturbed = adapter.create(tmp_path_factory.mktemp("undisturbed")).store
    for number in range(written + 3):
        undisturbed.upsert(numbered(number))
    assert disturbed == portrait.of_everything(undisturbed)
    undisturbed.close()


@pytest.mark.slow
def test_four_processes_write_one_chain_and_no_line_is_lost(opened: Opened, start: Start) -> None:
    children = [start("audit", 50) for _ in range(4)]
    for child in children:
        _, err = child.communicate(timeout=120)
        assert child.returncode == 0, err

    entries = opened.store.audit(limit=4 * 50 * LINES + 1)
    assert first_break(entries) is None
    assert [entry.sequence for entry in entries] == list(range(1, 4 * 50 * LINES + 1))
    for child in children:
        own = [entry for entry in entries if entry.actor == f"worker-{child.pid}"]
        assert [entry.subjects for entry in own] == [(f"{batch}-{i}",) for batch in range(50) for i in range(LINES)]
    # The lines of one batch stand together.
    assert all(len({(e.actor, e.detail["batch"]) for e in entries[i : i + LINES]}) == 1 for i in _starts(entries))


@pytest.mark.slow
def test_kill_9_in_the_middle_of_auditing_leaves_a_whole_chain_with_all_that_was_acknowledged(
    opened: Opened, start: Start
) -> None:
    chance = random.Random(11)
    for _ in range(3):
        children = [start("audit", 100_000) for _ in range(2)]
        acknowledged = [int(first_line(child)) for child in children]
        time.sleep(chance.uniform(0.0, 0.2))
        for child in children:
            child.kill()
        for child in children:
            out, _ = child.communicate()
            acknowledged += map(int, out.split()[:-1])  # the last line may be half

        entries: list[AuditEntry] = []
        while page := opened.store.audit(after=len(entries), limit=1_000):
            entries += page
        assert first_break(entries) is None
        assert len(entries) % LINES == 0
        assert len(entries) >= max(acknowledged)
        # Whoever comes next goes on from there.
        (after,) = opened.store.append_audit([AuditRecord(day(1), "ida", "operator", "doctor", [], "ok", {})])
        assert after.sequence == len(entries) + 1
        opened.store.append_audit([AuditRecord(day(1), "ida", "operator", "doctor", [], "ok", {})] * (LINES - 1))


def _starts(entries: Sequence[AuditEntry]) -> range:
    return range(0, len(entries), LINES)


def test_two_long_jobs_exclude_each_other_and_the_second_is_told_who(opened: Opened, start: Start) -> None:
    child = start("hold", 60)
    assert first_line(child) == "holding"
    with pytest.raises(StoreLocked) as refused, opened.store.writing("score"):
        pytest.fail("two long jobs at once")
    assert str(child.pid) in refused.value.message
    assert "ingest" in refused.value.message


def test_short_writes_get_in_between_those_of_a_long_job(opened: Opened, start: Start) -> None:
    assert first_line(start("hold", 60)) == "holding"
    for number in range(10):
        opened.store.upsert(GraphBatch([node(customer(f"online{number}"))]))
        opened.store.put_state("last", str(number))
    assert opened.store.state("last") == "9"


def test_a_holder_that_died_holds_nothing(opened: Opened, start: Start) -> None:
    child = start("hold", 60)
    assert first_line(child) == "holding"
    child.kill()
    child.wait()
    with opened.store.writing("score"):
        opened.store.put_state("scored", "yes")
    assert opened.store.state("scored") == "yes"


def test_a_long_job_that_failed_lets_go(opened: Opened) -> None:
    with pytest.raises(RuntimeError), opened.store.writing("ingest"):
        raise RuntimeError("the disk fell off")
    with opened.store.writing("score"):
        opened.store.put_state("scored", "yes")


def test_two_jobs_of_one_process_exclude_each_other_too(opened: Opened) -> None:
    with (
        opened.store.writing("ingest"),
        pytest.raises(StoreLocked, match=f"{os.getpid()}.*ingest"),
        opened.store.writing("score"),
    ):
        pytest.fail("two long jobs at once")


def test_several_processes_that_create_one_store_at_once_share_it(adapter: Adapter, tmp_path: Path) -> None:
    url = adapter.fresh_url(tmp_path)
    code = "import sys; from graph_model.stores import open_store; s = open_store(sys.argv[1], create=True); s.put_state(sys.argv[2], 'here')"
    children = [subprocess.Popen([sys.executable, "-c", code, url, str(n)], cwd=ROOT) for n in range(4)]
    assert [child.wait(timeout=60) for child in children] == [0, 0, 0, 0]
    store = open_store(url)
    assert [store.state(str(n)) for n in range(4)] == ["here"] * 4
    store.close()


@pytest.mark.slow
def test_two_processes_that_write_short_batches_lose_nothing(opened: Opened, start: Start) -> None:
    child = start("write", 25)
    for number in range(25, 50):
        opened.store.upsert(numbered(number - 1))
        opened.store.upsert(numbered(number))
    _, err = child.communicate(timeout=60)
    assert child.returncode == 0, err
    assert opened.store.statistics().nodes["Customer"] == 50 * CUSTOMERS
    opened.store.check(thorough=True)
