"""Contenders: trees, the stack and the net on the same rows; who serves, how a stack is kept, explained and served, and what a net may see."""

import json
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from gnn.arrays.export import export
from gnn.arrays.graph import GraphArrays
from gnn.contenders import NET, STACK, TREES
from gnn.evaluate import compare, evaluate
from gnn.features.build import FeatureConfig, FeatureTable, describe, vocabulary_of
from gnn.features.questions import QuestionSet, at_application
from gnn.models.blend import Blend, crossed, views_of
from gnn.models.model import Model, load, load_version, save, write
from gnn.models.trees import TreeConfig
from gnn.nets.rows import PERSON, around_of, question_graph
from gnn.policy import load_policy
from gnn.registry.card import as_markdown, card_of
from gnn.registry.registry import Registry
from gnn.score import score
from gnn.stack.gate import vote
from gnn.train import FULL, TrainConfig, train
from graph_model.errors import InvalidRequest
from graph_model.records import AsOf
from tests.gnn.conftest import AFTERWARDS, Portfolio, Scored
from tests.gnn.graphs import Applied, Story, Use, learnable
from tests.gnn.test_online import check_against_batch

MONDAY = datetime(2026, 11, 9, 9, tzinfo=UTC)
FEW_ROUNDS = TreeConfig(rounds=60)


def trained(arrays: GraphArrays, *contenders: str) -> Model:
    model = train(arrays, config=TrainConfig(trees=FEW_ROUNDS, contenders=contenders))
    assert model is not None
    return model


@pytest.fixture(scope="module")
def then() -> GraphArrays:
    return learnable(until=450).arrays()


@pytest.fixture(scope="module")
def stack(then: GraphArrays) -> Model:
    return trained(then, STACK)


def rows_of(arrays: GraphArrays, model: Model) -> FeatureTable:
    return describe(arrays, at_application(arrays), model.vocabulary, config=model.features)


# --- who serves ------------------------------------------------------------------------------------------------------


def test_of_those_that_can_serve_the_best_on_validation_does_and_the_card_tells_all(then: GraphArrays):
    model = trained(then, TREES, STACK)
    told = model.card["contenders"]
    best = max(told, key=lambda name: told[name]["chosen_by"])
    assert [name for name in told if told[name]["serves"]] == [best] == [model.card["serves"]]
    (other,) = set(told) - {best}
    assert set(model.card["metrics"]) == {FULL, other, "tabular only", "rules only", "full, at review"}
    assert set(model.card["intervals"][other]) == set(model.card["intervals"][FULL])
    apart = told[other]["minus_served"]
    difference = model.card["metrics"][other]["average_precision"] - model.card["metrics"][FULL]["average_precision"]
    assert apart["value"] == pytest.approx(difference, abs=1e-5) and apart["low"] <= apart["value"] <= apart["high"]
    page = as_markdown(card_of(model, policy=load_policy(), by="wei", now=MONDAY))
    assert f"{best} serves" in page and "## Contenders" in page and "on all" in page


def test_another_contender_beside_the_trees_leaves_them_as_they_are(then: GraphArrays):
    alone, beside = trained(then, TREES), trained(then, STACK, TREES)
    found = beside.card["metrics"][FULL if beside.card["serves"] == TREES else TREES]
    assert found == alone.card["metrics"][FULL]


def test_experts_that_guess_are_not_chosen_for_what_a_gate_made_of_them():
    """Of many experts that guess, a gate finds a mixture that looks good on the very rows it was chosen on."""
    random = np.random.default_rng(2)
    positive, odds = random.random(600) < 0.1, random.normal(size=(600, 12))
    seen = average_precision_score(positive, odds @ vote(odds, positive))
    unseen = average_precision_score(positive, crossed(odds, positive, np.arange(600), seed=1))
    assert unseen < 0.12 < seen  # a tenth are fraud


# --- the stack as a model --------------------------------------------------------------------------------------------


