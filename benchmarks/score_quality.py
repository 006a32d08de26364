"""How good the score is: generated portfolios through generate, ingest and score, against the truth that scoring never reads.

    python -m benchmarks.score_quality --customers 20000 --seeds 1 2 3

A model is trained on what was known six months before the window's end, and scores the applications of those six months as of the moment each
was made: boosted trees, the gated stack, with --net the typed net and the stack that has it as an expert, and whichever of the first two was better on
its validation part, for that is what serves as `guanxi train` comes.
Beside them: trees on tabular features only, and the rules. Rings are those of a scoring at the window's end. The table gives
median and spread over the seeds. Acceptance: the average precision of what serves is at least twice the tabular one's.
"""

import argparse
import csv
import logging
import statistics
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import graspologic_native
import numpy as np
import structlog
from numpy.typing import NDArray

from benchmarks._truth import alerted_in, planted_in
from gnn import contenders
from gnn.arrays.csr import Index
from gnn.arrays.export import export
from gnn.arrays.graph import GraphArrays
from gnn.contenders import NET, STACK, TREES
from gnn.features.build import describe
from gnn.features.questions import at_application
from gnn.models.calibration import fit_calibration
from gnn.models.metrics import measures
from gnn.models.model import Model
from gnn.models.split import split_by_time, unseen_fraud
from gnn.rings.cpm import communities, objective
from gnn.rings.detect import GAMMA, Rings, measure
from gnn.rings.projection import Projection, project
from gnn.rules import Rules
from gnn.score import score
from gnn.train import TrainConfig, learning_rows, train
from graph_model.moments import to_ms
from graph_model.records import AsOf
from graph_model.store import GraphStore
from graph_model.stores import open_store
from ingest.load import ingest
from ingest.portfolio import GENERATOR_VERSION, generate

