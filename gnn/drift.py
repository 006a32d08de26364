"""Drift: how far the applications of late are from those a model was measured on. Population stability index, worst first.

A model's card keeps histograms of the last part of its training window: of its score (as fitted without these rows, for those to come are not
learnt from either), of every feature, of how many customers use the identifiers that came into use, and
of the channels by which they did. The same is counted of the applications since.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from gnn.arrays.channels import CHANNELS
from gnn.arrays.graph import GraphArrays
from gnn.features.build import FeatureTable
from gnn.features.questions import at_application
from gnn.models.model import Model, window_end
from graph_model.errors import InvalidRequest
from graph_model.moments import to_ms
from graph_model.store import GraphStore, OnProgress

MODERATE, LARGE = 0.1, 0.25  # the usual thresholds of the index
LEAST_APPLICATIONS = 100  # fewer say more about chance than about drift
_BINS, _FEW_BINS, _FEW = 10, 5, 1_000  # of fewer rows fewer bins, or chance alone looks like drift
_MOST_CODES = 20
_DEGREES = (1.0, 2.0, 3.0, 5.0, 10.0, 20.0, 50.0)
_STATE = "drift:"

Histogram = Mapping[
    str, Sequence[float]
]  # `edges`: upper bounds, inclusive, of all bins but the last; `counts`: the last is of what is missing
Reference = Mapping[str, Any]


class Kind(StrEnum):
    SCORE = "score"
    FEATURE = "feature"
    DEGREE = "degree"
    CHANNELS = "channels"


class Level(StrEnum):
    STABLE = "stable"
    MODERATE = "moderate"
    LARGE = "large"


@dataclass(frozen=True, slots=True)
class Shift:
    """How far one distribution has moved."""

    kind: Kind
    name: str
    psi: float

    @property
    def level(self) -> Level:
        return Level.LARGE if self.psi >= LARGE else Level.MODERATE if self.psi >= MODERATE else Level.STABLE


@dataclass(frozen=True, slots=True)
class Drift:
    """Of one model as of a moment; `shifts` worst first."""

    model_version: str
    as_of: datetime
    since: datetime
    applications: int
    reference_from: str
    reference_to: str
    reference_applications: int
    shifts: Sequence[Shift]

    @property
    def score(self) -> Shift:
        return next(shift for shift in self.shifts if shift.kind is Kind.SCORE)

    @property
    def worst(self) -> Level:
        return self.shifts[0].level

    def as_json(self) -> dict[str, Any]:
        told = asdict(self) | {"as_of": self.as_of.isoformat(), "since": self.since.isoformat(), "worst": self.worst}
        return told | {"shifts": [asdict(shift) | {"level": shift.level} for shift in self.shifts]}


def reference(
    arrays: GraphArrays, table: FeatureTable, score: NDArray[np.float64], applied_at: NDArray[np.int64]
) -> Reference:
    """What a card keeps of rows as of the moment of each application, and of the graph in their time."""
    first, last = int(applied_at.min()), int(applied_at.max())
    return {
        "from": _iso(first),
        "to": _iso(last),
        "applications": len(applied_at),
        "score": _counted(score, _quantiles(score)),
        "features": {
            name: _counted(values, _codes(values) if name in table.coded else _quantiles(values))
            for name, values in zip(table.names, table.values.T, strict=True)
        },
        "degree": _counted(_degrees(arrays, first, last), _DEGREES),
        "channels": _channels(arrays, first, last),
    }


def drift(
    arrays: GraphArrays, model: Model, *, since: datetime | None = None, on_progress: OnProgress | None = None
) -> Drift:
    """Of the applications made after the model's training window, or after `since` where that is later. Raises InvalidRequest where they are
    too few, or where the model's card has nothing to compare with."""
    kept: Reference | None = model.card.get("reference")
    if kept is None:
        raise InvalidRequest(
            f"The card of {model.version} keeps no reference to compare with: it was trained by an earlier Guanxi. Train a new one.",
            code="drift.reference",
        )
    start = window_end(model) if since is None else max(window_end(model), since)
    applied_at = arrays.applications.applied_at
    rows = np.flatnonzero(applied_at > to_ms(start))
    as_of = datetime.fromtimestamp(arrays.as_of / 1000, tz=UTC)
    if len(rows) < LEAST_APPLICATIONS:
        raise InvalidRequest(
            f"Only {len(rows)} applications were made from {start:%Y-%m-%d %H:%M} to {as_of:%Y-%m-%d %H:%M} UTC; {LEAST_APPLICATIONS} are needed. "
            "Ask as of a later day.",
            code="drift.nothing",
        )
    table = model.describe(arrays, at_application(arrays, rows), on_progress=on_progress)
    now = {"score": model.probability(table)} | dict(zip(table.names, table.values.T, strict=True))
    first, last = to_ms(start), arrays.as_of
    shifts = [
        Shift(Kind.SCORE, "score", _moved(kept["score"], now["score"])),
        *(Shift(Kind.FEATURE, name, _moved(told, now[name])) for name, told in kept["features"].items() if name in now),
        Shift(Kind.DEGREE, "users of an identifier", _moved(kept["degree"], _degrees(arrays, first, last))),
        Shift(Kind.CHANNELS, "ways of being tied", _mix(kept["channels"], _channels(arrays, first, last))),
    ]
    return Drift(
        model_version=model.version,
        as_of=as_of,
        since=start,
        applications=len(rows),
        reference_from=kept["from"],
        reference_to=kept["to"],
        reference_applications=kept["applications"],
        shifts=sorted(shifts, key=lambda shift: -shift.psi),
    )


