"""Expert: the net as one expert of the stack, over the label-free columns and the links of a labelled graph."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version

import numpy as np
from numpy.typing import NDArray

from gnn.labelled import Features, GraphData, Mask
from gnn.nets.files import from_bytes, to_bytes
from gnn.nets.net import FittedNet, NetConfig, fit_net
from gnn.nets.typed import Links, Relation, TypedGraph

_KIND = "node"
_MOST_COLUMNS = 128  # of the label-free ones; a small net drowns in more


def typed(graph: GraphData, free: Features, known: Sequence[Relation] | None = None) -> TypedGraph:
    """Nodes of one type, a relation per kind of link (the `known` ones, where a net knows some), to earlier nodes where nodes are events. The first
    label-free columns: X and its propagations."""
    relations: dict[Relation, Links] = {
        (_KIND, name, _KIND): Links(m.indptr.astype(np.int64), m.indices.astype(np.int32), graph.nodes)
        for name, m in ((name, graph.around(name)) for name in graph.links)
        if known is None or (_KIND, name, _KIND) in known
    }
    return TypedGraph({_KIND: free[:, :_MOST_COLUMNS]}, relations)


@dataclass(frozen=True, slots=True)
class FittedExpert:
    """A net that was taught on a labelled graph, as `gnn.stack.stack.GraphNet` asks."""

    fitted: FittedNet

    def score(self, graph: GraphData, free: Features) -> NDArray[np.float64]:
        return self.fitted.score(typed(graph, free, tuple(self.fitted.net.relations)))

    def to_bytes(self) -> bytes:
        return to_bytes(self.fitted)


class NetExpert:
    """The net as one more expert, as `gnn.stack.stack.Net` asks."""

    @property
    def settings(self) -> dict[str, object]:
        return {**asdict(NetConfig()), "most_columns": _MOST_COLUMNS, "torch": version("torch")}

    def fit(self, graph: GraphData, free: Features, train: Mask, validation: Mask, seed: int) -> FittedExpert:
        made = typed(graph, free)
        return FittedExpert(fit_net(made, _KIND, graph.y == 1, train, validation, config=NetConfig(seed=seed)))

    def read(self, content: bytes) -> FittedExpert:
        return FittedExpert(from_bytes(content))
