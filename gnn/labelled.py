"""Labelled graphs from elsewhere: nodes with features, one or several kinds of link, and 0/1 labels, as public benchmarks give them.

A file is a NumPy archive (`.npz`, read without pickle) with `x` float [n, f], `y` int [n], `edge_index` int [2, e]; optionally one more
array of the shape of `edge_index` for each kind of link, named `rel_…`; entities that rows share, named `entity_…`, int [n], -1 for none; `time`, int [n],
where rows are events in time, and then `time_edge_index` and `time_rel_…`, int [e], in the same unit, where links came about later than the rows they join;
and `train_masks`, `val_masks`, `test_masks`, bool [n, splits].
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
Times = NDArray[np.int64]
ALL = "all"
_TIME_OF = "time_"
_PARTS = ("train", "val", "test")


@dataclass(frozen=True, slots=True)
class GraphData:
    """An undirected graph with labels. `x` float32 [n, f]; `y` int64 [n], 0 or 1 (whatever else is unknown); `links`: kind -> symmetric
    0/1 matrix [n, n] without loops; `entities`: kind -> int64 [n], equal where rows have it in common, -1 where they have none; `time`: int64 [n],
    in any unit, where rows are events: then a row is described by earlier rows only, and `earlier` has of each row those of its linked rows that
    were before it, by links that were there by then. Of two rows at one moment the first in the file is the earlier."""

    x: Features
    y: NDArray[np.int64]
    links: Mapping[str, Sparse]
    entities: Mapping[str, NDArray[np.int64]] = field(default_factory=dict)
    masks: Mapping[str, Mask] = field(default_factory=dict)
    time: Times | None = None
    earlier: Mapping[str, Sparse] = field(default_factory=dict)

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
        since = _link_times(path, arrays, kinds)
        if time is None and len(since) > 0:
            raise _invalid(path, "times of links tell nothing without time, int [n], of the rows")
        masks = {p: arrays[f"{p}_masks"].astype(np.bool_) for p in _PARTS if f"{p}_masks" in arrays}
        if any(mask.ndim != 2 or len(mask) != rows for mask in masks.values()):
            raise _invalid(path, "each _masks array has to be [n, splits]")
        return cls.of(arrays["x"], arrays["y"], kinds, entities=entities, masks=masks, time=time, since=since)

    @classmethod
    def of(
        cls,
        x: NDArray[np.floating],
        y: NDArray[np.integer],
        edges: Mapping[str, NDArray[np.integer]],
        *,
        entities: Mapping[str, NDArray[np.int64]] | None = None,
        masks: Mapping[str, Mask] | None = None,
        time: Times | None = None,
        since: Mapping[str, Times] | None = None,
    ) -> "GraphData":
        """From arrays; `edges`: kind -> int [2, e], in one direction or both; `since`: kind -> int [e], where links have times of their own. A kind
        that repeats one before it is left out."""
        links: dict[str, Sparse] = {}
        earlier: dict[str, Sparse] = {}
        for name, pairs in edges.items():
            matrix = _symmetric(pairs, len(y))
            past = None if time is None else _earlier(pairs, time, (since or {}).get(name))
            if any(_same(matrix, m) and (past is None or _same(past, earlier[n])) for n, m in links.items()):
                continue
            links[name] = matrix
            if past is not None:
                earlier[name] = past
        return cls(x.astype(np.float32), y.astype(np.int64), links, entities or {}, masks or {}, time, earlier)

    @property
    def nodes(self) -> int:
        return len(self.y)

    def around(self, name: str) -> Sparse:
        """Of each row the linked ones that describe it: all, or, where rows are events, the earlier ones."""
        return self.links[name] if self.time is None else self.earlier[name]

    def split(self, number: int) -> tuple[Mask, Mask, Mask]:
        """Training, validation and test rows of a split, bool [n] each. Raises InvalidRequest where the file has no such split."""
        if any(p not in self.masks or not 0 <= number < self.masks[p].shape[1] for p in _PARTS):
            raise InvalidRequest(
                f"The graph has no split {number}. Give a file with train_masks, val_masks and test_masks, or another split.",
                code="graph_file.split",
            )
        return self.masks["train"][:, number], self.masks["val"][:, number], self.masks["test"][:, number]


def in_order(time: Times) -> Times:
    """The place of each row among all by time, int64 [n]; rows at one moment come in the order of the file."""
    place = np.empty(len(time), dtype=np.int64)
    place[np.argsort(time, kind="stable")] = np.arange(len(time))
    return place


def _symmetric(pairs: NDArray[np.integer], rows: int) -> Sparse:
    start, end = pairs[:, pairs[0] != pairs[1]].astype(np.int64)
    return _ones(np.concatenate((start, end)), np.concatenate((end, start)), rows)


def _earlier(pairs: NDArray[np.integer], time: Times, since: Times | None) -> Sparse:
    """Of each row the linked rows that were before it, by links that were there at its moment."""
    place = in_order(time)
    start, end = pairs.astype(np.int64)
    later = np.where(place[start] > place[end], start, end)
    there = start != end
    if since is not None:
        there &= since <= time[later]
    return _ones(later[there], (start + end - later)[there], len(time))


def _ones(row: NDArray[np.int64], column: NDArray[np.int64], rows: int) -> Sparse:
    matrix = sp.csr_matrix((np.ones(len(row), dtype=np.float32), (row, column)), (rows, rows))
    matrix.sum_duplicates()
    matrix.data[:] = 1.0
    return matrix


def _same(one: Sparse, other: Sparse) -> bool:
    return bool(one.nnz == other.nnz and abs(one - other).nnz == 0)


def _link_times(
    path: Path, arrays: Mapping[str, NDArray[np.generic]], kinds: Mapping[str, NDArray[np.generic]]
) -> dict[str, Times]:
    """By kind of link. Raises InvalidRequest for times that belong to no links, or not to each of them."""
    found: dict[str, Times] = {}
    for name, times in arrays.items():
        if not name.startswith(_TIME_OF):
            continue
        of = name.removeprefix(_TIME_OF)
        kind = ALL if of == "edge_index" else of
        if kind not in kinds or times.shape != kinds[kind].shape[1:]:
            raise _invalid(path, f"{name} has to be [e], with a time for each link of {of}")
        found[kind] = times.astype(np.int64)
    return found


def _invalid(path: Path, what: str) -> InvalidRequest:
    return InvalidRequest(
        f"{path.name} can't be read as a labelled graph: {what}. docs/scoring.md says what is in such a file.",
        code="graph_file.invalid",
    )
