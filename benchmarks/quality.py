"""How good the stack is on public graphs, one configuration for all of them, beside what others reach on the same files.

    python -m benchmarks.quality --trials 2
    python -m benchmarks.quality --first 1 --trials 10 --results var/quality.jsonl    # picks up where it was stopped

Protocol of GADBench (Tang et al., NeurIPS 2023): undirected, transductive; trial t learns from mask column t with seed 3407 + 10 t (semi-supervised: column
10 + t); AUROC, AUPRC and Rec@K (K = positives among the test rows), mean ± population standard deviation. S-FFSD: the published random split (metrics on
labelled rows) and the last 20 % in time. Labels of test rows are read by the metrics only. The files are found by GUANXI_BENCH_DATA, else ../shared/data.
"""

import argparse
import json
import os
import time
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, f1_score, roc_auc_score
from sklearn.model_selection import train_test_split

from gnn.labelled import ALL, GraphData, Mask
from gnn.stack.propagation import Frame
from gnn.stack.stack import StackConfig, fit_stack

TRIALS = 10
Figures = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Task:
    """A graph, how it is split, and what is to be beaten: AUROC, AUPRC, and Rec@K or macro-F1. `anchors` are GADBench's own code with default
    settings on these files, or what was published."""

    name: str
    folder: str
    way: str
    target: Figures
    anchors: str

    @property
    def fixed(self) -> bool:
        """One split only: trials differ by seed."""
        return self.folder == "s_ffsd"


TASKS = (
    Task("FDCompCN, semi", "fdcompcn", "semi", (75.1, 29.3, 35.4), "XGBGraph 72.30 / 27.84 / 33.47, RF 75.05 / 29.27 / 35.32"),
    Task("Amazon-UPU, semi", "amazon_upu", "semi", (94.9, 80.0, 73.3), "XGBGraph 94.30 / 79.50 / 73.28, RF 94.65 / 76.55 / 71.01"),
    Task("Tolokers, semi", "tolokers", "semi", (75.0, 42.0, 43.0), "RFGraph 72.98 / 38.05 / 39.85, RF 66.82 / 32.99 / 34.57"),
    Task("Amazon-UPU, full", "amazon_upu", "full", (97.6, 89.6, 83.1), "XGBGraph 97.58 / 89.03 / 82.64, BWGNN 97.53 / 86.34 / 83.03"),
    Task("FDCompCN, full", "fdcompcn", "full", (81.4, 42.2, 46.9), "RFGraph 80.13 / 39.57 / 45.20, RF 81.35 / 42.13 / 46.82"),
    Task("Tolokers, full", "tolokers", "full", (86.0, 61.0, 58.0), "RFGraph 84.12 / 56.11 / 56.01, GAAP Rec@K 56.08"),
    Task("S-FFSD, random", "s_ffsd", "random", (96.9, 88.9, 86.9), "RGTAN 84.61 / 69.39 / 75.13"),
    Task("S-FFSD, chronological", "s_ffsd", "chronological", (87.5, 77.8, float("nan")), "one XGBoost without label rates 87.5 / 77.8"),
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=2, help="of each task, at most 10")
    parser.add_argument(
        "--first", type=int, default=0, help="the first of them; trial 0 was looked at while the stack was designed"
    )
    parser.add_argument("--results", type=Path, default=Path("var/quality.jsonl"), help="appended to, and read again")
    parser.add_argument("--only", nargs="+", default=[], help="names of tasks that contain one of these words")
    parser.add_argument("--net", action="store_true", help="with the net as one more expert (extra `gnn`, minutes)")
    options = parser.parse_args()
    data = Path(os.environ.get("GUANXI_BENCH_DATA", "../shared/data"))
    wanted = [t for t in TASKS if len(options.only) == 0 or any(word in t.name for word in options.only)]
    there = [task for task in wanted if (data / task.folder).is_dir()]
    for task in wanted:
        if task not in there:
            print(f"{task.name}: not measured, {data / task.folder} is not there. Set GUANXI_BENCH_DATA.")
    done = read(options.results, options.net)
    trials = range(options.first, min(options.trials, TRIALS))
    for task in there:
        for trial in trials:
            if (task.name, trial) in done:
                continue
            begun, used = time.perf_counter(), time.process_time()
            done[task.name, trial] = measure(data, task, trial, net=options.net)
            spent = {"wall_s": round(time.perf_counter() - begun, 1), "cpu_s": round(time.process_time() - used, 1)}
            line = {"task": task.name, "trial": trial, "net": options.net, "figures": done[task.name, trial], **spent}
            options.results.parent.mkdir(parents=True, exist_ok=True)
            with options.results.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
            print(f"{task.name}, trial {trial}: {told(done[task.name, trial])}  {spent}", flush=True)
    show(there, done, trials)


