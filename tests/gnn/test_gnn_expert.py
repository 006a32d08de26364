"""The net as one expert of the stack."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

pytest.importorskip("torch_geometric", reason="The nets need the extra `gnn`.")

from gnn.nets.expert import NetExpert
from gnn.stack.stack import StackConfig, fit_stack
from tests.gnn.test_stack import halves, planted


def test_the_net_is_one_expert_more_and_finds_the_company():
    graph, (train, validation, test) = planted(), halves()
    found = fit_stack(graph, train, validation, config=StackConfig(kinds=("forest",), net=NetExpert()))
    assert "net" in found.experts and found.weights["net"] > 0
    assert average_precision_score(graph.y[test], found.experts["net"][test]) > 0.3  # a random scorer gets 0.1
    assert np.isfinite(found.score).all()
