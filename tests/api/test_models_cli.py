"""`guanxi train`, `evaluate`, `models` and `drift` as a data scientist meets them, over months of one portfolio, on either store; and their page."""

import csv
import json
import re
import shlex
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gnn.drift import kept
from gnn.models.trees import TreeConfig
from gnn.policy import load_policy
from gnn.registry.registry import Registry
from gnn.train import TrainConfig, train
from graph_model.stores import open_store
from tests.api.test_cli import Finished, guanxi, refused
from tests.gnn.graphs import learnable
from tests.stores.neo4j_database import DATABASE

WHY = "better on the last quarter"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with two models and an empty graph."""
    home = tmp_path_factory.mktemp("trained")
    arrays = learnable().arrays()
    for seed in (1, 2):
        model = train(arrays, config=TrainConfig(trees=TreeConfig(seed=seed, rounds=60)))
        assert model is not None
        now = datetime(2026, 11, 8 + seed, tzinfo=UTC)
        Registry(home / "models").register(model, policy=load_policy(), by="wei", reason="monthly", now=now)
    open_store(f"sqlite:///{home / 'guanxi.db'}", create=True).close()
    return home


@pytest.fixture
def home(trained: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(trained, tmp_path / "home"))


def said(found: Finished) -> str:
    assert found.returncode == 0, found.stderr
    return found.stdout


def listed(home: Path) -> dict[str, str]:
    """Standing → version."""
    told = json.loads(said(guanxi("models", "list", "--json", home=home)))
    return {one["standing"]: one["version"] for one in told["models"]}


def test_a_model_is_promoted_and_rolled_back_with_reasons_that_stay(home: Path) -> None:
    before = listed(home)
    said(guanxi("models", "promote", "challenger", "--reason", WHY, home=home))
    assert listed(home) == {"champion": before["challenger"], "former champion": before["champion"]}
    said(guanxi("models", "rollback", "--reason", "too many alerts", home=home))
    assert listed(home)["champion"] == before["champion"]
    refused(guanxi("models", "rollback", "--reason", "further back", home=home), "models.no_earlier", 2)
    shown = said(guanxi("models", "show", before["challenger"][:10], home=home))
    assert WHY in shown and "former champion" in shown and "average precision" in shown
    told = json.loads(said(guanxi("models", "show", "--json", home=home)))
    assert told["history"][-1]["reason"] == "too many alerts"
    chain = said(guanxi("audit", "export", "-", home=home))
    assert [json.loads(line)["operation"] for line in chain.splitlines()] == [
        *["cli models.promote"] * 2,
        *["cli models.rollback"] * 4,
    ]


def test_what_can_not_be_done_is_one_line(home: Path) -> None:
    refused(guanxi("models", "show", "lgbm-nothing", home=home), "models.unknown", 3)
    refused(guanxi("models", "promote", "champion", "--reason", WHY, home=home), "models.champion", 2)
    refused(guanxi("models", "promote", "challenger", "--reason", "ok", home=home), "models.reason", 2)
    refused(guanxi("models", "promote", "challenger", "--reason", "ask 13800138000", home=home), "text.personal", 2)
    refused(guanxi("train", home=home), "train.too_little", 3)
    refused(guanxi("evaluate", home=home), "evaluate.nothing", 3)
    refused(guanxi("models", "compare", "champion", "challenger", home=home), "evaluate.nothing", 3)
    refused(guanxi("drift", home=home), "drift.nothing", 3)
    refused(guanxi("train", "--as-of", "2999-01-01", home=home), "invalid_request", 2)
    refused(guanxi("evaluate", "--since", "soon", home=home), "moment.malformed", 2)
    config = home / "train.toml"
    config.write_text("[trees]\nround = 5\n")
    assert "Did you mean rounds?" in refused(guanxi("train", "--config", config, home=home), "train.config", 2)
    config.write_text('[contenders]\nfit = ["rules"]\n')
    assert "always measured" in refused(guanxi("train", "--config", config, home=home), "train.config", 2)
    refused(guanxi("train", "--config", home / "none.toml", home=home), "file.unusable", 7)


def test_a_home_without_models_says_how_to_begin(tmp_path: Path) -> None:
    assert "guanxi train" in said(guanxi("models", "list", home=tmp_path))
    refused(guanxi("models", "show", home=tmp_path), "models.unknown", 3)
    refused(guanxi("models", "rollback", "--reason", "a bad month", home=tmp_path), "models.no_earlier", 2)


# --- months of one portfolio -----------------------------------------------------------------------------------------

Command = Callable[..., Finished]


@pytest.fixture(scope="module")
def portfolio(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("months")
    said(guanxi("generate", "--customers", "4000", "--seed", "5", "--out", home / "files", home=home))
    said(guanxi("ingest", home / "files", home=home))
    return home


@pytest.fixture
def command(portfolio: Path, tmp_path: Path) -> Command:
    """`guanxi` on a graph that holds the portfolio, and a model folder of the test's own."""
    home = tmp_path / "home"
    home.mkdir()
    shutil.copy(portfolio / "guanxi.db", home / "guanxi.db")
    return lambda *arguments: guanxi(*arguments, home=home)


