"""Drift: applications that look otherwise than those a model was measured on are told of, worst first; the same ones are not."""

from collections.abc import Callable
from datetime import timedelta

import numpy as np
import pytest

from gnn.arrays.graph import GraphArrays
from gnn.drift import LARGE, MODERATE, Kind, Level, Shift, drift, index, keep, kept
from gnn.features.build import describe
from gnn.features.questions import at_application
from gnn.models.model import Model, window_end
from gnn.models.split import split_by_time
from gnn.models.trees import TreeConfig
from gnn.train import TrainConfig, train
from graph_model.errors import InvalidRequest
from graph_model.store import GraphStore
from tests.gnn.graphs import Story, Use, learnable


@pytest.fixture(scope="module")
def model() -> Model:
    found = train(learnable(until=500).arrays(), config=TrainConfig(trees=TreeConfig(rounds=60)))
    assert found is not None
    return found


def test_the_index_is_nothing_for_the_same_shares_and_large_for_a_switch():
    counts = np.array([100.0, 300.0, 600.0])
    assert index(counts, counts) == 0
    assert index(counts, counts * 3) < 0.001
    expected, actual = np.array([0.7, 0.3]), np.array([0.4, 0.6])
    by_hand = float(((actual - expected) * np.log(actual / expected)).sum())
    assert index(expected * 1e6, actual * 1e6) == pytest.approx(by_hand, abs=1e-4)
    assert np.isfinite(index(np.array([10.0, 0.0]), np.array([0.0, 10.0])))


@pytest.mark.parametrize(
    ("psi", "level"),
    [(0.0999, Level.STABLE), (MODERATE, Level.MODERATE), (0.2499, Level.MODERATE), (LARGE, Level.LARGE)],
)
def test_the_usual_thresholds(psi: float, level: Level):
    assert Shift(Kind.SCORE, "score", psi).level is level


def test_the_scores_to_compare_with_are_of_applications_that_were_not_learnt_from(model: Model):
    """Those to come are not learnt from either: to have seen the fraud makes its score higher."""
    then = learnable(until=500).arrays()
    held = split_by_time(then).calibration
    table = describe(then, at_application(then, held), model.vocabulary, config=model.features)
    kept, served = model.card["reference"]["score"], model.probability(table)
    assert sum(kept["counts"]) == len(held)
    edges = np.array(kept["edges"])
    learnt = np.bincount(np.searchsorted(edges, served, side="left"), minlength=len(edges) + 1)
    assert kept["counts"][:-1] != learnt.tolist()


def moved(found: Callable[[], GraphArrays], model: Model) -> dict[str, Shift]:
    return {shift.name: shift for shift in drift(found(), model).shifts}


def test_amounts_that_rise_fivefold_are_a_large_drift_of_the_amount_and_of_nothing_else_on_the_form(model: Model):
    calm = moved(lambda: learnable().arrays(), model)
    shifted = moved(lambda: learnable(more=5).arrays(), model)
    assert calm["application_amount"].level is Level.STABLE
    assert shifted["application_amount"].level is Level.LARGE
    assert shifted["application_applied_at_hour"] == calm["application_applied_at_hour"]


def crowded() -> GraphArrays:
    """Of late everybody comes from the same few phones."""
    calm = learnable()
    late = [Use(u.customer, 3_000 + u.customer % 4, "uses_phone", u.since) for u in calm.uses if u.since > 500]
    return Story(calm.customers, [*(u for u in calm.uses if u.since <= 500), *late], calm.applications).arrays()


def test_a_changed_way_of_being_tied_shows_in_degree_channels_features_and_score(model: Model):
    calm, changed = moved(lambda: learnable().arrays(), model), moved(crowded, model)
    for name in ("users of an identifier", "ways of being tied", "uses_phone_others", "score"):
        assert changed[name].level is Level.LARGE
        assert changed[name].psi > calm[name].psi
    assert calm["ways of being tied"].level is Level.STABLE


def test_the_worst_comes_first_and_only_later_applications_count(model: Model):
    arrays = learnable().arrays()
    found = drift(arrays, model)
    psi = [shift.psi for shift in found.shifts]
    assert psi == sorted(psi, reverse=True)
    assert {shift.kind for shift in found.shifts} == set(Kind)
    assert found.since == window_end(model)
    assert found.applications == int((arrays.applications.applied_at > window_end(model).timestamp() * 1000).sum())
    assert found.score.name == "score" and found.worst is found.shifts[0].level
    later = drift(arrays, model, since=window_end(model) + timedelta(days=30))
    assert later.applications < found.applications


def test_too_few_applications_say_nothing(model: Model):
    with pytest.raises(InvalidRequest, match="100 are needed") as refused:
        drift(learnable(until=501).arrays(), model)
    assert refused.value.code == "drift.nothing"


def test_a_card_without_a_reference_is_of_an_earlier_guanxi(model: Model):
    old = Model(model.fitted, model.calibration, model.vocabulary, model.features, model.names, {"as_of": "x"})
    with pytest.raises(InvalidRequest, match="Train a new one") as refused:
        drift(learnable().arrays(), old)
    assert refused.value.code == "drift.reference"


def test_what_was_seen_is_kept_in_the_store_the_latest_first(model: Model, empty_store: GraphStore):
    first, second = drift(learnable(until=650).arrays(), model), drift(learnable(more=5).arrays(), model)
    for found in (second, first, first):
        keep(empty_store, found)
    told = kept(empty_store)
    assert [one["as_of"] for one in told] == [second.as_of.isoformat(), first.as_of.isoformat()]
    assert told[0] == second.as_json()
    assert told[0]["shifts"][0]["level"] == "large"
