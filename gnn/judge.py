"""Judge: from feature rows to scores and reasons, by a model or, without one, by rules. What batch and online scoring have in common."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gnn.arrays.csr import Weights
from gnn.arrays.graph import NEVER, GraphArrays
from gnn.explain import explain
from gnn.features.build import FeatureConfig, FeatureTable, RingSource, describe, vocabulary_of
from gnn.features.questions import QuestionSet
from gnn.features.vocabulary import Vocabulary
from gnn.models.model import Model
from gnn.nets.served import ServedNet
from gnn.policy import Policy
from gnn.reasons import MAX_REASONS
from gnn.rules import Rules
from graph_model.records import Reason, ScoreSource
from graph_model.store import OnProgress

_PIECE = 20_000  # rows explained at a time: their contributions are eight bytes a column


@dataclass(frozen=True, slots=True)
class Judge:
    """A model, or None for the rules; the policy that settles what is known; and the features for when there is no model."""

    model: Model | None
    policy: Policy
    default: FeatureConfig

    @property
    def features(self) -> FeatureConfig:
        return self.default if self.model is None else self.model.features

    @property
    def net(self) -> ServedNet | None:
        """Of the model, where a net is asked for its score."""
        return None if self.model is None else self.model.net

    @property
    def version(self) -> str:
        return self._fitted.version

    @property
    def source(self) -> ScoreSource:
        return ScoreSource.RULES if self.model is None else ScoreSource.MODEL

    @property
    def _fitted(self) -> Model | Rules:
        return Rules() if self.model is None else self.model

    def describe(
        self,
        arrays: GraphArrays,
        asked: QuestionSet,
        *,
        rings: RingSource | None = None,
        on_progress: OnProgress | None = None,
    ) -> FeatureTable:
        if self.model is not None:
            return self.model.describe(arrays, asked, rings=rings, on_progress=on_progress)
        words = self.vocabulary(arrays, asked)
        return describe(arrays, asked, words, config=self.default, rings=rings, on_progress=on_progress)

    def vocabulary(self, arrays: GraphArrays, asked: QuestionSet) -> Vocabulary:
        return vocabulary_of(arrays, asked) if self.model is None else self.model.vocabulary

    def estimate(self, table: FeatureTable) -> Weights:
        """The probability of each row, before what is known of its own fraud."""
        return self._fitted.probability(table)

    def settle(self, scores: Weights, confirmed: NDArray[np.integer] | NDArray[np.bool_]) -> Weights:
        """The scores of those whose own fraud is confirmed are the policy's."""
        return np.where(confirmed > 0, np.maximum(scores, self.policy.confirmed), scores)

    def explained(self, table: FeatureTable, confirmed: NDArray[np.int64]) -> Iterator[tuple[Reason, ...]]:
        """The reasons of each row; first, where own fraud is confirmed, that."""
        for first in range(0, len(table.values), _PIECE):
            part = FeatureTable(table.names, table.coded, table.tabular, table.values[first : first + _PIECE])
            found = explain(part, self._fitted.contributions(part))
            for reasons, count in zip(found, confirmed[first : first + _PIECE].tolist(), strict=True):
                if count > 0:
                    fact = Reason("CONFIRMED_FRAUD", 1.0, {"own_fraud": count})
                    yield (fact, *(reason for reason in reasons if reason.code != fact.code))[:MAX_REASONS]
                else:
                    yield reasons


def confirmed_frauds(arrays: GraphArrays) -> NDArray[np.int64]:
    """How many frauds of each customer's own are confirmed."""
    own = arrays.applications.fraud_known < NEVER
    return np.bincount(arrays.applications.customer[own], minlength=len(arrays.customers.handles))