def read(results: Path, net: bool) -> dict[tuple[str, int], Figures]:
    """What was measured before."""
    if not results.exists():
        return {}
    lines = [json.loads(line) for line in results.read_text(encoding="utf-8").splitlines()]
    return {(line["task"], line["trial"]): tuple(line["figures"]) for line in lines if line["net"] == net}


def measure(data: Path, task: Task, trial: int, *, net: bool) -> Figures:
    graph, frame = prepared(data, task.folder)
    train, validation, test = (
        sffsd_split(graph, task.way) if task.fixed else graph.split(trial + (10 if task.way == "semi" else 0))
    )
    expert = None
    if net:
        from gnn.nets.expert import NetExpert

        expert = NetExpert()
    config = StackConfig(seed=3407 + 10 * trial, net=expert)
    score = fit_stack(graph, train, validation, config=config, frame=frame).score
    return figures(graph.y[test] == 1, score[test], f1=task.fixed)


def figures(positive: Mask, score: NDArray[np.float64], *, f1: bool) -> Figures:
    """AUROC, AUPRC, and Rec@K or (at a threshold of 0.5) macro-F1, in per cent."""
    count = int(positive.sum())
    top = np.argsort(-score, kind="stable")[:count]
    third = f1_score(positive, score > 0.5, average="macro") if f1 else positive[top].sum() / count
    return (
        100 * float(roc_auc_score(positive, score)),
        100 * float(average_precision_score(positive, score)),
        100 * float(third),
    )


@cache
def prepared(data: Path, folder: str) -> tuple[GraphData, Frame]:
    """A graph and its frame, which all trials share."""
    graph = sffsd(data / folder / "S-FFSD.zip") if folder == "s_ffsd" else GraphData.load(data / folder / "data.npz")
    return graph, Frame.of(graph)


def sffsd(path: Path) -> GraphData:
    """Transactions as rows in time; what they share, and pairs of it, as entities."""
    with zipfile.ZipFile(path) as archive:
        rows = pl.read_csv(archive.read("S-FFSD.csv"))
    kinds = ("Source", "Target", "Location", "Type")
    codes = {kind.lower(): _codes(rows[kind].to_numpy().astype(str)) for kind in kinds}
    for one, other in (("source", "target"), ("source", "type"), ("source", "location"), ("target", "type")):
        codes[f"{one}_{other}"] = _codes(codes[one] * (codes[other].max() + 1) + codes[other])
    amount = rows["Amount"].to_numpy()
    x = np.column_stack((amount, np.log1p(amount), codes["location"], codes["type"]))
    nothing = np.zeros((2, 0), dtype=np.int64)
    return GraphData.of(x, rows["Labels"].to_numpy(), {ALL: nothing}, entities=codes, time=rows["Time"].to_numpy())


def _codes(values: NDArray[np.generic]) -> NDArray[np.int64]:
    return np.unique(values, return_inverse=True)[1].astype(np.int64)


def sffsd_split(graph: GraphData, way: str) -> tuple[Mask, Mask, Mask]:
    """A tenth of what is learnt from validates: a random one, or the latest."""
    position = np.arange(graph.nodes)
    if way == "random":
        learn, _ = train_test_split(position, stratify=graph.y, test_size=0.2, random_state=2)
        fit, _ = train_test_split(learn, stratify=graph.y[learn], test_size=0.1, random_state=3407)
        learnt, fitted = np.isin(position, learn), np.isin(position, fit)
    else:
        learnt, fitted = position < int(0.8 * graph.nodes), position < int(0.72 * graph.nodes)
    labelled = graph.y != 2
    return fitted & labelled, learnt & ~fitted & labelled, ~learnt & labelled


def show(tasks: Sequence[Task], done: dict[tuple[str, int], Figures], asked: Sequence[int]) -> None:
    """The table of the trials asked for, with the distance to the target, and the macro-mean of the graphs' tasks."""
    print("\n| AUROC / AUPRC / Rec@K (S-FFSD: macro-F1), % | trials | ours | target | ours − target | others |")
    print("|---|--:|---|---|---|---|")
    means = []
    for task in tasks:
        trials = np.array([done[task.name, t] for t in asked if (task.name, t) in done])
        if len(trials) == 0:
            continue
        mean, spread = trials.mean(axis=0), trials.std(axis=0)
        ours = " / ".join(f"{m:.2f} ± {s:.2f}" for m, s in zip(mean, spread, strict=True))
        away = " / ".join("–" if np.isnan(t) else f"{m - t:+.2f}" for m, t in zip(mean, task.target, strict=True))
        target = " / ".join("–" if np.isnan(t) else f"{t:.1f}" for t in task.target)
        print(f"| {task.name} | {len(trials)} | {ours} | {target} | {away} | {task.anchors} |")
        if not task.fixed:
            means.append(mean)
    if len(means) > 0:
        print(f"| macro-mean of {len(means)} | | {told(tuple(np.mean(means, axis=0)))} | | | |")


def told(values: Sequence[float]) -> str:
    return " / ".join(f"{value:.2f}" for value in values)


if __name__ == "__main__":
    main()
