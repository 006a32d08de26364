"""Fixtures of the conformance suite: `store` is an empty store of every adapter in turn."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from graph_model.store import GraphStore
from tests.stores.adapters import ADAPTERS, Adapter, Opened


@pytest.fixture(params=ADAPTERS.values(), ids=ADAPTERS.keys())
def adapter(request: pytest.FixtureRequest) -> Adapter:
    chosen: Adapter = request.param
    return chosen


@pytest.fixture
def opened(adapter: Adapter, tmp_path: Path) -> Iterator[Opened]:
    """An empty store that can be closed and opened again."""
    created = adapter.create(tmp_path)
    yield created
    created.store.close()


@pytest.fixture
def store(opened: Opened) -> GraphStore:
    return opened.store
