"""The registry: one champion serves, others wait; promotions have a reason, can be taken back, and are all in the history."""

import json
import sys
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from gnn.contenders import torch_is_there
from gnn.models import files as model_files
from gnn.models.model import Model, load, save, write
from gnn.models.trees import TreeConfig
from gnn.policy import load_policy
from gnn.registry.history import LOG, Action
from gnn.registry.registry import Registry, Standing
from gnn.score import score
from gnn.train import TrainConfig, train
from graph_model.errors import InvalidRequest
from graph_model.store import GraphStore
from tests.gnn.conftest import AFTERWARDS
from tests.gnn.graphs import learnable

MONDAY = datetime(2026, 11, 9, 9, tzinfo=UTC)
WHY = "better on the last quarter"


@pytest.fixture(scope="module")
def models() -> list[Model]:
    """Three that differ by their seed only."""
    arrays = learnable().arrays()
    found = [train(arrays, config=TrainConfig(trees=TreeConfig(seed=seed, rounds=60))) for seed in (1, 2, 3)]
    assert len({model.version for model in found if model is not None}) == 3
    return [model for model in found if model is not None]


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(tmp_path / "models")


def register(registry: Registry, model: Model, hours: float = 0) -> Standing:
    now = MONDAY + timedelta(hours=hours)
    return registry.register(model, policy=load_policy(), by="wei", reason="monthly training", now=now)


def refused(code: str):
    return pytest.raises(InvalidRequest, check=lambda error: error.code == code)


def test_the_first_model_serves_and_later_ones_wait(registry: Registry, models: list[Model]):
    first, second, _ = models
    assert register(registry, first) is Standing.CHAMPION
    assert register(registry, second, 1) is Standing.CHALLENGER
    loaded = load(registry.folder)
    assert loaded is not None and loaded.version == first.version
    assert [(one.version, one.standing, one.usable) for one in registry.list()] == [
        (second.version, Standing.CHALLENGER, True),
        (first.version, Standing.CHAMPION, True),
    ]


def test_training_anew_chooses_among_those_that_the_champion_was_chosen_from(registry: Registry, models: list[Model]):
    assert registry.contenders == ("trees",)
    of_trees = models[0].card["contenders"]["trees"]
    others = {name: {**of_trees, "serves": False, "can_serve": name != "net"} for name in ("stack", "net")}
    told = {"trees": of_trees, **others}
    register(registry, replace(models[0], card={**models[0].card, "contenders": told}))
    register(registry, models[1], 1)  # a challenger's don't count
    assert registry.contenders == ("trees", "stack")