@pytest.fixture
def strange_months(portfolio: Path, tmp_path: Path) -> Path:
    """Applications of people who are known, in another quarter than the portfolio's last: ten times the amount, through one channel."""
    with (portfolio / "files" / "applications.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    late = sorted(rows, key=lambda row: row["applied_at"])[-1_500:]
    for number, row in enumerate(late):
        row |= {"application_id": f"STRANGE{number:05}", "amount": str(float(row["amount"]) * 10), "term_months": "60"}
    target = tmp_path / "applications.csv"
    with target.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(late[0]))
        writer.writeheader()
        writer.writerows(late)
    return target


def psi(told: str, name: str) -> float:
    return next(float(shift["psi"]) for shift in json.loads(told)["shifts"] if shift["name"] == name)


@pytest.mark.long
def test_a_model_is_trained_measured_promoted_rolled_back_and_seen_drifting(
    command: Command, strange_months: Path, tmp_path: Path
) -> None:
    first = said(command("train", "--as-of", "2026-03-31"))
    assert "is the champion" in first and "Nothing served yet" in first
    assert re.search(r"full\s+0\.\d+\s+", first) and "rules only" in first
    config = tmp_path / "slow.toml"
    config.write_text('[contenders]\nfit = ["trees"]\n\n[trees]\nlearning_rate = 0.03\n')
    second = said(command("train", "--as-of", "2026-04-30", "--config", config))
    assert "is the challenger" in second and "stack: average precision" in first and "stack: " not in second
    models = {
        one["standing"]: one["version"] for one in json.loads(said(command("models", "list", "--json")))["models"]
    }
    again = said(command("train", "--as-of", "2026-03-31"))
    # Same data, seed and threads: same bytes.
    assert models["champion"] in again and "bytes were there already" in again

    measured = json.loads(said(command("evaluate", "--as-of", "2026-10-31", "--json")))
    assert measured["version"] == models["champion"] and measured["rows"]["applications"] > 500
    assert list(measured["metrics"]) == ["full", "tabular only", "rules only"]
    assert (
        measured["metrics"]["full"]["average_precision"] > 2 * measured["metrics"]["tabular only"]["average_precision"]
    )
    refused(command("evaluate", "--as-of", "2026-04-30", "--since", "2026-04-29"), "evaluate.nothing", 3)
    compared = json.loads(
        said(command("models", "compare", "champion", "challenger", "--as-of", "2026-10-31", "--json"))
    )
    assert (compared["first"], compared["second"]) == (models["champion"], models["challenger"])
    assert compared["rows"]["since"] > measured["rows"]["since"]
    assert set(compared["differences"]) == {"average_precision", "auc", "recall_at_1_percent", "brier"}

    scored = ("score", "--as-of", "2026-11-01")
    assert f"model    {models['champion']}," in said(command(*scored))
    said(command("models", "promote", "challenger", "--reason", WHY))
    assert f"model    {models['challenger']}," in said(command(*scored))
    assert f"model    {models['challenger']}," not in said(command("score", "--as-of", "2026-04-15"))  # it knows later
    said(command("models", "rollback", "--reason", "too many alerts"))
    assert f"model    {models['champion']}," in said(command(*scored))

    calm = said(command("drift", "--as-of", "2026-11-01", "--json"))
    said(command("ingest", strange_months))
    strange = said(command("drift", "--json"))
    assert psi(strange, "application_amount") > 0.25 > psi(calm, "application_amount")
    assert psi(strange, "application_term_months") > psi(calm, "application_term_months") + 0.25
    shown = said(command("drift"))
    levels = re.findall(r" (stable|moderate|large) *$", shown, re.MULTILINE)
    assert levels == sorted(levels, key=["large", "moderate", "stable"].index)
    assert re.search(r"feature\s+application_amount\s+\d\.\d+\s+large", shown)


