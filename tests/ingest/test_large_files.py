"""A lender's whole portfolio: read in bounded memory however long the files are, and taken up again where a kill left it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from graph_model.stores import open_store
from ingest.portfolio import generate

CUSTOMERS = 30_000
# MB. The page cache of the store is a quarter of a gigabyte at most, the program itself some 180. The rows of these files as Python objects would
# need as much again, and the records made of them twice that.
MOST_MEMORY = 650
ROOT = Path(__file__).parents[2]

# Tells after each batch which file it is in and how far; in the end what it did, and the most memory that it held.
_CHILD = """
import json, logging, sys
from datetime import UTC, datetime
from pathlib import Path
import structlog
from graph_model.stores import open_store
from ingest.load import ingest

structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
url, files, quarantine = sys.argv[1:]
store = open_store(url, create=True)
report = ingest(
    store, [Path(files)], quarantine_dir=Path(quarantine), now=datetime(2026, 11, 1, tzinfo=UTC),
    on_progress=lambda name, done, total: print(json.dumps([name, done / total]), flush=True),
)
store.close()
memory = int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]) // 1024
print(json.dumps({
    "read": {f.file: f.read for f in report.files}, "resumed": {f.file: f.resumed_at for f in report.files},
    "quarantined": report.quarantined, "memory": memory,
}))
"""


def start(url: str, files: Path, quarantine: Path) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", _CHILD, url, str(files), str(quarantine)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


@pytest.mark.long
def test_a_portfolio_that_was_killed_half_way_is_loaded_whole_in_bounded_memory(tmp_path: Path) -> None:
    files, url = tmp_path / "files", f"sqlite:///{tmp_path}/graph.db"
    made = generate(files, customers=CUSTOMERS, seed=3)

    with start(url, files, tmp_path / "quarantine") as first:
        assert first.stdout is not None
        for line in first.stdout:
            name, share = json.loads(line)
            if name == "applications.csv" and share > 0.5:
                first.kill()
                break

    with start(url, files, tmp_path / "quarantine") as second:
        told = second.communicate()[0].splitlines()
    assert second.returncode == 0
    report: dict[str, Any] = json.loads(told[-1])
    assert report["read"] == {name: rows for name, rows in made.rows.items() if "/" not in name}
    assert report["quarantined"] == 0
    assert report["resumed"]["customers.csv"] is not None, "all of it was loaded by the first"
    assert report["resumed"]["applications.csv"] > made.rows["applications.csv"] / 2
    assert report["resumed"]["relations.csv"] is None, "the first did not come so far"
    assert "customers.csv" not in {json.loads(line)[0] for line in told[:-1]}, "nothing is read twice"
    assert report["memory"] < MOST_MEMORY

    store = open_store(url, read_only=True)
    try:
        store.check(thorough=True)
        counted = store.statistics()
    finally:
        store.close()
    assert counted.nodes["Customer"] == CUSTOMERS
    assert counted.nodes["Application"] == counted.edges["APPLIED"] == made.rows["applications.csv"]
    assert counted.facts["status"] == made.rows["statuses.csv"]
