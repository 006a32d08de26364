"""One application scored as it comes: how long `Scorer.assess` takes beside the naive way, a scoring of everybody for each application.

    python -m benchmarks.online --customers 20000 --applications 300 --rounds 3

A portfolio is generated, loaded and scored once. Then every contender runs in a process of its own on a copy of it, so that memory is its own:
the online scorer on the latest applications of random customers, of customers in rings, and of newcomers of whom only the form is known,
writing what it finds; the naive way once a round. Times are CPU time of the process, wall beside it, so that a busy machine doesn't blur them;
memory is the most that the process held. The first assessment, which loads model, rings and compiled kernels, is told apart.
"""

import argparse
import json
import logging
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog

from gnn.online import Scorer
from gnn.score import score
from graph_model.predicates import Missing, Not
from graph_model.records import EdgeRecord, GraphBatch, Node, NodeRecord, NodeRef
from graph_model.store import GraphStore
from graph_model.stores import open_store

_KINDS = ("random", "in a ring", "newcomers")
_CONTENDERS = ("online", "naive")
Result = dict[str, float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=20_000)
    parser.add_argument("--applications", type=int, default=300, help="of each kind, in each round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--run", choices=("portfolio", *_CONTENDERS), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    if options.run is not None:
        print(json.dumps(_RUNS[options.run](options)))
        return
    results: dict[str, list[Result]] = {name: [] for name in _CONTENDERS}
    with tempfile.TemporaryDirectory() as folder:
        _in_own_process("portfolio", Path(folder), options, options.seed)
        for number in range(options.rounds):
            for name in _CONTENDERS:
                results[name].append(_in_own_process(name, Path(folder), options, options.seed + number))
                print(f"round {number + 1}, {name} done", file=sys.stderr, flush=True)
    print(_table(results, options))


def _in_own_process(name: str, folder: Path, options: argparse.Namespace, seed: int) -> Result:
    arguments = [f"--customers={options.customers}", f"--applications={options.applications}", f"--seed={seed}"]
    child = subprocess.run(
        [sys.executable, "-m", "benchmarks.online", f"--run={name}", f"--folder={folder}", *arguments],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    result: Result = json.loads(child.stdout)
    return result


# --- in the process of one contender ---------------------------------------------------------------------------------


def _portfolio(options: argparse.Namespace) -> Result:
    from ingest.load import ingest
    from ingest.portfolio import generate

    folder: Path = options.folder
    made = generate(folder / "files", customers=options.customers, seed=options.seed)
    # A week after the end, all of the window has been recorded.
    as_of = datetime.combine(made.window[1], datetime.min.time(), UTC) + timedelta(days=8)
    store = open_store(f"sqlite:///{folder / 'graph.db'}", create=True)
    ingest(store, [folder / "files"], quarantine_dir=folder / "quarantine", now=as_of)
    score(store, as_of=as_of, scored_at=as_of, models=folder / "models")
    store.close()
    (folder / "as-of").write_text(as_of.isoformat())
    return {}


def _online(options: argparse.Namespace) -> Result:
    with tempfile.TemporaryDirectory() as folder:
        store, as_of = _copy(options.folder, Path(folder))
        now = as_of + timedelta(hours=1)
        scorer = Scorer(store, options.folder / "models")
        chance = random.Random(options.seed)
        asked = {kind: _asked(store, kind, options.applications, chance, as_of) for kind in _KINDS}
        result: Result = {"memory before, MB": _memory()}

        def assess(application: str) -> None:
            scorer.assess(application, as_of=now, scored_at=now)

        (_, wall), *_ = _timed(assess, asked["newcomers"][:1])
        result["first assessment, wall ms"] = wall
        for kind in _KINDS:
            spent = _timed(assess, asked[kind])
            for name, place in (("CPU", 0), ("wall", 1)):
                times = sorted(pair[place] for pair in spent)
                result[f"{kind}, p50, {name} ms"] = statistics.median(times)
                result[f"{kind}, p95, {name} ms"] = times[int(len(times) * 0.95)]
        store.close()
    return result | {"peak memory, MB": _memory()}


def _naive(options: argparse.Namespace) -> Result:
    """Everybody is scored for the sake of one. The time is that of a second scoring, so that nothing is trained or compiled in it."""
    with tempfile.TemporaryDirectory() as folder:
        store, as_of = _copy(options.folder, Path(folder))
        result: Result = {"memory before, MB": _memory()}
        hours = iter(range(1, 3))

        def everybody(_: str) -> None:
            moment = as_of + timedelta(hours=next(hours))
            score(store, as_of=moment, scored_at=moment, models=options.folder / "models")

        (_, first), (cpu, wall) = _timed(everybody, ["once", "again"])
        store.close()
    result["first assessment, wall ms"] = first
    for kind in _KINDS:
        for percentile in ("p50", "p95"):
            result[f"{kind}, {percentile}, CPU ms"], result[f"{kind}, {percentile}, wall ms"] = cpu, wall
    return result | {"peak memory, MB": _memory()}


_RUNS: dict[str, Callable[[argparse.Namespace], Result]] = {
    "portfolio": _portfolio,
    "online": _online,
    "naive": _naive,
}


def _copy(source: Path, folder: Path) -> tuple[GraphStore, datetime]:
    shutil.copy(source / "graph.db", folder / "graph.db")
    return open_store(f"sqlite:///{folder / 'graph.db'}"), datetime.fromisoformat((source / "as-of").read_text())


def _timed(work: Callable[[str], None], subjects: Sequence[str]) -> list[tuple[float, float]]:
    """CPU and wall milliseconds of each."""
    spent = []
    for subject in subjects:
        cpu, wall = time.process_time(), time.perf_counter()
        work(subject)
        spent.append(((time.process_time() - cpu) * 1000, (time.perf_counter() - wall) * 1000))
    return spent


def _asked(store: GraphStore, kind: str, count: int, chance: random.Random, as_of: datetime) -> list[str]:
    """Node ids of applications."""
    if kind == "newcomers":
        return [_newcomer(store, number, as_of) for number in range(count)]
    people = store.select("Customer", Not(Missing("ring_id" if kind == "in a ring" else "score")), limit=20_000)
    found: list[str] = []
    for person in chance.sample(people, min(len(people), 2 * count)):
        made = [n for n in store.neighbourhood(person.node_id, hops=1, types=("APPLIED",)).nodes if n is not person]
        applications = sorted((n for n in made if n.label == "Application"), key=_since)
        found.extend(node.node_id for node in applications[-1:])
    return found[:count]


def _since(node: Node) -> datetime:
    return node.first_seen


def _newcomer(store: GraphStore, number: int, as_of: datetime) -> str:
    at = as_of + timedelta(minutes=1)
    person, form = NodeRef("Customer", f"P:BENCH{number}"), NodeRef("Application", f"BENCH{number}")
    handset = NodeRef("Device", f"bench-{number}")
    nodes = [NodeRecord(ref, at, at, "bench") for ref in (person, handset)]
    nodes.append(NodeRecord(form, at, at, "bench", {"applied_at": at, "amount": 9_000.0, "product": "cash"}))
    edges = [EdgeRecord("APPLIED", person, form, at, at, at, "bench")]
    edges.append(EdgeRecord("USES_DEVICE", form, handset, at, at, at, "bench"))
    store.upsert(GraphBatch(nodes, edges))
    node = store.get(form)
    if node is None:
        raise SystemExit("The application that was just written is not there.")
    return node.node_id


def _memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


# --- the table -------------------------------------------------------------------------------------------------------


def _table(results: dict[str, list[Result]], options: argparse.Namespace) -> str:
    lines = [
        f"{options.customers:,} customers, {options.applications} applications of each kind, seeds from {options.seed}, "
        f"{options.rounds} rounds; median (least to greatest), and how many times the online median the naive one is",
        "",
        "| | online | naive |",
        "|---|--:|--:|",
    ]
    for measure in results["online"][0]:
        ours, theirs = ([found[measure] for found in results[name]] for name in _CONTENDERS)
        ratio = statistics.median(theirs) / statistics.median(ours)
        lines.append(f"| {measure} | {_cell(ours)} | {_cell(theirs)}, × {_number(ratio)} |")
    return "\n".join(lines)


def _cell(values: Sequence[float]) -> str:
    return f"{_number(statistics.median(values))} ({_number(min(values))} to {_number(max(values))})"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}"


if __name__ == "__main__":
    main()
