"""`make` without a target lists every documented target, and every target is documented."""

import re
import shutil
import subprocess

import pytest

from tests.tooling.repository import ROOT

MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
DOCUMENTED = dict(re.findall(r"^([a-z][a-z0-9-]*):.*?## (.+)$", MAKEFILE, re.MULTILINE))


def make(*arguments: str) -> str:
    if shutil.which("make") is None:
        pytest.skip("make is not installed")
    command = ["make", "--no-print-directory", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout


def test_make_alone_lists_every_target_with_its_line() -> None:
    listed = dict(re.findall(r"^  make (\S+) +(.+)$", make(), re.MULTILINE))
    assert listed == DOCUMENTED


def test_every_phony_target_is_documented() -> None:
    assert set(re.findall(r"^\.PHONY: (\S+)$", MAKEFILE, re.MULTILINE)) == set(DOCUMENTED)


def test_the_targets_that_readers_are_told_to_use_exist() -> None:
    assert {"help", "install", "install-dev", "demo", "quick", "test", "test-long", "check", "fmt"} <= set(DOCUMENTED)


def test_the_demo_hands_its_settings_to_the_command() -> None:
    told = make("--dry-run", "demo", "STORE=sqlite:///my graph.db", "CUSTOMERS=500")
    assert 'guanxi demo --store "sqlite:///my graph.db" --customers "500"' in told
    assert "--store" not in make("--dry-run", "demo")


@pytest.mark.parametrize("script", sorted(path.name for path in (ROOT / ".ci").iterdir() if path.is_file()))
def test_scripts_are_executable_and_parse(script: str) -> None:
    path = ROOT / ".ci" / script
    assert path.stat().st_mode & 0o111, f"{script} is not executable"
    assert subprocess.run(["bash", "-n", str(path)], capture_output=True, check=False).returncode == 0
