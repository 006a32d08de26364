"""The tracked files hold nothing of one machine, nothing unfinished, and nothing too large to read.

The patterns are written with character classes ([w]ord) so that this file does not match itself.
"""

import re
from pathlib import Path

import pytest

from tests.tooling.repository import ROOT, tracked_files

MACHINE_PATHS = re.compile(r"/[w]ork/|/[r]oot/|/[f]arm/|/[h]ome/\w+/|/[U]sers/\w+/|/tmp/[b]rief")
REGISTRY_HOSTS = re.compile(
    r"[p]ypi\.(?:org|io)|[p]ythonhosted|[n]pmjs\.|[m]aven\.org|[d]ebian\.org|[c]rates\.io|[p]roxy\.golang"
)
UNFINISHED = re.compile(r"\b(?:[T]ODO|[F]IXME|[X]XX)\b|[N]otImplementedError")
LARGEST_FILE_KIB = 1024
LONGEST_MODULE_LINES = 600


def text_of(path: Path) -> str:
    """The file as text; empty for a binary file such as a screenshot."""
    content = path.read_bytes()
    return "" if b"\0" in content else content.decode("utf-8")


def found(pattern: re.Pattern[str], files: list[Path]) -> list[str]:
    return [
        f"{path.relative_to(ROOT)}:{number}: {match.group()}"
        for path in files
        for number, line in enumerate(text_of(path).splitlines(), start=1)
        if (match := pattern.search(line))
    ]


@pytest.mark.parametrize("pattern", [MACHINE_PATHS, REGISTRY_HOSTS], ids=["machine path", "registry host"])
def test_no_tracked_file_names_a_machine_or_a_registry(pattern: re.Pattern[str]) -> None:
    assert found(pattern, tracked_files()) == []


def test_nothing_unfinished_is_tracked() -> None:
    assert found(UNFINISHED, [path for path in tracked_files() if path.suffix == ".py"]) == []


def test_the_patterns_find_what_they_are_for() -> None:
    assert MACHINE_PATHS.search("see /" + "work/main/x.py")
    assert REGISTRY_HOSTS.search("https://" + "pypi" + ".org/simple")
    assert UNFINISHED.search("# TO" + "DO later")


def test_no_tracked_file_is_too_large() -> None:
    assert [path.name for path in tracked_files() if path.stat().st_size > LARGEST_FILE_KIB * 1024] == []


def test_modules_are_short_enough_to_read() -> None:
    modules = [path for path in tracked_files() if path.suffix == ".py"]
    assert [path.name for path in modules if len(text_of(path).splitlines()) > LONGEST_MODULE_LINES] == []


def test_every_package_of_the_product_is_typed() -> None:
    for package in ("api", "gnn", "graph_model", "ingest", "investigator_ui"):
        assert (ROOT / package / "py.typed").is_file(), package
