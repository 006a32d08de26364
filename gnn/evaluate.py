"""Evaluate: a model on applications that it never learnt from, beside the tabular baseline and the rules; and two models on the same ones.

The rows are applications made after the training window of whatever is measured, as of the moment of each, old enough for their outcome to be
known by now: what counts as fraud and which delay is waited for are the same as in training.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from gnn.arrays.graph import GraphArrays
from gnn.features.build import FeatureTable
from gnn.features.questions import QuestionSet, at_application
from gnn.models.bootstrap import Difference, Interval, differences, intervals
from gnn.models.calibration import as_is
from gnn.models.metrics import measures
from gnn.models.model import Model, window_end
from gnn.models.reliability import Bin, reliability
from gnn.models.split import is_positive, label_delay, mature
from gnn.models.trees import Trees
from gnn.rules import Rules
from gnn.train import FULL, RULES, TABULAR
from graph_model.errors import InvalidRequest
from graph_model.moments import to_ms
from graph_model.store import OnProgress

Metrics = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class Rows:
    """Which applications were measured: made after `since`, and up to `until`."""

    as_of: datetime
    since: datetime
    until: datetime
    applications: int
    confirmed_fraud: int


@dataclass(frozen=True, slots=True)
class Evaluation:
    """`metrics` and `intervals` by what was measured (full, tabular only, rules only), then by measure. `reliability` is the full model's."""

    version: str
    rows: Rows
    metrics: Metrics
    intervals: Mapping[str, Mapping[str, Interval]]
    reliability: Sequence[Bin]

    def as_json(self) -> dict[str, Any]:
        return _plain(asdict(self))


@dataclass(frozen=True, slots=True)
class Comparison:
    """Of two models on the same rows. `differences`: the second's measure minus the first's, paired."""

    first: str
    second: str
    rows: Rows
    metrics: Metrics
    intervals: Mapping[str, Mapping[str, Interval]]
    differences: Mapping[str, Difference]

    def as_json(self) -> dict[str, Any]:
        told = asdict(self)
        told["differences"] = {
            name: asdict(found) | {"told_apart": found.told_apart} for name, found in self.differences.items()
        }
        return _plain(told)


def evaluate(
    arrays: GraphArrays,
    model: Model,
    *,
    tabular: Trees | None = None,
    since: datetime | None = None,
    on_progress: OnProgress | None = None,
) -> Evaluation:
    """How good a model is. `tabular` is the baseline that was trained beside it. Raises InvalidRequest evaluate.nothing where no application since
    has an outcome yet."""
    asked, rows = _later_rows(arrays, [model], since)
    table = _table(arrays, asked, model, on_progress)
    scores = {FULL: model.probability(table)}
    if tabular is not None:
        scores[TABULAR] = as_is(tabular.margin(table.values[:, : tabular.columns]))
    scores[RULES] = Rules().probability(table)
    positive = is_positive(arrays, asked.application.astype(np.int64))
    return Evaluation(
        version=model.version,
        rows=rows,
        metrics={name: measures(positive, score) for name, score in scores.items()},
        intervals=intervals(positive, scores, group=asked.customer),
        reliability=reliability(positive, scores[FULL]),
    )


def compare(
    arrays: GraphArrays,
    first: Model,
    second: Model,
    *,
    since: datetime | None = None,
    on_progress: OnProgress | None = None,
) -> Comparison:
    """Two models on applications that neither learnt from. Raises as `evaluate` does."""
    asked, rows = _later_rows(arrays, [first, second], since)
    table = _table(arrays, asked, first, on_progress)
    one = first.probability(table)
    if (first.features, first.vocabulary, first.net) != (second.features, second.vocabulary, second.net):
        table = _table(arrays, asked, second, on_progress)
    scores = {first.version: one, second.version: second.probability(table)}
    positive = is_positive(arrays, asked.application.astype(np.int64))
    return Comparison(
        first=first.version,
        second=second.version,
        rows=rows,
        metrics={name: measures(positive, score) for name, score in scores.items()},
        intervals=intervals(positive, scores, group=asked.customer),
        differences=differences(positive, scores[second.version], one, group=asked.customer),
    )


def _later_rows(arrays: GraphArrays, models: Sequence[Model], since: datetime | None) -> tuple[QuestionSet, Rows]:
    learnt = max(window_end(model) for model in models)
    start = learnt if since is None else max(learnt, since)
    applications = mature(arrays)
    applied_at = arrays.applications.applied_at
    chosen = applications[applied_at[applications] >= to_ms(start)]
    fraud = int(is_positive(arrays, chosen).sum())
    as_of = _moment(arrays.as_of)
    if fraud == 0 or fraud == len(chosen):
        delay = timedelta(milliseconds=label_delay(arrays))
        raise InvalidRequest(
            f"There is nothing to measure on: of the applications made since {start:%Y-%m-%d}, of which none was learnt from, {len(chosen)} are old "
            f"enough by {as_of:%Y-%m-%d} for their outcome to be known ({delay.days} days) and {fraud} of these are confirmed fraud. "
            "Ask as of a later day, load newer labels, or take a model that was trained as of an earlier day (`guanxi train --as-of`).",
            code="evaluate.nothing",
        )
    rows = Rows(as_of, start, _moment(int(applied_at[chosen].max())), len(chosen), fraud)
    return at_application(arrays, chosen), rows


def _table(arrays: GraphArrays, asked: QuestionSet, model: Model, on_progress: OnProgress | None) -> FeatureTable:
    return model.describe(arrays, asked, on_progress=on_progress)


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, tz=UTC)


def _plain(told: dict[str, Any]) -> dict[str, Any]:
    """Moments as text, for JSON."""
    told["rows"] = {k: v.isoformat() if isinstance(v, datetime) else v for k, v in told["rows"].items()}
    return told