def test_a_stack_finds_the_farm_on_months_it_has_not_seen(stack: Model):
    found = evaluate(learnable().arrays(), stack)
    assert found.intervals[FULL]["average_precision"].low > 0.5  # a random scorer gets 0.17


def test_views_tell_of_no_outcome_where_they_say_so(then: GraphArrays, stack: Model):
    table = rows_of(then, stack)
    views = {view.name: [table.names[at] for at in view.columns] for view in views_of(table.names, table.tabular)}
    assert len(views["all"]) == len(table.names) and len(views["tabular"]) == table.tabular
    told = [name for name in views["label-free"] if any(word in name for word in ("fraud", "refus", "default", "good"))]
    assert told == [] and "near_strength" in views["label-free"]


def test_what_each_column_adds_makes_the_score(then: GraphArrays, stack: Model):
    table = rows_of(then, stack)
    few = FeatureTable(table.names, table.coded, table.tabular, table.values[:80])
    told = stack.contributions(few)
    assert told.shape == (80, len(table.names) + 1)
    assert told.sum(axis=1) == pytest.approx(stack.margin(few))
    assert isinstance(stack.fitted, Blend)
    exact = stack.fitted.exact_contributions(few.values)
    assert exact.sum(axis=1) == pytest.approx(stack.margin(few))
    high = stack.margin(few) > np.median(stack.margin(few))
    assert np.corrcoef(told[high, :-1].ravel(), exact[high, :-1].ravel())[0, 1] > 0.7  # told by the boosted ones alone
    risky = int(np.argmax(stack.margin(few)))
    raised = table.names[int(np.argmax(told[risky, :-1]))]
    assert raised.startswith(("uses_device", "near", "strangers", "ring", "far"))


def test_one_row_is_scored_as_among_many(then: GraphArrays, stack: Model):
    table = rows_of(then, stack)
    whole = stack.probability(table)
    one = [
        stack.probability(FeatureTable(table.names, table.coded, table.tabular, table.values[at : at + 1]))[0]
        for at in range(40)
    ]
    assert one == whole[:40].tolist()


def test_a_stack_that_was_kept_is_the_same_and_trained_again_too(tmp_path: Path, then: GraphArrays, stack: Model):
    folder = save(stack, tmp_path)
    assert folder.name.startswith("stack-")
    loaded = load(tmp_path)
    assert loaded is not None and loaded.version == stack.version == trained(then, STACK).version
    assert isinstance(loaded.fitted, Blend) and sum(loaded.fitted.weights) == pytest.approx(1, abs=1e-5)
    table = rows_of(then, stack)
    assert (loaded.margin(table) == stack.margin(table)).all()
    assert {path.suffix for path in folder.iterdir()} == {".txt", ".json"}


@pytest.mark.parametrize("spoil", ["weight", "text"])
def test_a_damaged_stack_is_refused(tmp_path: Path, stack: Model, spoil: str):
    folder = write(stack, tmp_path)
    if spoil == "weight":
        told = json.loads((folder / "model.json").read_text("utf-8"))
        told["experts"][0]["weight"] += 0.1
        (folder / "model.json").write_text(json.dumps(told), "utf-8")
    else:
        next(folder.glob("*-on-*.txt")).write_text("tree", "utf-8")
    with pytest.raises(InvalidRequest) as refused:
        load_version(tmp_path, stack.version)
    assert refused.value.code == "model_damaged"


def test_a_stack_is_promoted_compared_and_rolled_back_like_any_model(tmp_path: Path, then: GraphArrays, stack: Model):
    registry, trees = Registry(tmp_path / "models"), trained(then, TREES)
    for model in (trees, stack):
        registry.register(model, policy=load_policy(), by="wei", reason="monthly", now=MONDAY)
    found = compare(learnable().arrays(), registry.model(trees.version), registry.model(stack.version))
    assert set(found.metrics) == {trees.version, stack.version}
    registry.promote(stack.version, by="wei", reason="steadier on paired months", now=MONDAY)
    assert registry.champion == stack.version
    assert registry.rollback(by="wei", reason="too slow to explain", now=MONDAY) == trees.version


