"""A portfolio of six files into an empty store, beside networkx objects and a naive script; then a day of new applications into the full store.

    python -m benchmarks.ingest --customers 5500 17500 55000 --day 10000

Every contender runs in a process of its own, in turn, for every size. Times are CPU time of the process, wall beside it, so that a busy machine
doesn't blur them; memory is the most that the process held. Records are what the rows say of nodes and relationships; two thirds of them are new, the
others name what an earlier row did, and are checked and merged. Growth is the exponent of CPU time against relationships between least and greatest size.

    python -m benchmarks.ingest --store sqlite:////data/guanxi.db --subjects 300

asks a store that is there for neighbourhoods instead: of random customers and of customers beside a hub.
"""

import argparse
import csv
import json
import logging
import math
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import structlog

from benchmarks.ingest_peers import PEERS, Counting, read_into
from graph_model.principal import Principal, Role
from graph_model.services.relation_graph import relation_graph
from graph_model.store import GraphStore
from graph_model.stores import open_store
from ingest.load import ingest
from ingest.portfolio import generate

OURS = "guanxi"
_CAP, _LIMIT, _HUB = 50, 300, 256
_LOOKED_THROUGH = 3_000  # customers, in search of those beside a hub
Result = dict[str, float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, nargs="+", default=[5_500, 17_500, 55_000])
    parser.add_argument("--day", type=int, default=10_000, help="new applications, upserted into the greatest store")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--contenders", nargs="+", choices=[OURS, *PEERS], default=[OURS, *PEERS])
    parser.add_argument("--keep", type=Path, help="a folder that the files and stores stay in [a temporary one]")
    parser.add_argument("--store", help="ask this store for neighbourhoods, and do nothing else")
    parser.add_argument("--subjects", type=int, default=300, help="neighbourhoods of each kind")
    parser.add_argument("--run", help=argparse.SUPPRESS)
    options = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    if options.run is not None:
        print(json.dumps(_run(options.run, options.keep, options)))
    elif options.store is not None:
        print(_walks(options.store, options))
    elif options.keep is not None:
        _all(options.keep, options)
    else:
        with tempfile.TemporaryDirectory() as folder:
            _all(Path(folder), options)


def _all(folder: Path, options: argparse.Namespace) -> None:
    results: dict[str, dict[int, Result]] = {name: {} for name in options.contenders}
    day: Result | None = None
    for customers in sorted(options.customers):
        files = folder / str(customers)
        if not (files / "manifest.json").exists():
            generate(files, customers=customers, seed=options.seed)
        counting = Counting()
        read_into(counting, files)
        for name in options.contenders:
            results[name][customers] = _in_own_process(name, files, options) | {"records": counting.records}
            _say(f"{name}, {customers:,} customers", results[name][customers])
    if OURS in options.contenders and options.day > 0:
        greatest = folder / str(max(options.customers))
        _new_day(greatest, options.day, options.seed)
        day = _in_own_process("day", greatest, options)
    print(_table(results, options))
    if day is not None:
        text = f"{options.day:,} new applications into {max(options.customers):,} customers"
        print(f"\n{text}: {day['rows'] / day['cpu']:,.0f} per second of CPU, {day['rows'] / day['wall']:,.0f} of wall")


def _in_own_process(name: str, files: Path, options: argparse.Namespace) -> Result:
    given = [f"--keep={files}", f"--seed={options.seed}"]
    command = [sys.executable, "-m", "benchmarks.ingest", f"--run={name}", *given]
    child = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    result: Result = json.loads(child.stdout)
    return result


# --- in the process of one contender ---------------------------------------------------------------------------------


def _run(name: str, files: Path, options: argparse.Namespace) -> Result:
    made: Callable[[], tuple[int, tuple[int, int, int]]]
    kept = files / f"{name.replace(' ', '-')}.store"
    kept.mkdir(exist_ok=True)
    if name == OURS:
        made = lambda: _load(files, kept)  # noqa: E731 - one of three
    elif name == "day":
        made = lambda: _load(files / "day" / "applications.csv", files / f"{OURS}.store")  # noqa: E731
    else:
        peer = PEERS[name](kept)
        made = lambda: (read_into(peer, files), peer.size())  # noqa: E731
    before = _peak_memory()
    cpu, wall = time.process_time(), time.monotonic()
    rows, (nodes, edges, facts) = made()
    cpu, wall = time.process_time() - cpu, time.monotonic() - wall
    size = sum(path.stat().st_size for path in kept.iterdir())
    return {
        "rows": rows, "nodes": nodes, "edges": edges, "facts": facts, "cpu": cpu, "wall": wall, "memory": _peak_memory(), "before": before, "bytes": size,
    }  # fmt: skip


def _peak_memory() -> float:
    """MB. Of this program alone: what `getrusage` tells begins with what the process that started it held."""
    told = Path("/proc/self/status").read_text(encoding="ascii")
    return int(told.partition("VmHWM:")[2].split()[0]) / 1024


def _load(source: Path, kept: Path) -> tuple[int, tuple[int, int, int]]:
    store = open_store(f"sqlite:///{kept}/graph.db", create=True)
    try:
        report = ingest(store, [source], quarantine_dir=kept / "quarantine", now=datetime.now(UTC))
        found = store.statistics()
    finally:
        store.close()  # the log is emptied into the file by then
    return report.read, (sum(found.nodes.values()), sum(found.edges.values()), sum(found.facts.values()))


