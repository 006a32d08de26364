"""Learning: the split by time, calibration, measures, the files of a model, and training on a generated portfolio."""

import json
from pathlib import Path

import numpy as np
import pytest

from gnn.arrays.export import export
from gnn.arrays.graph import GraphArrays
from gnn.features.vocabulary import learn_vocabulary
from gnn.models.calibration import Calibration, crossed_probability, fit_calibration
from gnn.models.metrics import measures, recall_at
from gnn.models.model import Model, load, save
from gnn.models.split import dealt, is_positive, split_by_time, unseen_fraud
from gnn.train import TrainConfig, learning_rows, train
from graph_model.errors import InvalidRequest
from graph_model.records import AsOf
from graph_model.stores import open_store
from tests.gnn.conftest import AFTERWARDS, Portfolio
from tests.gnn.graphs import DAY, Applied, Story, day, learnable


@pytest.fixture(scope="module")
def arrays(portfolio: Portfolio) -> GraphArrays:
    store = open_store(f"sqlite:///{portfolio.store}", read_only=True)
    try:
        return export(store, as_of=AsOf.at(AFTERWARDS))
    finally:
        store.close()


@pytest.fixture(scope="module")
def model(arrays: GraphArrays) -> Model:
    trained = train(arrays, config=TrainConfig())
    assert trained is not None
    return trained


def test_only_mature_applications_are_learnt_from_and_later_parts_come_later():
    applied = [Applied(0, on, fraud_known=on + 40 if on % 5 == 0 else None) for on in range(300)]
    story = Story(1, [], [*applied, Applied(0, 10, default_known=90)], until=300)
    split = split_by_time(story.arrays())
    moments = story.arrays().applications.applied_at
    assert split.mature_before == day(260)
    assert max(moments[split.calibration]) < day(260)
    assert max(moments[split.fit]) <= min(moments[split.validation])
    assert max(moments[split.validation]) <= min(moments[split.calibration])
    assert 300 not in np.concatenate((split.learning, split.calibration))  # an early default is neither fraud nor good


def test_fraud_that_is_known_early_does_not_make_recent_applications_look_bad():
    applied = [Applied(0, on, fraud_known=on + 60) for on in range(0, 200, 10)]
    quick = Applied(0, 195, fraud_known=196)
    story = Story(1, [], [*applied, quick], until=200)
    split = split_by_time(story.arrays())
    assert len(applied) not in np.concatenate((split.learning, split.calibration))


def test_of_a_large_portfolio_honest_rows_are_drawn_but_it_is_measured_by_all_that_came_later(
    arrays: GraphArrays, model: Model
):
    drawn = train(arrays, config=TrainConfig(most_honest=1_000))
    assert drawn is not None
    assert drawn.card["honest_share"] < 0.5 and "honest_share" not in model.card
    fewer, all_of_them = drawn.card["metrics"]["full"], model.card["metrics"]["full"]
    assert (fewer["rows"], fewer["positives"]) == (all_of_them["rows"], all_of_them["positives"])
    assert fewer["average_precision"] > 1.5 * model.card["metrics"]["tabular only"]["average_precision"]
    assert fewer["expected_share"] == pytest.approx(all_of_them["expected_share"], rel=0.25)


def test_a_calibration_is_measured_on_customers_that_it_has_not_seen():
    random = np.random.default_rng(4)
    customer = random.integers(0, 400, 1_000)
    margin, fraud = random.normal(-3, 1, 1_000), random.random(1_000) < 0.1
    seen = crossed_probability(margin, fraud, group=customer, seed=1)
    one = customer == customer[int(np.flatnonzero(fraud)[0])]
    fold = dealt(customer, fraud, seed=1)
    others = fold != fold[one][0]
    expected = fit_calibration(margin[others], fraud[others])(margin[one])
    assert seen[one] == pytest.approx(expected)
    assert (seen[one] != fit_calibration(margin, fraud)(margin[one])).all()


def test_folds_keep_a_customer_together_and_share_out_the_frauds():
    random = np.random.default_rng(8)
    customer, fraud = random.integers(0, 300, 900), np.zeros(900, dtype=np.bool_)
    fraud[:12] = True
    fold = dealt(customer, fraud, seed=2)
    assert all(len(set(fold[customer == one])) == 1 for one in np.unique(customer))
    assert sorted(set(fold)) == [0, 1, 2, 3, 4] == sorted(set(fold[fraud]))


def test_no_review_that_what_is_measured_learns_from_was_held_in_the_months_it_is_measured_on():
    then = learnable(until=450).arrays()
    split = split_by_time(then)
    learnt = learning_rows(then, split, config=TrainConfig())
    assert learnt is not None
    rows, _ = learnt
    applied_at, moment = then.applications.applied_at, rows.asked.moment
    assert moment[rows.fit].max() < applied_at[split.validation].min()
    assert moment[rows.validation].max() < applied_at[split.calibration].min()
    assert (rows.review & rows.fit).any() and (rows.review & rows.validation).any()
    left_out = rows.review & ~rows.fit & ~rows.validation & ~rows.held
    assert left_out.any() and rows.drawn[left_out].all()  # what serves learns from them
    assert not (~rows.review & ~rows.fit & ~rows.validation & ~rows.held).any()