@pytest.fixture
def without_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a server without the extra `gnn`: there is nothing to import."""
    for name in ("torch", "torch_geometric", "gnn.nets.net", "gnn.nets.files"):
        monkeypatch.setitem(sys.modules, name, None)


def chosen_among(model: Model, *names: str, serves: str) -> Model:
    """A model whose card tells that it was chosen among these, as cards are today."""
    told = {name: {"chosen_by": 0.5, "serves": name == serves} for name in names}
    return replace(model, card={**model.card, "contenders": told, "serves": serves})


@pytest.mark.usefixtures("without_torch")
@pytest.mark.parametrize(
    ("names", "serves", "again"),
    [
        (("trees", "net"), "trees", ("trees",)),
        (("trees", "stack", "net"), "stack", ("trees", "stack")),
        (("trees", "stack", "net"), "net", ("trees", "stack", "net")),
        (("net",), "net", ("net",)),
    ],
)
def test_a_net_that_lost_on_a_workstation_is_left_out_where_no_torch_could_teach_it(
    registry: Registry, models: list[Model], names: tuple[str, ...], serves: str, again: tuple[str, ...]
):
    register(registry, chosen_among(models[0], *names, serves=serves))
    with capture_logs() as logs:
        assert registry.contenders == again
    assert [line["event"] for line in logs] == (["contenders.net_left_out"] if "net" not in again else [])


def test_with_torch_a_net_that_lost_is_tried_again(registry: Registry, models: list[Model]):
    if not torch_is_there():
        pytest.skip("Nets are taught by the extra `gnn`.")
    register(registry, chosen_among(models[0], "trees", "net", serves="trees"))
    assert registry.contenders == ("trees", "net")


@pytest.mark.usefixtures("without_torch")
def test_a_server_without_torch_trains_anew_from_the_folder_of_a_workstation(
    store: GraphStore, registry: Registry, models: list[Model]
):
    of_workstation = chosen_among(models[0], "trees", "net", serves="trees")
    register(registry, of_workstation)
    done = score(store, as_of=AFTERWARDS, scored_at=AFTERWARDS, models=registry.folder, retrain=True)
    assert done.trained and done.model_version == registry.champion != of_workstation.version
    assert registry.card(done.model_version)["contenders"].keys() == {"trees"}


@pytest.mark.usefixtures("without_torch")
def test_where_a_net_serves_training_anew_without_torch_says_what_an_operator_can_do(
    store: GraphStore, registry: Registry, models: list[Model]
):
    of_workstation = chosen_among(models[0], "trees", "net", serves="net")
    register(registry, of_workstation)
    with pytest.raises(InvalidRequest, match=r"guanxi train --contenders trees,stack.*guanxi models promote") as told:
        score(store, as_of=AFTERWARDS, scored_at=AFTERWARDS, models=registry.folder, retrain=True)
    assert told.value.code == "train.no_torch"
    assert registry.champion == of_workstation.version and store.latest_scoring() is None


def test_a_promotion_and_its_way_back_are_told_with_who_and_why(registry: Registry, models: list[Model]):
    first, second, third = models
    for hours, model in enumerate(models):
        register(registry, model, hours)
    registry.promote(second.version, by="wei", reason=WHY, now=MONDAY)
    registry.promote(third.version, by="wei", reason=WHY, now=MONDAY)
    assert registry.standing(second.version) is Standing.FORMER
    assert registry.rollback(by="ling", reason="too many alerts", now=MONDAY) == second.version
    assert registry.rollback(by="ling", reason="still too many", now=MONDAY) == first.version
    assert registry.champion == first.version
    with refused("models.no_earlier"):
        registry.rollback(by="ling", reason="further still", now=MONDAY)
    told = [(e.action, e.version, e.before, e.by, e.reason) for e in registry.history[-3:]]
    assert told == [
        (Action.PROMOTED, third.version, second.version, "wei", WHY),
        (Action.ROLLED_BACK, second.version, third.version, "ling", "too many alerts"),
        (Action.ROLLED_BACK, first.version, second.version, "ling", "still too many"),
    ]
    registry.promote(third.version, by="wei", reason="mended", now=MONDAY)
    assert registry.rollback(by="ling", reason="not mended", now=MONDAY) == first.version


@pytest.mark.parametrize(("reason", "code"), [("ok", "models.reason"), ("call 13800138000 about it", "text.personal")])
def test_a_promotion_without_a_reason_changes_nothing(registry: Registry, models: list[Model], reason: str, code: str):
    for model in models[:2]:
        register(registry, model)
    before = registry.history
    with refused(code):
        registry.promote(models[1].version, by="wei", reason=reason, now=MONDAY)
    assert (registry.champion, registry.history) == (models[0].version, before)
    with refused("models.champion"):
        registry.promote(models[0].version, by="wei", reason=WHY, now=MONDAY)


def test_the_same_bytes_are_registered_once(registry: Registry, models: list[Model]):
    register(registry, models[0])
    card = registry.card(models[0].version)
    assert register(registry, models[0], 5) is Standing.CHAMPION
    assert registry.card(models[0].version) == card
    assert [entry.action for entry in registry.history] == [Action.REGISTERED, Action.PROMOTED]


def test_a_model_is_named_by_its_beginning_or_by_its_standing(registry: Registry, models: list[Model]):
    for model in models:
        register(registry, model)
    first, _, third = (model.version for model in models)
    assert registry.find(first[:9]) == registry.find("champion") == first
    assert registry.find("challenger") == third
    for name in ("lgbm-", "lgbm-ffffffffffff", "", "../models", "rings"):
        with refused("models.unknown"):
            registry.find(name)


def test_the_folder_of_an_earlier_guanxi_is_read_and_its_champion_can_be_gone_back_to(
    registry: Registry, models: list[Model]
):
    first, second, _ = models
    new = ("confirmed_by", "intervals", "reliability", "reference", "tabular_sha256")
    old = replace(first, card={k: v for k, v in first.card.items() if k not in new}, tabular_text="")
    save(old, registry.folder)
    assert (registry.champion, registry.versions()) == (old.version, [old.version])
    assert old.version in registry.markdown(old.version)
    assert registry.tabular(old.version) is None
    register(registry, second)
    registry.promote(second.version, by="wei", reason=WHY, now=MONDAY)
    assert registry.rollback(by="wei", reason="it was better", now=MONDAY) == old.version
    assert registry.history[0].action is Action.FOUND


def test_a_card_says_what_a_reviewer_asks(registry: Registry, models: list[Model]):
    register(registry, models[0])
    card = json.loads((registry.folder / models[0].version / "card.json").read_text("utf-8"))
    assert card["registered_by"] == "wei" and card["trees"]["seed"] == 1
    assert card["policy"]["version"] == load_policy().version
    assert {"lightgbm", "numpy", "python"} <= set(card["libraries"])
    assert sum(part["confirmed_fraud"] for part in card["parts"].values()) == card["confirmed_by"]["labels"]
    for name in ("full", "tabular only", "rules only"):
        for measure, (low, high) in card["intervals"][name].items():
            assert low <= high
            assert low - 0.1 <= card["metrics"][name][measure] <= high + 0.1
    assert sum(one["rows"] for one in card["reliability"]) == card["parts"]["calibration"]["applications"]
    page = (registry.folder / models[0].version / "card.md").read_text("utf-8")
    for word in (models[0].version, "label delay", "average precision", "confirmed", load_policy().version):
        assert word in page
    assert "None" not in page and "reference" not in page


def test_the_tabular_baseline_is_kept_and_a_changed_one_is_not_taken(registry: Registry, models: list[Model]):
    register(registry, models[0])
    version = models[0].version
    baseline = registry.tabular(version)
    assert baseline is not None and baseline.text == models[0].tabular_text
    (registry.folder / version / "tabular.txt").write_text(models[1].tabular_text, "utf-8")
    assert registry.tabular(version) is None


def test_a_damaged_challenger_is_told_of_and_never_promoted(registry: Registry, models: list[Model]):
    for model in models[:2]:
        register(registry, model)
    (registry.folder / models[1].version / "trees.txt").write_text("tree", "utf-8")
    assert [one.usable for one in registry.list()] == [False, True]
    with refused("model_damaged"):
        registry.promote(models[1].version, by="wei", reason=WHY, now=MONDAY)
    assert registry.champion == models[0].version
    register(registry, models[1])  # trained once more, it is mended
    registry.promote(models[1].version, by="wei", reason=WHY, now=MONDAY)


def test_what_is_cut_off_while_it_is_written_is_never_seen(
    registry: Registry, models: list[Model], monkeypatch: pytest.MonkeyPatch
):
    register(registry, models[0])
    before = registry.history

    def full(path: Path) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(model_files, "flush", full)
        for attempt in (lambda: write(models[1], registry.folder), lambda: register(registry, models[1])):
            with pytest.raises(OSError, match="No space"):
                attempt()
    assert (registry.versions(), registry.history) == ([models[0].version], before)
    assert not [path.name for path in registry.folder.iterdir() if path.name.startswith(".half")]
    assert register(registry, models[1]) is Standing.CHALLENGER


def test_a_line_that_a_crash_cut_off_is_no_line_and_the_next_one_is_whole(registry: Registry, models: list[Model]):
    register(registry, models[0])
    with (registry.folder / LOG).open("a", encoding="utf-8") as log:
        log.write('{"at": "2026-11-0')
    assert len(registry.history) == 2
    register(registry, models[1])
    assert [entry.version for entry in registry.history] == [models[0].version] * 2 + [models[1].version]


def test_many_at_once_leave_one_champion_and_a_whole_history(registry: Registry, models: list[Model]):
    register(registry, models[0])
    stop, seen, failed = threading.Event(), set(), []

    def read() -> None:
        while not stop.is_set():
            found = load(registry.folder)  # raises for half of a model
            seen.add(None if found is None else found.version)

    def change(model: Model) -> None:
        try:
            for _ in range(5):
                registry.adopt(model, policy=load_policy(), by="wei", reason=WHY, now=MONDAY)
        except Exception as exc:
            failed.append(exc)

    reader = threading.Thread(target=read)
    reader.start()
    writers = [threading.Thread(target=change, args=(model,)) for model in models for _ in range(2)]
    for thread in writers:
        thread.start()
    for thread in writers:
        thread.join()
    stop.set()
    reader.join()
    assert failed == []
    assert seen <= {model.version for model in models} and len(seen) > 0
    history = registry.history
    registered = [entry.version for entry in history if entry.action is Action.REGISTERED]
    assert sorted(registered) == sorted(model.version for model in models)
    raised = [entry for entry in history if entry.action is Action.PROMOTED]
    assert raised[-1].version == registry.champion
    assert all(later.before == earlier.version for earlier, later in pairwise(raised))
    assert Action.FOUND not in {entry.action for entry in history}
