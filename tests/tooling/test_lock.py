"""requirements.lock pins everything that pyproject.toml asks for, by name and version only."""

import re
import tomllib
from importlib.metadata import version

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.tooling.repository import ROOT

LINES = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
LOCKED = {canonicalize_name(name): pinned for name, _, pinned in (line.partition("==") for line in LINES)}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
EXTRAS = PROJECT["project"]["optional-dependencies"]
DIRECT = sorted(
    {*PROJECT["project"]["dependencies"], *PROJECT["build-system"]["requires"]}.union(
        *(set(e) for e in EXTRAS.values())
    )
)


def test_lines_are_sorted_names_with_versions_and_nothing_else() -> None:
    assert [line for line in LINES if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.!+_-]+", line)] == []
    assert sorted(LINES, key=str.lower) == LINES
    assert len(LOCKED) == len(LINES)


@pytest.mark.parametrize("wanted", DIRECT)
def test_the_lock_holds_an_allowed_version_of_each_direct_dependency(wanted: str) -> None:
    requirement = Requirement(wanted)
    assert requirement.specifier.contains(LOCKED[canonicalize_name(requirement.name)])


@pytest.mark.parametrize("name", ["fastapi", "polars", "lightgbm", "dash", "pytest"])
def test_what_is_installed_is_what_is_locked(name: str) -> None:
    assert version(name) == LOCKED[canonicalize_name(name)]
