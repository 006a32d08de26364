"""Train: a calibrated model from what is known as of a moment. Pure but for progress: arrays in, model out.

Two kinds of row are learnt from. *Application rows* ask for an application as of the moment it was made, as the risk engine does. *Review
rows* ask for the same application some weeks later, as an investigator does, when others have come and some outcomes are known; the ones
whose own fraud had been confirmed by then are left out, for there the score is not asked. Labels are the same, the delay is the same as in serving.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gnn.arrays.graph import GraphArrays
from gnn.drift import reference
from gnn.features.build import FeatureConfig, FeatureTable, describe, vocabulary_of
from gnn.features.questions import QuestionSet, at_application
from gnn.features.walk import DAY_MS
from gnn.models.bootstrap import intervals_of
from gnn.models.calibration import as_is, fit_calibration
from gnn.models.metrics import measures
from gnn.models.model import Model, library_versions
from gnn.models.reliability import reliability
from gnn.models.split import Positions, Split, is_positive, label_delay, split_by_time, unseen_fraud
from gnn.models.trees import OnRound, TreeConfig, Trees, fit
from gnn.rules import Rules
from graph_model.store import OnProgress

FULL, TABULAR, RULES = "full", "tabular only", "rules only"  # what is measured beside each other
_PERCENT = 100  # of a fit, the unit of progress
LEAST_POSITIVES = 40  # confirmed frauds among mature applications; below it rules score
REVIEW_WITHIN_DAYS = 180
REVIEW_SHARE = 1 / 3  # of the honest review rows; they are many and much alike


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """The one configuration for every portfolio."""

    trees: TreeConfig = field(default_factory=TreeConfig)
    features: FeatureConfig = field(default_factory=FeatureConfig)
    tabular_only: bool = False  # the baseline: what the forms and the customer's own past say


@dataclass(frozen=True, slots=True)
class _Rows:
    """Rows to learn from, application rows first."""

    table: FeatureTable
    application: Positions
    positive: NDArray[np.bool_]
    weight: NDArray[np.float64]
    review: NDArray[np.bool_]

    def of(self, applications: Positions) -> NDArray[np.bool_]:
        return np.isin(self.application, applications)


def train(arrays: GraphArrays, *, config: TrainConfig, on_progress: OnProgress | None = None) -> Model | None:
    """A model, or None where fewer than LEAST_POSITIVES frauds are known or one part of the split has none."""
    split = split_by_time(arrays)
    parts = (split.fit, split.validation, split.calibration)
    positives = [int(is_positive(arrays, part).sum()) for part in parts]
    if sum(positives) < LEAST_POSITIVES or min(positives) == 0:
        return None
    asked = at_application(arrays, np.concatenate(parts))
    vocabulary = vocabulary_of(arrays, asked[: len(split.fit)])
    questions, weight = _with_reviews(arrays, asked, config.trees.seed)
    table = describe(arrays, questions, vocabulary, config=config.features, on_progress=on_progress)
    application = questions.application.astype(np.int64)
    rows = _Rows(
        table,
        application,
        is_positive(arrays, application),
        weight,
        np.arange(len(questions)) >= len(asked),
    )
    _tell(on_progress, 0)
    held_out = rows.of(split.calibration)
    columns = table.tabular if config.tabular_only else len(table.names)
    # What is measured and calibrated on the last months was fitted without them; what is served has seen all of them too.
    learnt, checked = rows.of(split.fit), rows.of(split.validation)
    trees, rounds = _fit(rows, learnt, checked, config.trees, columns, on_round=_teller(on_progress, 0))
    margin = trees.margin(table.values[held_out, :columns])
    _tell(on_progress, 1)
    unseen = np.where(rows.positive, unseen_fraud(arrays, application), 1.0)
    calibration = fit_calibration(margin, rows.positive[held_out], (rows.weight * unseen)[held_out])
    tabular, _ = _fit(rows, learnt, checked, config.trees, table.tabular, on_round=_teller(on_progress, 1))
    _tell(on_progress, 2)
    everything = np.ones(len(application), dtype=np.bool_)
    told = _teller(on_progress, 2)
    served, _ = _fit(rows, everything, None, config.trees, columns, rounds, on_round=told)
    _tell(on_progress, 3)
    later = rows.review[held_out]
    fresh = _part(table, held_out & ~rows.review)
    full = calibration(margin[~later])
    beside = {
        FULL: full,
        TABULAR: as_is(tabular.margin(fresh.values[:, : table.tabular])),
        RULES: Rules().probability(fresh),
    }
    serving = calibration(served.margin(fresh.values[:, :columns]))
    measured = application[held_out & ~rows.review]
    positive = is_positive(arrays, measured)
    at_review = measures(rows.positive[held_out & rows.review], calibration(margin[later]))
    card = _card(arrays, split, rounds, config) | {
        "metrics": _rounded(
            {name: measures(positive, score) for name, score in beside.items()} | {"full, at review": at_review}
        ),
        "intervals": intervals_of(positive, beside, group=arrays.applications.customer[measured]),
        "reliability": [asdict(found) for found in reliability(positive, full)],
        "tabular_sha256": sha256(tabular.text.encode()).hexdigest(),
        "reference": reference(arrays, fresh, serving, arrays.applications.applied_at[measured]),
    }
    return Model(served.text, calibration, vocabulary, config.features, table.names[:columns], card, tabular.text)


def _with_reviews(arrays: GraphArrays, asked: QuestionSet, seed: int) -> tuple[QuestionSet, NDArray[np.float64]]:
    """Application rows, then review rows at a random moment after; and the rows' weights."""
    random = np.random.default_rng(seed)
    later = asked.moment + (random.random(len(asked)) * REVIEW_WITHIN_DAYS * DAY_MS).astype(np.int64)
    later = np.minimum(later, arrays.as_of + 1)
    drawn = random.random(len(asked)) < REVIEW_SHARE
    positive = is_positive(arrays, asked.application.astype(np.int64))
    kept = (arrays.applications.fraud_known[asked.application] > later) & (positive | drawn)
    questions = QuestionSet(
        np.concatenate((asked.customer, asked.customer[kept])),
        np.concatenate((asked.application, asked.application[kept])),
        np.concatenate((asked.moment, later[kept])),
    )
    weight = np.concatenate((np.ones(len(asked)), np.where(positive[kept], 1.0, 1.0 / REVIEW_SHARE)))
    return questions, weight


