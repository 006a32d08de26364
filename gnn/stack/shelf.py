"""Shelf: where the parts of a long fit are kept as they come, so that one that is cut off goes on where it was."""

import os
import shutil
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path

from graph_model.files import flush

_WORK = ".work-"
_FORGOTTEN = timedelta(days=30)
_TRIES = 3  # to keep a part where another training of the same file clears the shelf meanwhile


class Shelf:
    """A folder of parts by name; without a folder nothing is kept. A part is there whole or not at all. Threads may share it, and so may
    trainings of the same file beside each other: the same part has the same bytes, and one that another has cleared away is made again."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def take(self, name: str, make: Callable[[], bytes]) -> bytes:
        """What was kept under a name, else what is made now, which is kept."""
        if self._folder is None:
            return make()
        path = self._folder / sha256(name.encode()).hexdigest()[:24]
        try:
            return path.read_bytes()
        except FileNotFoundError:
            made = make()
        half = path.with_name(f"{path.name}.{os.getpid()}-{threading.get_ident()}.half")
        for _ in range(_TRIES):
            try:
                self._folder.mkdir(parents=True, exist_ok=True)
                half.write_bytes(made)
                flush(half)
                half.replace(path)
                break
            except FileNotFoundError:
                continue  # cleared between these lines: to keep is a help, not a need
        return made

    @classmethod
    def of(cls, folder: Path, name: str) -> "Shelf":
        """The shelf of a training among the models of a folder."""
        return cls(folder / f"{_WORK}{name}")

    @staticmethod
    def sweep(folder: Path, *, now: datetime) -> None:
        """Clear away the shelves that nobody has put anything on for a month: of trainings that were cut off and never gone on with."""
        for work in folder.glob(f"{_WORK}*"):
            try:
                forgotten = work.stat().st_mtime < (now - _FORGOTTEN).timestamp()
            except FileNotFoundError:
                continue  # another training has just cleared it
            if forgotten:
                shutil.rmtree(work, ignore_errors=True)

    def clear(self) -> None:
        """Nothing is needed any more."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
