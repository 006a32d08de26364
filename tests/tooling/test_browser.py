"""`.ci/browser` names the browser for the tests, installs one where it may, and lets CI fail without one."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.tooling.repository import ROOT

BASH = shutil.which("bash") or "bash"


class Machine:
    """A PATH with nothing on it but what the script itself needs and what a test puts there."""

    def __init__(self, root: Path) -> None:
        self.bin = root / "bin"
        self.bin.mkdir()
        for tool in ("mktemp", "tail", "rm", "chmod", "cp"):
            found = shutil.which(tool)
            assert found is not None
            (self.bin / tool).symlink_to(found)
        self.add("id", "echo 1000")

    def add(self, name: str, script: str = "exit 0") -> Path:
        path = self.bin / name
        path.write_text(f"#!{BASH}\n{script}\n")
        path.chmod(0o755)
        return path

    def find_browser(self, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [BASH, str(ROOT / ".ci" / "browser")],
            env={"PATH": str(self.bin), **environment},
            capture_output=True,
            check=False,
            text=True,
        )


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_an_installed_browser_is_used_and_nothing_is_installed(machine: Machine) -> None:
    chrome = machine.add("google-chrome")
    machine.add("fc-list", "echo NotoSansCJK")
    result = machine.find_browser()
    assert (result.returncode, result.stdout.strip(), result.stderr) == (0, str(chrome), "")


def test_the_browser_that_the_user_names_comes_first(machine: Machine) -> None:
    machine.add("chromium")
    mine = machine.add("my-browser")
    assert machine.find_browser(GUANXI_TEST_BROWSER=str(mine)).stdout.strip() == str(mine)


def test_a_named_browser_that_is_not_there_is_an_error_not_a_silent_other_one(machine: Machine) -> None:
    machine.add("chromium")
    result = machine.find_browser(GUANXI_TEST_BROWSER="/opt/no-such-browser")
    assert result.returncode == 1
    assert "/opt/no-such-browser" in result.stderr


def test_a_user_without_a_browser_is_told_the_command_and_goes_on(machine: Machine) -> None:
    result = machine.find_browser()
    assert (result.returncode, result.stdout.strip()) == (0, "")
    assert "apt-get install -y --no-install-recommends chromium fontconfig fonts-noto-cjk" in result.stderr


def test_ci_fails_without_a_browser(machine: Machine) -> None:
    result = machine.find_browser(CI="true")
    assert result.returncode == 1
    assert "CI=true" in result.stderr


def test_root_on_debian_gets_the_browser_and_the_font(machine: Machine) -> None:
    machine.add("id", "echo 0")
    machine.add("apt-get", 'cp "$0" "${0%/*}/chromium"')
    result = machine.find_browser(CI="true")
    assert (result.returncode, result.stdout.strip()) == (0, str(machine.bin / "chromium"))
    assert "installing chromium fontconfig fonts-noto-cjk" in result.stderr


def test_root_sees_why_the_installation_failed(machine: Machine) -> None:
    machine.add("id", "echo 0")
    machine.add("apt-get", "echo 'E: Unable to locate package' >&2; exit 100")
    result = machine.find_browser()
    assert result.returncode == 0
    assert "Unable to locate package" in result.stderr
