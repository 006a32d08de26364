"""What a file of rows is to an ingest, whatever its format: a header, and batches of rows as text that can be taken up again anywhere."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import polars as pl

from ingest.csv_records import Broken
from ingest.header import Header


@dataclass(frozen=True, slots=True)
class RowBatch:
    """Rows as text under the header's names, the line that each begins on, and the records that are no rows.

    `end_offset` and `end_line` are where the next batch begins, in the format's own measure; `done` is how much of the file's `size` was read."""

    frame: pl.DataFrame
    lines: list[int]
    broken: list[Broken]
    end_offset: int
    end_line: int
    done: int

    def __len__(self) -> int:
        return len(self.lines) + len(self.broken)


class SourceFile(Protocol):
    """A file that can be read as rows. `start` and `line` are where the rows begin, `encoding` is what a report calls the format."""

    @property
    def path(self) -> Path: ...

    @property
    def encoding(self) -> str: ...

    @property
    def header(self) -> tuple[str, ...]: ...

    @property
    def start(self) -> int: ...

    @property
    def line(self) -> int: ...

    @property
    def size(self) -> int:
        """Bytes on the disk."""
        ...

    def rows(self, header: Header, *, rows: int, offset: int, line: int) -> Iterator[RowBatch]:
        """Batches of at most `rows` rows from where a batch ended (or `start`). Raises FileUnreadable."""
        ...


def text_frame(header: Header, columns: dict[str, list[str | None]]) -> pl.DataFrame:
    """Rows under the header's names, every column text."""
    return pl.DataFrame(columns, schema=dict.fromkeys(header.names, pl.String))
