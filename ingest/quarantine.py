"""The quarantine: refused rows as they were, with where they stood and why they were refused. Correct the file and ingest it as it is.

It holds personal data as the source did, because a masked row can't be corrected; so only its owner may read it (mode 0600). The columns that we add begin
with `_` and are ignored when the file is ingested again.
"""

import csv
import os
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from io import StringIO
from itertools import count
from pathlib import Path

from ingest.errors import QuarantineFailed

ADDED = ("_file", "_line", "_column", "_reason", "_value", "_message", "_others", "_raw")


@dataclass(frozen=True, slots=True)
class QuarantinedRow:
    """One refused row: its fields as they were (empty where it could not be split), and the first thing wrong with it."""

    fields: Sequence[str | None]
    line: int
    column: str
    reason: str
    value: str  # masked
    message: str
    others: str = ""  # what else is wrong with it
    raw: str = ""  # the line itself, where it could not be split


class Quarantine:
    """The quarantine file of one source file; made when the first row comes. `size` grows with each `append`."""

    def __init__(self, path: Path, source: str, columns: Sequence[str], *, size: int = 0) -> None:
        self.path = path
        self.size = size
        self._source = source
        self.columns = columns

    @classmethod
    def fresh(
        cls, folder: Path, kind: str, run: str, source: str, columns: Sequence[str], taken: Collection[str] = ()
    ) -> "Quarantine":
        """A quarantine under a file name that is not `taken` and that no earlier run used."""
        names = (f"{kind}-{run}{f'-{number}' if number > 1 else ''}.csv" for number in count(1))
        name = next(name for name in names if name not in taken and not (folder / name).exists())
        return cls(folder / name, source, columns)

    def resumable(self) -> bool:
        """Whether all that was written up to `size` is still there."""
        try:
            return self.size == 0 or self.path.stat().st_size >= self.size
        except OSError:
            return False

    def append(self, rows: Iterable[QuarantinedRow]) -> None:
        """Writes after `size`, dropping what an interrupted run wrote beyond it; returns when the rows are on the disk."""
        text = StringIO(newline="")
        writer = csv.writer(text)
        for row in rows:
            given = [field or "" for field in row.fields] or [""] * len(self.columns)
            writer.writerow(
                [*given, self._source, row.line, row.column, row.reason, row.value, row.message, row.others, row.raw]
            )
        if not text.tell():
            return
        # The mark lets spreadsheets see that it is UTF-8.
        header = "" if self.size else "\ufeff" + _line([*self.columns, *ADDED])
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
            with os.fdopen(descriptor, "r+b") as target:
                target.truncate(self.size)
                target.seek(self.size)
                target.write((header + text.getvalue()).encode("utf-8"))
                target.flush()
                os.fsync(target.fileno())
                self.size = target.tell()
        except OSError as exc:
            raise QuarantineFailed(
                f"The quarantine file {self.path} can't be written: {exc.strerror}. Free some space or choose another folder, and run the command again."
            ) from exc


def _line(fields: Sequence[str]) -> str:
    text = StringIO(newline="")
    csv.writer(text).writerow(fields)
    return text.getvalue()
