"""One application scored as it comes: how long `Scorer.assess` takes beside the naive way, a scoring of everybody for each application.

    python -m benchmarks.online --customers 20000 --applications 300 --rounds 3

A portfolio is generated, loaded and scored once. Then every contender runs in a process of its own on a copy of it, so that memory is its own:
the online scorer with the graph in memory, and reading it from the store, on the latest applications of random customers, of customers in rings,
on another application that a random customer has just sent, and of newcomers of whom only the form is known, writing what it finds; the naive way
once a round. Times are CPU time of the process, wall beside it, so that a busy machine doesn't blur them; taking the form in is not in them, taking
it up into memory is. Memory is the most that the process held. The first assessment, which loads model, rings and compiled kernels, is told apart.
`--stack` fits and serves a stack, and tells how often its boosted trees name the reasons that all its experts would; `--net` the typed net.

    python -m benchmarks.online --graph sqlite:///var/guanxi.db --models var/models --applications 1000 --contenders memory

asks about latest applications of a graph that is there and was scored, from memory, from the store, or both, and writes nothing. With `--write`,
for which you give it a copy, it asks about forms that have just come too, and writes what it finds, as a server does.
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
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import numpy as np
import structlog

from gnn.arrays.export import export
from gnn.contenders import NET, STACK
from gnn.explain import explain
from gnn.features.questions import at_present
from gnn.live.live import Live
from gnn.models.blend import Blend
from gnn.models.model import Model, load
from gnn.online import Scorer
from gnn.policy import load_policy
from gnn.score import score
from gnn.train import TrainConfig
from graph_model.predicates import Missing, Not
from graph_model.records import AsOf, EdgeRecord, GraphBatch, Node, NodeRecord, NodeRef
from graph_model.store import GraphStore
from graph_model.stores import open_store

_KINDS = ("random", "in a ring", "returning", "newcomers")
_SENT = ("returning", "newcomers")  # who have just sent a form
_CONTENDERS = ("memory", "store", "naive")
_PERCENTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
_PATIENCE = 600.0  # seconds for reading the graph
_EXPLAINED = 400  # customers whose reasons are compared
Result = dict[str, float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=20_000)
    parser.add_argument("--applications", type=int, default=300, help="of each kind, in each round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--stack", action="store_true", help="serve a stack")
    parser.add_argument("--net", action="store_true", help="serve the typed net (extra `gnn` to teach it)")
    parser.add_argument("--graph", help="address of a scored store, which is asked and not changed")
    parser.add_argument("--models", type=Path, help="its model folder")
    parser.add_argument("--write", action="store_true", help="send forms to it, and write what is found: to a copy")
    parser.add_argument("--contenders", nargs="+", choices=_CONTENDERS, default=list(_CONTENDERS))
    parser.add_argument("--run", choices=("portfolio", *_CONTENDERS), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    if options.run is not None:
        print(json.dumps(_RUNS[options.run](options)))
        return
    if options.graph is not None:
        if set(options.contenders) == {"naive"}:
            parser.error(
                "A graph that is there is asked from memory or from the store: name one of them, or leave --graph out."
            )
        print(json.dumps(_asked_of(options), indent=1))
        return
    results: dict[str, list[Result]] = {name: [] for name in options.contenders}
    with tempfile.TemporaryDirectory() as folder:
        for name, share in _in_own_process("portfolio", Path(folder), options, options.seed).items():
            print(f"{name}: {share:.2f}", flush=True)
        for number in range(options.rounds):
            for name in options.contenders:
                results[name].append(_in_own_process(name, Path(folder), options, options.seed + number))
                print(f"round {number + 1}, {name} done", file=sys.stderr, flush=True)
    print(_table(results, options))


def _in_own_process(name: str, folder: Path, options: argparse.Namespace, seed: int) -> Result:
    arguments = [f"--customers={options.customers}", f"--applications={options.applications}", f"--seed={seed}"]
    arguments += [f"--{name}" for name in (STACK, NET) if getattr(options, name)]
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
    served = tuple(name for name in (STACK, NET) if getattr(options, name))
    config = TrainConfig(contenders=served[:1]) if len(served) > 0 else None
    score(store, as_of=as_of, scored_at=as_of, models=folder / "models", config=config)
    (folder / "as-of").write_text(as_of.isoformat())
    found = _alike(store, load(folder / "models"), as_of) if options.stack else {}
    store.close()
    return found


def _alike(store: GraphStore, model: Model | None, as_of: datetime) -> Result:
    """The reasons that a stack's boosted trees tell of a few hundred customers above grade A, beside those by exact Shapley values of all its experts."""
    if model is None or not isinstance(model.fitted, Blend):
        raise SystemExit("No stack was trained: take more customers.")
    arrays = export(store, as_of=AsOf.at(as_of))
    asked = at_present(arrays)
    table = model.describe(arrays, asked)
    high = np.flatnonzero(model.probability(table) >= load_policy().thresholds[0])[:_EXPLAINED]
    part = replace(table, values=table.values[high])
    begun = time.process_time()
    ours = explain(part, model.contributions(part))
    between = time.process_time()
    theirs = explain(part, model.fitted.exact_contributions(part.values))
    pairs = list(zip(ours, theirs, strict=True))
    told = [({one.code for one in a}, {one.code for one in b}) for a, b in pairs]
    return {
        "customers whose reasons were compared": float(len(pairs)),
        "first reason the same": statistics.mean(a[0].code == b[0].code for a, b in pairs if a and b),
        "first reason among the exact first two": statistics.mean(
            a[0].code in {r.code for r in b[:2]} for a, b in pairs if a and b
        ),
        "reasons named by both, of those that either names": statistics.mean(
            len(a & b) / max(1, len(a | b)) for a, b in told
        ),
        "CPU ms a row, as told, all at once": (between - begun) * 1000 / len(pairs),
        "CPU ms a row, exact, all at once": (time.process_time() - between) * 1000 / len(pairs),
    }


