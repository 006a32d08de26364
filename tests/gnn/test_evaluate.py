"""Evaluation: intervals, reliability, and models measured on applications that they never learnt from."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gnn.arrays.graph import GraphArrays
from gnn.evaluate import compare, evaluate
from gnn.models.bootstrap import MEASURES, _measured, differences, intervals
from gnn.models.metrics import measures
from gnn.models.model import Model, window_end
from gnn.models.reliability import reliability
from gnn.models.split import label_delay
from gnn.models.trees import TreeConfig, Trees
from gnn.train import TrainConfig, train
from graph_model.errors import InvalidRequest
from graph_model.moments import to_ms
from tests.gnn.graphs import day, learnable

THEN, NOW = 450, 700


@pytest.fixture(scope="module")
def model() -> Model:
    found = train(learnable(until=THEN).arrays(), config=TrainConfig(trees=TreeConfig(rounds=60)))
    assert found is not None
    return found


@pytest.fixture(scope="module")
def now() -> GraphArrays:
    return learnable(until=NOW).arrays()


@settings(max_examples=50)
@given(
    st.lists(st.tuples(st.booleans(), st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.9])), min_size=4, max_size=300).filter(
        lambda rows: 0 < sum(positive for positive, _ in rows) < len(rows)
    )
)
def test_what_is_drawn_is_measured_as_the_whole_is(rows: list[tuple[bool, float]]):
    """Ties included; a row that was drawn twice is there twice."""
    positive, score = np.array([p for p, _ in rows]), np.array([s for _, s in rows])
    twice = np.arange(len(rows)) % 2 + 1
    weights = np.stack((np.ones(len(rows)), twice.astype(np.float64)))
    once, double = _measured(positive, score, weights)
    for found, whole in (
        (once, measures(positive, score)),
        (double, measures(np.repeat(positive, twice), np.repeat(score, twice))),
    ):
        assert found == pytest.approx([whole[name] for name in MEASURES])


def sample(rows: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    probability = random.beta(0.4, 4, rows)
    return random.random(rows) < probability, probability


def test_an_interval_holds_what_it_is_of_and_narrows_with_more_rows():
    positive, probability = sample(6_000, 1)
    once = np.arange(len(positive))
    many = intervals(positive, {"full": probability}, group=once)["full"]
    few = intervals(positive[:500], {"full": probability[:500]}, group=once[:500])["full"]
    whole = measures(positive, probability)
    for name in MEASURES:
        assert many[name].low <= whole[name] <= many[name].high
        assert many[name].high - many[name].low < few[name].high - few[name].low


def test_applications_of_one_customer_are_no_independent_witnesses():
    positive, probability = sample(400, 2)
    tenfold = np.repeat(positive, 10), np.repeat(probability, 10)
    as_if = intervals(tenfold[0], {"full": tenfold[1]}, group=np.arange(4_000))["full"]["auc"]
    honest = intervals(tenfold[0], {"full": tenfold[1]}, group=np.repeat(np.arange(400), 10))["full"]["auc"]
    assert honest.high - honest.low > 2 * (as_if.high - as_if.low)


def test_a_better_score_is_told_apart_from_a_worse_one_and_the_same_from_itself_is_not():
    positive, probability = sample(5_000, 3)
    noise = np.random.default_rng(4).random(5_000)
    found = differences(positive, probability, (probability + 3 * noise) / 4, group=np.arange(5_000))
    assert found["auc"].told_apart and found["auc"].low > 0
    same = differences(positive, probability, probability, group=np.arange(5_000))
    assert all((d.value, d.low, d.high, d.told_apart) == (0, 0, 0, False) for d in same.values())
    nothing = np.zeros(10, dtype=np.bool_)
    assert intervals(nothing, {"full": np.ones(10)}, group=np.arange(10)) == {"full": {}}
    assert differences(nothing, np.ones(10), np.ones(10), group=np.arange(10)) == {}


def test_reliability_shows_a_score_that_is_too_sure():
    positive, probability = sample(20_000, 5)
    good = reliability(positive, probability)
    assert sum(one.rows for one in good) == 20_000
    assert sum(not one.actual_low <= one.expected <= one.actual_high for one in good) <= 1
    sure = reliability(positive, np.sqrt(probability))
    assert all(one.expected > one.actual_high for one in sure if 0.1 <= one.low < 0.9)


def test_only_applications_after_the_training_window_that_are_old_enough_are_measured(model: Model, now: GraphArrays):
    found = evaluate(now, model, tabular=Trees(model.tabular_text))
    applied = now.applications.applied_at
    later = (applied >= to_ms(window_end(model))) & (applied < now.as_of - label_delay(now))
    assert found.rows.applications == int(later.sum()) > 100
    assert found.rows.confirmed_fraud == int(found.metrics["full"]["positives"]) > 10
    assert to_ms(found.rows.until) < day(NOW) - label_delay(now)
    parts = model.card["parts"]
    assert all(part["to"] < found.rows.since.isoformat() for part in parts.values())
    assert sum(part["applications"] for part in parts.values()) + found.rows.applications <= len(applied)


def test_a_model_that_sees_the_farm_beats_the_form_on_months_it_has_not_seen(model: Model, now: GraphArrays):
    found = evaluate(now, model, tabular=Trees(model.tabular_text))
    assert list(found.metrics) == ["full", "tabular only", "rules only"]
    full, tabular = found.intervals["full"]["average_precision"], found.intervals["tabular only"]["average_precision"]
    assert full.low > tabular.high
    assert sum(one.rows for one in found.reliability) == found.rows.applications
    told = found.as_json()
    assert told["rows"]["since"] == found.rows.since.isoformat()
    assert told["intervals"]["full"]["auc"]["low"] <= told["metrics"]["full"]["auc"]


def test_a_later_start_takes_fewer_rows_and_an_earlier_one_is_no_way_to_rows_it_learnt_from(
    model: Model, now: GraphArrays
):
    whole = evaluate(now, model)
    late = evaluate(now, model, since=window_end(model) + timedelta(days=60))
    assert 0 < late.rows.applications < whole.rows.applications
    assert evaluate(now, model, since=window_end(model) - timedelta(days=200)).rows == whole.rows


def test_where_no_outcome_is_old_enough_it_is_said_what_to_do(model: Model):
    with pytest.raises(InvalidRequest, match="guanxi train --as-of") as refused:
        evaluate(learnable(until=THEN).arrays(), model)
    assert refused.value.code == "evaluate.nothing"


def test_two_models_are_measured_on_the_same_rows_of_which_neither_learnt(model: Model, now: GraphArrays):
    later = train(learnable(until=THEN + 60).arrays(), config=TrainConfig(trees=TreeConfig(rounds=60)))
    assert later is not None
    found = compare(now, model, later)
    assert found.rows.since == window_end(later) > window_end(model)
    assert {found.metrics[v]["rows"] for v in (model.version, later.version)} == {float(found.rows.applications)}
    blind = replace(model, calibration=replace(model.calibration, rise=0.0, fall=0.0))  # gives everybody the same
    worse = compare(now, model, blind).differences["average_precision"]
    assert worse.told_apart and worse.high < 0
    assert compare(now, model, model).differences["auc"].value == 0
    assert (found.first, found.second) == (model.version, later.version)
