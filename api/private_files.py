"""Small files of the home folder that only their owner reads: replaced whole, changed by one process at a time, read again whenever they change."""

import fcntl
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Generic, TypeVar

from api.secrets import ensure_home

T = TypeVar("T")


@contextmanager
def changing(path: Path) -> Iterator[None]:
    """Hold a file for reading, changing and writing it, against all threads and processes of this machine. A holder that dies holds nothing."""
    ensure_home(path.parent)
    descriptor = os.open(path.with_name(f".{path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def replace(path: Path, data: bytes) -> None:
    """Write a file whole, so that a reader never sees half of one. Call it inside `changing`."""
    draft = path.with_name(f".{path.name}.new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


class KeptFile(Generic[T]):
    """One value in one file, as `load` reads it and `dump` writes it; `empty` where there is no file."""

    def __init__(self, path: Path, *, load: Callable[[bytes], T], dump: Callable[[T], bytes], empty: T) -> None:
        self._path, self._load, self._dump, self._empty = path, load, dump, empty
        self._lock = threading.Lock()
        self._read_at: tuple[int, int, int] | None = None
        self._value = empty

    def read(self) -> T:
        """The value of the file as it is now; the file is read only where it was replaced since."""
        try:
            status = self._path.stat()
        except FileNotFoundError:
            return self._empty
        stamp = (status.st_mtime_ns, status.st_ino, status.st_size)
        with self._lock:
            if stamp != self._read_at:
                self._value, self._read_at = self._load(self._path.read_bytes()), stamp
            return self._value

    def change(self, edited: Callable[[T], T]) -> None:
        """Replace the value by what `edited` makes of it; nothing changes where that raises."""
        with changing(self._path):
            replace(self._path, self._dump(edited(self.read())))
