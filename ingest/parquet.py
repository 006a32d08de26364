"""Parquet files: columns of values, read as text like any other file, so that the same cleaning applies. Offsets and lines count rows."""

import gzip
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from ingest.byte_stream import reading
from ingest.errors import BadHeader, FileUnreadable
from ingest.header import Header
from ingest.source_file import RowBatch

MAGIC = b"PAR1"


@dataclass(frozen=True, slots=True)
class ParquetFile:
    """A Parquet file; `packed` is one inside a gzip archive, which is unpacked beside the system's temporary files while it is read."""

    path: Path
    encoding: str
    header: tuple[str, ...]
    size: int
    count: int  # rows
    packed: bool
    start: int = 0
    line: int = 0

    def rows(self, header: Header, *, rows: int, offset: int, line: int) -> Iterator[RowBatch]:
        with _unpacked(self.path, packed=self.packed) as path, _sound(self.path):
            scan = pl.scan_parquet(path)
            types = scan.collect_schema()
            wanted = [
                as_text(own, types[own], self.path.name, known=name in header.known).alias(name)
                for own, name in zip(self.header, header.names, strict=True)
            ]
            for frame in scan.slice(offset).select(wanted).collect_batches(chunk_size=rows, maintain_order=True):
                for piece in frame.iter_slices(rows):
                    lines = list(range(line + 1, line + 1 + len(piece)))
                    offset, line = offset + len(piece), line + len(piece)
                    done = self.size * offset // max(self.count, 1)
                    yield RowBatch(piece, lines, [], offset, line, done)


def open_parquet(path: Path, *, packed: bool) -> ParquetFile:
    """Reads the footer. Raises FileUnreadable for a file that is cut short or damaged."""
    with _unpacked(path, packed=packed) as plain, _sound(path):
        scan = pl.scan_parquet(plain)
        names = tuple(scan.collect_schema().names())
        count = int(scan.select(pl.len()).collect().item())
    return ParquetFile(path, f"parquet{', gzip' if packed else ''}", names, path.stat().st_size, count, packed)


@contextmanager
def _unpacked(path: Path, *, packed: bool) -> Iterator[Path]:
    """Parquet is read from its end, which an archive can't give."""
    if not packed:
        yield path
        return
    with tempfile.NamedTemporaryFile(suffix=".parquet") as plain:  # mode 0600, gone when it is closed
        with reading(path) as stream:
            shutil.copyfileobj(stream.source, plain)
        plain.flush()
        yield Path(plain.name)


@contextmanager
def _sound(path: Path) -> Iterator[None]:
    try:
        yield
    except (pl.exceptions.PolarsError, gzip.BadGzipFile, OSError) as exc:
        raise FileUnreadable(
            f"{path} is a Parquet file that is cut short or damaged, or of a version that is not read. Fetch it again, or write it anew."
        ) from exc


def as_text(name: str, dtype: pl.DataType, file: str, *, known: bool) -> pl.Expr:
    """A column of any type as a CSV file would hold it. Raises BadHeader for one of `known` ones that is no column of single values."""
    column = pl.col(name)
    match dtype:
        case pl.Datetime(time_zone=zone):
            # Without a zone it stays without one: the layout reads it as it reads any other moment.
            return column.dt.to_string("%Y-%m-%dT%H:%M:%S%.3f" + ("" if zone is None else "%:z"))
        case pl.Date():
            return column.dt.to_string("%Y-%m-%d")
        case pl.List() | pl.Array() | pl.Struct() | pl.Binary() | pl.Object():
            if known:
                raise BadHeader(f"{file}: the column {name} holds lists, objects or bytes. Write one value per row.")
            return pl.lit(None, pl.String)
    return column.cast(pl.String)