def _new_day(files: Path, count: int, seed: int) -> None:
    """Applications of one moment, of customers who are in the store, every other one from a device and an address that are not."""
    chance = random.Random(f"{seed}-day")
    with (files / "applications.csv").open(encoding="utf-8", newline="") as source:
        rows = list(csv.DictReader(source))
    now = {name: max(row[name] for row in rows) for name in ("applied_at", "recorded_at")}
    target = files / "day" / "applications.csv"
    target.parent.mkdir(exist_ok=True)
    with target.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, list(rows[0]))
        writer.writeheader()
        for number in range(count):
            row = {**chance.choice(rows), **now, "application_id": f"N{seed}{number:09}"}
            if number % 2:
                row |= {
                    "device_id": f"new-device-{number:09}",
                    "ip": f"10.{number // 65_536}.{number // 256 % 256}.{number % 256}",
                }
            writer.writerow(row)


# --- neighbourhoods --------------------------------------------------------------------------------------------------


def _walks(address: str, options: argparse.Namespace) -> str:
    store = open_store(address, read_only=True)
    reader = Principal("benchmark", Role.SUPERVISOR)
    lines = [
        f"{sum(store.statistics().nodes.values()):,} nodes, {sum(store.statistics().edges.values()):,} relationships, cap {_CAP}, "
        f"limit {_LIMIT}, {_load_now()}; milliseconds of CPU: median, p95 (p95 of wall)",
        "",
        "| | 2 hops | 3 hops | relation graph, 2 hops, placed |",
        "|---|--:|--:|--:|",
    ]
    for kind, subjects in _subjects(store, options.subjects, options.seed).items():
        cells = [
            _timed(lambda one: store.neighbourhood(one, hops=2, cap=_CAP, limit=_LIMIT), subjects),
            _timed(lambda one: store.neighbourhood(one, hops=3, cap=_CAP, limit=_LIMIT), subjects),
            _timed(lambda one: relation_graph(store, reader, one, hops=2), subjects),
        ]
        lines.append(f"| {len(subjects)} {kind} | {' | '.join(cells)} |")
    store.close()
    return "\n".join(lines)


def _subjects(store: GraphStore, count: int, seed: int) -> dict[str, list[str]]:
    """Random customers, and customers who share something with so many that it is a hub."""
    handles = store.scan_nodes("Customer").handles
    chance = random.Random(seed)
    tried = store.node_ids(
        [int(handles[place]) for place in chance.sample(range(len(handles)), min(_LOOKED_THROUGH, len(handles)))]
    )
    beside: list[str] = []
    for one in tried:
        if len(beside) == count:
            break
        around = [
            node.node_id
            for node in store.neighbourhood(one, hops=1, cap=_CAP, limit=_LIMIT).nodes
            if node.node_id != one
        ]
        if any(sum(d.count for d in told) > _HUB for told in store.degrees(around).values()):
            beside.append(one)
    return {"random customers": tried[:count], "customers beside a hub": beside}


def _timed(ask: Callable[[str], object], subjects: Sequence[str]) -> str:
    cpu, wall = [], []
    for one in subjects:
        begun, seen = time.process_time(), time.monotonic()
        ask(one)
        cpu.append((time.process_time() - begun) * 1000)
        wall.append((time.monotonic() - seen) * 1000)
    if len(cpu) == 0:
        return "none found"
    cpu.sort()
    wall.sort()
    late = int(len(cpu) * 0.95)
    return f"{cpu[len(cpu) // 2]:.1f}, {cpu[late]:.1f} ({wall[late]:.1f})"


# --- the table -------------------------------------------------------------------------------------------------------


def _say(what: str, result: Result) -> None:
    told = ", ".join(f"{name} {value:,.1f}" for name, value in result.items())
    print(f"{what}: {told}; {_load_now()}", file=sys.stderr, flush=True)


def _load_now() -> str:
    return f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"


def _table(results: dict[str, dict[int, Result]], options: argparse.Namespace) -> str:
    names = list(results)
    lines = [f"Seed {options.seed}, {_load_now()}", "", f"| | {' | '.join(names)} |", f"|---|{'--:|' * len(names)}"]
    for customers in sorted(options.customers):
        of = {name: results[name][customers] for name in names}
        edges = int(of[names[0]]["edges"])
        lines.append(f"| **{customers:,} customers**, {edges:,} relationships |{' |' * len(names)}")
        lines += [
            f"| {measure} | {' | '.join(show(of[name]) for name in names)} |" for measure, show in _MEASURES.items()
        ]
    least, greatest = min(options.customers), max(options.customers)
    if least < greatest:
        growth = [_growth(results[name][least], results[name][greatest]) for name in names]
        lines.append(f"| growth, exponent | {' | '.join(f'{exponent:.2f}' for exponent in growth)} |")
    return "\n".join(lines)


_MEASURES: dict[str, Callable[[Result], str]] = {
    "records of nodes and relationships per second of CPU": lambda r: f"{r['records'] / r['cpu']:,.0f}",
    "of these new": lambda r: f"{(r['nodes'] + r['edges']) / r['cpu']:,.0f}",
    "facts per second, in the same seconds": lambda r: f"{r['facts'] / r['cpu']:,.0f}",
    "rows per second of CPU": lambda r: f"{r['rows'] / r['cpu']:,.0f}",
    "CPU, s (wall)": lambda r: f"{r['cpu']:,.1f} ({r['wall']:,.1f})",
    "peak memory, MB (before it began)": lambda r: f"{r['memory']:,.0f} ({r['before']:,.0f})",
    "on disk, bytes per node, relationship and fact": lambda r: (
        f"{r['bytes'] / (r['nodes'] + r['edges'] + r['facts']):,.0f}"
    ),
}


def _growth(small: Result, large: Result) -> float:
    return math.log(large["cpu"] / small["cpu"]) / math.log(large["edges"] / small["edges"])


if __name__ == "__main__":
    main()