def test_calibration_mends_a_model_that_is_too_sure():
    random = np.random.default_rng(3)
    truth = random.random(20_000)
    happened = random.random(20_000) < truth
    margin = 3 * np.log(truth / (1 - truth))  # three times as sure as it should be
    mended = fit_calibration(margin, happened)(margin)
    assert np.mean((mended - truth) ** 2) < 0.0005 < np.mean((Calibration()(margin) - truth) ** 2)
    assert np.all(np.diff(mended[np.argsort(margin)]) >= 0)


def test_recent_confirmed_fraud_stands_for_what_is_not_confirmed_yet():
    applied = [Applied(0, on, fraud_known=on + 20 + 100 * (on % 2)) for on in range(60)]
    recent = [Applied(0, 350, fraud_known=380), Applied(0, 250, fraud_known=275)]
    arrays = Story(1, [], [*applied, *recent], until=400).arrays()
    assert unseen_fraud(arrays, np.array([0, 60, 61])).tolist() == [1.0, 2.0, 1.0]
    assert unseen_fraud(Story(1, [], recent, until=400).arrays(), np.array([0])).tolist() == [1.0]


def test_calibration_without_both_outcomes_changes_nothing():
    margin = np.array([-2.0, 0.0, 2.0])
    expected = 1 / (1 + np.exp(-margin))
    assert np.allclose(fit_calibration(margin, np.zeros(3, dtype=bool))(margin), expected)


def test_recall_counts_the_alerts_that_can_be_worked_on():
    positive = np.zeros(1_000, dtype=bool)
    positive[[0, 1, 500, 501]] = True
    score = np.linspace(1, 0, 1_000)
    assert recall_at(positive, score, 0.01) == 0.5
    assert measures(np.zeros(10, dtype=bool), np.zeros(10)) == {"rows": 10.0, "positives": 0.0}


def test_words_are_coded_by_how_frequent_they_are_and_a_new_word_is_unknown():
    words = learn_vocabulary({"product": np.array(["b", "a", "b", None], dtype=object), "amount": np.ones(4)})
    assert words.code("product", np.array(["b", "a", "new", None], dtype=object)).tolist() == [0, 1, -1, -1]


def test_the_model_beats_its_tabular_baseline_twofold_on_months_it_has_not_seen(model: Model):
    found = model.card["metrics"]
    assert found["full"]["average_precision"] >= 2 * found["tabular only"]["average_precision"]
    assert found["full"]["average_precision"] >= 5 * found["full"]["positives"] / found["full"]["rows"]


def test_training_again_gives_the_same_bytes(arrays: GraphArrays, model: Model):
    again = train(arrays, config=TrainConfig())
    assert again is not None
    assert again.fitted.files() == model.fitted.files()
    assert again.version == model.version


def test_a_saved_model_scores_as_it_did(tmp_path: Path, model: Model):
    save(model, tmp_path)
    loaded = load(tmp_path)
    assert loaded is not None
    assert loaded.version == model.version
    rows = np.random.default_rng(0).random((20, len(model.names))).astype(np.float32)
    assert np.array_equal(loaded.fitted.margin(rows), model.fitted.margin(rows))
    assert (loaded.calibration, loaded.vocabulary, loaded.features) == (
        model.calibration,
        model.vocabulary,
        model.features,
    )


def test_a_folder_without_a_model_has_none_and_one_for_other_features_is_not_used(tmp_path: Path, model: Model):
    assert load(tmp_path) is None
    folder = save(model, tmp_path)
    card = json.loads((folder / "model.json").read_text("utf-8"))
    card["names"] = card["names"][1:]
    (folder / "model.json").write_text(json.dumps(card), "utf-8")
    assert load(tmp_path) is None


@pytest.mark.parametrize("spoil", ["trees.txt", "model.json"])
def test_a_damaged_model_is_refused_with_the_way_out(tmp_path: Path, model: Model, spoil: str):
    folder = save(model, tmp_path)
    path = folder / spoil
    path.write_text(path.read_text("utf-8").replace("1", "2", 1), "utf-8") if spoil == "trees.txt" else path.write_text(
        "{"
    )
    with pytest.raises(InvalidRequest, match="--retrain") as caught:
        load(tmp_path)
    assert caught.value.code == "model_damaged"


def test_where_little_fraud_is_known_nothing_is_learnt():
    applied = [Applied(0, on, fraud_known=on + 30 if on < 20 else None) for on in range(400)]
    assert train(Story(1, [], applied).arrays(), config=TrainConfig()) is None
    assert train(Story(3, [], []).arrays(), config=TrainConfig()) is None


def test_positives_are_confirmed_fraud_only():
    arrays = Story(1, [], [Applied(0, 1, fraud_known=5), Applied(0, 2, default_known=5), Applied(0, 3)]).arrays()
    assert is_positive(arrays, np.arange(3)).tolist() == [True, False, False]
    assert arrays.applications.applied_at[0] == day(0) + DAY