def keep(store: GraphStore, found: Drift) -> None:
    """Leave it in the store; a second look at the same model and moment replaces the first."""
    name = f"{_STATE}{to_ms(found.as_of):015}:{found.model_version}"
    store.put_state(name, orjson.dumps(found.as_json()).decode())


def kept(store: GraphStore) -> Sequence[Mapping[str, Any]]:
    """What was kept, the latest moment first."""
    return [orjson.loads(text) for _, text in sorted(store.states(_STATE).items(), reverse=True)]


def index(expected: NDArray[np.float64], actual: NDArray[np.float64]) -> float:
    """The population stability index of two sets of counts; half a row is added to each bin, so that an empty one does not say infinity."""
    p = (expected + 0.5) / (expected + 0.5).sum()
    q = (actual + 0.5) / (actual + 0.5).sum()
    return round(float(((q - p) * np.log(q / p)).sum()), 6)


def _moved(told: Histogram, values: NDArray[np.floating]) -> float:
    counts = _counted(values, told["edges"])["counts"]
    return index(np.array(told["counts"], dtype=np.float64), np.array(counts, dtype=np.float64))


def _mix(told: Mapping[str, int], now: Mapping[str, int]) -> float:
    names = sorted({*told, *now})
    return index(np.array([told.get(n, 0) for n in names], float), np.array([now.get(n, 0) for n in names], float))


def _counted(values: NDArray[np.floating], edges: Sequence[float]) -> Histogram:
    missing = np.isnan(values)
    place = np.searchsorted(np.array(edges, dtype=np.float64), values[~missing].astype(np.float64), side="left")
    counts = np.bincount(place, minlength=len(edges) + 1)
    return {"edges": [float(edge) for edge in edges], "counts": [*counts.tolist(), int(missing.sum())]}


def _quantiles(values: NDArray[np.floating]) -> Sequence[float]:
    known = values[~np.isnan(values)].astype(np.float64)
    if len(known) == 0:
        return []
    bins = _BINS if len(known) >= _FEW else _FEW_BINS
    found: list[float] = np.unique(np.quantile(known, np.arange(1, bins) / bins, method="lower")).tolist()
    return found


def _codes(values: NDArray[np.floating]) -> Sequence[float]:
    greatest = int(min(_MOST_CODES, np.nanmax(values, initial=0.0)))
    return [code + 0.5 for code in range(-1, greatest)]


def _degrees(arrays: GraphArrays, first: int, last: int) -> NDArray[np.float64]:
    """Of the uses that began from `first` to `last`, how many customers used the identifier by then."""
    links = arrays.incidence
    identifier = np.repeat(np.arange(len(links.identifier_ptr) - 1), np.diff(links.identifier_ptr))
    by_then = links.identifier_since <= last
    users = np.bincount(identifier[by_then], minlength=len(links.identifier_ptr) - 1)
    begun = by_then & (links.identifier_since >= first)
    return users[identifier[begun]].astype(np.float64)


def _channels(arrays: GraphArrays, first: int, last: int) -> Mapping[str, int]:
    begun = (arrays.uses.since >= first) & (arrays.uses.since <= last)
    counts = np.bincount(arrays.uses.channel[begun], minlength=len(CHANNELS))
    return {channel.name: int(count) for channel, count in zip(CHANNELS, counts, strict=True)}


def _iso(moment: int) -> str:
    return datetime.fromtimestamp(moment / 1000, tz=UTC).isoformat(timespec="seconds")
