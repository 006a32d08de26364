"""A real store on disk, and an ingest with the options that every story shares."""

from collections.abc import Callable, Iterator, MutableMapping
from pathlib import Path
from typing import Any

import pytest
import structlog
from structlog.testing import capture_logs

from graph_model.store import GraphStore
from graph_model.stores import open_store
from ingest.load import ingest
from ingest.report import IngestReport
from tests.ingest.files import NOW

Load = Callable[..., IngestReport]


@pytest.fixture(autouse=True)
def events() -> Iterator[list[MutableMapping[str, Any]]]:
    """What was logged, kept from the screen."""
    before = structlog.get_config()
    structlog.reset_defaults()  # an API test of the same run may have asked for warnings only
    with capture_logs() as logged:
        yield logged
    structlog.configure(**before)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[GraphStore]:
    opened = open_store(f"sqlite:///{tmp_path / 'graph.db'}", create=True)
    yield opened
    opened.close()


@pytest.fixture
def quarantine(tmp_path: Path) -> Path:
    return tmp_path / "quarantine"


@pytest.fixture
def load(store: GraphStore, quarantine: Path) -> Load:
    """Ingests files into the store; the first argument may be one path or several."""

    def run(*files: Path, **options: object) -> IngestReport:
        return ingest(store, files, **{"quarantine_dir": quarantine, "now": NOW, **options})  # type: ignore[arg-type]

    return run
