"""Files: a taught net as one safetensors file: weights, the bins of its features, and what it takes to build it again. No pickle."""

import json
from dataclasses import asdict
from typing import Any

import safetensors
import safetensors.torch
import torch

from gnn.nets.bins import Bins
from gnn.nets.net import FittedNet, NetConfig, TypedNet
from gnn.nets.served import EDGES, TOLD, WEIGHT, told_in


def to_bytes(fitted: FittedNet) -> bytes:
    """The same net gives the same bytes."""
    net = fitted.net
    told: dict[str, Any] = {
        "kind": net.kind,
        "columns": net.columns,
        "relations": [list(relation) for relation in net.relations],
        "config": asdict(fitted.config),
        "groups": {name: bins.groups for name, bins in fitted.bins.items()},
        "history": list(fitted.history),
    }
    tensors = {f"{WEIGHT}{name}": values.detach().cpu().contiguous() for name, values in net.state_dict().items()}
    tensors |= {f"{EDGES}{name}": torch.from_numpy(bins.edges.copy()) for name, bins in fitted.bins.items()}
    return safetensors.torch.save(tensors, {TOLD: json.dumps(told, sort_keys=True)})


def from_bytes(content: bytes) -> FittedNet:
    """Raises ValueError for what is no such file."""
    try:
        tensors = safetensors.torch.load(content)
        told = told_in(content)
        config = NetConfig(**told["config"] | {"fanout": tuple(told["config"]["fanout"]), "device": "cpu"})
        relations = tuple((start, name, end) for start, name, end in told["relations"])
        net = TypedNet(told["columns"], relations, told["kind"], config)
        net.load_state_dict({n.removeprefix(WEIGHT): v for n, v in tensors.items() if n.startswith(WEIGHT)})
    except (safetensors.SafetensorError, KeyError, TypeError, RuntimeError) as exc:
        raise ValueError("no net of ours") from exc
    bins = {name: Bins(tensors[f"{EDGES}{name}"].numpy(), groups) for name, groups in told["groups"].items()}
    net.eval()
    return FittedNet(net, bins, config, tuple(told["history"]))
