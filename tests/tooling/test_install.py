"""`.ci/install` finds the right Python, holds to the lock, installs no torch for a user, and says what failed.

Interpreters here are small scripts that behave like Python and pip and write down what they were asked.
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.tooling.repository import ROOT

PIP_OUTPUT = """\
Collecting lightgbm
  Downloading lightgbm-4.6.0-py3-none-manylinux.whl.metadata (17 kB)
Downloading lightgbm-4.6.0-py3-none-manylinux.whl (3.6 MB)
Installing collected packages: numpy, lightgbm
Successfully installed lightgbm-4.6.0 numpy-2.4.6
"""
# Answers the version question by its exit status, makes a .venv that holds itself, and runs "pip".
PYTHON = """\
#!/bin/sh
echo "$*" >>"{calls}"
case "$*" in
  *version_info*) exit {wrong_version} ;;
  --version) echo "Python 3.x" ;;
  "-m venv"*) mkdir -p .venv/bin; cp "$0" .venv/bin/python ;;
  "-m pip install"*) cat <<'END'
{pip_output}
END
  exit {pip_status} ;;
esac
"""


class Clone:
    """A directory with `.ci/install` in it and a PATH whose Pythons are ours."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.calls = root / "calls"
        (root / ".ci").mkdir()
        (root / "bin").mkdir()
        shutil.copy(ROOT / ".ci" / "install", root / ".ci" / "install")

    def add_python(self, name: str, *, right: bool = True, pip_status: int = 0, pip_output: str = PIP_OUTPUT) -> None:
        script = self.root / "bin" / name
        script.write_text(
            PYTHON.format(calls=self.calls, wrong_version=int(not right), pip_status=pip_status, pip_output=pip_output)
        )
        script.chmod(0o755)

    def install(self, what: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [shutil.which("bash") or "bash", str(self.root / ".ci" / "install"), what],
            env={"PATH": f"{self.root / 'bin'}:{os.defpath}"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            text=True,
        )

    def pip_installs(self) -> list[str]:
        return [call for call in self.calls.read_text().splitlines() if call.startswith("-m pip install")]


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    clone = Clone(tmp_path)
    for other in ("python3.11", "python3", "python"):
        clone.add_python(other, right=False)
    return clone


def test_a_machine_without_python_311_is_told_how_to_get_it(clone: Clone) -> None:
    result = clone.install("runtime")
    assert result.returncode == 1
    assert "needs Python 3.11" in result.stderr
    assert "apt-get install python3.11 python3.11-venv" in result.stderr


def test_python3_is_taken_where_it_is_a_311(clone: Clone) -> None:
    clone.add_python("python3")
    assert clone.install("runtime").returncode == 0
    assert (clone.root / ".venv" / "bin" / "python").is_file()


def test_a_user_gets_the_product_without_torch_and_at_locked_versions(clone: Clone) -> None:
    clone.add_python("python3.11")
    clone.install("runtime")
    installs = clone.pip_installs()
    assert all("--constraint requirements.lock" in call for call in installs)
    assert installs[-1].endswith("--editable .[ui,neo4j]")


def test_a_contributor_gets_every_extra(clone: Clone) -> None:
    clone.add_python("python3.11")
    clone.install("dev")
    assert clone.pip_installs()[-1].endswith("--editable .[gnn,ui,neo4j,otel,py2neo,dev]")


def test_the_screen_shows_large_downloads_and_the_log_has_everything(clone: Clone) -> None:
    clone.add_python("python3.11")
    shown = clone.install("runtime").stdout
    assert "downloading lightgbm-4.6.0-py3-none-manylinux.whl (3.6 MB)" in shown
    assert "installing 2 packages" in shown
    assert "metadata" not in shown
    assert "Collecting lightgbm" in (clone.root / ".venv" / "install.log").read_text()


def test_a_failed_installation_shows_pips_words_and_where_the_rest_is(clone: Clone) -> None:
    clone.add_python("python3.11", pip_status=1, pip_output="ERROR: No space left on device")
    result = clone.install("runtime")
    assert result.returncode == 1
    assert "No space left on device" in result.stderr
    assert ".venv/install.log" in result.stderr


def test_an_existing_environment_is_kept_and_a_broken_one_is_made_anew(clone: Clone) -> None:
    clone.add_python("python3.11")
    clone.install("runtime")
    (clone.root / ".venv" / "kept").touch()
    assert "making .venv" not in clone.install("runtime").stdout

    (clone.root / ".venv" / "bin" / "python").write_text("#!/bin/sh\nexit 127\n")
    assert "making .venv" in clone.install("runtime").stdout
