"""Reading ahead: a server's first neighbourhoods must not wait for the disk, so a process of its own reads the store's file beside its start."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def reading_ahead(address: str, *, wanted: bool) -> Iterator["subprocess.Popen[bytes] | None"]:
    """Beside what runs inside, and no longer than that. Where the file can't be read the store tells it better, to whoever asks."""
    if not (wanted and address.startswith("sqlite:")):
        yield None
        return
    child = subprocess.Popen(
        [sys.executable, "-m", "graph_model.stores.read_ahead", address],
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
