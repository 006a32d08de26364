"""Neo4j beside SQLite, a plain driver script and py2neo: the same graph and the same questions in one run.

    python -m benchmarks.store_neo4j --customers 10000

Starts a Neo4j of its own (Java 17 or 21; Maven once), or takes the empty one that NEO4J_URI names, with NEO4J_USER and NEO4J_PASSWORD; py2neo is the
extra of that name. Each contender runs in processes of its own. The plain script and py2neo load for --plain-seconds into an empty database (twice: the
first time warms the server), then read the graph that our store has written and write into it; their neighbourhoods must be ours. Times are wall time,
median with the quartiles and p95; beside them is the CPU time that client and server (where it is our own process) spent, which a busy machine blurs less.
"""

import argparse
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar
from urllib.parse import quote, unquote, urlsplit

import neo4j
import numpy as np
import psutil

from benchmarks.neo4j_peers import PEERS, Contender, Guanxi
from benchmarks.store_graph import applications, batches, size
from graph_model.records import NodeRef
from tests.neo4j_server import server

_CAP, _LIMIT = 50, 300
_APPLICATIONS, _SCORED = 200, 500
_NAMES = ("张伟", "李娜", "王强", "刘敏", "陈静")
_URL, _SERVER = "GUANXI_BENCHMARK_URL", "GUANXI_BENCHMARK_SERVER"
Result = dict[str, list[float]]
T = TypeVar("T")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=10_000)
    parser.add_argument("--subjects", type=int, default=200, help="questions of each kind to our stores")
    parser.add_argument("--plain-subjects", type=int, default=20, help="questions of each kind to the others")
    parser.add_argument("--batch", type=int, default=500, help="customers in one transaction of the load")
    parser.add_argument("--plain-seconds", type=float, default=30.0, help="how long the others load")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--run", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.run is not None:
        print(json.dumps(_RUNS[options.run](options)))
        return
    results: dict[str, Result] = {}
    with tempfile.TemporaryDirectory() as folder:
        results["SQLite"] = _in_own_process("ours", options, f"sqlite:///{folder}/graph.db")
    with _neo4j() as (url, pid):
        for name in (*PEERS, *PEERS):  # the first turn counts for nothing: a new server is busy compiling itself
            results[name] = _in_own_process(f"load:{name}", options, url, pid)
            _empty(url)
        results["Neo4j"] = _in_own_process("ours", options, url, pid)
        for run in ("read", "write"):  # what they write has no handles, and so is not there for our store
            for name in PEERS:
                results[name] |= _in_own_process(f"{run}:{name}", options, url, pid)
    print(_table({name: results[name] for name in ("SQLite", "Neo4j", *PEERS)}, options))


@contextmanager
def _neo4j() -> Iterator[tuple[str, int | None]]:
    """The address of an empty one, and its process where that is ours."""
    given = os.environ.get("NEO4J_URI")
    if given:
        yield address_of(given, os.environ.get("NEO4J_USER", "neo4j"), os.environ.get("NEO4J_PASSWORD", "")), None
        return
    with server.running(heap_mb=2048, page_cache_mb=512, quick_start=False) as own:
        yield address_of(own.uri, own.user, own.password), own.pid


def address_of(uri: str, user: str, password: str) -> str:
    scheme, _, rest = uri.partition("://")
    return f"{scheme}://{quote(user, safe='')}:{quote(password, safe='')}@{rest}"


def _empty(url: str) -> None:
    parts = urlsplit(url)
    auth = (unquote(parts.username or ""), unquote(parts.password or ""))
    with (
        neo4j.GraphDatabase.driver(f"{parts.scheme}://{parts.hostname}:{parts.port}", auth=auth) as driver,
        driver.session() as session,
    ):
        session.run("MATCH (n) CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 10000 ROWS").consume()
        for (name,) in session.run("SHOW CONSTRAINTS YIELD name").values():
            session.run(f"DROP CONSTRAINT `{name}`").consume()