@pytest.mark.long
def test_the_commands_work_on_a_neo4j(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gnn.train.LEAST_POSITIVES", 5)  # a small portfolio: the server is slow to fill
    url = DATABASE.empty()

    def command(*arguments: str | Path) -> Finished:
        return guanxi(*arguments, home=tmp_path, GUANXI_STORE=url)

    said(guanxi("generate", "--customers", "700", "--seed", "5", "--out", tmp_path / "files", home=tmp_path))
    said(command("ingest", tmp_path / "files"))
    assert "is the champion" in said(command("train", "--as-of", "2026-06-30"))
    config = tmp_path / "slow.toml"
    config.write_text("[trees]\nlearning_rate = 0.03\n")
    assert "is the challenger" in said(command("train", "--as-of", "2026-06-30", "--config", config))
    measured = json.loads(said(command("evaluate", "--as-of", "2026-10-31", "--json")))
    assert measured["rows"]["confirmed_fraud"] > 0
    compared = said(command("models", "compare", "champion", "challenger", "--as-of", "2026-10-31"))
    assert "too few frauds to tell" in compared
    before = listed(tmp_path)
    said(command("models", "promote", "challenger", "--reason", WHY))
    moved = json.loads(said(command("drift", "--as-of", "2026-10-31", "--json")))
    assert moved["model_version"] == before["challenger"] and moved["applications"] > 100
    store = open_store(url, read_only=True)
    assert kept(store) == [moved]
    chain = [entry.operation for entry in store.audit()]
    store.close()
    assert chain == [*["cli train"] * 4, *["cli models.promote"] * 2]
    said(command("models", "rollback", "--reason", "too many alerts"))
    assert listed(tmp_path)["champion"] == before["champion"]


# --- docs/data-scientist.md and its notebook -------------------------------------------------------------------------

DOCS = Path(__file__).parents[2] / "docs"
BLOCKS = re.findall(r"^```bash\n(.*?)^```", (DOCS / "data-scientist.md").read_text("utf-8"), re.DOTALL | re.MULTILINE)
NOTEBOOK = json.loads((DOCS / "train-and-compare.ipynb").read_text("utf-8"))
CELLS = ["".join(cell["source"]) for cell in NOTEBOOK["cells"] if cell["cell_type"] == "code"]


def test_every_command_of_the_page_takes_the_options_that_are_shown(tmp_path: Path) -> None:
    lines = [line for block in BLOCKS for line in block.splitlines() if line.startswith("guanxi ")]
    assert len(lines) > 10
    for line in lines:
        words = line.split()
        command = words[1:3] if words[1] == "models" else words[1:2]
        told = said(guanxi(*command, "--help", home=tmp_path))
        assert [option for option in re.findall(r" (--[a-z-]+)", line) if option not in told] == [], line


def test_the_notebook_compiles_and_shows_what_it_printed() -> None:
    assert (NOTEBOOK["nbformat"], len(CELLS) > 6) == (4, True)
    for number, cell in enumerate(CELLS):
        compile(cell, f"cell {number}", "exec")
    shown = [
        cell["outputs"]
        for cell in NOTEBOOK["cells"]
        if cell["cell_type"] == "code" and "print(" in "".join(cell["source"])
    ]
    assert all(len(outputs) == 1 and outputs[0]["text"] for outputs in shown)


@pytest.mark.long
def test_the_page_runs_as_it_stands(portfolio: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(portfolio / "guanxi.db", tmp_path / "guanxi.db")
    monkeypatch.chdir(tmp_path)
    page = "".join(BLOCKS)
    for name, content in re.findall(r"^cat > (\S+) <<'TOML'\n(.*?)^TOML$", page, re.DOTALL | re.MULTILINE):
        (tmp_path / name).write_text(content)
    told = []
    for line in re.findall(r"^guanxi (.+)$", page, re.MULTILINE):
        arguments, into, file = line.partition(" > ")
        told.append(said(guanxi(*shlex.split(arguments), home=tmp_path)))
        if into:
            (tmp_path / file).write_text(told[-1])
    assert "is the champion again" in "".join(told)
    assert json.loads((tmp_path / "drift.json").read_text())["applications"] > 100


@pytest.mark.long
def test_the_notebook_runs_from_top_to_bottom(portfolio: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GUANXI_STORE", f"sqlite:///{portfolio / 'guanxi.db'}")
    names: dict[str, Any] = {}
    for number, cell in enumerate(CELLS):
        exec(compile(cell, f"cell {number}", "exec"), names)
    assert names["first"].version != names["slow"].version
    assert names["found"].rows.confirmed_fraud > 10
    assert set(names["beside"].metrics) == {names["first"].version, names["slow"].version}
    assert 1 <= len(names["reasons"]) <= 5
