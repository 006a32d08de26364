"""The ring pipeline by step and size, beside other libraries' communities on the same projection.

    python -m benchmarks.rings --edges 100000 1000000 10000000 --rounds 3

A made-up lending graph: customers with private identifiers, households, colleagues, shared addresses, public Wi-Fi and planted rings; ten uses
each. Our pipeline is the one that `guanxi score` runs for each mark: cut hubs, project, find communities, measure them. igraph and
graspologic-native look for communities by the same objective (CPM, same resolution) on our projection; networkit, whose Louvain knows
modularity only, is there for its time. Each contender runs in a process of its own, in turn, one thread each, as many rounds as asked.
Times are CPU time; what a library needs to make its own graph of our arrays is told apart from its search. The table shows medians with the
least and the greatest, every objective beside ours, and whether each community is connected. igraph (GPL) and networkit are used nowhere
else: `pip install igraph networkit` makes them available; without them their columns are left out.
"""

import argparse
import importlib.util
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

OURS = "guanxi"
Result = dict[str, float]
Pairs = tuple[
    int, NDArray[np.int32], NDArray[np.int32], NDArray[np.float64]
]  # customers, ends and weights of each link


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--edges", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--peers-up-to", type=int, default=1_000_000, help="edges of the largest graph that peers get")
    parser.add_argument("--contenders", nargs="+", choices=CONTENDERS, default=list(CONTENDERS))
    parser.add_argument("--run", nargs=2, metavar=("CONTENDER", "FILE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.run is not None:
        print(json.dumps(CONTENDERS[options.run[0]](Path(options.run[1]))))
        return
    absent = [name for name in options.contenders if name != OURS and importlib.util.find_spec(_MODULES[name]) is None]
    for name in absent:
        print(f"{name} is not installed and left out: pip install {name}", file=sys.stderr)
    growth: list[tuple[int, Result]] = []
    for edges in sorted(options.edges):
        peers = edges <= options.peers_up_to
        chosen = [name for name in options.contenders if name == OURS or (peers and name not in absent)]
        growth.append((edges, _one_size(edges, chosen, options)))
    if len(growth) > 1:
        print(f"exponents of growth in CPU time: {exponents(growth)}", flush=True)


def _one_size(edges: int, chosen: Sequence[str], options: argparse.Namespace) -> Result:
    with tempfile.TemporaryDirectory() as folder:
        graph = Path(folder) / "graph.npz"
        np.savez(graph, **made(edges, options.seed))
        results: dict[str, list[Result]] = {name: [] for name in chosen}
        for _ in range(options.rounds):
            for name in chosen:
                results[name].append(_in_own_process(name, graph))
        print(_table(edges, results, graph), flush=True)
    return {step: statistics.median(found[step] for found in results[OURS]) for step in STEPS}


def _in_own_process(name: str, graph: Path) -> Result:
    child = subprocess.run(
        [sys.executable, "-m", "benchmarks.rings", "--run", name, str(graph)],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    result: Result = json.loads(child.stdout)
    return result


def exponents(growth: Sequence[tuple[int, Result]]) -> str:
    """The slope of log seconds over log edges for each step, by least squares."""
    size = np.log([edges for edges, _ in growth])
    slope = {step: np.polyfit(size, np.log([found[step] for _, found in growth]), 1)[0] for step in growth[0][1]}
    return ", ".join(f"{step} {value:.2f}" for step, value in slope.items())


# --- the graph -------------------------------------------------------------------------------------------------------


def made(edges: int, seed: int) -> dict[str, NDArray[np.generic]]:
    """Who uses what since when: about `edges` uses by a tenth as many customers."""
    random = np.random.default_rng(seed)
    customers = edges // 10
    parts: list[tuple[NDArray[np.int64], NDArray[np.int64]]] = []
    names = 0
    # Private phones, devices and accounts; households; contacts; colleagues; buildings; networks, some of them with thousands of users.
    for largest, power in (
        (1, 0.0),
        (1, 0.0),
        (1, 0.0),
        (1, 0.0),
        (2, 0.0),
        (3, 0.0),
        (4, 0.0),
        (400, 1.3),
        (2_000, 1.5),
    ):
        sizes = _sizes(random, customers, largest, power)
        group = np.repeat(np.arange(len(sizes)), sizes)[:customers]
        parts.append((random.permutation(customers), group + names))
        names += len(sizes)
    # Rings: 4 to 30 customers, each of whom uses four of the ring's own identifiers.
    sizes = random.integers(4, 31, size=max(1, customers // 2_500))
    members = random.choice(customers, size=min(customers, int(sizes.sum())), replace=False)
    ring = np.repeat(np.arange(len(sizes)), sizes)[: len(members)]
    for _ in range(4):
        parts.append((members, names + ring * 6 + random.integers(0, 6, size=len(members))))
    names += 6 * len(sizes)
    customer = np.concatenate([who for who, _ in parts]).astype(np.int32)
    identifier = np.concatenate([what for _, what in parts]).astype(np.int32)
    since = random.integers(0, 10**11, size=len(customer))
    order = np.lexsort((since, customer))
    return {
        "customer": customer[order],
        "identifier": identifier[order],
        "since": since[order],
        "shape": np.array([customers, names]),
    }


def _sizes(random: np.random.Generator, customers: int, largest: int, power: float) -> NDArray[np.int64]:
    """Sizes of groups that hold all customers, from one to the largest; small ones are more the greater the power."""
    chance = np.arange(1, largest + 1, dtype=np.float64) ** -power
    sizes = random.choice(np.arange(1, largest + 1), size=customers, p=chance / chance.sum())
    return np.asarray(sizes[: int(np.searchsorted(np.cumsum(sizes), customers)) + 1])


# --- in the process of one contender ---------------------------------------------------------------------------------

STEPS = ("adjacency", "projection", "communities", "measures")


def _guanxi(path: Path) -> Result:
    from gnn.arrays.graph import Uses, incidence
    from gnn.rings.cpm import communities
    from gnn.rings.detect import GAMMA, MIN_SIZE, measure
    from gnn.rings.projection import project

    small = made(2_000, 0)  # kernels are compiled, or read from their cache, before the clock runs
    for found in (small, dict(np.load(path))):
        uses = Uses(found["customer"], found["identifier"], np.zeros(len(found["customer"]), np.int8), found["since"])
        before, clock = _peak_mb(), _Clock()
        links = incidence(uses, *found["shape"].tolist())
        clock.lap("adjacency")
        graph = project(links, before=2**62)
        clock.lap("projection")
        community = communities(graph, gamma=GAMMA)
        clock.lap("communities")
        measure(graph, community, min_size=MIN_SIZE)
        clock.lap("measures")
    laps = clock.laps
    source = np.repeat(np.arange(graph.customers, dtype=np.int32), np.diff(graph.indptr))
    once = source < graph.indices
    peak = _peak_mb()
    np.savez(path.with_suffix(".links.npz"), start=source[once], end=graph.indices[once], weight=graph.weights[once])
    np.savez(path.with_suffix(".projection.npz"), indptr=graph.indptr, indices=graph.indices, weights=graph.weights)
    np.save(path.with_suffix(f".{OURS}.npy"), community)
    whole = sum(laps[step] for step in STEPS if step != "adjacency")
    return laps | {"pipeline": whole, "peak": peak, "before": before, "links": float(once.sum())}


def _igraph(path: Path) -> Result:
    import igraph  # type: ignore[import-not-found,import-untyped,unused-ignore]

    from gnn.rings.detect import GAMMA

    customers, start, end, weight = _links(path)
    clock, before = _Clock(), _peak_mb()
    graph = igraph.Graph(n=customers, edges=np.stack((start, end), axis=1), directed=False)
    clock.lap("own graph")
    found = graph.community_leiden(objective_function="CPM", weights=weight.tolist(), resolution=GAMMA, n_iterations=2)
    clock.lap("communities")
    np.save(path.with_suffix(".igraph.npy"), np.array(found.membership, dtype=np.int32))
    return clock.laps | {"peak": _peak_mb(), "before": before}


def _graspologic(path: Path) -> Result:
    import graspologic_native

    from gnn.rings.detect import GAMMA

    customers, start, end, weight = _links(path)
    clock, before = _Clock(), _peak_mb()
    links = list(zip(map(str, start.tolist()), map(str, end.tolist()), weight.tolist(), strict=True))
    clock.lap("own graph")
    _, found = graspologic_native.leiden(links, resolution=GAMMA, use_modularity=False, seed=1, iterations=2)
    clock.lap("communities")
    named = np.arange(customers) + customers  # whoever has no link is alone
    named[[int(name) for name in found]] = list(found.values())
    np.save(path.with_suffix(".graspologic-native.npy"), np.unique(named, return_inverse=True)[1].astype(np.int32))
    return clock.laps | {"peak": _peak_mb(), "before": before}


def _networkit(path: Path) -> Result:
    import networkit  # type: ignore[import-not-found,import-untyped,unused-ignore]

    customers, start, end, weight = _links(path)
    networkit.setNumberOfThreads(1)
    clock, before = _Clock(), _peak_mb()
    graph = networkit.GraphFromCoo(
        (weight, (start.astype(np.uint64), end.astype(np.uint64))), n=customers, weighted=True
    )
    clock.lap("own graph")
    networkit.community.PLM(graph).run()
    clock.lap("communities")
    return clock.laps | {"peak": _peak_mb(), "before": before}


CONTENDERS: dict[str, Callable[[Path], Result]] = {
    OURS: _guanxi,
    "igraph": _igraph,
    "graspologic-native": _graspologic,
    "networkit": _networkit,
}
_MODULES = {"igraph": "igraph", "graspologic-native": "graspologic_native", "networkit": "networkit"}


def _links(path: Path) -> Pairs:
    """Our projection, each link once."""
    with np.load(path.with_suffix(".links.npz")) as links:
        return int(np.load(path)["shape"][0]), links["start"], links["end"], links["weight"]


class _Clock:
    """CPU seconds between laps."""

    def __init__(self) -> None:
        self.laps: Result = {}
        self._last = time.process_time()

    def lap(self, step: str) -> None:
        now = time.process_time()
        self.laps[step], self._last = now - self._last, now


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


# --- the table -------------------------------------------------------------------------------------------------------


def _table(edges: int, results: dict[str, list[Result]], path: Path) -> str:
    ours = results[OURS]
    found = dict(np.load(path))
    lines = [
        f"\n{len(found['customer']):,} uses by {int(found['shape'][0]):,} customers ({edges:,} asked for), {int(ours[0]['links']):,} links in the "
        f"projection, {len(ours)} rounds, load {os.getloadavg()[0]:.1f}; CPU s, median (least to greatest)",
        "",
        "| | CPU s |\n|---|--:|",
        *(f"| {step} | {_cell([r[step] for r in ours])} |" for step in (*STEPS, "pipeline")),
        f"| peak memory, MB (before the work {ours[0]['before']:,.0f}) | {max(r['peak'] for r in ours):,.0f} |",
        "",
        "| | its own graph, CPU s | communities, CPU s | × ours | × ours, own graph included | peak MB | objective / ours | connected |",
        "|---|--:|--:|--:|--:|--:|--:|---|",
    ]
    least = [r["communities"] for r in ours]
    for name, rounds in results.items():
        search = [r["communities"] for r in rounds]
        whole = [r["communities"] + r.get("own graph", 0.0) for r in rounds]
        objective, connected = _quality(name, path)
        cells = [
            _cell([r["own graph"] for r in rounds]) if name != OURS else "",
            _cell(search),
            _cell([a / b for a, b in zip(search, least, strict=True)]),
            _cell([a / b for a, b in zip(whole, least, strict=True)]),
            f"{max(r['peak'] for r in rounds):,.0f}",
            objective,
            connected,
        ]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _quality(name: str, path: Path) -> tuple[str, str]:
    """The CPM objective beside ours, and whether every community hangs together."""
    from gnn.arrays.csr import components
    from gnn.rings.cpm import objective
    from gnn.rings.detect import GAMMA
    from gnn.rings.projection import Projection

    told = path.with_suffix(f".{name}.npy")
    if not told.exists():
        return "not CPM", ""
    with np.load(path.with_suffix(".projection.npz")) as kept:
        graph = Projection(kept["indptr"], kept["indices"], kept["weights"])
    community, ours = np.load(told), np.load(path.with_suffix(f".{OURS}.npy"))
    reached = objective(graph, community, gamma=GAMMA) / objective(graph, ours, gamma=GAMMA)
    pieces = components(graph.indptr, graph.indices, community)[1]
    return f"{reached:.4f}", "yes" if pieces == len(np.unique(community)) else "no"


def _cell(values: Sequence[float]) -> str:
    digits = 2 if statistics.median(values) >= 0.1 else 4
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f} to {max(values):.{digits}f})"


if __name__ == "__main__":
    main()