def _fit(
    rows: _Rows,
    chosen: NDArray[np.bool_],
    validation: NDArray[np.bool_] | None,
    config: TreeConfig,
    columns: int,
    rounds: int | None = None,
    *,
    on_round: OnRound,
) -> tuple[Trees, int]:
    """Trees on the chosen rows' first columns."""
    values = rows.table.values[:, :columns]
    names = rows.table.names[:columns]
    return fit(
        values[chosen],
        rows.positive[chosen],
        None if validation is None else (values[validation], rows.positive[validation]),
        names=names,
        coded=[name for name in rows.table.coded if name in names],
        config=config,
        weight=rows.weight[chosen],
        rounds=rounds,
        on_round=on_round,
    )


def _part(table: FeatureTable, chosen: NDArray[np.bool_]) -> FeatureTable:
    return FeatureTable(table.names, table.coded, table.tabular, table.values[chosen])


def _card(arrays: GraphArrays, split: Split, rounds: int, config: TrainConfig) -> dict[str, Any]:
    applied = arrays.applications.applied_at
    parts = {"fit": split.fit, "validation": split.validation, "calibration": split.calibration}
    learnt = np.concatenate(list(parts.values()))
    by_people = int(arrays.applications.investigated[learnt].sum())
    return {
        "as_of": _iso(arrays.as_of),
        "positives_are": "confirmed_fraud; early_default without it is left out; other mature applications are negative",
        "label_delay_days": round(label_delay(arrays) / DAY_MS, 1),
        "confirmed_by": {"labels": int(is_positive(arrays, learnt).sum()) - by_people, "dispositions": by_people},
        "parts": {
            name: {
                "from": _iso(int(applied[part[0]])),
                "to": _iso(int(applied[part[-1]])),
                "applications": len(part),
                "confirmed_fraud": int(is_positive(arrays, part).sum()),
            }
            for name, part in parts.items()
        },
        "rounds": rounds,
        "trees": asdict(config.trees),
        "measured_on": "calibration",
        "libraries": library_versions(),
    }


def _rounded(metrics: Mapping[str, Mapping[str, float]]) -> dict[str, dict[str, float]]:
    return {name: {key: round(value, 6) for key, value in found.items()} for name, found in metrics.items()}


def _iso(moment: int) -> str:
    return datetime.fromtimestamp(moment / 1000, tz=UTC).isoformat(timespec="seconds")


def _tell(on_progress: OnProgress | None, done: int) -> None:
    """After each of the three fits."""
    if on_progress is not None:
        on_progress("training", done * _PERCENT, 3 * _PERCENT)


def _teller(on_progress: OnProgress | None, before: int) -> OnRound:
    """Within a fit, when that many came before it."""

    def tell(done: int, total: int) -> None:
        if on_progress is not None:
            on_progress("training", before * _PERCENT + done * _PERCENT // total, 3 * _PERCENT)

    return tell
