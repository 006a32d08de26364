"""Compiling ahead: a server's first assessment on a machine must not wait for the kernels, so a process of its own compiles them at the start."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

# Gently: whoever asks something meanwhile comes first.
_PROGRAM = "import os; os.nice(10); from gnn.warm import warm; warm()"


@contextmanager
def compiling_ahead(*, wanted: bool) -> Iterator["subprocess.Popen[bytes] | None"]:
    """`gnn.warm` beside what runs inside: two seconds where everything is compiled, some ten more where nothing is."""
    if not wanted:
        yield None
        return
    child = subprocess.Popen(
        [sys.executable, "-c", _PROGRAM],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C is ours to pass on
    )
    try:
        yield child
    finally:
        child.terminate()
        child.wait()
