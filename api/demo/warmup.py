"""Warm-up: the kernels of scoring compile on their first run on a machine, some ten seconds of one core. On a first run the demo has that done in a process
of its own while the files are loaded on another core."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from api.demo.graph import DemoPlan, Say
from api.demo.processes import Child, start, stop

PATIENCE_SECONDS = 60.0


class WarmUp:
    """`python -m gnn.warm`, running."""

    def __init__(self, child: Child) -> None:
        self._child = child

    def wait(self, say: Say) -> None:
        """Until it is done, within reason; without it scoring compiles for itself."""
        if self._child.process.poll() is None:
            say("Compiling the scoring for this machine (once) …")
            try:
                self._child.process.wait(PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                stop([self._child])


@contextmanager
def warm_up(plan: DemoPlan) -> Iterator[WarmUp | None]:
    """Only beside a first run: later ones find everything compiled."""
    if plan.generated:
        yield None
        return
    child = start("warm-up", ["-m", "gnn.warm"], {}, url="", log=plan.home / "logs" / "warm-up.log")
    try:
        yield WarmUp(child)
    finally:
        stop([child])
