"""Folders that an ingest lends itself for the tables of a mapping, and those that one which was killed left behind. They hold personal data."""

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PREFIX = "guanxi-ingest-"
_HELD = ".in-use"  # locked for as long as its process lives: the system drops the lock of one that was killed
_NEW_SECONDS = 60  # a folder without the file may be one that is only just made


@contextmanager
def lent_folder() -> Iterator[Path]:
    """A folder that only its owner may read and that is gone in the end. Those of dead processes go first."""
    for folder in leftovers():
        shutil.rmtree(folder, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=PREFIX) as made:
        # It gets its name when it is locked: without a lock it stands for a dead process.
        unnamed = Path(made) / f"{_HELD}-soon"
        descriptor = os.open(unnamed, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            unnamed.rename(Path(made) / _HELD)
            yield Path(made)
        finally:
            os.close(descriptor)


def leftovers() -> list[Path]:
    """Folders of our own user whose process is gone."""
    found = Path(tempfile.gettempdir()).glob(f"{PREFIX}*")
    return sorted(folder for folder in found if folder.is_dir() and _is_left(folder))


def _is_left(folder: Path) -> bool:
    try:
        status = folder.stat()
        if status.st_uid != os.getuid():
            return False
        descriptor = os.open(folder / _HELD, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return folder.exists() and time.time() - status.st_mtime > _NEW_SECONDS
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True
