"""Files: what a crash must not take back."""

import os
from pathlib import Path


def flush(path: Path) -> None:
    """Onto the disk: a file's content, or which names a folder holds."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
