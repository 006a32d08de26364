"""The writer's lock: one long job at a time per store, by an advisory lock on a side file that says who holds it.

The operating system drops the lock with the process, so a holder that died holds nothing; what the file says is for people only.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from graph_model.errors import StoreLocked, StoreReadOnly


def lock_file(database: Path) -> Path:
    return database.with_name(f"{database.name}-writer")


@contextmanager
def long_job(database: Path, purpose: str) -> Iterator[None]:
    """Hold the store for `purpose`. Raises StoreLocked, naming the holder."""
    try:
        descriptor = os.open(lock_file(database), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as exc:
        raise StoreReadOnly(str(database)) from exc
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            raise StoreLocked(str(database), _read(descriptor)) from exc
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"process {os.getpid()} ({purpose})".encode(), 0)
        try:
            yield
        finally:
            os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def holder(database: Path) -> str:
    """Who holds the store for a long job, for a message; `another process` when no one says so."""
    try:
        descriptor = os.open(lock_file(database), os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return "another process"
    try:
        return _read(descriptor)
    finally:
        os.close(descriptor)


def _read(descriptor: int) -> str:
    return os.pread(descriptor, 200, 0).decode(errors="replace") or "another process"
