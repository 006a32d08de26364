"""Neo4j beside SQLite: the same graph and the same questions in one run, and the load beside a plain driver script that sends row by row.

    python -m benchmarks.store_neo4j --customers 10000

Starts a Neo4j of its own (Java 17 or 21; Maven once), or takes the empty one that NEO4J_URI names. Times are wall time: the server works in another
process. The load is in batches of 500 customers; the plain script loads as many customers as it gets done in --plain-seconds.
"""

import argparse
import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar
from urllib.parse import quote

import neo4j
import numpy as np

from benchmarks.store_graph import applications, batches, size
from graph_model.columns import AssessmentColumns
from graph_model.records import GraphBatch, NodeRef
from graph_model.schema import SCHEMA
from graph_model.store import GraphStore
from graph_model.stores import open_store
from tests.neo4j_server import server

_CAP, _LIMIT = 50, 300
_NAMES = ("张伟", "李娜", "王强", "刘敏", "陈静")
Result = dict[str, str]
T = TypeVar("T")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=10_000)
    parser.add_argument("--subjects", type=int, default=200, help="questions of each kind")
    parser.add_argument("--batch", type=int, default=500, help="customers in one transaction of the load")
    parser.add_argument("--plain-seconds", type=float, default=30.0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    results: dict[str, Result] = {}
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(f"sqlite:///{folder}/graph.db", create=True)
        results["SQLite"] = _measure(store, options)
        store.close()
    with _neo4j() as url:
        plain = _plain_script(url, options)
        store = open_store(url, create=True)
        results["Neo4j"] = _measure(store, options)
        store.close()
    print(_table(results, options))
    print(f"\nA plain driver script, one MERGE per record: {plain:,.0f} records per second.")


@contextmanager
def _neo4j() -> Iterator[str]:
    """The address of an empty one."""
    given = os.environ.get("NEO4J_URI")
    if given:
        user, password = os.environ.get("NEO4J_USER", "neo4j"), os.environ.get("NEO4J_PASSWORD", "")
        yield _with_login(given, user, password)
        return
    with server.running(heap_mb=2048, page_cache_mb=512, quick_start=False) as own:
        yield _with_login(own.uri, own.user, own.password)


def _with_login(uri: str, user: str, password: str) -> str:
    scheme, _, rest = uri.partition("://")
    return f"{scheme}://{quote(user, safe='')}:{quote(password, safe='')}@{rest}"


# --- one store -------------------------------------------------------------------------------------------------------


def _measure(store: GraphStore, options: argparse.Namespace) -> Result:
    result: Result = {}
    records, begin = 0, time.perf_counter()
    for batch in batches(options.customers, options.seed, options.batch):
        store.upsert(batch)
        records += size(batch)
    result["load, records per second"] = f"{records / (time.perf_counter() - begin):,.0f}"

    ids = _subjects(store, options)
    refs = [found.ref for found in store.get_by_id(ids["random"])]
    _warm(store, ids["random"])
    result["lookup by key, ms"] = _times(store.get, refs)
    for kind, subjects in ids.items():
        for hops in (2, 3):
            around = partial(store.neighbourhood, hops=hops, cap=_CAP, limit=_LIMIT)
            result[f"{hops} hops, {kind}, ms"] = _times(around, subjects)
    result["search of a two-character name, ms"] = _times(store.search, _NAMES * 10)

    new = applications(options.customers, 1_000, options.seed)
    begin = time.perf_counter()
    store.upsert(new)
    result["1,000 new applications, s"] = f"{time.perf_counter() - begin:.2f}"
    result["one new application, ms"] = _times(
        lambda number: store.upsert(applications(options.customers, 1, 100 + number)), range(50)
    )
    result |= _whole(store)
    return result


def _subjects(store: GraphStore, options: argparse.Namespace) -> dict[str, list[str]]:
    chance = random.Random(options.seed)
    refs = [NodeRef("Customer", f"ID{chance.randrange(options.customers):016}") for _ in range(options.subjects)]
    wifi = store.get(NodeRef("IpAddress", "10.0.0.1"))
    assert wifi is not None
    around = store.neighbourhood(wifi.node_id, hops=2, cap=options.subjects, limit=3 * options.subjects)
    hub = [found.node_id for found in around.nodes if found.label == "Customer"][: options.subjects]
    return {"random": [found.node_id for ref in refs if (found := store.get(ref)) is not None], "on a hub": hub}


def _warm(store: GraphStore, subjects: Sequence[str]) -> None:
    """Plans and pages: a server that has just started has neither."""
    for subject in subjects[:50]:
        store.neighbourhood(subject, hops=3, cap=_CAP, limit=_LIMIT)
    for name in _NAMES:
        store.search(name)


def _times(question: Callable[[T], object], subjects: Sequence[T]) -> str:
    spent = []
    for subject in subjects:
        begin = time.perf_counter()
        question(subject)
        spent.append((time.perf_counter() - begin) * 1000)
    spent.sort()
    return f"{statistics.median(spent):.2f}, p95 {spent[int(len(spent) * 0.95)]:.2f}"


def _whole(store: GraphStore) -> Result:
    """Everything to arrays, and a score for every customer back."""
    begin = time.perf_counter()
    columns = {label: store.scan_nodes(label) for label in SCHEMA.labels}
    edges = sum(len(store.scan_edges(type, start, end).start) for start, type, end in SCHEMA.triples)
    spent = time.perf_counter() - begin
    handles = columns["Customer"].handles
    now = datetime(2026, 11, 1, tzinfo=UTC)
    scored = AssessmentColumns(
        handles=handles,
        score=np.linspace(0, 1, len(handles)),
        grade=np.zeros(len(handles), dtype=np.int8),
        ring=np.full(len(handles), -1, dtype=np.int32),
        rings=[],
        reasons=["[]"] * len(handles),
    )
    begin = time.perf_counter()
    store.append_assessments(
        scored, source="model", model_version="bench", policy_version="bench", as_of=now, scored_at=now
    )
    return {
        f"scan of everything to arrays ({edges:,} relationships), s": f"{spent:.2f}",
        "scores written back per second": f"{len(handles) / (time.perf_counter() - begin):,.0f}",
    }


# --- the plain script ------------------------------------------------------------------------------------------------


def _plain_script(url: str, options: argparse.Namespace) -> float:
    """What one writes first: constraints, then a MERGE per record, each a transaction. Returns records per second, and leaves nothing behind."""
    uri, _, rest = url.partition("://")
    login, _, place = rest.rpartition("@")
    user, _, password = login.partition(":")
    with neo4j.GraphDatabase.driver(f"{uri}://{place}", auth=(user, password)) as driver, driver.session() as session:
        for label in SCHEMA.labels:
            session.run(
                f"CREATE CONSTRAINT plain_{label} IF NOT EXISTS FOR (n:{label}) REQUIRE n.key IS UNIQUE"
            ).consume()
        done, begin = 0, time.perf_counter()
        for batch in batches(options.customers, options.seed, 10):
            done += _merge_all(session, batch)
            if time.perf_counter() - begin > options.plain_seconds:
                break
        rate = done / (time.perf_counter() - begin)
        session.run("MATCH (n) CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 10000 ROWS").consume()
        for label in SCHEMA.labels:
            session.run(f"DROP CONSTRAINT plain_{label}").consume()
    return rate


def _merge_all(session: neo4j.Session, batch: GraphBatch) -> int:
    for record in batch.nodes:
        properties = {name: str(value) for name, value in record.properties.items()}
        session.run(
            f"MERGE (n:{record.ref.label} {{key: $key}}) SET n += $properties",
            key=record.ref.key,
            properties=properties,
        ).consume()
    for edge in batch.edges:
        session.run(
            f"MATCH (a:{edge.start.label} {{key: $start}}), (b:{edge.end.label} {{key: $end}}) "
            f"MERGE (a)-[r:{edge.type} {{qualifier: $qualifier}}]->(b) SET r.last_seen = $seen",
            start=edge.start.key,
            end=edge.end.key,
            qualifier=edge.qualifier,
            seen=edge.last_seen.isoformat(),
        ).consume()
    return size(batch)


# --- the table -------------------------------------------------------------------------------------------------------


def _table(results: dict[str, Result], options: argparse.Namespace) -> str:
    names = list(results)
    lines = [
        f"{options.customers:,} customers, seed {options.seed}, cap {_CAP}, limit {_LIMIT}; wall time, load {os.getloadavg()[0]:.1f}",
        "",
        f"| | {' | '.join(names)} |",
        f"|---|{'--:|' * len(names)}",
    ]
    lines += [f"| {what} | {' | '.join(results[name][what] for name in names)} |" for what in results[names[0]]]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