@pytest.mark.long
def test_a_stack_serves_one_application_as_it_serves_all(portfolio: Portfolio, tmp_path: Path):
    store = portfolio.open_copy(tmp_path)
    try:
        model = train(export(store, as_of=AsOf.at(AFTERWARDS)), config=TrainConfig(contenders=(STACK,)))
        assert model is not None
        models = tmp_path / "models"
        Registry(models).adopt(model, policy=load_policy(), by="wei", reason="for the test", now=AFTERWARDS)
        done = score(store, as_of=AFTERWARDS, scored_at=AFTERWARDS, models=models)
        assert (done.model_version, done.trained) == (model.version, False)
        check_against_batch(Scored(store, models), 60)
    finally:
        store.close()
        shutil.rmtree(tmp_path / "models", ignore_errors=True)


# --- the net ---------------------------------------------------------------------------------------------------------


def crowd(*, later: bool) -> Story:
    """Two who share a device with the one who is asked about on day 100; and, where `later`, what only came to be afterwards."""
    uses = [Use(0, 0, since=90), Use(1, 0, since=50), Use(2, 0, since=60), Use(2, 1, since=10)]
    applied = [Applied(0, 100), Applied(1, 51, fraud_known=80), Applied(2, 61)]
    if later:
        uses += [Use(3, 0, since=100.5), Use(0, 1, since=101), Use(1, 1, since=120)]
        applied[2] = Applied(2, 61, refused=100.01, fraud_known=130)
        applied += [Applied(1, 110), Applied(3, 101, fraud_known=102)]
    return Story(4, uses, applied, until=400)


def surroundings(arrays: GraphArrays) -> dict[str, list[float]]:
    asked = at_application(arrays, np.array([0]))
    words = vocabulary_of(arrays, asked)
    graph = question_graph(around_of(arrays), asked, describe(arrays, asked, words, config=FeatureConfig()))
    rows = {name: rows.ravel().tolist() for name, rows in graph.features.items()}
    return rows | {str(r): [*links.indptr.tolist(), *links.indices.tolist()] for r, links in graph.relations.items()}


def test_a_net_sees_nothing_that_came_or_was_learnt_after_the_moment_of_its_row():
    before = surroundings(crowd(later=False).arrays())
    assert surroundings(crowd(later=True).arrays()) == before
    persons = np.array(before["person"]).reshape(-1, 7)
    assert persons[:, 3].tolist() == [0.0, 1.0]  # the latest user first; the other was known as a fraudster
    assert before["Device identifier"][0] == pytest.approx(np.log1p(3))


def test_the_copy_of_a_later_row_holds_what_came_in_between():
    arrays = crowd(later=True).arrays()
    whole = surroundings(arrays)
    late = at_application(arrays, np.array([0]))
    late = QuestionSet(late.customer, late.application, np.array([arrays.as_of + 1]))
    table = describe(arrays, late, vocabulary_of(arrays, late), config=FeatureConfig())
    found = question_graph(around_of(arrays), late, table)
    assert len(found.features[PERSON]) > len(whole["person"]) / 7
    assert found.features[PERSON][:, 3].sum() >= 3  # all three were found out by then


def test_a_net_beside_trees_is_told_of_and_serves_where_it_is_best(then: GraphArrays):
    pytest.importorskip("torch_geometric", reason="Nets are taught by the extra `gnn`.")
    model = trained(then, TREES, NET)
    told = model.card["contenders"]
    assert list(told) == [TREES, NET]
    best = max(told, key=lambda name: told[name]["chosen_by"])
    assert (model.card["serves"], told[best]["serves"]) == (best, True)
    other = NET if best == TREES else TREES
    assert model.card["metrics"][other]["average_precision"] > 0.3  # a random scorer gets 0.17
    page = as_markdown(card_of(replace(model), policy=load_policy(), by="wei", now=MONDAY))
    assert f"{best} serves" in page and "greatest of its epochs" in page
