"""TypedNet: the graph neural network, and how it is taught.

Features are binned, projected per type, and passed through two TypedConv layers; the last map reads all layers (jumping knowledge), so a node on
whose neighbours nothing can be learnt is still judged by itself. The loss weighs fraud by √(others / fraud). Teaching stops when the average
precision on validation rows has not risen for `patience` evaluations, and keeps the best weights. Small graphs are taught whole; from `whole_below`
links up, in batches of sampled surroundings. On the CPU the same seed and threads give the same weights.
"""

import copy
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score
from torch import Tensor, nn

from gnn.nets.bins import Bins
from gnn.nets.layer import FastLinks, TypedConv
from gnn.nets.sampling import Sampler
from gnn.nets.typed import Relation, TypedGraph

Mask = NDArray[np.bool_]
Scores = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class NetConfig:
    """One configuration for every graph."""

    width: int = 32
    layers: int = 2
    rate: float = 0.01
    decay: float = 5e-4
    dropout: float = 0.3
    epochs: int = 150
    patience: int = 10  # evaluations
    every: int = 3  # epochs from one evaluation to the next
    whole_below: int = 20_000_000  # links; more are sampled
    batch: int = 1_024
    fanout: Sequence[int] = (15, 10)
    device: str = "cpu"
    seed: int = 3407


class TypedNet(nn.Module):
    """Log odds of fraud for the nodes of one type. `columns`: type -> binned columns."""

    def __init__(
        self, columns: Mapping[str, int], relations: tuple[Relation, ...], kind: str, config: NetConfig
    ) -> None:
        super().__init__()
        self.kind, self.columns, self.relations = kind, dict(columns), relations
        self.enter = nn.ModuleDict({name: nn.Linear(size, config.width) for name, size in columns.items()})
        self.layers = nn.ModuleList(TypedConv(tuple(columns), relations, config.width) for _ in range(config.layers))
        self.drop = nn.Dropout(config.dropout)
        self.leave = nn.Linear(config.width * (config.layers + 1), 1)

    def forward(self, x: Mapping[str, Tensor], links: Mapping[Relation, Tensor | FastLinks]) -> Tensor:
        """Log odds [n] of all nodes of the type."""
        rows = {name: self.enter[name](self.drop(values)).relu_() for name, values in x.items()}
        seen = [rows[self.kind]]
        for layer in self.layers:
            only = self.kind if layer is self.layers[-1] else None  # of the others nobody asks any more
            rows = layer(rows, links, only)
            seen.append(rows[self.kind])
        odds: Tensor = self.leave(self.drop(torch.cat(seen, dim=1))).squeeze(1)
        return odds


@dataclass(frozen=True)
class FittedNet:
    """A taught net with the bins of its features. Scores graphs of the same types and relations, newcomers included."""

    net: TypedNet
    bins: Mapping[str, Bins]
    config: NetConfig
    history: Sequence[float] = field(default_factory=tuple)  # average precision on validation, by evaluation

    def score(self, graph: TypedGraph, nodes: NDArray[np.int64] | None = None) -> Scores:
        """The probability, float64 [n], of every node of the net's type, or of these nodes."""
        self.net.eval()
        with torch.no_grad():
            if _links(graph) < self.config.whole_below:
                odds = self.net(_tensors(graph, self.bins, self.config), _fast(graph))
                whole = np.asarray(torch.sigmoid(odds.double()).cpu().numpy())
                return whole if nodes is None else whole[nodes]
            wanted = np.arange(graph.counts()[self.net.kind], dtype=np.int64) if nodes is None else nodes
            parts = []
            sampler = Sampler(graph)
            for begin, seeds in enumerate(_batches(wanted, self.config.batch)):
                part = sampler.sample(self.net.kind, seeds, fanout=self.config.fanout, seed=begin + 1).graph
                odds = self.net(_tensors(part, self.bins, self.config), _fast(part))[: len(seeds)]
                parts.append(torch.sigmoid(odds.double()).cpu().numpy())
            return np.concatenate(parts)


def fit_net(
    graph: TypedGraph, kind: str, positive: Mask, train: Mask, validation: Mask, *, config: NetConfig
) -> FittedNet:
    """Teach a net which nodes of type `kind` are fraud: `positive`, `train` and `validation` bool [n]. Without both classes among validation rows
    it is taught for all epochs."""
    torch.manual_seed(config.seed)
    random = np.random.default_rng(config.seed)
    bins = {
        name: Bins.learn(rows[train] if name == kind else rows)
        if len(rows) > 0
        else Bins(np.zeros((2, rows.shape[1]), np.float32))
        for name, rows in graph.features.items()
    }
    columns = {name: graph.features[name].shape[1] * (1 + b.groups) for name, b in bins.items()}
    net = TypedNet(columns, tuple(graph.relations), kind, config).to(config.device)
    optimiser = torch.optim.AdamW(net.parameters(), lr=config.rate, weight_decay=config.decay, fused=True)
    frauds = max(1, int(positive[train].sum()))
    weight = torch.tensor(
        np.sqrt(max(1, int(train.sum()) - frauds) / frauds), dtype=torch.float32, device=config.device
    )
    whole = _links(graph) < config.whole_below
    inputs = (_tensors(graph, bins, config), _fast(graph)) if whole else None
    sampler = Sampler(graph)
    rows = np.flatnonzero(train)
    best, kept, waited, history = -1.0, copy.deepcopy(net.state_dict()), 0, []
    judged = positive[validation].any() and not positive[validation].all()
    for epoch in range(config.epochs):
        net.train()
        for batch in [rows] if whole else _batches(random.permutation(rows), config.batch):
            if inputs is not None:
                odds = net(*inputs)[torch.from_numpy(batch)]
            else:
                chance = config.seed * 7919 + epoch * 1013 + int(batch[0])
                part = sampler.sample(kind, batch, fanout=config.fanout, seed=chance).graph
                odds = net(_tensors(part, bins, config), _fast(part))[: len(batch)]
            truth = torch.from_numpy(positive[batch].astype(np.float32)).to(config.device)
            loss = nn.functional.binary_cross_entropy_with_logits(odds, truth, pos_weight=weight)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
            optimiser.step()
        if not judged or (epoch + 1) % config.every != 0:
            continue
        if inputs is not None:
            net.eval()
            with torch.no_grad():
                scores = net(*inputs).cpu().numpy()[validation]
        else:
            scores = FittedNet(net, bins, config).score(graph, np.flatnonzero(validation))
        history.append(float(average_precision_score(positive[validation], scores)))
        waited += 1
        if history[-1] > best:
            best, kept, waited = history[-1], copy.deepcopy(net.state_dict()), 0
        elif waited >= config.patience:
            break
    if len(history) > 0:
        net.load_state_dict(kept)
    return FittedNet(net, bins, config, tuple(history))


@contextmanager
def one_thread() -> Iterator[None]:
    """For small products: threads would only wait for each other, and another number of them gives other bytes."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _links(graph: TypedGraph) -> int:
    return sum(len(links.indices) for links in graph.relations.values())


def _tensors(graph: TypedGraph, bins: Mapping[str, Bins], config: NetConfig) -> dict[str, Tensor]:
    return {name: torch.from_numpy(bins[name](rows)).to(config.device) for name, rows in graph.features.items()}


def _fast(graph: TypedGraph) -> dict[Relation, Tensor | FastLinks]:
    return {relation: FastLinks(links) for relation, links in graph.relations.items()}


def _batches(rows: NDArray[np.int64], size: int) -> list[NDArray[np.int64]]:
    return [rows[begin : begin + size] for begin in range(0, len(rows), size)]
