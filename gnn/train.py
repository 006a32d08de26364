"""Train: a calibrated model from what is known as of a moment. Pure but for progress: arrays in, model out.

Two kinds of row are learnt from. *Application rows* ask for an application as of the moment it was made, as the risk engine does. *Review
rows* ask for the same application some weeks later, as an investigator does, when others have come and some outcomes are known; the ones
whose own fraud had been confirmed by then are left out, for there the score is not asked. Labels are the same, the delay is the same as in serving.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gnn import contenders
from gnn.arrays.graph import GraphArrays
from gnn.contenders import NET, STACK, TREES, Candidate, LearningRows
from gnn.drift import reference
from gnn.features.build import FeatureConfig, describe, vocabulary_of
from gnn.features.questions import QuestionSet, at_application
from gnn.features.vocabulary import Vocabulary
from gnn.features.walk import DAY_MS
from gnn.models.blend import Blend, NetExpert
from gnn.models.bootstrap import differences, intervals_of
from gnn.models.calibration import crossed_probability, fit_calibration
from gnn.models.metrics import measures
from gnn.models.model import Model, library_versions
from gnn.models.reliability import reliability
from gnn.models.split import Positions, Split, is_positive, label_delay, split_by_time, unseen_fraud
from gnn.models.trees import OnRound, TreeConfig, Trees
from gnn.rules import Rules
from graph_model.store import OnProgress

FULL, TABULAR, RULES = "full", "tabular only", "rules only"  # what is measured beside each other; full is what serves
_PERCENT = 100  # of a fit, the unit of progress
_COST: Mapping[str, int] = {TREES: 1, STACK: 6, NET: 40}  # of a fit, roughly, beside that of trees
LEAST_POSITIVES = 40  # confirmed frauds among mature applications; below it rules score
REVIEW_WITHIN_DAYS = 180
REVIEW_SHARE = 1 / 3  # of the honest review rows; they are many and much alike
MOST_HONEST = 300_000  # rows that trees are fitted on; those of a larger portfolio are drawn, so that its training takes no longer


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """The one configuration for every portfolio."""

    trees: TreeConfig = field(default_factory=TreeConfig)
    features: FeatureConfig = field(default_factory=FeatureConfig)
    tabular_only: bool = False  # the baseline: what the forms and the customer's own past say
    most_honest: int = MOST_HONEST
    contenders: tuple[str, ...] = (TREES,)  # of `gnn.contenders`, one at least


def train(arrays: GraphArrays, *, config: TrainConfig, on_progress: OnProgress | None = None) -> Model | None:
    """A model, or None where fewer than LEAST_POSITIVES frauds are known or one part of the split has none. Of several contenders the one with the
    greatest average precision on the validation part serves. Raises InvalidRequest (`train.no_torch`) for a net without torch."""
    split = split_by_time(arrays)
    learnt = learning_rows(arrays, split, config=config, on_progress=on_progress)
    if learnt is None:
        return None
    rows, vocabulary = learnt
    table, held = rows.table, rows.held
    columns = table.tabular if config.tabular_only else len(table.names)
    again = max(_COST[name] for name in config.contenders)  # what serves is fitted anew
    meter = _Meter(on_progress, 1 + sum(_COST[name] for name in config.contenders) + again)
    # What is measured and calibrated on the last months was fitted without them; what is served has seen all of them too.
    found: list[Candidate] = []
    for name in sorted(config.contenders, key=lambda name: name != NET):  # the net first: it is an expert of the stack
        found.append(_fitted(arrays, rows, name, config, columns, meter.part(_COST[name]), found))
    found.sort(key=lambda one: config.contenders.index(one.name))
    winner = max(found, key=lambda one: one.precision(rows))
    unseen = np.where(rows.positive, unseen_fraud(arrays, rows.application), 1.0)
    truth, weight = rows.positive[held], (rows.weight * unseen)[held]
    asking = arrays.applications.customer[rows.application[held]]

    def calibrated(margin: NDArray[np.float64]) -> NDArray[np.float64]:
        """Of the held rows, each by a calibration that has not seen its customer."""
        return crossed_probability(margin, truth, weight, group=asking, seed=config.trees.seed)

    tabular, _ = contenders.boosted(rows, rows.fit, config.trees, table.tabular, meter.part(1), stop_by=rows.validation)
    served = winner.refit(meter.part(again))
    meter.end()
    calibration = fit_calibration(winner.margin[held], truth, weight)
    later, measured = rows.review[held], held & ~rows.review
    fresh = rows.part(measured)
    application = rows.application[measured]
    full = calibrated(winner.margin[held])
    beside = {
        FULL: full[~later],
        TABULAR: calibrated(tabular.margin(table.values[held, : table.tabular]))[~later],
        RULES: Rules().probability(fresh),
    } | {one.name: calibrated(one.margin[held])[~later] for one in found if one is not winner}
    positive, customer = truth[~later], asking[~later]
    at_review = measures(truth[later], full[later])
    model = Model(served, calibration, vocabulary, config.features, table.names[:columns], {}, tabular.text)
    card = _card(arrays, split, config) | {
        "metrics": _rounded(
            {name: measures(positive, score) for name, score in beside.items()} | {"full, at review": at_review}
        ),
        "intervals": intervals_of(positive, beside, group=customer),
        "reliability": [asdict(one) for one in reliability(positive, beside[FULL])],
        "contenders": _told(rows, found, winner, beside, positive, customer),
        "calibration_crossed": True,
        "serves": winner.name,
        "tabular_sha256": sha256(tabular.text.encode()).hexdigest(),
        "reference": reference(
            arrays, fresh, calibration(winner.margin[measured]), arrays.applications.applied_at[application]
        ),
        **({"rounds": winner.told["rounds"]} if "rounds" in winner.told else {}),
        **_likeness(served),
        **({"honest_share": round(rows.honest, 4)} if rows.honest < 1 else {}),
    }
    return replace(model, card=card)


def _fitted(
    arrays: GraphArrays,
    rows: LearningRows,
    name: str,
    config: TrainConfig,
    columns: int,
    on_round: OnRound,
    before: Sequence[Candidate],
) -> Candidate:
    match name:
        case contenders.STACK:
            beside = next((one for one in before if one.name == NET), None)
            return contenders.stack(arrays, rows, config.trees, on_round, beside)
        case contenders.NET:
            return contenders.net(arrays, rows, config.trees, on_round)
        case _:
            return contenders.trees(rows, config.trees, columns, on_round)


def _told(
    rows: LearningRows,
    found: Sequence[Candidate],
    winner: Candidate,
    beside: Mapping[str, NDArray[np.float64]],
    positive: NDArray[np.bool_],
    customer: NDArray[np.integer],
) -> dict[str, Any]:
    """Of each contender what it was chosen by, and on the rows that no choice has seen how much more it would have given than what serves."""
    told: dict[str, Any] = {}
    for one in found:
        told[one.name] = {
            "chosen_by": round(one.precision(rows), 6),
            "serves": one is winner,
            **one.told,
        }
        if one is not winner:
            apart = differences(positive, beside[one.name], beside[FULL], group=customer).get("average_precision")
            if apart is not None:
                told[one.name]["minus_served"] = {**asdict(apart), "told_apart": apart.told_apart}
    return told


def learning_rows(
    arrays: GraphArrays, split: Split, *, config: TrainConfig, on_progress: OnProgress | None = None
) -> tuple[LearningRows, Vocabulary] | None:
    """The rows that all contenders learn from, and the words they are coded by, which are those of the fit part; None where `train` gives none."""
    parts = (split.fit, split.validation, split.calibration)
    positives = [int(is_positive(arrays, part).sum()) for part in parts]
    if sum(positives) < LEAST_POSITIVES or min(positives) == 0:
        return None
    asked = at_application(arrays, np.concatenate(parts))
    vocabulary = vocabulary_of(arrays, asked[: len(split.fit)])
    questions, weight = _with_reviews(arrays, asked, config.trees.seed)
    review = np.arange(len(questions)) >= len(asked)
    of_fit, drawn, share = _drawn(arrays, split, questions, config)
    # Whom nothing is fitted on or measured by is not described either.
    kept = ~of_fit | drawn
    questions, weight, review, of_fit, drawn = questions[kept], weight[kept], review[kept], of_fit[kept], drawn[kept]
    table = describe(arrays, questions, vocabulary, config=config.features, on_progress=on_progress)
    application = questions.application.astype(np.int64)
    rows = LearningRows(
        table=table,
        asked=questions,
        application=application,
        positive=is_positive(arrays, application),
        weight=weight,
        review=review,
        fit=of_fit & _within(arrays, questions, review, split.validation),
        validation=np.isin(application, split.validation) & _within(arrays, questions, review, split.calibration),
        held=np.isin(application, split.calibration),
        drawn=drawn,
        honest=share,
    )
    return rows, vocabulary


def _drawn(
    arrays: GraphArrays, split: Split, questions: QuestionSet, config: TrainConfig
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], float]:
    """Which rows are of the part to fit on; which rows are fitted on in the end: all frauds, and as many honest ones as are wanted at most; and
    the share of the honest ones that these are."""
    application = questions.application.astype(np.int64)
    positive = is_positive(arrays, application)
    share = min(1.0, config.most_honest / max(1, int((~positive).sum())))
    random = np.random.default_rng([config.trees.seed, 1])
    return np.isin(application, split.fit), positive | (random.random(len(positive)) < share), share


def _within(
    arrays: GraphArrays, questions: QuestionSet, review: NDArray[np.bool_], following: Positions
) -> NDArray[np.bool_]:
    """All but the reviews that were held when the following part had begun: they know of its months, and what is measured there must not. What
    serves learns from them too."""
    return np.asarray(~review | (questions.moment < arrays.applications.applied_at[following].min()))


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


def _card(arrays: GraphArrays, split: Split, config: TrainConfig) -> dict[str, Any]:
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
        "trees": asdict(config.trees),
        "measured_on": "calibration",
        "libraries": library_versions(),
    }


def _likeness(served: Trees | Blend) -> dict[str, float]:
    """How much of what a net says its mimic tells."""
    experts = served.experts if isinstance(served, Blend) else ()
    nets = [expert for expert in experts if isinstance(expert, NetExpert)]
    return {"mimic_tells": nets[0].mimic.likeness} if len(nets) > 0 else {}


def _rounded(metrics: Mapping[str, Mapping[str, float]]) -> dict[str, dict[str, float]]:
    return {name: {key: round(value, 6) for key, value in found.items()} for name, found in metrics.items()}


def _iso(moment: int) -> str:
    return datetime.fromtimestamp(moment / 1000, tz=UTC).isoformat(timespec="seconds")


class _Meter:
    """Progress over fits of different cost."""

    def __init__(self, on_progress: OnProgress | None, units: int) -> None:
        self._tell, self._units, self._before = on_progress, units, 0
        self._say(0)

    def part(self, units: int) -> OnRound:
        """For a fit that begins when all parts before are done."""
        before, self._before = self._before, self._before + units
        self._say(before * _PERCENT)

        def tell(done: int, total: int) -> None:
            self._say(before * _PERCENT + done * units * _PERCENT // total)

        return tell

    def end(self) -> None:
        self._say(self._units * _PERCENT)

    def _say(self, done: int) -> None:
        if self._tell is not None:
            self._tell("training", done, self._units * _PERCENT)
