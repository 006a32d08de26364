"""`guanxi score` by stage at several sizes: CPU time, wall time and peak memory of each, and how they grow with the number of relationships.

    python -m benchmarks.scoring --customers 10000 100000 1000000

Each size is generated, loaded and scored in processes of their own; with --stores, copies of stores that are loaded already are scored
instead. A model is trained on the way, as in a first scoring. One thread does it all, so that stages can be told apart by the functions that do
them; a function's time is its own: the rings that features ask for count as rings. Kernels are compiled before. Peak memory is that of
the whole process while the stage ran, what it held from before included. The exponent is the slope of log CPU time over log relationships.
"""

import argparse
import json
import logging
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import ParamSpec, TypeVar
from unittest import mock

import numpy as np
import structlog

import gnn.features.build
import gnn.judge
import gnn.models.model
import gnn.score
import gnn.train
from gnn.score import score
from gnn.warm import warm
from graph_model.stores import open_store
from ingest.load import ingest
from ingest.portfolio import generate

# What is done where: the owner of a name, the name, and the stage.
PLACES: Sequence[tuple[object, str, str]] = (
    (gnn.score, "export", "export"),
    (gnn.features.build, "find_rings", "rings"),
    (gnn.score, "project", "rings"),
    (gnn.score, "communities", "rings"),
    (gnn.score, "measure", "rings"),
    (gnn.score, "name_rings", "rings"),
    (gnn.score, "ring_facts", "rings"),
    (gnn.score, "keep", "rings"),
    (gnn.judge, "describe", "features"),
    (gnn.train, "describe", "features"),
    (gnn.score, "train", "training"),
    (gnn.judge.Judge, "estimate", "estimate"),
    (gnn.judge, "explain", "explain"),
    (gnn.models.model.Model, "contributions", "explain"),
    (gnn.score, "_columns", "write-back"),
    (gnn.score, "write_back", "write-back"),
)
OTHER = "other"
Result = dict[str, float]
P = ParamSpec("P")
R = TypeVar("R")


@dataclass
class Stopwatch:
    """CPU, wall and peak memory of the stage that is innermost at each moment."""

    cpu: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    wall: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    peak: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    _stages: list[str] = field(default_factory=lambda: [OTHER])
    _cpu: float = field(default_factory=time.process_time)
    _wall: float = field(default_factory=time.perf_counter)

    def settle(self) -> None:
        """What was spent since the last time belongs to the stage at hand."""
        stage, cpu, wall = self._stages[-1], time.process_time(), time.perf_counter()
        self.cpu[stage] += cpu - self._cpu
        self.wall[stage] += wall - self._wall
        self.peak[stage] = max(self.peak[stage], _peak_mb())
        self._cpu, self._wall = cpu, wall

    def watched(self, work: Callable[P, R], stage: str) -> Callable[P, R]:
        def watching(*given: P.args, **named: P.kwargs) -> R:
            self.settle()
            self._stages.append(stage)
            try:
                return work(*given, **named)
            finally:
                self.settle()
                self._stages.pop()

        return watching


