"""Killing at a moment that chance chooses and that can be had again: the seed is printed, and `GUANXI_CRASH_SEED` sets it."""

import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
_PATIENCE = 300


def chance() -> random.Random:
    seed = int(os.environ.get("GUANXI_CRASH_SEED") or random.SystemRandom().randrange(10**6))
    print(f"kills at the moments of GUANXI_CRASH_SEED={seed}")  # noqa: T201 - pytest shows it where a test fails
    return random.Random(seed)


@dataclass(frozen=True)
class Ended:
    """`killed`, or whole in so many seconds after it had begun its work, the last of them after it had said `once`."""

    killed: bool
    seconds: float
    after_once: float


def run(*arguments: str | Path, kill_after: float | None = None, once: str = "begun") -> Ended:
    """The child's job; killed so many seconds after it said `once`, unless it is done by then."""
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.crash.child", *map(str, arguments)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert child.stdout is not None
    began = said = time.monotonic()
    for line in child.stdout:
        if line.strip() == "begun":
            began = time.monotonic()
        if line.strip() == once:
            said = time.monotonic()
            if kill_after is not None:
                time.sleep(kill_after)
                child.kill()
            break
    _, err = child.communicate(timeout=_PATIENCE)
    ended = time.monotonic()
    if child.returncode != -signal.SIGKILL:
        assert child.returncode == 0, err
    return Ended(child.returncode == -signal.SIGKILL, ended - began, ended - said)
