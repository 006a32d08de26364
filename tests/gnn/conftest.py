"""Shared by the scoring tests: one generated portfolio, loaded once into a real store, copied for tests that write."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gnn.score import score
from graph_model.store import GraphStore
from graph_model.stores import open_store
from ingest.load import ingest
from ingest.portfolio import generate

# The day after the generated window, when everything of it has been recorded.
AFTERWARDS = datetime(2026, 11, 8, tzinfo=UTC)


@dataclass(frozen=True)
class Portfolio:
    """A generated portfolio: its files, and a store that holds them and nothing else."""

    files: Path
    store: Path

    def open_copy(self, folder: Path) -> GraphStore:
        """A store of the test's own. The original is closed, so its file is whole."""
        copy = folder / "graph.db"
        shutil.copy(self.store, copy)
        return open_store(f"sqlite:///{copy}")


@pytest.fixture(scope="session")
def portfolio(tmp_path_factory: pytest.TempPathFactory) -> Portfolio:
    folder = tmp_path_factory.mktemp("portfolio")
    generate(folder / "files", customers=5_000, seed=11)
    store = open_store(f"sqlite:///{folder / 'graph.db'}", create=True)
    ingest(store, [folder / "files"], quarantine_dir=folder / "quarantine", now=AFTERWARDS)
    store.close()
    return Portfolio(folder / "files", folder / "graph.db")


@pytest.fixture
def store(portfolio: Portfolio, tmp_path: Path) -> Iterator[GraphStore]:
    """The portfolio in a store that the test may write to."""
    opened = portfolio.open_copy(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def empty_store(tmp_path: Path) -> Iterator[GraphStore]:
    opened = open_store(f"sqlite:///{tmp_path / 'empty.db'}", create=True)
    yield opened
    opened.close()


@dataclass(frozen=True)
class Scored:
    """The portfolio scored in batch: a store of the test's own, and its model folder."""

    store: GraphStore
    models: Path


@pytest.fixture(scope="session")
def scored_files(portfolio: Portfolio, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scored")
    store = portfolio.open_copy(folder)
    score(store, as_of=AFTERWARDS, scored_at=AFTERWARDS, models=folder / "models")
    store.close()
    return folder


@pytest.fixture
def scored(scored_files: Path, tmp_path: Path) -> Iterator[Scored]:
    shutil.copytree(scored_files, tmp_path / "scored")
    opened = open_store(f"sqlite:///{tmp_path / 'scored' / 'graph.db'}")
    yield Scored(opened, tmp_path / "scored" / "models")
    opened.close()
