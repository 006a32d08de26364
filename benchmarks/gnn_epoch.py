"""One epoch of our net beside PyG's own formulation of the same layers: CPU time and peak memory, each in a process of its own.

    python -m benchmarks.gnn_epoch --links 400000 --rounds 3

Customers and what they use, typed, links both ways. An epoch is forward, backward and one step of the whole net in one batch, one thread. PyG's is
measured in two formulations: `propagate` over `edge_index`, and fused by `message_and_aggregate` over a sparse CSR tensor, as PyG's SAGEConv is
(`EdgeIndex` fails on the way back between types of different size in PyG 2.8). All have the same weights; the processes tell outputs and all
gradients, which have to be equal within 1e-4.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from torch_geometric.utils import spmm

from gnn.nets.layer import FastLinks, TypedConv
from gnn.nets.net import NetConfig, TypedNet
from gnn.nets.typed import Links, Relation

NAMES = ("device", "phone", "address")
WAYS = ("PyG's propagate", "PyG's spmm", "ours")
CLOSE = 1e-4


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--links", type=int, default=400_000, help="in each direction")
    parser.add_argument("--degree", type=int, default=40, help="mean number of links of a person")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--told", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.way is not None:
        one(options.way, graph(options.links, options.degree), options.rounds, options.told)
        return
    with tempfile.TemporaryDirectory() as folder:
        spent = {way: run(way, options, Path(folder)) for way in WAYS}
        ours, *theirs = [np.load(Path(folder) / f"{way}.npz") for way in reversed(WAYS)]
        apart = max(float(np.abs(ours[name] - file[name]).max()) for file in theirs for name in ours.files)
    show(options.links, options.degree, spent, apart)
    if apart > CLOSE:
        raise SystemExit(f"Outputs or gradients differ by {apart:.1e}: what was timed is not the same layer.")


def run(way: str, options: argparse.Namespace, folder: Path) -> dict[str, list[float]]:
    command = [sys.executable, "-m", "benchmarks.gnn_epoch", "--way", way, "--told", str(folder / f"{way}.npz")]
    size = [f"--{name}={getattr(options, name)}" for name in ("links", "degree", "rounds")]
    done = subprocess.run([*command, *size], check=True, capture_output=True, text=True)
    told: dict[str, list[float]] = json.loads(done.stdout.splitlines()[-1])
    return told


def graph(links: int, degree: int) -> tuple[dict[str, int], dict[Relation, Links]]:
    """Three kinds of identifier; a tenth of the links go to a few much used ones."""
    random = np.random.default_rng(1)
    persons = links // degree
    counts = {"person": persons} | dict.fromkeys(NAMES, persons // 2)
    relations: dict[Relation, Links] = {}
    for name in NAMES:
        size = links // len(NAMES)
        person = random.integers(0, persons, size)
        used = random.integers(0, counts[name], size)
        used[: size // 10] = random.integers(0, 50, size // 10)
        relations["person", "uses", name] = Links.of(person, used, sources=persons, targets=counts[name])
        relations[name, "used_by", "person"] = Links.of(used, person, sources=counts[name], targets=persons)
    return counts, relations


class Fused(TypedConv):
    """The same layer as whoever writes it for PyG's fused message passing does."""

    @classmethod
    def of(cls, layer: torch.nn.Module, types: tuple[str, ...], relations: tuple[Relation, ...]) -> "Fused":
        made = cls(types, relations, NetConfig().width)
        made.load_state_dict(layer.state_dict())
        return made

    def message_and_aggregate(self, adj_t: torch.Tensor, x: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
        mean: torch.Tensor = spmm(adj_t, x[0], reduce="mean")
        return mean


def links_of(way: str, links: Links) -> torch.Tensor | FastLinks:
    if way == "ours":
        return FastLinks(links)
    if way == "PyG's propagate":
        return torch.from_numpy(np.stack((links.indices, links.target())).astype(np.int64))
    pointer, members = torch.from_numpy(links.indptr), torch.from_numpy(links.indices.astype(np.int64))
    return torch.sparse_csr_tensor(
        pointer, members, torch.ones(len(members)), (links.targets, links.sources), check_invariants=False
    )


def one(way: str, made: tuple[dict[str, int], dict[Relation, Links]], rounds: int, told: Path) -> None:
    """Time epochs, and leave outputs and gradients of the first."""
    torch.set_num_threads(1)
    counts, relations = made
    torch.manual_seed(1)
    x = {name: torch.randn(count, 16) for name, count in counts.items()}
    truth = (torch.rand(counts["person"]) < 0.05).float()
    net = TypedNet(dict.fromkeys(counts, 16), tuple(relations), "person", NetConfig(dropout=0.0))
    if way == "PyG's spmm":
        net.layers = torch.nn.ModuleList(Fused.of(layer, tuple(counts), tuple(relations)) for layer in net.layers)
    joined = {r: links_of(way, k) for r, k in relations.items()}
    optimiser = torch.optim.AdamW(net.parameters(), fused=True)
    wall, cpu = [], []
    for number in range(rounds + 1):  # the first compiles and is not timed
        begun, used = time.perf_counter(), time.process_time()
        optimiser.zero_grad()
        odds = net(x, joined)
        torch.nn.functional.binary_cross_entropy_with_logits(odds, truth).backward()  # type: ignore[no-untyped-call]
        if number == 0:
            gradients = {n: p.grad.numpy().copy() for n, p in net.named_parameters() if p.grad is not None}
            np.savez(told, output=odds.detach().numpy(), **gradients)
        optimiser.step()
        wall.append(time.perf_counter() - begun)
        cpu.append(time.process_time() - used)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"CPU s": cpu[1:], "wall s": wall[1:], "peak memory, MB": [memory]}))


def show(links: int, degree: int, spent: dict[str, dict[str, list[float]]], apart: float) -> None:
    print(f"{2 * links:,} links in all, {links // degree:,} persons, two layers of width 32; one thread.\n")
    print("| one epoch | ours | " + " | ".join(f"{way} | / ours" for way in WAYS[:-1]) + " |")
    print("|---|--:|" + "--:|--:|" * (len(WAYS) - 1))
    for name, ours in spent["ours"].items():
        cells = [figures(ours)]
        for way in WAYS[:-1]:
            theirs = spent[way][name]
            cells += [figures(theirs), f"{statistics.median(theirs) / statistics.median(ours):.1f} ×"]
        print(f"| {name} | " + " | ".join(cells) + " |")
    print(f"\nOutputs and gradients differ by {apart:.1e} at most.")


def figures(values: list[float]) -> str:
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


if __name__ == "__main__":
    main()