def _in_own_process(run: str, options: argparse.Namespace, url: str, pid: int | None = None) -> Result:
    """The address has a password, and a command line is for everyone to read."""
    names = ("customers", "subjects", "plain_subjects", "batch", "plain_seconds", "seed")
    arguments = [f"--{name.replace('_', '-')}={getattr(options, name)}" for name in names]
    child = subprocess.run(
        [sys.executable, "-m", "benchmarks.store_neo4j", f"--run={run}", *arguments],
        env={**os.environ, _URL: url, _SERVER: str(pid or "")},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    result: Result = json.loads(child.stdout)
    return result


# --- in the process of one contender ---------------------------------------------------------------------------------


class _Watch:
    """Wall time of each question, and the CPU time of client and server that all of them took."""

    def __init__(self) -> None:
        pid = os.environ.get(_SERVER)
        self._server = psutil.Process(int(pid)) if pid else None

    def cpu(self) -> float:
        spent = time.process_time()
        if self._server is not None:
            times = self._server.cpu_times()
            spent += times.user + times.system
        return spent

    def ask(self, what: str, question: Callable[[T], object], subjects: Sequence[T]) -> Result:
        before = self.cpu()
        spent = []
        for subject in subjects:
            begin = time.perf_counter()
            question(subject)
            spent.append((time.perf_counter() - begin) * 1000)
        return {f"{what}, ms": spent, f"{what}, CPU ms": [(self.cpu() - before) * 1000 / len(subjects)]}

    def once(self, what: str, work: Callable[[], int]) -> Result:
        """Work on so many things at once."""
        before, begin = self.cpu(), time.perf_counter()
        done = work()
        spent = time.perf_counter() - begin
        return {
            f"{what}, a second": [done / spent],
            f"{what}, CPU s per 100,000": [(self.cpu() - before) * 1e5 / done],
        }


def _ours(options: argparse.Namespace) -> Result:
    ours, watch = Guanxi(os.environ[_URL]), _Watch()
    result = _load(ours, watch, options, options.batch, None)
    refs = _subjects(ours, options)
    for ref in (*refs["random"], *refs["on a hub"]):  # plans and pages: a server that has just started has neither
        ours.neighbourhood(ref, hops=3, cap=_CAP, limit=_LIMIT)
    result |= _reads(ours, watch, refs, options.subjects)
    result |= watch.ask("search of a two-character name", ours.store.search, _NAMES * 10)
    result |= _writes(ours, watch, options, 0)
    ours.close()
    return result


def _loads(name: str) -> Callable[[argparse.Namespace], Result]:
    def load(options: argparse.Namespace) -> Result:
        peer = PEERS[name](os.environ[_URL])
        peer.prepare()
        result = _load(
            peer, _Watch(), options, 10 if name.startswith("plain") else options.batch, options.plain_seconds
        )
        peer.close()
        return result

    return load


def _asked(name: str) -> Callable[[argparse.Namespace], Result]:
    def read(options: argparse.Namespace) -> Result:
        ours, peer, watch = Guanxi(os.environ[_URL]), PEERS[name](os.environ[_URL]), _Watch()
        refs = {kind: of_kind[: options.plain_subjects] for kind, of_kind in _subjects(ours, options).items()}
        for ref in (*refs["random"][:5], *refs["on a hub"][:5]):
            asked = {"hops": 2, "cap": _CAP, "limit": _LIMIT}
            assert peer.neighbourhood(ref, **asked) == ours.neighbourhood(ref, **asked), "not the same answer"
        ours.close()
        result = _reads(peer, watch, refs, options.plain_subjects)
        peer.close()
        return result

    return read


def _written(name: str) -> Callable[[argparse.Namespace], Result]:
    def write(options: argparse.Namespace) -> Result:
        peer = PEERS[name](os.environ[_URL])
        result = _writes(peer, _Watch(), options, 1 + list(PEERS).index(name))
        peer.close()
        return result

    return write


def _load(
    contender: Contender, watch: _Watch, options: argparse.Namespace, batch_size: int, seconds: float | None
) -> Result:
    """Rates batch by batch."""
    rates, records, before, begin = [], 0, watch.cpu(), time.perf_counter()
    for batch in batches(options.customers, options.seed, batch_size):
        one = time.perf_counter()
        contender.write(batch)
        rates.append(size(batch) / (time.perf_counter() - one))
        records += size(batch)
        if seconds is not None and time.perf_counter() - begin > seconds:
            break
    return {"load, records a second": rates, "load, CPU s per 100,000": [(watch.cpu() - before) * 1e5 / records]}


def _subjects(ours: Guanxi, options: argparse.Namespace) -> dict[str, list[NodeRef]]:
    """Customers at random, and some behind one Wi-Fi."""
    chance = random.Random(options.seed)
    refs = [NodeRef("Customer", f"ID{chance.randrange(options.customers):016}") for _ in range(options.subjects)]
    wifi = ours.neighbourhood(NodeRef("IpAddress", "10.0.0.1"), hops=2, cap=options.subjects, limit=1_000)
    return {"random": refs, "on a hub": [ref for ref in wifi.nodes if ref.label == "Customer"][: options.subjects]}


def _reads(contender: Contender, watch: _Watch, refs: dict[str, list[NodeRef]], count: int) -> Result:
    result = watch.ask("lookup by key", contender.find, refs["random"][:count])
    for kind, of_kind in refs.items():
        for hops in (2, 3):
            result |= watch.ask(
                f"{hops} hops, {kind}",
                lambda ref, hops=hops: contender.neighbourhood(ref, hops=hops, cap=_CAP, limit=_LIMIT),
                of_kind[:count],
            )
    result |= watch.once("scan of everything to arrays, relationships", contender.scan)
    return result | {"memory of the client after it, MB": [resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]}


def _writes(contender: Contender, watch: _Watch, options: argparse.Namespace, turn: int) -> Result:
    """New applications into the full graph, other ones in each turn, and scores of some customers."""
    result = watch.ask(
        "one new application",
        contender.write,
        [applications(options.customers, 1, 100 * (turn + 1) + number) for number in range(options.plain_subjects)],
    )
    new = applications(options.customers, _APPLICATIONS, 10_000 + turn)

    def write() -> int:
        contender.write(new)
        return _APPLICATIONS

    result |= watch.once("new applications in one batch", write)
    keys = [f"ID{number:016}" for number in range(min(_SCORED, options.customers))]

    def put() -> int:
        contender.put_scores(keys, np.linspace(0, 1, len(keys)).tolist())
        return len(keys)

    return result | watch.once("scores written back", put)


_RUNS: dict[str, Callable[[argparse.Namespace], Result]] = {
    "ours": _ours,
    **{f"load:{name}": _loads(name) for name in PEERS},
    **{f"read:{name}": _asked(name) for name in PEERS},
    **{f"write:{name}": _written(name) for name in PEERS},
}


# --- the table -------------------------------------------------------------------------------------------------------


def _table(results: dict[str, Result], options: argparse.Namespace) -> str:
    """Behind a peer's median how many times as quick (or as sparing) ours is on the same server."""
    lines = [
        f"{options.customers:,} customers, seed {options.seed}, cap {_CAP}, limit {_LIMIT}; load {os.getloadavg()[0]:.1f}",
        "",
        f"| | {' | '.join(results)} |",
        f"|---|{'--:|' * len(results)}",
    ]
    ours = results["Neo4j"]
    for what in results["SQLite"]:
        cells = [
            _cell(result.get(what), None if name not in PEERS else ours[what], what) for name, result in results.items()
        ]
        lines.append(f"| {what} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(values: Sequence[float] | None, ours: Sequence[float] | None, what: str) -> str:
    if values is None:
        return ""
    median = statistics.median(values)
    text = _number(median)
    if len(values) > 3:
        low, _, high = statistics.quantiles(values, n=4)
        text += f" ({_number(low)}-{_number(high)})"
        if what.endswith(", ms"):
            text += f", p95 {_number(sorted(values)[int(len(values) * 0.95)])}"
    if ours is not None:
        ratio = statistics.median(ours) / median
        text += f", {_number(ratio if what.endswith('a second') else 1 / ratio)}x"
    return text


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


if __name__ == "__main__":
    main()
