"""Neighbourhoods of a lifelike portfolio on Neo4j, with SQLite beside it: the same subjects, and the same answers, which is checked.

    python -m benchmarks.neo4j_hops --customers 20000

Starts a Neo4j of its own with the memory that docker-compose.yml gives one (Java 17 or 21; Maven once). Subjects are customers at random and
the twenty busiest addresses, by node id, with the store's own cap and limit. A server compiles what it runs often while it runs, so `--warm`
questions of each kind come first. Times are by the clock; beside them is the CPU time that the client and the server spent on a question, which a
busy machine blurs less.
"""

import argparse
import logging
import os
import random
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import structlog

from benchmarks.store_neo4j import address_of
from graph_model.records import NodeRef, Subgraph
from graph_model.store import GraphStore
from graph_model.stores import open_store
from ingest.load import ingest
from ingest.portfolio import generate
from tests.neo4j_server import server

_COMPOSE_MB = 2048  # heap, and page cache
_BUSIEST = 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=20_000)
    parser.add_argument("--questions", type=int, default=300, help="of each kind, timed")
    parser.add_argument("--warm", type=int, default=1_000, help="of each kind, before any is timed")
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with (
        tempfile.TemporaryDirectory() as folder,
        server.running(heap_mb=_COMPOSE_MB, page_cache_mb=_COMPOSE_MB, quick_start=False) as own,
    ):
        lite = open_store(f"sqlite:///{folder}/graph.db", create=True)
        neo4j = open_store(address_of(own.uri, own.user, own.password), create=True)
        _fill((lite, neo4j), Path(folder), options)
        subjects = _subjects(lite, options)
        for of_kind in subjects.values():
            _require_same(lite, neo4j, of_kind[:_BUSIEST])
        print(
            f"{options.customers:,} customers, seed {options.seed}, {options.warm} questions before, {options.questions} timed"
        )
        print(
            "\n| hops, subjects | store | p50 ms | p95 ms | CPU ms, client | CPU ms, server | load |\n|---|---|--:|--:|--:|--:|--:|"
        )
        for line in _table({"SQLite": (lite, None), "Neo4j": (neo4j, own.pid)}, subjects, options):
            print(line, flush=True)
        neo4j.close()
        lite.close()


def _fill(stores: Sequence[GraphStore], folder: Path, options: argparse.Namespace) -> None:
    made = generate(folder / "files", customers=options.customers, seed=options.seed)
    # A week after the end, all of the window has been recorded.
    now = datetime.combine(made.window[1], datetime.min.time(), UTC) + timedelta(days=8)
    for number, store in enumerate(stores):
        ingest(store, [folder / "files"], quarantine_dir=folder / f"quarantine{number}", now=now)


def _subjects(store: GraphStore, options: argparse.Namespace) -> dict[str, list[NodeRef]]:
    """As many as are timed at random, and the addresses with the most relationships."""
    chance = random.Random(options.seed)
    customers = chance.sample(list(store.scan_nodes("Customer").keys), min(options.questions, options.customers))
    busy: Counter[int] = Counter()
    for label in ("Customer", "Application"):
        busy.update(store.scan_edges("HAS_ADDRESS", label, "Address").end.tolist())
    addresses = store.scan_nodes("Address")
    key_of = dict(zip(addresses.handles.tolist(), addresses.keys, strict=True))
    busiest = [NodeRef("Address", key_of[handle]) for handle, _ in busy.most_common(_BUSIEST)]
    return {"random": [NodeRef("Customer", key) for key in customers], "busiest addresses": busiest}


def _require_same(one: GraphStore, other: GraphStore, refs: Sequence[NodeRef]) -> None:
    for ref in refs:
        for hops in (2, 3):
            assert _answer(one, ref, hops) == _answer(other, ref, hops), f"not the same answer: {ref}, {hops} hops"


def _answer(store: GraphStore, ref: NodeRef, hops: int) -> object:
    """What a neighbourhood comes to without the ids, which each store gives for itself."""
    found: Subgraph = store.neighbourhood(_id(store, ref), hops=hops)
    by_id = {node.node_id: node.ref for node in found.nodes}
    return (
        [(node.ref, found.hops[node.node_id], node.last_seen, dict(node.properties)) for node in found.nodes],
        [(edge.type, by_id[edge.start], by_id[edge.end], edge.qualifier, edge.last_seen) for edge in found.edges],
        [(by_id[omitted.node_id], omitted.type, omitted.shown, omitted.total) for omitted in found.omissions],
    )


def _id(store: GraphStore, ref: NodeRef) -> str:
    node = store.get(ref)
    assert node is not None
    return node.node_id


def _table(
    stores: dict[str, tuple[GraphStore, int | None]], subjects: dict[str, list[NodeRef]], options: argparse.Namespace
) -> Iterator[str]:
    for hops in (2, 3):
        for kind, refs in subjects.items():
            for name, (store, pid) in stores.items():
                ids = [_id(store, ref) for ref in refs]
                for number in range(options.warm):
                    store.neighbourhood(ids[number % len(ids)], hops=hops)
                begun, served, spent = time.process_time(), _cpu(pid), []
                for number in range(options.questions):
                    begin = time.perf_counter()
                    store.neighbourhood(ids[number % len(ids)], hops=hops)
                    spent.append((time.perf_counter() - begin) * 1000)
                client = (time.process_time() - begun) * 1000 / options.questions
                of_server = (_cpu(pid) - served) * 1000 / options.questions
                p95 = sorted(spent)[int(len(spent) * 0.95)]
                yield (
                    f"| {hops}, {kind} | {name} | {statistics.median(spent):.1f} | {p95:.1f} | {client:.1f} | {of_server:.1f} | "
                    f"{os.getloadavg()[0]:.1f} |"
                )


def _cpu(pid: int | None) -> float:
    """Seconds that a server's process has spent; none where the store is in our own."""
    if pid is None:
        return 0.0
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


if __name__ == "__main__":
    main()
