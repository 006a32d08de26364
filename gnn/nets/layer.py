"""TypedConv: one layer of message passing between typed nodes, as a PyG layer with a fast path.

    out_t = W_t x_t + Σ_r (A_r m_r + B_r |x_t − m_r|),   m_r = mean of x over the sources linked by relation r

summed over the relations r that end at type t. A_r is the low pass of GraphSAGE (Hamilton et al. 2017) with a weight per relation as in RGCN
(Schlichtkrull et al. 2018). B_r is a high pass: fraud that hides among unlike neighbours shows in how it differs from them (Tang et al. 2022); as
the absolute difference it isn't a linear combination of the other terms.

Links come either as PyG's `edge_index` [2, e], source and target: then PyG's own `propagate` gathers and scatters; or as `FastLinks`: then the
mean is one pass over CSR (numba on the CPU, torch's sparse product elsewhere), which never holds a row per link. Both give the same numbers.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch_geometric.nn import MessagePassing

from gnn.nets.kernels import mean_over, sum_scaled
from gnn.nets.typed import Links, Relation


class FastLinks:
    """Links of one relation in both directions, made once for many passes."""

    def __init__(self, links: Links) -> None:
        back = links.reversed()
        degree = np.maximum(np.diff(links.indptr), 1)
        self.targets = links.targets
        self.forth = (links.indptr, links.indices)
        self.back = (back.indptr, back.indices)
        self.scale = (1 / degree).astype(np.float32)
        self._links = links
        self._sparse: dict[torch.device, Tensor] = {}

    def sparse(self, device: torch.device) -> Tensor:
        """The matrix of the mean for devices that numba doesn't know."""
        if device not in self._sparse:
            weights = torch.from_numpy(np.repeat(self.scale, np.diff(self.forth[0])))
            self._sparse[device] = torch.sparse_csr_tensor(
                torch.from_numpy(self.forth[0]),
                torch.from_numpy(self.forth[1].astype(np.int64)),
                weights,
                (self.targets, self._links.sources),
                check_invariants=False,  # a person may have two links to one device: the product adds them up
            ).to(device)
        return self._sparse[device]


class _Mean(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, links: FastLinks) -> Tensor:  # noqa: ANN401 (torch's own context)
        ctx.links = links
        return torch.from_numpy(mean_over(*links.forth, x.detach().contiguous().numpy()))

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:  # noqa: ANN401
        links: FastLinks = ctx.links
        return torch.from_numpy(sum_scaled(*links.back, links.scale, gradients[0].contiguous().numpy())), None


def mean_of(x: Tensor, links: FastLinks) -> Tensor:
    """The mean over sources for each target: [s, d] -> [t, d]. Differentiable."""
    if x.device.type == "cpu":
        mean: Tensor = _Mean.apply(x, links)  # type: ignore[no-untyped-call]  # torch leaves it untyped
        return mean
    return links.sparse(x.device) @ x


class TypedConv(MessagePassing):  # type: ignore[misc]  # PyG has no types
    """The layer above, for every type at once; `width` columns in, `width` out."""

    def __init__(self, types: tuple[str, ...], relations: tuple[Relation, ...], width: int) -> None:
        super().__init__(aggr="mean")
        self.own = nn.ModuleDict({name: nn.Linear(width, width) for name in types})
        self.near = nn.ModuleDict({_key(r): nn.Linear(width, width, bias=False) for r in relations})
        self.unlike = nn.ModuleDict({_key(r): nn.Linear(width, width, bias=False) for r in relations})

    def forward(
        self, x: Mapping[str, Tensor], links: Mapping[Relation, Tensor | FastLinks], only: str | None = None
    ) -> dict[str, Tensor]:
        """Rows [n_t, width] of each type, or of one only, to rows of the same shape."""
        out = {name: self.own[name](rows) for name, rows in x.items() if only in (None, name)}
        for relation, joined in links.items():
            start, _, end = relation
            if end not in out:
                continue
            if isinstance(joined, FastLinks):
                mean = mean_of(x[start], joined)
            else:
                mean = self.propagate(joined, x=(x[start], x[end]), size=(len(x[start]), len(x[end])))
            key = _key(relation)
            out[end] = out[end] + self.near[key](mean) + self.unlike[key]((x[end] - mean).abs())
        return out

    def message(self, x_j: Tensor) -> Tensor:
        """What a source sends: its row."""
        return x_j


def _key(relation: Relation) -> str:
    return "__".join(relation)