def _peak_mb() -> float:
    """The most memory held since this was last asked."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    kilobytes = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    return int(kilobytes) / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument(
        "--stores", type=Path, nargs="+", help="SQLite files that are loaded and not scored yet; copied"
    )
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--folder", type=Path, help="where to work, some 12 KB a customer [a folder of the system's]")
    parser.add_argument("--run", nargs=2, metavar=("STEP", "FILE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.run is not None:
        step, path = options.run[0], Path(options.run[1])
        if step == "score":
            print(json.dumps(measured(path)))
        else:
            prepare(path, path.parent / "files", int(step), options.seed)
        return
    results = []
    for source in options.stores or options.customers:
        with tempfile.TemporaryDirectory(dir=options.folder) as folder:
            store = Path(folder) / "graph.db"
            if isinstance(source, Path):
                shutil.copy(source, store)
            else:
                _in_own_process(str(source), store, options.seed)
            results.append(json.loads(_in_own_process("score", store, options.seed).splitlines()[-1]))
        print(
            f"{results[-1]['customers']:,.0f} customers: {results[-1]['cpu']:,.0f} CPU s", file=sys.stderr, flush=True
        )
    print(table(results))


def _in_own_process(step: str, store: Path, seed: int) -> str:
    command = [sys.executable, "-m", "benchmarks.scoring", f"--seed={seed}", "--run", step, str(store)]
    one_thread = os.environ | {"OMP_NUM_THREADS": "1"}
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=one_thread).stdout


def table(results: Sequence[Result]) -> str:
    stages = [name.removesuffix(": cpu") for name in results[0] if name.endswith(": cpu")]
    load, cores = os.getloadavg()[0], len(os.sched_getaffinity(0))
    lines = [
        f"\nload {load:.1f} on {cores} cores; CPU s / wall s / peak MB",
        "",
        f"| | {' | '.join(_each(results, 'customers'))} customers | exponent |",
        f"|---|{'--:|' * (len(results) + 1)}",
        f"| relationships | {' | '.join(_each(results, 'relationships'))} | |",
    ]
    for stage in (*stages, ""):
        names = [f"{stage}: {what}" if stage else what for what in ("cpu", "wall", "peak")]
        cells = [f"{r[names[0]]:,.1f} / {r[names[1]]:,.1f} / {r[names[2]]:,.0f}" for r in results]
        lines.append(f"| {stage or '**all**'} | {' | '.join(cells)} | {exponent(results, names[0])} |")
    return "\n".join(lines)


def _each(results: Sequence[Result], name: str) -> list[str]:
    return [f"{result[name]:,.0f}" for result in results]


def exponent(results: Sequence[Result], name: str) -> str:
    """The slope of log seconds over log relationships, by least squares."""
    if len(results) < 2 or min(result[name] for result in results) <= 0:
        return ""
    size = np.log([result["relationships"] for result in results])
    return f"{np.polyfit(size, np.log([result[name] for result in results]), 1)[0]:.2f}"


# --- in the process of one size --------------------------------------------------------------------------------------


def prepare(store: Path, files: Path, customers: int, seed: int) -> None:
    """A generated portfolio, loaded."""
    generate(files, customers=customers, seed=seed)
    opened = open_store(f"sqlite:///{store}", create=True)
    try:
        ingest(opened, [files], quarantine_dir=store.parent / "quarantine", now=datetime.now(UTC))
    finally:
        opened.close()


def measured(path: Path) -> Result:
    """One scoring of a store, which is written to."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    warm()
    store = open_store(f"sqlite:///{path}")
    watch = Stopwatch()
    try:
        held = store.statistics()
        now = datetime.now(UTC)
        _peak_mb()
        with ExitStack() as patches:
            for owner, name, stage in PLACES:
                patches.enter_context(mock.patch.object(owner, name, watch.watched(getattr(owner, name), stage)))
            watch.settle()
            for spent in (watch.cpu, watch.wall, watch.peak):
                spent.clear()
            begun, used = time.perf_counter(), time.process_time()
            done = score(store, as_of=now, scored_at=now, models=path.parent / "models")
            watch.settle()
        found: Result = {
            "customers": float(done.customers),
            "relationships": float(sum(held.edges.values())),
            "trained": float(done.trained),
            "wall": time.perf_counter() - begun,
            "cpu": time.process_time() - used,
            "peak": max(watch.peak.values()),
        }
        for stage in (*dict.fromkeys(stage for _, _, stage in PLACES), OTHER):
            found |= {
                f"{stage}: cpu": watch.cpu[stage],
                f"{stage}: wall": watch.wall[stage],
                f"{stage}: peak": watch.peak[stage],
            }
        return found
    finally:
        store.close()


if __name__ == "__main__":
    main()
