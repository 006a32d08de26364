"""Files of a fitted stack: LightGBM's text per fit, safetensors for arrays and nets, JSON for weights, calibration and configuration. No pickle.

A folder per version, beside a file `current` that names the one trained last. The version is made of the content, so the same graph, split, seed,
machine and libraries give the same version and bytes.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path

import numpy as np
import safetensors
import safetensors.numpy
from numpy.typing import NDArray

from gnn.labelled import GraphData, Mask
from gnn.models.calibration import Calibration
from gnn.models.files import write_whole
from gnn.models.model import library_versions
from gnn.stack.experts import settings
from gnn.stack.propagation import Frame
from gnn.stack.stack import FittedStack, Net, StackConfig
from graph_model.errors import InvalidRequest

FORMAT = 3
TOLD, ARRAYS = "stack.json", "graph.safetensors"


def shelf_name(graph: GraphData, train: Mask, validation: Mask, config: StackConfig) -> str:
    """Of all that decides what is fitted: parts of another training are never taken up."""
    net = None if config.net is None else dict(config.net.settings)
    trees = settings(int(train.sum()), graph.x.shape[1])
    names = [list(graph.links), list(graph.entities), graph.x.shape, graph.time is not None]
    told = [FORMAT, config.seed, list(config.kinds), trees, net, names, library_versions()]
    digest = sha256(json.dumps(told).encode())
    arrays = [graph.x, graph.y, train, validation, *graph.entities.values()]
    for matrix in (*graph.links.values(), *graph.earlier.values()):
        arrays += [matrix.indptr, matrix.indices]
    for array in [*arrays, *([] if graph.time is None else [graph.time])]:
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:16]


def version_of(files: Mapping[str, bytes]) -> str:
    digest = sha256()
    for name, content in sorted(files.items()):
        digest.update(name.encode() + b"\0" + sha256(content).digest())
    return f"stack-{digest.hexdigest()[:12]}"


def files_of(stack: FittedStack) -> dict[str, bytes]:
    """All files by name."""
    frame = stack.frame
    told = {
        "format": FORMAT,
        "seed": stack.seed,
        "weights": dict(stack.weights),
        "calibration": asdict(stack.calibration),
        "experts": {name: len(texts) for name, texts in stack.trees.items()},
        "nets": len(stack.nets),
        "kinds": list(frame.kinds),
        "entities": list(frame.entities),
        "digest": frame.digest,
        "events": frame.events,
        "earlier": stack.earlier,
        "libraries": library_versions(),
    }
    arrays: dict[str, NDArray[np.generic]] = {
        "mean": frame.mean,
        "spread": frame.spread,
        "places": np.ascontiguousarray(frame.places),
        "values": frame.values,
        "ties": np.ascontiguousarray(frame.ties),
        "fold": stack.fold.astype(np.int8),
        "fraud": stack.fraud.astype(np.uint8),
        "checked": stack.checked.astype(np.uint8),
    }
    files = {TOLD: (json.dumps(told, indent=1) + "\n").encode(), ARRAYS: safetensors.numpy.save(arrays)}
    for name, texts in stack.trees.items():
        files |= {_expert(name, held): text.encode() for held, text in enumerate(texts)}
    return files | {_net(held): net.to_bytes() for held, net in enumerate(stack.nets)}


def write(stack: FittedStack, folder: Path) -> Path:
    """Keep a stack beside the others, whole or not at all."""
    files = files_of(stack)
    return write_whole(folder, version_of(files), files)


def read(folder: Path, version: str, net: Callable[[], Net | None] = lambda: None) -> FittedStack:
    """`net` gives what reads a net, and is asked for one with a net only. Raises InvalidRequest: `model_damaged`, also for one that another
    Guanxi wrote otherwise, or `train.no_torch` for one with a net where `net` gives none."""
    try:
        told = json.loads((folder / version / TOLD).read_bytes())
        if told["format"] != FORMAT:
            raise ValueError("written by another Guanxi")
        names = [TOLD, ARRAYS, *(_expert(n, held) for n, fits in told["experts"].items() for held in range(fits))]
        names += [_net(held) for held in range(told["nets"])]
        files = {name: (folder / version / name).read_bytes() for name in names}
        if version_of(files) != version:
            raise ValueError("other content than was written")
        arrays = safetensors.numpy.load(files[ARRAYS])
    except (OSError, ValueError, KeyError, TypeError, safetensors.SafetensorError) as exc:
        raise InvalidRequest(
            f"The model {version} in {folder.name} is damaged, incomplete, or of another version of Guanxi. Train it anew with `guanxi train --data`.",
            code="model_damaged",
        ) from exc
    reader = net() if told["nets"] > 0 else None
    if told["nets"] > 0 and reader is None:
        raise InvalidRequest(
            f"{version} has a net, which needs torch. Install the extra: pip install 'guanxi[gnn]'.",
            code="train.no_torch",
        )
    return FittedStack(
        frame=Frame(
            arrays["mean"],
            arrays["spread"],
            tuple(told["kinds"]),
            tuple(told["entities"]),
            arrays["places"],
            arrays["values"],
            arrays["ties"],
            told["digest"],
            told["events"],
        ),
        fold=arrays["fold"].astype(np.int64),
        fraud=arrays["fraud"].astype(np.bool_),
        checked=arrays["checked"].astype(np.bool_),
        trees={n: [files[_expert(n, h)].decode() for h in range(fits)] for n, fits in told["experts"].items()},
        nets=[] if reader is None else [reader.read(files[_net(held)]) for held in range(told["nets"])],
        weights=told["weights"],
        calibration=Calibration(**told["calibration"]),
        seed=told["seed"],
        earlier=told["earlier"],
    )


def _expert(name: str, held: int) -> str:
    return f"{name.replace(' ', '-')}-{held}.txt"


def _net(held: int) -> str:
    return f"net-{held}.safetensors"
