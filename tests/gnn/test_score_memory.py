"""How much memory a scoring takes: by what a customer of the portfolio may cost, so that a million of them fit a machine of 8 GB beside the rest."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from graph_model.stores import open_store
from ingest.load import ingest
from ingest.portfolio import generate
from tests.gnn.conftest import AFTERWARDS

CUSTOMERS = 15_000
KILOBYTES_EACH = 7.5  # a million are 7.2 GB; the libraries and the compiled kernels come on top, whatever the portfolio

# Says how much more memory was held at most than when the kernels were compiled and the models' library was loaded.
CHILD = """
import resource, sys
from datetime import datetime
from pathlib import Path
from gnn.score import score
from gnn.warm import warm
from graph_model.stores import open_store

warm()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
store = open_store(f"sqlite:///{sys.argv[1]}")
now = datetime.fromisoformat(sys.argv[3])
done = score(store, as_of=now, scored_at=now, models=Path(sys.argv[2]))
store.close()
print(done.customers, done.trained, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.long
@pytest.mark.skipif(sys.platform != "linux", reason="Peak memory is counted in other units, or not at all, elsewhere.")
def test_training_and_scoring_hold_only_so_much_for_each_customer(tmp_path: Path):
    generate(tmp_path / "files", customers=CUSTOMERS, seed=5)
    store = open_store(f"sqlite:///{tmp_path / 'graph.db'}", create=True)
    ingest(store, [tmp_path / "files"], quarantine_dir=tmp_path / "quarantine", now=AFTERWARDS)
    store.close()
    arguments = [str(tmp_path / "graph.db"), str(tmp_path / "models"), AFTERWARDS.isoformat()]
    told = subprocess.run(
        [sys.executable, "-c", CHILD, *arguments],
        capture_output=True,
        text=True,
        check=True,
        timeout=900,
        env=os.environ | {"OMP_NUM_THREADS": "2"},
    )
    customers, trained, kilobytes = told.stdout.split()[-3:]
    assert (customers, trained) == (str(CUSTOMERS), "True")
    assert int(kilobytes) <= CUSTOMERS * KILOBYTES_EACH, f"{int(kilobytes) / CUSTOMERS:.1f} KB a customer"
