"""`.ci/run` runs checks, tests and long tests from anywhere, stops at a failure, and closes with pytest's own line."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.tooling.repository import ROOT

# Stands in for make: says what each step would, and fails at the step that FAIL_AT names.
MAKE = """\
#!/bin/sh
echo "running $2"
echo "CI is $CI"
case $2 in
  test) echo "========== 512 passed, 3 skipped in 61.20s (0:01:01) ==========" ;;
  test-long) echo "========== 515 deselected in 0.90s ==========" ;;
esac
[ "$2" != "$FAIL_AT" ]
"""


def ci_run(tmp_path: Path, fail_at: str = "") -> subprocess.CompletedProcess[str]:
    (tmp_path / "make").write_text(MAKE)
    (tmp_path / "make").chmod(0o755)
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "FAIL_AT": fail_at}
    command = ["bash", str(ROOT / ".ci" / "run")]
    return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, check=False, text=True)


def test_what_is_missing_is_a_failure_and_no_skip(tmp_path: Path) -> None:
    assert ci_run(tmp_path).stdout.count("CI is true") == 3


def test_everything_runs_in_order_and_the_last_line_is_that_of_the_tests(tmp_path: Path) -> None:
    result = ci_run(tmp_path)
    lines = result.stdout.splitlines()
    assert result.returncode == 0
    assert [line for line in lines if line.startswith("running")] == [
        "running check",
        "running test",
        "running test-long",
    ]
    assert lines[-1] == "========== 512 passed, 3 skipped in 61.20s (0:01:01) =========="


@pytest.mark.parametrize("step", ["check", "test", "test-long"])
def test_a_failing_step_fails_the_run_and_is_the_last_to_run(tmp_path: Path, step: str) -> None:
    result = ci_run(tmp_path, fail_at=step)
    assert result.returncode != 0
    assert [line for line in result.stdout.splitlines() if line.startswith("running")][-1] == f"running {step}"
