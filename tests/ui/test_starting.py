"""`python -m investigator_ui`: says where it is, and why it can't start."""

import socket
import subprocess
import sys

from tests.ui.processes import ROOT


def run(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "investigator_ui", *arguments],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_a_port_in_use_is_named_with_what_to_do() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ended = run("--port", str(port))
    assert ended.returncode == 1
    assert f"127.0.0.1:{port} is in use" in ended.stderr and "--port" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_settings_that_make_no_sense_are_named() -> None:
    ended = run(GUANXI_API_URL="nowhere", GUANXI_UI_PORT="99999", GUANXI_UI_TIMEZONE="Mars/Olympus")
    assert ended.returncode == 2
    assert all(name in ended.stderr for name in ("GUANXI_API_URL", "GUANXI_UI_PORT", "GUANXI_UI_TIMEZONE"))
    assert "Traceback" not in ended.stderr
