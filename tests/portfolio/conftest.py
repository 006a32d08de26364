"""Portfolios made once per session: a small one whose every value is checked, and one of 20,000 customers for the difficulty floors."""

from pathlib import Path

import pytest

from ingest.portfolio import generate
from tests.portfolio.measures import Files, read


@pytest.fixture(scope="session")
def small_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("small")
    generate(folder, customers=3_000, seed=4)
    return folder


@pytest.fixture(scope="session")
def small(small_folder: Path) -> Files:
    return read(small_folder)


@pytest.fixture(scope="session")
def large(tmp_path_factory: pytest.TempPathFactory) -> Files:
    folder = tmp_path_factory.mktemp("large")
    generate(folder, customers=20_000, seed=2)
    return read(folder)
