"""What is done at the shell is in the audit chain as well as what is asked over HTTP, and nobody's number is in it."""

from pathlib import Path

import pytest

from api.settings import Settings
from graph_model.stores import open_store
from tests.api.test_cli import guanxi, refused
from tests.fixtures import reference_case


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A home with the reference case."""
    store = open_store(Settings(home=tmp_path).store_address, create=True)
    reference_case.load(store)
    store.close()
    return tmp_path


def test_a_seal_with_a_phone_in_its_reason_is_refused_and_leaves_nothing(kept: Path) -> None:
    told = refused(guanxi("audit", "seal", "--reason", "as 138 0013 8001 asked", home=kept), "text.personal", 2)
    assert "8001" not in told
    store = open_store(Settings(home=kept).store_address, read_only=True)
    assert store.audit() == []
    store.close()