TEST_MONTHS = 6
STACK_WITH_NET = "stack with net"
RATIO = "AP, what serves / tabular"
Result = dict[str, float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=20_000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--net", action="store_true", help="with the typed net (extra `gnn`, minutes of CPU)")
    parser.add_argument("--no-rings", action="store_true", help="applications only")
    options = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    results = []
    for seed in options.seeds:
        with tempfile.TemporaryDirectory() as folder:
            results.append(one(options.customers, seed, Path(folder), net=options.net, rings_too=not options.no_rings))
        print(f"seed {seed} done: AP {results[-1]['AP, what serves']:.3f}", flush=True)
    show(options.customers, options.seeds, results)


def one(customers: int, seed: int, folder: Path, *, net: bool, rings_too: bool) -> Result:
    """Everything that is measured on one portfolio."""
    made = generate(folder / "files", customers=customers, seed=seed)
    end = datetime.combine(made.window[1], datetime.min.time(), UTC) + timedelta(days=1)
    store = open_store(f"sqlite:///{folder / 'graph.db'}", create=True)
    try:
        ingest(store, [folder / "files"], quarantine_dir=folder / "quarantine", now=end + timedelta(days=7))
        told = applications(store, folder / "files", end, end + timedelta(days=7), net=net)
        if not rings_too:
            return told
        begun, used = time.perf_counter(), time.process_time()
        # A week on, all of the window has been recorded.
        as_of = end + timedelta(days=7)
        summary = score(store, as_of=as_of, scored_at=as_of, models=folder / "models")
        spent = {
            "score and train, wall s": time.perf_counter() - begun,
            "score and train, CPU s": time.process_time() - used,
        }
        print(f"  trained {summary.trained}, grades {dict(summary.grades)}, rings {summary.rings}", flush=True)
        return told | spent | rings(store, folder / "files", as_of)
    finally:
        store.close()


def applications(store: GraphStore, files: Path, end: datetime, as_of: datetime, *, net: bool) -> Result:
    """Models of six months ago on the applications since, as of the moment of each."""
    ago = end - timedelta(days=round(TEST_MONTHS * 30.4))
    past = export(store, as_of=AsOf.at(ago))
    whole = export(store, as_of=AsOf.at(as_of))
    recent = np.flatnonzero(whole.applications.applied_at >= to_ms(ago))
    fraud = truth_of_applications(store, files, whole)[recent]
    asked = at_application(whole, recent)
    found: Result = {"test applications": float(len(recent)), "fraud among them": float(fraud.sum())}
    scores: dict[str, NDArray[np.float64]] = {}
    chosen: dict[str, float] = {}
    chosen_beside: dict[str, float] = {}
    for name, config in (
        (TREES, TrainConfig(contenders=(TREES,))),
        (STACK, TrainConfig(contenders=(STACK,))),
        ("tabular", TrainConfig(tabular_only=True)),
    ):
        used = time.process_time()
        model = train(past, config=config)
        if model is None:
            raise SystemExit("Too little fraud is known to train on: take more customers.")
        found[f"training, CPU s, {name}"] = time.process_time() - used
        rows = describe(whole, asked, model.vocabulary, config=model.features)
        scores[name] = model.probability(rows)
        if name != "tabular":
            chosen[name] = model.card["contenders"][name]["chosen_by"]
        if name == TREES:
            scores["rules"] = Rules().probability(rows)
    if net:
        used = time.process_time()
        for name, model in with_net(past):
            scores[name] = model.probability(model.describe(whole, asked))
            chosen_beside[name] = float(model.card["chosen_by"])
            found[f"training and scoring, CPU s, {name}"] = time.process_time() - used
            used = time.process_time()
    winner = max(chosen, key=lambda name: chosen[name])
    scores["what serves"] = scores[winner]
    for name, probability in scores.items():
        told = measures(fraud, probability)
        found |= {
            f"AP, {name}": told["average_precision"],
            f"recall at 1 % alerts, {name}": told["recall_at_1_percent"],
            f"Brier, {name}": told["brier"],
        }
    found["the stack serves"] = float(winner == STACK)
    for name, value in chosen_beside.items():
        found[f"validation AP, {name} - what serves"] = value - chosen[winner]
    found["AP, stack - trees"] = found["AP, stack"] - found["AP, trees"]
    found[RATIO] = found["AP, what serves"] / found["AP, tabular"]
    found["expected / actual fraud, what serves"] = float(scores["what serves"].sum() / fraud.sum())
    return found


def with_net(past: GraphArrays) -> Iterator[tuple[str, Model]]:
    """The net, and the stack that has it as one more expert, each as `train` would let it serve; which of them is chosen doesn't matter here."""
    config = TrainConfig()
    split = split_by_time(past)
    learnt = learning_rows(past, split, config=config)
    if learnt is None:
        raise SystemExit("Too little fraud is known to train on: take more customers.")
    rows, vocabulary = learnt
    held = rows.held
    weight = rows.weight * np.where(rows.positive, unseen_fraud(past, rows.application), 1.0)
    alone = contenders.net(past, rows, config.trees, _quiet)
    for name, found in ((NET, alone), (STACK_WITH_NET, contenders.stack(past, rows, config.trees, _quiet, alone))):
        calibration = fit_calibration(found.margin[held], rows.positive[held], weight[held])
        told = {"chosen_by": found.precision(rows), **found.told}
        fitted = found.refit(_quiet)
        print(f"  {name}: {told}", flush=True)
        yield name, Model(fitted, calibration, vocabulary, config.features, rows.table.names, told)


def _quiet(_done: int, _total: int) -> None:
    """How far a fit is, said to nobody."""


def truth_of_applications(store: GraphStore, files: Path, arrays: GraphArrays) -> NDArray[np.bool_]:
    with (files / "truth" / "applications.csv").open(encoding="utf-8") as file:
        fraud = {row["application_id"] for row in csv.DictReader(file) if row["is_fraud"] == "1"}
    nodes = store.scan_nodes("Application")
    keys = dict(zip(nodes.handles.tolist(), nodes.keys, strict=True))
    return np.array([keys[handle] in fraud for handle in arrays.applications.handles.tolist()])


def truth_of_rings(store: GraphStore, files: Path, arrays: GraphArrays) -> list[NDArray[np.int64]]:
    """Positions of the members of each planted ring."""
    nodes = store.scan_nodes("Customer")
    handle = dict(zip(nodes.keys, nodes.handles.tolist(), strict=True))
    position = {h: p for p, h in enumerate(arrays.customers.handles.tolist())}
    planted: dict[str, list[int]] = {}
    for key, ring in planted_in(files).items():
        planted.setdefault(ring, []).append(position[handle[key]])
    return [np.array(members) for members in planted.values()]


def rings(store: GraphStore, files: Path, as_of: datetime) -> Result:
    """Ours among all communities and among the alerted ones, and graspologic-native's on the same projection."""
    arrays = export(store, as_of=AsOf.at(as_of))
    planted = truth_of_rings(store, files, arrays)
    begun = time.perf_counter()
    graph = project(arrays.incidence, before=arrays.as_of + 1)
    projected = time.perf_counter()
    ours = communities(graph, gamma=GAMMA)
    done = time.perf_counter()
    edges = _edges(graph)
    started = time.perf_counter()
    _, found = graspologic_native.leiden(edges, resolution=GAMMA, use_modularity=False, seed=1, iterations=3)
    ended = time.perf_counter()
    theirs = _numbered(found, graph.customers)
    alerted = _alerted(store, arrays)
    return {
        "planted rings": float(len(planted)),
        "ring recall, communities": matched(planted, measure(graph, ours, min_size=3)),
        "ring recall, graspologic-native": matched(planted, measure(graph, theirs, min_size=3)),
        "ring recall, alerted": matched(planted, alerted),
        "ring precision, alerted": _precision(planted, alerted),
        "CPM objective, ours / graspologic-native": objective(graph, ours, gamma=GAMMA)
        / objective(graph, theirs, gamma=GAMMA),
        "projection, s": projected - begun,
        "communities, s": done - projected,
        "communities by graspologic-native, s": ended - started,
    }


def matched(planted: Sequence[NDArray[np.int64]], found: Rings) -> float:
    """The share of planted rings that one community matches with Jaccard 0.5 or more."""
    return float(np.mean([_best(members, found)[1] >= 0.5 for members in planted]))


def _precision(planted: Sequence[NDArray[np.int64]], found: Rings) -> float:
    """The share of found rings that match a planted one."""
    hits = {name for name, overlap in (_best(members, found) for members in planted) if overlap >= 0.5}
    return len(hits) / max(1, len(found))


def _best(members: NDArray[np.int64], found: Rings) -> tuple[int, float]:
    names, counts = np.unique(found.ring[members], return_counts=True)
    overlaps = [
        (count / (len(members) + int(found.size[name]) - count), name)
        for name, count in zip(names.tolist(), counts.tolist(), strict=True)
        if name >= 0
    ]
    overlap, name = max(overlaps, default=(0.0, -1))
    return name, overlap


def _alerted(store: GraphStore, arrays: GraphArrays) -> Rings:
    """The rings that scoring wrote to the store."""
    position = {h: p for p, h in enumerate(arrays.customers.handles.tolist())}
    nodes = store.scan_nodes("Customer")
    place = {key: position[handle] for key, handle in zip(nodes.keys, nodes.handles.tolist(), strict=True)}
    ring = np.full(len(arrays.customers.handles), -1, dtype=np.int32)
    names: dict[str, int] = {}
    for key, name in alerted_in(store).items():
        ring[place[key]] = names.setdefault(name, len(names))
    size = np.bincount(ring[ring >= 0], minlength=len(names))
    nothing = np.zeros(len(names))
    return Rings(ring, size, nothing, nothing)


def _edges(graph: Projection) -> list[tuple[str, str, float]]:
    source = np.repeat(np.arange(graph.customers), np.diff(graph.indptr))
    once = source < graph.indices
    return [
        (str(a), str(b), w)
        for a, b, w in zip(
            source[once].tolist(), graph.indices[once].tolist(), graph.weights[once].tolist(), strict=True
        )
    ]


def _numbered(found: Mapping[str, int], customers: int) -> Index:
    """Communities by position; whoever has no link is alone."""
    named = np.arange(customers) + customers
    for customer, community in found.items():
        named[int(customer)] = community
    return np.unique(named, return_inverse=True)[1].astype(np.int32)


def show(customers: int, seeds: Sequence[int], results: Sequence[Result]) -> None:
    print(f"\nGenerator version {GENERATOR_VERSION}, {customers:,} customers, seeds {', '.join(map(str, seeds))};")
    print(f"trained on what was known {TEST_MONTHS} months before the end, tested on the applications since.\n")
    print("| measure | median | least | greatest |\n|---|--:|--:|--:|")
    for name in results[0]:
        values = [result[name] for result in results]
        print(f"| {name} | {statistics.median(values):.3f} | {min(values):.3f} | {max(values):.3f} |")
    ratio = min(result[RATIO] for result in results)
    print(
        f"\nAcceptance (what serves at least twice tabular in every portfolio): {'met' if ratio >= 2 else 'NOT MET'}, {ratio:.1f} ×"
    )


if __name__ == "__main__":
    main()
