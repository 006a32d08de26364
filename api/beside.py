"""Beside: what a server wants done but need not wait for is done by a process of its own, which is gone when the server is."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def beside(*arguments: str) -> Iterator["subprocess.Popen[bytes]"]:
    """This Python with these arguments, beside what runs inside and no longer than that. It is heard and asked by nobody."""
    child = subprocess.Popen(
        [sys.executable, *arguments],
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
