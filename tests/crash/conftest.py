"""What the stories of this folder share: the files of a small portfolio, made once."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from api.users import Users
from graph_model.principal import Role
from ingest.portfolio import generate
from tests.api.processes import Home, make_home

CUSTOMERS = 250


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """250 made-up customers with planted rings; one row in a hundred of the customers is spoilt, so that there is a quarantine too."""
    folder = tmp_path_factory.mktemp("portfolio")
    generate(folder, customers=CUSTOMERS, seed=11)
    customers = folder / "customers.csv"
    lines = customers.read_text(encoding="utf-8").splitlines(keepends=True)
    spoilt = [line if number % 100 or number == 0 else f"0{line}" for number, line in enumerate(lines)]
    customers.write_text("".join(spoilt), encoding="utf-8")
    return folder


@pytest.fixture
def own(tmp_path: Path, users: Path) -> Home:
    """A home of the test's own, with the reference case in its graph and a session for each role."""
    return make_home(users, tmp_path)


@pytest.fixture(scope="session")
def users(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("users")
    for role in Role:
        Users(folder).add(role.value, role.value, "correct horse battery", now=datetime.now(UTC))
    return folder
