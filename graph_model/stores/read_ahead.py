"""Reading ahead: a graph that is a file is read once from end to end, so that the operating system has it in memory before it is asked about.

A neighbourhood is some hundred pages here and there: from a disk that takes several times as long as from memory (docs/benchmarks.md).

This is a process of its own, `python -m graph_model.stores.read_ahead FILE`, and must be: the locks of SQLite belong to a process and are gone once it
closes the file, by whatever descriptor. Whoever has a store open may not read its file in any other way.
"""

import os
import sys
import time
from pathlib import Path

_PIECE = 4 * 1024**2
_LIMIT_OF_GROUP = Path("/sys/fs/cgroup/memory.max")  # of a container; "max" where there is none


def read_ahead(path: Path, *, memory: int | None = None) -> int:
    """How many bytes were read: none where the file takes more than half of `memory` (bytes; this machine's or container's), for then one page
    would drive out another. Takes half of the disk's time at most. Raises OSError.
    """
    if path.stat().st_size > (_memory() if memory is None else memory) // 2:
        return 0
    read = 0
    with path.open("rb", buffering=0) as file:
        while True:
            begun = time.monotonic()
            piece = len(file.read(_PIECE))
            if piece == 0:
                return read
            read += piece
            time.sleep(time.monotonic() - begun)


def _memory() -> int:
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        group = _LIMIT_OF_GROUP.read_text(encoding="ascii").strip()
    except OSError:
        return machine
    return min(machine, int(group)) if group.isdecimal() else machine


if __name__ == "__main__":
    read_ahead(Path(sys.argv[1]))
