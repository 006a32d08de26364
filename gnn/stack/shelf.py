"""Shelf: where the parts of a long fit are kept as they come, so that one that is cut off goes on where it was."""

import shutil
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from graph_model.files import flush


class Shelf:
    """A folder of parts by name; without a folder nothing is kept. A part is there whole or not at all. Threads may share it."""

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
        self._folder.mkdir(parents=True, exist_ok=True)
        half = path.with_suffix(".half")
        half.write_bytes(made)
        flush(half)
        half.replace(path)
        return made

    def clear(self) -> None:
        """Nothing is needed any more."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
