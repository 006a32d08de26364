"""Until: scans of all there is, of which only what is known as of a moment is passed on, and noted what becomes known later, and when.

What the store would leave out as of the moment is left out here; so the same arrays come of it, and whoever keeps them can tell when they have
to be made anew though nobody writes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from gnn.arrays.channels import APPLICATION
from gnn.arrays.export import Scans
from gnn.arrays.graph import Moments
from graph_model.columns import EdgeColumns, FactColumns, NodeColumns
from graph_model.moments import to_ms
from graph_model.records import AsOf

_APPLIED_AT = "applied_at"


@dataclass(slots=True)
class Until:
    """Scans with a limit in time, which is the `as_of` that they are asked with."""

    scans: Scans
    latest: int = 0  # the last moment of what was passed on
    later: list[tuple[int, int]] = field(
        default_factory=list
    )  # (moment, handle): what there is of the node changes then

    def scan_nodes(self, label: str, properties: Sequence[str] = (), *, as_of: AsOf | None = None) -> NodeColumns:
        found = self.scans.scan_nodes(label, properties)
        if label == APPLICATION and _APPLIED_AT in found.properties:
            applied_at = found.properties[_APPLIED_AT].astype(np.int64)
            self._kept(applied_at, (found.handles,), as_of)  # told of, whenever it was made: the export looks at it
        kept = self._kept(np.maximum(found.first_seen, found.recorded_at), (found.handles,), as_of)
        if kept is None:
            return found
        rows = np.flatnonzero(kept)
        return NodeColumns(
            found.label,
            found.handles[rows],
            [found.keys[row] for row in rows.tolist()] if len(found.keys) > 0 else (),
            found.first_seen[rows],
            found.recorded_at[rows],
            {name: values[rows] for name, values in found.properties.items()},
        )

    def scan_edges(self, type: str, start_label: str, end_label: str, *, as_of: AsOf | None = None) -> EdgeColumns:
        found = self.scans.scan_edges(type, start_label, end_label)
        kept = self._kept(np.maximum(found.first_seen, found.recorded_at), (found.start, found.end), as_of)
        return found if kept is None else found.those(kept)

    def scan_facts(self, kind: str, *, values: Sequence[str] | None = None, as_of: AsOf | None = None) -> FactColumns:
        found = self.scans.scan_facts(kind, values=values)
        kept = self._kept(np.maximum(found.at, found.recorded_at), (found.about,), as_of)
        if kept is None:
            return found
        return replace(
            found,
            about=found.about[kept],
            at=found.at[kept],
            recorded_at=found.recorded_at[kept],
            value=found.value[kept],
            topic=found.topic[kept],
        )

    def _kept(
        self, moments: Moments, handles: Sequence[NDArray[np.int64]], as_of: AsOf | None
    ) -> NDArray[np.bool_] | None:
        """Which rows are of by then; None for all of them."""
        if as_of is None or as_of.event != as_of.recorded:
            raise ValueError("What is kept in memory is as of one moment, of which all was recorded by then.")
        limit = to_ms(as_of.event)
        last = int(moments.max(initial=0))
        if last <= limit:
            self.latest = max(self.latest, last)
            return None
        kept = moments <= limit
        self.latest = max(self.latest, int(moments[kept].max(initial=0)))
        for of_ends in handles:
            self.later.extend(zip(moments[~kept].tolist(), of_ends[~kept].tolist(), strict=True))
        return kept
