"""Expert: the net as one expert of the stack, over the label-free columns and the links of a labelled graph."""

import numpy as np
from numpy.typing import NDArray

from gnn.labelled import Features, GraphData, Mask
from gnn.nets.net import NetConfig, fit_net
from gnn.nets.typed import Links, Relation, TypedGraph

_KIND = "node"
_MOST_COLUMNS = 128  # of the label-free ones; a small net drowns in more


def typed(graph: GraphData, free: Features) -> TypedGraph:
    """Nodes of one type, a relation per kind of link. The first label-free columns: X and its propagations."""
    relations: dict[Relation, Links] = {
        (_KIND, name, _KIND): Links(m.indptr.astype(np.int64), m.indices.astype(np.int32), graph.nodes)
        for name, m in graph.links.items()
    }
    return TypedGraph({_KIND: free[:, :_MOST_COLUMNS]}, relations)


def net_expert(graph: GraphData, free: Features, train: Mask, validation: Mask, seed: int) -> NDArray[np.float64]:
    """Scores of all nodes, as `gnn.stack.stack.Net` asks."""
    made = typed(graph, free)
    return fit_net(made, _KIND, graph.y == 1, train, validation, config=NetConfig(seed=seed)).score(made)
