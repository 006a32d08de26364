"""The net kept as a safetensors file, by itself and as an expert of a stack."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch_geometric", reason="The nets need the extra `gnn`.")

from gnn.nets.expert import NetExpert
from gnn.nets.files import from_bytes, to_bytes
from gnn.nets.net import NetConfig, fit_net
from gnn.stack.files import read, write
from gnn.stack.stack import StackConfig, learn
from graph_model.errors import InvalidRequest
from tests.gnn.test_gnn_nets import portfolio, thirds
from tests.gnn.test_graph_models import grown
from tests.gnn.test_stack import NODES, halves, planted


def test_a_net_that_was_kept_scores_as_it_did_in_the_same_bytes():
    graph, fraud = portfolio()
    train, validation, _ = thirds()
    fitted = fit_net(graph, "person", fraud, train, validation, config=NetConfig(epochs=4))
    content = to_bytes(fitted)
    again = from_bytes(content)
    assert (again.score(graph) == fitted.score(graph)).all()
    assert to_bytes(again) == content
    assert (again.config, again.history) == (fitted.config, fitted.history)
    for broken in (b"", content[:-4], content.replace(b"guanxi", b"guanyu")):
        with pytest.raises(ValueError, match="no net of ours"):
            from_bytes(broken)


def test_a_stack_with_a_net_is_kept_with_it_and_scores_newcomers(tmp_path: Path):
    graph, (train, validation, _) = planted(), halves()
    config = StackConfig(kinds=("boosted",), net=NetExpert())
    stack, found = learn(graph, train, validation, config=config)
    version = write(stack, tmp_path).name
    with pytest.raises(InvalidRequest, match="pip install") as refused:
        read(tmp_path, version)
    assert refused.value.code == "train.no_torch"
    again = read(tmp_path, version, NetExpert)
    assert np.allclose(again.apply(graph).score, found.score, atol=1e-12)
    net = again.apply(grown()).experts["net"]
    assert net[NODES : NODES + 2].min() > net[NODES + 2 :].max()
