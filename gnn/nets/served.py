"""ServedNet: a taught net that scores. Its forward pass in numpy over the file that teaching left, so that whoever serves one needs no torch.

The same map as `gnn.nets.net.TypedNet`, which a test holds it to; there is no dropout here and no gradient. May be used from many threads.
"""

import json
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
import safetensors
import safetensors.numpy
from numpy.typing import NDArray

from gnn.features.build import FeatureTable
from gnn.features.questions import QuestionSet
from gnn.nets.bins import Bins
from gnn.nets.kernels import mean_over
from gnn.nets.rows import Around, question_graph
from gnn.nets.typed import Features, Relation, TypedGraph

TOLD = "guanxi"  # the one key of what is told beside the tensors: several would come in any order
WEIGHT, EDGES = "net.", "bins."
_PIECE = 20_000  # questions whose surroundings are held at a time

Weights = Mapping[str, Features]


class ServedNet:
    """`content` is a whole file of `gnn.nets.files`, and is read when it is first needed."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    def answers(self, around: Around, asked: QuestionSet, table: FeatureTable) -> NDArray[np.float64]:
        """The log odds of each question, with its row in the table; a piece at a time, and none depends on another."""
        found = np.empty(len(asked))
        for first in range(0, len(asked), _PIECE):
            rows = slice(first, first + _PIECE)
            part = FeatureTable(table.names, table.coded, table.tabular, table.values[rows])
            found[rows] = self.odds(question_graph(around, asked[rows], part))
        return found

    def odds(self, graph: TypedGraph) -> NDArray[np.float64]:
        """Log odds of all nodes of the net's type."""
        _, weights, bins = self._read
        rows = {
            name: _relu(_linear(weights, f"enter.{name}", bins[name](values)))
            for name, values in graph.features.items()
            if name in bins and len(values) > 0
        }
        if self.kind not in rows:
            return np.empty(0)
        seen = [rows[self.kind]]
        for layer in range(self._layers):
            ends = (
                rows if layer < self._layers - 1 else {self.kind: rows[self.kind]}
            )  # of the others nobody asks any more
            rows = {name: self._passed(layer, name, rows, graph) for name in ends}
            seen.append(rows[self.kind])
        return _linear(weights, "leave", np.concatenate(seen, axis=1))[:, 0].astype(np.float64)

    @property
    def kind(self) -> str:
        return str(self._read[0]["kind"])

    def _passed(self, layer: int, name: str, rows: Mapping[str, Features], graph: TypedGraph) -> Features:
        weights, own = self._read[1], rows[name]
        out = _linear(weights, f"layers.{layer}.own.{name}", own)
        for relation in self._relations.get(name, ()):
            key, links = "__".join(relation), graph.relations.get(relation)
            unlike = weights[f"layers.{layer}.unlike.{key}.weight"]
            if links is None or len(links.indices) == 0:  # the mean over nobody is zero
                out += np.abs(own) @ unlike.T
                continue
            mean = mean_over(links.indptr, links.indices, rows[relation[0]])
            out += mean @ weights[f"layers.{layer}.near.{key}.weight"].T + np.abs(own - mean) @ unlike.T
        return _relu(out)

    @cached_property
    def _relations(self) -> Mapping[str, list[Relation]]:
        """By the type at which they end."""
        found: dict[str, list[Relation]] = {}
        for start, name, end in self._read[0]["relations"]:
            found.setdefault(end, []).append((start, name, end))
        return found

    @property
    def _layers(self) -> int:
        return int(self._read[0]["config"]["layers"])

    @cached_property
    def _read(self) -> tuple[Mapping[str, Any], Weights, Mapping[str, Bins]]:
        told = told_in(self.content)
        tensors = safetensors.numpy.load(self.content)
        weights = {name.removeprefix(WEIGHT): values for name, values in tensors.items() if name.startswith(WEIGHT)}
        return told, weights, {name: Bins(tensors[f"{EDGES}{name}"], many) for name, many in told["groups"].items()}


def told_in(content: bytes) -> dict[str, Any]:
    """What is told beside the tensors: the library keeps it in the header, of which eight bytes say how long it is, but doesn't give it back from
    bytes. Raises ValueError for what is no such file."""
    try:
        header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
        told: dict[str, Any] = json.loads(header["__metadata__"][TOLD])
    except (ValueError, KeyError, TypeError) as exc:
        raise ValueError("no net of ours") from exc
    return told


def _linear(weights: Weights, name: str, rows: Features) -> Features:
    return np.asarray(rows @ weights[f"{name}.weight"].T + weights[f"{name}.bias"])


def _relu(rows: Features) -> Features:
    return np.maximum(rows, np.float32(0))
