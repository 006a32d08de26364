"""Starts the real servers as processes on free ports, and ends them again."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).parents[2]
SECONDS = 90.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def process(
    arguments: Sequence[str], *, log: Path, ready: str, environment: Mapping[str, str] | None = None
) -> Iterator[Path]:
    """`python -m MODULE …` until the block ends, looked at by tests.privacy. `ready` is a URL that must answer 200 first. Yields its output."""
    settings = {k: v for k, v in os.environ.items() if not k.startswith("GUANXI_")} | dict(environment or {})
    with log.open("wb") as out:
        running = subprocess.Popen(
            [sys.executable, "-m", "tests.privacy.watched", *arguments], cwd=ROOT, env=settings, stdout=out, stderr=out
        )
        try:
            _wait(ready, running, log)
            yield log
        finally:
            running.terminate()
            try:
                running.wait(15)
            except subprocess.TimeoutExpired:
                running.kill()
                running.wait()


def _wait(url: str, running: "subprocess.Popen[bytes]", log: Path) -> None:
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        if running.poll() is not None:
            raise AssertionError(f"ended with {running.returncode}: {log.read_text(errors='replace')[-2000:]}")
        try:
            if httpx.get(url, timeout=2).status_code == httpx.codes.OK:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.1)
    raise AssertionError(f"{url} did not answer in {SECONDS:.0f} s: {log.read_text(errors='replace')[-2000:]}")


@contextmanager
def ui_server(api_url: str, folder: Path, **more: str) -> Iterator[str]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    environment = {"GUANXI_API_URL": api_url, "GUANXI_UI_PORT": str(port)} | more
    log = folder / f"ui-{port}.log"
    with process(["investigator_ui"], log=log, ready=f"{url}/healthz", environment=environment):
        yield url


@contextmanager
def telling_api(module: str, folder: Path, port: int | None = None) -> Iterator[tuple[str, dict[str, Any]]]:
    """The API that a module of tests.ui runs, and what it tells of whom it is about."""
    port = port or free_port()
    url = f"http://127.0.0.1:{port}"
    arguments = [f"tests.ui.{module}", str(folder / "home"), str(port)]
    with process(arguments, log=folder / f"api-{port}.log", ready=f"{url}/healthz"):
        yield url, json.loads((folder / "home" / "told.json").read_text(encoding="utf-8"))
