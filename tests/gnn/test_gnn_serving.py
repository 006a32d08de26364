"""A net that serves: scored in batch, online and from memory alike, without torch; explained, watched, promoted and rolled back like any model."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import example, given, settings

pytest.importorskip("torch_geometric", reason="Nets are taught by the extra `gnn`.")

from gnn import contenders
from gnn.arrays.export import export
from gnn.contenders import NET, STACK, TREES
from gnn.drift import drift
from gnn.ego import ego_of
from gnn.evaluate import compare
from gnn.explanation.explanation import explain_score
from gnn.features.build import mark_of
from gnn.features.questions import QuestionSet, at_application, at_present
from gnn.live.live import Live
from gnn.models.blend import Blend
from gnn.models.model import load, load_version
from gnn.nets.files import to_bytes
from gnn.nets.net import NetConfig, fit_net
from gnn.nets.rows import around_of, surroundings
from gnn.nets.served import ServedNet
from gnn.nets.typed import Links, TypedGraph
from gnn.online import Scorer
from gnn.policy import load_policy
from gnn.registry.registry import Registry
from gnn.score import score
from gnn.train import TrainConfig, train
from graph_model.errors import InvalidRequest
from graph_model.predicates import Compare, Operator
from graph_model.records import AsOf, EdgeRecord, GraphBatch, NodeRecord, NodeRef, ScoreSource
from graph_model.schema import Value
from graph_model.stores import open_store
from tests.gnn.conftest import AFTERWARDS, Portfolio, Scored
from tests.gnn.test_contenders import FEW_ROUNDS, MONDAY, crowd, trained
from tests.gnn.test_gnn_nets import portfolio as farm
from tests.gnn.test_gnn_nets import thirds
from tests.gnn.test_online import _DAY, NOW, devices_of_worst_ring, graphs, newcomer, some_applications

NEARLY = {"rel": 0, "abs": 2e-4}  # sums of a product's rows come in an order of the library's own


# --- without torch ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("links", ["all", "none of persons", "nobody"])
def test_a_kept_net_says_without_torch_what_it_says_with(links: str):
    graph, fraud = farm()
    train_on, validation, _ = thirds()
    fitted = fit_net(graph, "person", fraud, train_on, validation, config=NetConfig(epochs=4))
    if links == "none of persons":
        persons = graph.counts()["person"]
        nothing = Links.of(np.empty(0, np.int64), np.empty(0, np.int64), sources=0, targets=persons)
        alone = {relation: nothing for relation in graph.relations if relation[2] == "person"}
        none = {"person": graph.features["person"], "device": graph.features["device"][:0]}
        without = {r: Links.of(nothing.indices, nothing.indices, sources=persons, targets=0) for r in graph.relations}
        graph = TypedGraph(none, {**without, **alone})
    elif links == "nobody":
        none = {name: rows[:0] for name, rows in graph.features.items()}
        nothing = Links.of(np.empty(0, np.int64), np.empty(0, np.int64), sources=0, targets=0)
        graph = TypedGraph(none, dict.fromkeys(graph.relations, nothing))
    served = ServedNet(to_bytes(fitted)).odds(graph)
    assert 1 / (1 + np.exp(-served)) == pytest.approx(fitted.score(graph), abs=1e-6)
    assert len(served) == graph.counts()["person"]


def test_without_torch_a_net_isnt_taught_and_what_to_install_is_said(monkeypatch: pytest.MonkeyPatch):
    arrays = crowd(later=True).arrays()
    rows = type("Rows", (), {})()
    monkeypatch.setitem(sys.modules, "gnn.nets.net", None)
    with pytest.raises(InvalidRequest, match=r"pip install 'guanxi\[gnn\]'") as refused:
        contenders.taught(arrays, rows, np.ones(1, bool), np.zeros(1, bool), seed=1, epochs=1)
    assert refused.value.code == "train.no_torch"


# --- what is around --------------------------------------------------------------------------------------------------


def same(one: TypedGraph, other: TypedGraph) -> bool:
    rows = all(np.array_equal(one.features[name], other.features[name]) for name in (*one.features, *other.features))
    ties = ((one.relations[r], other.relations[r]) for r in (*one.relations, *other.relations))
    return rows and all(
        np.array_equal(a.indptr, b.indptr) and np.array_equal(a.indices, b.indices) and a.sources == b.sources
        for a, b in ties
    )


def hub(users: int) -> GraphBatch:
    """A handset that so many use, one of them by an application."""
    device, form = NodeRef("Device", "farm"), NodeRef("Application", "a0")
    people = [NodeRef("Customer", f"c{n}") for n in range(users)]
    ties = [("APPLIED", people[0], form), *(("USES_DEVICE", who, device) for who in (form, *people[1:]))]
    said: dict[str, Value] = {"applied_at": _DAY, "product": "cash", "amount": 1000.0}
    nodes = [NodeRecord(ref, _DAY, _DAY, "test", said if ref is form else {}) for ref in (form, device, *people)]
    return GraphBatch(nodes, [EdgeRecord(type, start, end, _DAY, _DAY, _DAY, "test") for type, start, end in ties])


@settings(max_examples=30, deadline=None)
@given(graph=graphs())
# More than twice the cap: of whom a net looks at, who is tied to them is not read, but they are described.
@example(graph=hub(9))
def test_whatever_the_graph_a_net_sees_online_what_it_sees_in_batch(graph: GraphBatch):
    as_of = AsOf.at(_DAY + timedelta(days=50))
    with TemporaryDirectory() as folder:
        store = open_store(f"sqlite:///{folder}/graph.db", create=True)
        store.upsert(graph)
        whole = export(store, as_of=as_of)
        asked, around = at_present(whole), around_of(whole)
        for place, handle in enumerate(whole.applications.handles.tolist()):
            ego = ego_of(store, handle, as_of=as_of, hub_cap=2, hubs_described=True)
            assert ego is not None
            part = export(ego, as_of=as_of)
            mine = np.flatnonzero(part.applications.handles == handle).astype(np.int32)
            alone = QuestionSet(part.applications.customer[mine], mine, np.array([part.as_of + 1]))
            assert same(surroundings(around_of(part), alone), surroundings(around, asked[np.array([place])]))
        store.close()


# --- a portfolio -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def served_by_net(portfolio: Portfolio, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Scored by a net that was taught for few epochs."""
    folder = tmp_path_factory.mktemp("net")
    store = portfolio.open_copy(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(contenders, "EPOCHS", 8)
        model = train(export(store, as_of=AsOf.at(AFTERWARDS)), config=TrainConfig(trees=FEW_ROUNDS, contenders=(NET,)))
    assert model is not None
    models = folder / "models"
    Registry(models).adopt(model, policy=load_policy(), by="wei", reason="for the test", now=AFTERWARDS)
    done = score(store, as_of=AFTERWARDS, scored_at=AFTERWARDS, models=models)
    assert (done.model_version, done.trained) == (model.version, False) and done.rings > 0
    store.close()
    return folder


@pytest.fixture
def net_scored(served_by_net: Path, tmp_path: Path) -> Iterator[Scored]:
    shutil.copytree(served_by_net, tmp_path / "net")
    opened = open_store(f"sqlite:///{tmp_path / 'net' / 'graph.db'}")
    yield Scored(opened, tmp_path / "net" / "models")
    opened.close()


@pytest.mark.long
def test_two_hundred_customers_are_scored_online_and_from_memory_as_in_batch(net_scored: Scored):
    store = net_scored.store
    live = Live(store, most=10**9, clock=lambda: AFTERWARDS)
    assert live.wait(60)
    online, remembering = Scorer(store, net_scored.models), Scorer(store, net_scored.models, live=live)
    remembering.look = None  # type: ignore[method-assign, assignment]  # or else it was not answered from memory
    known = explained = 0
    for application in some_applications(store, 200):
        found = online.assess(application, as_of=AFTERWARDS, scored_at=NOW, write=False)
        for one in (found.application, found.customer):
            (then,) = store.assessments(one.node_id)
            assert one.score == pytest.approx(then.score, **NEARLY)
            if one.grade is then.grade:
                assert one == replace(then, score=one.score, scored_at=NOW)
            known += one.grade is then.grade
            explained += len(one.reasons) > 0
        again = remembering.assess(application, as_of=AFTERWARDS, scored_at=NOW, write=False)
        for one, other in ((again.application, found.application), (again.customer, found.customer)):
            assert one.score == pytest.approx(other.score, **NEARLY)
            assert one == replace(other, score=one.score, grade=one.grade)
    assert known >= 396 and explained > 2  # who is at a threshold may be on either side of it
    live.close()


@pytest.mark.long
def test_whoever_is_new_is_scored_from_memory_as_from_the_store(net_scored: Scored):
    store = net_scored.store
    live = Live(store, most=10**9, clock=lambda: AFTERWARDS)
    assert live.wait(60)
    _, devices = devices_of_worst_ring(store)
    online, remembering = Scorer(store, net_scored.models), Scorer(store, net_scored.models, live=live)
    remembering.look = None  # type: ignore[method-assign, assignment]
    scores = []
    for name, uses in (("ALONE", []), ("CAUGHT", devices), ("AGAIN", devices)):
        application = newcomer(store, name, [("USES_DEVICE", device) for device in uses])
        found = online.assess(application, as_of=NOW, scored_at=NOW, write=False).customer
        again = remembering.assess(application, as_of=NOW, scored_at=NOW, write=False).customer
        assert again.score == pytest.approx(found.score, **NEARLY) and again.reasons == found.reasons
        scores.append(found.score)
    assert len(set(scores)) > 1
    live.close()


@pytest.mark.long
def test_who_serves_a_net_needs_no_torch(net_scored: Scored):
    (application,) = some_applications(net_scored.store, 1)
    told = Scorer(net_scored.store, net_scored.models).assess(application, as_of=AFTERWARDS, scored_at=NOW, write=False)
    net_scored.store.close()
    script = f"""
import sys
from datetime import datetime
from pathlib import Path
from gnn.online import Scorer
from graph_model.stores import open_store
models = Path({str(net_scored.models)!r})
store = open_store(f"sqlite:///{{models.parent / 'graph.db'}}")
at = datetime.fromisoformat({AFTERWARDS.isoformat()!r})
print(Scorer(store, models).assess({application!r}, as_of=at, scored_at=at, write=False).customer.score)
print("torch" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    *_, found, loaded = done.stdout.splitlines()
    assert (float(found), loaded) == (pytest.approx(told.customer.score, **NEARLY), "False")


@pytest.mark.long
def test_the_ties_that_a_nets_score_rests_on_are_found_by_leaving_them_out(net_scored: Scored):
    store = net_scored.store
    scorer, falls = Scorer(store, net_scored.models), []
    known = store.select("Customer", Compare("score", Operator.GE, 0.01), limit=10_000)
    judged = [node for node in known if store.assessments(node.node_id)[0].source is ScoreSource.MODEL]
    for node in sorted(judged, key=lambda node: -(node.score or 0.0))[:6]:
        found = explain_score(store, scorer, node.node_id, now=NOW)
        assert found is not None and found.model_version.startswith("net-")
        assert sum(tie.drop for tie in found.ties) == pytest.approx(found.estimate - found.without, abs=1e-9)
        falls.append((found.estimate - found.without) / found.estimate)
    assert len(falls) == 6 and max(falls) > 0.1


# --- a model like any ------------------------------------------------------------------------------------------------


def test_a_net_is_kept_compared_promoted_watched_and_rolled_back_like_any_model(tmp_path: Path):
    from tests.gnn.graphs import learnable

    then, now = learnable(until=450).arrays(), learnable().arrays()
    net, trees = trained(then, NET), trained(then, TREES)
    registry = Registry(tmp_path)
    for model in (trees, net):
        registry.register(model, policy=load_policy(), by="wei", reason="monthly", now=MONDAY)
    folder = tmp_path / net.version
    assert {path.suffix for path in folder.iterdir()} == {".txt", ".json", ".md", ".safetensors"}
    registry.promote(net.version, by="wei", reason="knows the farm better", now=MONDAY)
    loaded = load(tmp_path)
    assert loaded is not None and loaded.version == net.version and registry.contenders == (NET,)
    table = loaded.describe(now, at_application(now))
    assert (loaded.probability(table) == net.probability(table)).all()
    assert loaded.contributions(table).sum(axis=1) == pytest.approx(loaded.margin(table), abs=1e-6)
    found = compare(now, registry.model(trees.version), loaded)
    assert found.metrics[net.version]["average_precision"] > 0.4  # a random scorer gets 0.17
    assert drift(now, loaded).score.psi >= 0
    assert "trees that mimic it" in registry.markdown(net.version)
    assert "mimic" not in registry.markdown(trees.version)
    assert registry.rollback(by="wei", reason="too many alerts", now=MONDAY) == trees.version
    (folder / "net.safetensors").write_bytes((folder / "net.safetensors").read_bytes()[:-1] + b"x")
    with pytest.raises(InvalidRequest) as refused:
        load_version(tmp_path, net.version)
    assert refused.value.code == "model_damaged"


def test_the_same_rows_and_seed_give_the_same_bytes_and_the_stack_takes_the_net_as_an_expert(tmp_path: Path):
    from tests.gnn.graphs import learnable

    then = learnable(until=450).arrays()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(contenders, "EPOCHS", 4)
        one, two = (train(then, config=TrainConfig(trees=FEW_ROUNDS, contenders=(STACK, NET))) for _ in range(2))
    assert one is not None and two is not None and one.version == two.version
    assert one.fitted.files() == two.fitted.files()
    told = one.card["contenders"]
    assert set(told) == {STACK, NET} and NET in told[STACK]["weights"]
    assert sum(told[STACK]["weights"].values()) == pytest.approx(1, abs=1e-5)
    assert isinstance(one.fitted, Blend) and one.net is not None
    json.dumps(one.card)
    table = one.describe(then, at_application(then))
    assert one.margin(table).std() > 0 and mark_of(then.as_of) > 0