def _asked_of(options: argparse.Namespace) -> Result:
    """Of a graph that is there: how long it takes to read into memory and how much that holds, and single answers of each kind of customer."""
    store = open_store(options.graph, read_only=not options.write)
    chance = random.Random(options.seed)
    people = {kind: _people(store, kind, options.applications, chance) for kind in _KINDS[: 4 if options.write else 2]}
    if len(people["random"]) == 0:
        raise SystemExit("Nobody in this graph has applied and was scored. Run `guanxi score` on it first.")
    result: Result = {"customers": float(store.count("Customer"))}
    for name in (one for one in options.contenders if one != "naive"):
        live = Live(store, most=2**40) if name == "memory" else None
        if live is not None:
            before, cpu, wall = _resident(), time.process_time(), time.perf_counter()
            if not live.wait(_PATIENCE):
                raise SystemExit("The graph wasn't read within ten minutes.")
            result["read, CPU s"], result["read, wall s"] = time.process_time() - cpu, time.perf_counter() - wall
            result["read, memory that stays, MB"] = _resident() - before
            result["read, peak memory of all, MB"] = _memory()
            print(json.dumps(result), file=sys.stderr, flush=True)
        scorer = Scorer(store, options.models, live=live)
        first = _asked(store, "first", 0, people["random"][0], datetime.now(UTC), sent=False)
        (_, result[f"{name}, first assessment, wall ms"]), *_ = _timed(
            partial(_assessed, scorer, options.write), [first]
        )
        for kind, who in people.items():
            spent = []
            for number, person in enumerate(who):
                if kind == "random" and number == 0:  # was the first of all
                    continue
                lately = datetime.now(UTC) - timedelta(minutes=2)
                asked = _asked(store, f"{name}-{kind}", number, person, lately, sent=kind in _SENT)
                spent += _timed(partial(_assessed, scorer, options.write), [asked])
            result |= {f"{name}, {measure}": value for measure, value in _told(kind, spent).items()}
        result[f"{name}, peak memory, MB"] = _memory()
        if live is not None:
            live.close()
        print(f"{name} done", file=sys.stderr, flush=True)
    store.close()
    return result


def _assessed(scorer: Scorer, write: bool, application: str) -> None:
    now = datetime.now(UTC)
    scorer.assess(application, as_of=now, scored_at=now, write=write)


def _told(kind: str, spent: Sequence[tuple[float, float]]) -> Result:
    """Percentiles of CPU and wall milliseconds; none of a kind of which there is hardly anybody, as where no ring was found."""
    told: Result = {}
    if len(spent) < 2:
        return told
    for name, place in (("CPU", 0), ("wall", 1)):
        times = sorted(pair[place] for pair in spent)
        for percentile, share in _PERCENTILES.items():
            told[f"{kind}, {percentile}, {name} ms"] = times[int(len(times) * share)]
    return told


