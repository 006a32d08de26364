"""TypedConv: one layer of message passing between typed nodes, as a PyG layer with a fast path.

    out_t = relu(W_t x_t + Σ_r (A_r m_r + B_r |x_t − m_r|)),   m_r = mean of x over the sources linked by relation r

summed over the relations r that end at type t. A_r is the low pass of GraphSAGE (Hamilton et al. 2017) with a weight per relation as in RGCN
(Schlichtkrull et al. 2018). B_r is a high pass: fraud that hides among unlike neighbours shows in how it differs from them (Tang et al. 2022); as
the absolute difference it isn't a linear combination of the other terms.

Links come either as PyG's `edge_index` [2, e], source and target: then PyG's own `propagate` gathers and scatters; or as `FastLinks`: then on the
CPU `gnn.nets.passing` does all of it in few passes, and elsewhere the mean is torch's sparse product. Neither holds a row per link, and all give
the same numbers.
"""

from collections.abc import Iterable, Mapping

import numpy as np
import torch
from torch import Tensor, nn
from torch_geometric.nn import MessagePassing

from gnn.nets.passing import Arriving, Bags, Passing
from gnn.nets.typed import Links, Relation


class FastLinks:
    """Links of one relation in both directions, made once for many passes."""

    def __init__(self, links: Links) -> None:
        self.links = links
        self.bags = Bags(links)
        self._sparse: dict[torch.device, Tensor] = {}

    def sparse(self, device: torch.device) -> Tensor:
        """The matrix of the mean for devices that numba doesn't know."""
        if device not in self._sparse:
            weights = torch.from_numpy(self.bags.share[self.links.target()])
            self._sparse[device] = torch.sparse_csr_tensor(
                torch.from_numpy(self.links.indptr),
                torch.from_numpy(self.links.indices.astype(np.int64)),
                weights,
                (self.links.targets, self.links.sources),
                check_invariants=False,  # a person may have two links to one device: the product adds them up
            ).to(device)
        return self._sparse[device]


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
        ends = [name for name in x if only in (None, name)]
        arriving = {name: {r: joined for r, joined in links.items() if r[2] == name} for name in ends}
        return {name: self._passed(name, x, arriving[name]) for name in ends}

    def _passed(self, end: str, x: Mapping[str, Tensor], arriving: Mapping[Relation, Tensor | FastLinks]) -> Tensor:
        bags = {r: joined.bags for r, joined in arriving.items() if isinstance(joined, FastLinks)}
        if len(bags) > 0 and len(bags) == len(arriving) and x[end].device.type == "cpu":
            tables = list(dict.fromkeys((end, *(start for start, _, _ in bags))))
            came = [Arriving(found, tables.index(r[0])) for r, found in bags.items()]
            near, unlike = (_beside(maps, bags) for maps in (self.near, self.unlike))
            own = self.own[end]
            passed: Tensor = Passing.apply(came, own.weight, own.bias, near, unlike, *(x[name] for name in tables))  # type: ignore[no-untyped-call]  # torch leaves it untyped
            return passed
        out = self.own[end](x[end])
        for relation, joined in arriving.items():
            source, key = x[relation[0]], _key(relation)
            if isinstance(joined, FastLinks):
                mean = joined.sparse(source.device) @ source
            else:
                mean = self.propagate(joined, x=(source, x[end]), size=(len(source), len(x[end])))
            out = out + self.near[key](mean) + self.unlike[key]((x[end] - mean).abs())
        return torch.relu(out)

    def message(self, x_j: Tensor) -> Tensor:
        """What a source sends: its row."""
        return x_j


def _beside(maps: nn.ModuleDict, relations: Iterable[Relation]) -> Tensor:
    """The weights of relations side by side."""
    return torch.cat([maps[_key(r)].get_parameter("weight") for r in relations], dim=1)


def _key(relation: Relation) -> str:
    return "__".join(relation)
