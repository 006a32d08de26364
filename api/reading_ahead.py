"""Reading ahead: a server's first neighbourhoods must not wait for the disk, so a process of its own reads the store's file beside its start."""

import subprocess
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from api.beside import beside


def reading_ahead(file: Path | None, *, wanted: bool) -> AbstractContextManager["subprocess.Popen[bytes] | None"]:
    """`graph_model.stores.read_ahead` beside what runs inside; a graph on a server has no file. What can't be read the store tells better, to
    whoever asks."""
    return beside("-m", "graph_model.stores.read_ahead", str(file)) if wanted and file is not None else nullcontext()