def _resident() -> float:
    """MB held at this moment."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise SystemExit("This system doesn't tell how much memory a process holds.")


def _online(options: argparse.Namespace, *, memory: bool) -> Result:
    with tempfile.TemporaryDirectory() as folder:
        store, as_of = _copy(options.folder, Path(folder))
        now = as_of + timedelta(hours=1)
        live = Live(store, most=2**40, clock=lambda: as_of) if memory else None
        scorer = Scorer(store, options.folder / "models", live=live)
        chance = random.Random(options.seed)
        people = {kind: _people(store, kind, options.applications, chance) for kind in _KINDS}
        result: Result = {}
        if live is not None:
            before, began = _memory(), time.process_time()
            live.wait(_PATIENCE)
            result["read, CPU s"], result["read, memory MB"] = time.process_time() - began, _memory() - before

        def assess(application: str) -> None:
            scorer.assess(application, as_of=now, scored_at=now)

        (_, wall), *_ = _timed(assess, [_sent(store, "first", None, as_of)])
        result["first assessment, wall ms"] = wall
        for kind in _KINDS:
            spent = []
            for number, person in enumerate(people[kind]):
                spent += _timed(assess, [_asked(store, kind, number, person, as_of, sent=kind in _SENT)])
            result |= _told(kind, spent)
        if live is not None:
            live.close()
        store.close()
    return result | {"peak memory, MB": _memory()}


def _naive(options: argparse.Namespace) -> Result:
    """Everybody is scored for the sake of one. The time is that of a second scoring, so that nothing is trained or compiled in it."""
    with tempfile.TemporaryDirectory() as folder:
        store, as_of = _copy(options.folder, Path(folder))
        result: Result = {}
        hours = iter(range(1, 3))

        def everybody(_: str) -> None:
            moment = as_of + timedelta(hours=next(hours))
            score(store, as_of=moment, scored_at=moment, models=options.folder / "models")

        (_, first), (cpu, wall) = _timed(everybody, ["once", "again"])
        store.close()
    result["first assessment, wall ms"] = first
    for kind in _KINDS:
        for percentile in _PERCENTILES:
            result[f"{kind}, {percentile}, CPU ms"], result[f"{kind}, {percentile}, wall ms"] = cpu, wall
    return result | {"peak memory, MB": _memory()}


_RUNS: dict[str, Callable[[argparse.Namespace], Result]] = {
    "portfolio": _portfolio,
    "memory": partial(_online, memory=True),
    "store": partial(_online, memory=False),
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


def _people(store: GraphStore, kind: str, count: int, chance: random.Random) -> list[Node | None]:
    """Who applies; None for somebody new."""
    if kind == "newcomers":
        return [None] * count
    people = store.select("Customer", Not(Missing("ring_id" if kind == "in a ring" else "score")), limit=20_000)
    applied: list[Node | None] = []
    for person in chance.sample(people, len(people)):
        if len(applied) == count:
            break
        if len(_applications(store, person)) > 0:
            applied.append(person)
    return applied


def _asked(store: GraphStore, name: str, number: int, person: Node | None, as_of: datetime, *, sent: bool) -> str:
    """The node id of an application: the latest, or one that has just been sent."""
    if person is None or sent:
        return _sent(store, f"{name}-{number}", person, as_of)
    return _applications(store, person)[-1].node_id


def _applications(store: GraphStore, person: Node) -> list[Node]:
    made = store.neighbourhood(person.node_id, hops=1, types=("APPLIED",)).nodes
    return sorted((node for node in made if node.label == "Application"), key=_since)


def _since(node: Node) -> datetime:
    return node.first_seen


def _sent(store: GraphStore, name: str, person: Node | None, as_of: datetime) -> str:
    """The form of somebody with a handset of their own; somebody known gives the phones that they have."""
    at = as_of + timedelta(minutes=1)
    who = NodeRef("Customer", f"P:BENCH{name}") if person is None else person.ref
    form, handset = NodeRef("Application", f"BENCH{name}"), NodeRef("Device", f"bench-{name}")
    nodes = [NodeRecord(ref, at, at, "bench") for ref in (who, handset)]
    nodes.append(NodeRecord(form, at, at, "bench", {"applied_at": at, "amount": 9_000.0, "product": "cash"}))
    edges = [EdgeRecord("APPLIED", who, form, at, at, at, "bench")]
    edges.append(EdgeRecord("USES_DEVICE", form, handset, at, at, at, "bench"))
    if person is not None:
        around = store.neighbourhood(person.node_id, hops=1, types=("USES_PHONE",)).nodes
        phones = [node.ref for node in around if node.label == "Phone"]
        edges += [EdgeRecord("USES_PHONE", form, phone, at, at, at, "bench") for phone in phones]
    store.upsert(GraphBatch(nodes, edges))
    node = store.get(form)
    if node is None:
        raise SystemExit("The application that was just written is not there.")
    return node.node_id


def _memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


# --- the table -------------------------------------------------------------------------------------------------------


def _table(results: dict[str, list[Result]], options: argparse.Namespace) -> str:
    serving = ", a stack serving" if options.stack else ", the net serving" if options.net else ""
    lines = [
        f"{options.customers:,} customers, {options.applications} applications of each kind, seeds from {options.seed}, "
        f"{options.rounds} rounds{serving}; median (least to greatest), and how many times "
        "what it takes by the first of them",
        "",
        f"| | {' | '.join(options.contenders)} |",
        f"|---|{'--:|' * len(options.contenders)}",
    ]
    first = options.contenders[0]
    for measure in results[first][0]:
        cells, ours = [], statistics.median(found[measure] for found in results[first] if measure in found)
        for name in options.contenders:
            values = [found[measure] for found in results[name] if measure in found]
            if len(values) == 0:
                cells.append("")
                continue
            times = "" if name == first else f", × {_number(statistics.median(values) / ours)}"
            cells.append(_cell(values) + times)
        lines.append(f"| {measure} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(values: Sequence[float]) -> str:
    return f"{_number(statistics.median(values))} ({_number(min(values))} to {_number(max(values))})"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}"


if __name__ == "__main__":
    main()
