"""Labelled graphs from elsewhere: nodes with features, one or several kinds of link, and 0/1 labels, as public benchmarks give them.

A file is a NumPy archive (`.npz`, read without pickle) with `x` float [n, f], `y` int [n], `edge_index` int [2, e]; optionally one more
array of the shape of `edge_index` for each kind of link, named `rel_…`; entities that rows share, named `entity_…`, int [n], -1 for none; `time`, int [n],
where rows are events in time; and `train_masks`, `val_masks`, `test_masks`, bool [n, splits].
"""

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from graph_model.errors import InvalidRequest

Features = NDArray[np.float32]
Mask = NDArray[np.bool_]
Sparse = sp.csr_matrix
ALL = "all"
_PARTS = ("train", "val", "test")


@dataclass(frozen=True, slots=True)
class GraphData:
    """An undirected graph with labels. `x` float32 [n, f]; `y` int64 [n], 0 or 1 (whatever else is unknown); `links`: kind -> symmetric
    0/1 matrix [n, n] without loops; `entities`: kind -> int64 [n], equal where rows have it in common, -1 where they have none; `time`: int64 [n],
    in any unit, where rows are events: then a row's entities describe it by their earlier rows only. Links, and the labels known around a row, are
    those of the whole file: leave out links to what is later where that would tell."""

    x: Features
    y: NDArray[np.int64]
    links: Mapping[str, Sparse]
    entities: Mapping[str, NDArray[np.int64]] = field(default_factory=dict)
    masks: Mapping[str, Mask] = field(default_factory=dict)
    time: NDArray[np.int64] | None = None

    @classmethod
    def load(cls, path: Path) -> "GraphData":
        """Read a file. Raises InvalidRequest (`graph_file.invalid`) that says what is wrong with it."""
        try:
            with np.load(path, allow_pickle=False) as archive:
                arrays = {name: archive[name] for name in archive.files}
        except FileNotFoundError as exc:
            raise _invalid(path, "it is not there") from exc
        except (OSError, ValueError, zipfile.BadZipFile) as exc:
            raise _invalid(path, "it is no NumPy archive of plain arrays") from exc
        missing = [name for name in ("x", "y", "edge_index") if name not in arrays]
        if len(missing) > 0:
            raise _invalid(path, f"it lacks {', '.join(missing)}")
        rows = len(arrays["y"])
        if arrays["x"].ndim != 2 or len(arrays["x"]) != rows or arrays["y"].ndim != 1:
            raise _invalid(path, "x has to be [n, f] and y [n]")
        if not np.isfinite(arrays["x"]).all():
            raise _invalid(path, "x has values that are no numbers")
        kinds = {ALL: arrays["edge_index"]} | {n: a for n, a in arrays.items() if n.startswith("rel_")}
        for name, edges in kinds.items():
            if edges.ndim != 2 or len(edges) != 2 or (edges.size > 0 and not 0 <= edges.min() <= edges.max() < rows):
                raise _invalid(path, f"{name} has to be [2, e] with positions from 0 to {rows - 1}")
        entities = {n.removeprefix("entity_"): a.astype(np.int64) for n, a in arrays.items() if n.startswith("entity_")}
        if any(codes.shape != (rows,) for codes in entities.values()):
            raise _invalid(path, "each entity_ array has to be [n]")
        time = arrays["time"].astype(np.int64) if "time" in arrays else None
        if time is not None and time.shape != (rows,):
            raise _invalid(path, "time has to be [n]")
        masks = {p: arrays[f"{p}_masks"].astype(np.bool_) for p in _PARTS if f"{p}_masks" in arrays}
        if any(mask.ndim != 2 or len(mask) != rows for mask in masks.values()):
            raise _invalid(path, "each _masks array has to be [n, splits]")
        return cls.of(arrays["x"], arrays["y"], kinds, entities=entities, masks=masks, time=time)

    @classmethod
    def of(
        cls,
        x: NDArray[np.floating],
        y: NDArray[np.integer],
        edges: Mapping[str, NDArray[np.integer]],
        *,
        entities: Mapping[str, NDArray[np.int64]] | None = None,
        masks: Mapping[str, Mask] | None = None,
        time: NDArray[np.int64] | None = None,
    ) -> "GraphData":
        """From arrays; `edges`: kind -> int [2, e], in one direction or both. A kind that repeats an earlier one is left out."""
        links: dict[str, Sparse] = {}
        for name, pairs in edges.items():
            matrix = _symmetric(pairs, len(y))
            if not any(matrix.nnz == m.nnz and abs(matrix - m).nnz == 0 for m in links.values()):
                links[name] = matrix
        return cls(x.astype(np.float32), y.astype(np.int64), links, entities or {}, masks or {}, time)

    @property
    def nodes(self) -> int:
        return len(self.y)

    def split(self, number: int) -> tuple[Mask, Mask, Mask]:
        """Training, validation and test rows of a split, bool [n] each. Raises InvalidRequest where the file has no such split."""
        if any(p not in self.masks or not 0 <= number < self.masks[p].shape[1] for p in _PARTS):
            raise InvalidRequest(
                f"The graph has no split {number}. Give a file with train_masks, val_masks and test_masks, or another split.",
                code="graph_file.split",
            )
        return self.masks["train"][:, number], self.masks["val"][:, number], self.masks["test"][:, number]


def _symmetric(pairs: NDArray[np.integer], rows: int) -> Sparse:
    start, end = pairs[:, pairs[0] != pairs[1]].astype(np.int64)
    ones = np.ones(2 * len(start), dtype=np.float32)
    matrix = sp.csr_matrix((ones, (np.concatenate((start, end)), np.concatenate((end, start)))), (rows, rows))
    matrix.sum_duplicates()
    matrix.data[:] = 1.0
    return matrix


def _invalid(path: Path, what: str) -> InvalidRequest:
    return InvalidRequest(
        f"{path.name} can't be read as a labelled graph: {what}. docs/scoring.md says what is in such a file.",
        code="graph_file.invalid",
    )
