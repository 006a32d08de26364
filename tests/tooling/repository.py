"""Where the repository is and which files git tracks: what the tests of the tooling read."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def tracked_files() -> list[Path]:
    """Every tracked file that exists; skips the test outside a git checkout, such as an unpacked archive."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout: git lists the files to look at")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True).stdout
    return [path for name in listed.split("\0") if name and (path := ROOT / name).is_file()]
