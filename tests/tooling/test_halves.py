"""`make test` runs two halves at once: every test is in one of them, and either can fail the run."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.tooling.repository import ROOT

SCRIPT = ROOT / ".ci" / "halves"
# Stands in for pytest: says what it was asked to run, and fails where FAIL_AT is among it.
PYTEST = """\
#!/bin/sh
echo "asked for $*"
case "$*" in *"$FAIL_AT"*) exit 3 ;; esac
"""


def halves(tmp_path: Path, fail_at: str) -> subprocess.CompletedProcess[str]:
    fake = tmp_path / "fake"
    fake.write_text(PYTEST)
    fake.chmod(0o755)
    environment = {"PATH": os.environ["PATH"], "FAIL_AT": fail_at}
    return subprocess.run([SCRIPT, fake, "-q"], env=environment, capture_output=True, check=False, text=True)


def test_what_one_half_leaves_out_the_other_runs(tmp_path: Path) -> None:
    result = halves(tmp_path, "nothing fails")
    assert result.returncode == 0
    first, second = re.findall(r"^asked for -q (.+)$", result.stdout, re.MULTILINE)
    places = first.split()
    assert second.split() == [*(f"--ignore={place}" for place in places), "tests"]
    assert all((ROOT / place).exists() for place in places)


@pytest.mark.parametrize("fail_at", [" tests/api ", "--ignore="], ids=["the first", "the second"])
def test_either_half_can_fail_the_run(tmp_path: Path, fail_at: str) -> None:
    assert halves(tmp_path, fail_at).returncode == 3
