"""Snapshot: the rings of a mark as batch found them, in one file beside the models, for whoever scores single applications.

Rings are found in the whole graph; an ego network can't tell them. The file is a plain .npz (no pickle) and names its customers by node id,
which, unlike a handle, stays when the store is opened again. What the store keeps of it, by the mark, is the file's digest: a file of
another store, or one that was replaced since, is not taken for it.
"""

import hashlib
import io
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gnn.arrays.csr import Index, Weights
from gnn.features.walk import RingView
from gnn.rings.detect import RingConfig
from graph_model.store import GraphStore

FOLDER = "rings"
_STATE = "rings:"
MEASURES = ("size", "density", "fraud", "refused", "recent")


@dataclass(frozen=True, slots=True)
class RingSnapshot:
    """Who was in which ring before the moment `mark`, as known at `as_of`, and the rings' measures. `members` (sorted) and `ring` [m]."""

    mark: int
    as_of: int
    digest: str
    members: NDArray[np.bytes_]
    ring: Index
    measures: dict[str, Weights]

    def view(self, node_ids: Sequence[str]) -> RingView:
        """The rings of these customers, by their place, and of nobody else: numbered in the same order, with their measures."""
        found = np.full(len(node_ids), -1, dtype=np.int32)
        if len(self.members) > 0 and len(node_ids) > 0:
            wanted = np.array([node_id.encode() for node_id in node_ids])
            place = np.minimum(np.searchsorted(self.members, wanted), len(self.members) - 1)
            found = np.where(self.members[place] == wanted, self.ring[place], -1).astype(np.int32)
        numbers = np.unique(found[found >= 0])
        return RingView(
            ring=np.where(found >= 0, np.searchsorted(numbers, found), -1).astype(np.int32),
            **{name: self.measures[name][numbers] for name in MEASURES},
            taken_at=self.mark - 1,
        )


def nobody(customers: int, mark: int) -> RingView:
    """What is seen where there is no snapshot: nobody is in a ring."""
    none = np.empty(0, dtype=np.float64)
    return RingView(np.full(customers, -1, dtype=np.int32), none, none, none, none, none, mark - 1)


def keep(
    store: GraphStore, models: Path, view: RingView, *, handles: NDArray[np.int64], as_of: int, config: RingConfig
) -> None:
    """Write the snapshot of a view of all customers, given by their handles, unless a later scoring's is there. A reader never sees half of one."""
    mark = view.taken_at + 1
    name = f"{_STATE}{mark:015}"
    told = store.state(name)
    if told is not None and int(json.loads(told)["as_of"]) > as_of:
        return
    inside = np.flatnonzero(view.ring >= 0)
    members = np.array([i.encode() for i in store.node_ids(handles[inside].tolist())], dtype=np.bytes_)
    order = np.argsort(members)
    content = io.BytesIO()
    np.savez(
        content,
        allow_pickle=False,
        members=members[order],
        ring=view.ring[inside][order].astype(np.int32),
        moments=np.array([mark, as_of], dtype=np.int64),
        **{measure: np.asarray(getattr(view, measure), dtype=np.float64) for measure in MEASURES},
    )
    path = _path(models, mark)
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_suffix(f".{os.getpid()}")
    half.write_bytes(content.getvalue())
    half.replace(path)
    digest = hashlib.sha256(content.getvalue()).hexdigest()
    store.put_state(name, json.dumps({"as_of": as_of, "digest": digest, "config": asdict(config)}, sort_keys=True))


class Snapshots:
    """The snapshots of one store, the one in use held in memory. Threads may share it."""

    def __init__(self, store: GraphStore, models: Path) -> None:
        self._store = store
        self._models = models
        self._held: RingSnapshot | None = None

    def newest(self, *, mark: int, as_of: int, config: RingConfig) -> RingSnapshot | None:
        """The snapshot of the mark, else of the latest mark before that has one, taken with this configuration and knowing nothing later
        than `as_of`; None where there is none."""
        for name, text in self._store.states(_STATE).items():
            told = json.loads(text)
            at = int(name.removeprefix(_STATE))
            if at > mark or int(told["as_of"]) > as_of or told["config"] != asdict(config):
                continue
            held = self._held
            if held is None or held.digest != told["digest"]:
                held = _read(_path(self._models, at), told["digest"])
            if held is not None:
                self._held = held
                return held
        return None


def _path(models: Path, mark: int) -> Path:
    return models / FOLDER / f"{datetime.fromtimestamp(mark / 1000, tz=UTC):%Y%m%d}.npz"


def _read(path: Path, digest: str) -> RingSnapshot | None:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    if hashlib.sha256(content).hexdigest() != digest:
        return None
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        mark, as_of = arrays["moments"].tolist()
        return RingSnapshot(
            mark=mark,
            as_of=as_of,
            digest=digest,
            members=arrays["members"],
            ring=arrays["ring"],
            measures={name: arrays[name] for name in MEASURES},
        )
