"""The demo's two servers as child processes: started, watched until they answer, and stopped together."""

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from graph_model.errors import GuanxiError

STOP_SECONDS = 10.0


class ChildFailed(GuanxiError):
    """A server that ended, or did not answer in time."""

    code = "demo.child"


class Stopped(Exception):
    """A signal asked the demo to stop."""


@dataclass(frozen=True, slots=True)
class Child:
    name: str
    process: subprocess.Popen[bytes]
    url: str  # answers 200 when the server is ready
    log: Path


def start(name: str, arguments: Sequence[str], environment: Mapping[str, str], *, url: str, log: Path) -> Child:
    """In a session of its own, so that Ctrl-C reaches only the demo, which then stops its children in order."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, *arguments],
            env=dict(os.environ) | dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return Child(name, process, url, log)


def wait_until_ready(children: Sequence[Child], *, seconds: float) -> None:
    """Raises ChildFailed with the end of the server's log."""
    deadline = time.monotonic() + seconds
    for child in children:
        while not _answers(child.url):
            if child.process.poll() is not None:
                raise ChildFailed(f"The {child.name} ended at once. {_last_words(child)}")
            if time.monotonic() > deadline:
                raise ChildFailed(f"The {child.name} does not answer at {child.url}. {_last_words(child)}")
            time.sleep(0.1)


def watch(children: Sequence[Child]) -> None:
    """Returns when a signal asks to stop. Raises ChildFailed when a server ends by itself."""
    while True:
        for child in children:
            if child.process.poll() is not None:
                raise ChildFailed(f"The {child.name} ended. {_last_words(child)}")
        time.sleep(0.3)


def stop(children: Sequence[Child]) -> None:
    """Ask, wait, and insist."""
    for child in children:
        if child.process.poll() is None:
            child.process.send_signal(signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    for child in children:
        try:
            child.process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            child.process.kill()
            child.process.wait()


def stop_on_signals() -> None:
    """Ctrl-C and a polite kill both end the demo by raising Stopped."""

    def handle(_number: int, _frame: FrameType | None) -> None:
        raise Stopped

    signal.signal(signal.SIGINT, handle)
    signal.signal(signal.SIGTERM, handle)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _last_words(child: Child) -> str:
    text = child.log.read_text(encoding="utf-8", errors="replace").strip()
    lines = text.splitlines()
    return f"Its log {child.log} ends: {lines[-1]}" if lines else f"Its log {child.log} is empty."
