"""Tables that a mapping makes of several foreign files by SQL. The files are read as any other: in batches, as text, their broken rows told.

While a job runs they lie as columns in a folder of temporary files, and Polars answers the queries from there. What a query must hold at a time is in
memory: one side of a join, the groups of a GROUP BY. A job that goes on after an interruption must meet the same rows in the same places, so every
table is sorted by all its columns, some rows at a time.
"""

import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from ingest.errors import BadMapping, IngestError
from ingest.header import Header, plain_header
from ingest.leftovers import lent_folder
from ingest.mapping_values import IngestMapping, nearest
from ingest.open_file import open_file
from ingest.parquet import ParquetFile, as_text, open_parquet
from ingest.sorting import write_sorted
from ingest.source_file import RowBatch, SourceFile

BATCH_ROWS = 50_000
_WORD = re.compile(r"\w+")
_NOT_FOUND = re.compile(
    r"""(?:unable to find column|no column named|[Rr]elation|unsupported function|column) ["'`](.+?)["'`]"""
)
_VALUES = re.compile(r"\[[^\]]*\]")


@dataclass(frozen=True, slots=True)
class OpenedSource:
    """A file that tables are made of, and the name that they know it by."""

    name: str
    path: Path
    opened: SourceFile
    header: Header


class Sources:
    """The files that tables are made of. `set_out` puts them where queries find them; `read` does so one by one, telling each batch."""

    def __init__(self, opened: Sequence[OpenedSource], mapping: str) -> None:
        self.opened = opened
        self._mapping = mapping
        self._folder: Path | None = None

    @contextmanager
    def set_out(self) -> Iterator[None]:
        """Lends a folder, which only its owner may read and which is gone in the end."""
        with lent_folder() as folder:
            self._folder = folder
            try:
                yield
            finally:
                self._folder = None

    def read(self, source: OpenedSource) -> Iterator[RowBatch]:
        """Every batch of the file, each once its rows are set out. An empty field is NULL."""
        filled = pl.all().str.strip_chars() != ""
        nothing = pl.DataFrame(schema=dict.fromkeys(source.header.names, pl.String))
        self._write(nothing, source, 0)
        opened = source.opened
        batches = opened.rows(source.header, rows=BATCH_ROWS, offset=opened.start, line=opened.line)
        for place, batch in enumerate(batches, start=1):
            frame = batch.frame.select(pl.when(filled).then(pl.all()))
            self._write(frame, source, place)
            yield batch

    def columns(self, name: str, select: str) -> tuple[str, ...]:
        """The columns that a query gives, without reading a row. Raises BadMapping."""
        empty = {
            source.name: pl.LazyFrame(schema=dict.fromkeys(source.header.names, pl.String)) for source in self.opened
        }
        with self._explained(name):
            return tuple(pl.SQLContext(empty).execute(select, eager=False).collect_schema().names())

    def make(self, name: str, select: str) -> Path:
        """The table, every column as text, its rows in the order of all its columns. It is made once."""
        made = self._lent() / f"{name}.table.parquet"
        if not made.exists():
            with self._explained(name):
                query = self._query(select)
                types = query.collect_schema()
                texts = query.select(as_text(column, types[column], name, known=True) for column in types.names())
                write_sorted(texts, made)
        return made

    def count(self, name: str, select: str) -> int:
        with self._explained(name):
            return int(self._query(select).select(pl.len()).collect(engine="streaming").item())

    def _query(self, select: str) -> pl.LazyFrame:
        folder = self._lent()
        frames = {
            source.name: pl.scan_parquet(sorted(folder.glob(f"{source.name}.[0-9]*.parquet"))) for source in self.opened
        }
        return pl.SQLContext(frames).execute(select, eager=False)

    def _write(self, frame: pl.DataFrame, source: OpenedSource, place: int) -> None:
        with self._explained(source.name):
            frame.write_parquet(self._lent() / f"{source.name}.{place:06}.parquet")

    def _lent(self) -> Path:
        if self._folder is None:
            raise IngestError("The files of a table are asked for before they were set out.")
        return self._folder

    @contextmanager
    def _explained(self, name: str) -> Iterator[None]:
        """Polars' refusals, with the table's name and what there is. Values of rows are taken out."""
        try:
            yield
        except (pl.exceptions.PolarsError, OSError) as exc:
            if isinstance(exc, OSError) or "os error" in str(exc):
                raise IngestError(
                    f"The temporary files of {name} can't be written or read in {tempfile.gettempdir()}. "
                    "Free some space there, or set TMPDIR to another folder, and run the command again."
                ) from exc
            told = str(exc).partition("\n")[0].partition("; valid columns")[0]
            missing = _NOT_FOUND.search(told)
            names = [source.name for source in self.opened]
            columns = [column for source in self.opened for column in source.header.names]
            close = nearest(missing[1], names if "relation" in told else columns) if missing else ""
            if missing and close == f" Did you mean {missing[1]}?":
                close = ""  # it is there, in another source
            there = "; ".join(f"{source.name} ({', '.join(source.header.names)})" for source in self.opened)
            raise BadMapping(
                f"{self._mapping}: the query of {name} fails: {_VALUES.sub('[…]', told).rstrip('.')}.{close} The sources are {there}."
            ) from exc


def open_sources(paths: Mapping[str, Path], mapping: IngestMapping) -> Sources:
    """Opens the files and looks at their headers. Raises an IngestError for one that can't be read."""
    queries = [table.select for table in mapping.tables] + [rows.select for rows in mapping.skipped]
    words = frozenset(word for query in queries for word in _WORD.findall(query))
    opened: list[OpenedSource] = []
    for name, path in paths.items():
        file = open_file(path)
        opened.append(OpenedSource(name, path, file, plain_header(path.name, file.header, known=words)))
    return Sources(opened, mapping.name)


class DerivedTable:
    """A table as a file of rows. Offsets and lines count its rows."""

    start = 0
    line = 0

    def __init__(self, sources: Sources, name: str, select: str, header: tuple[str, ...]) -> None:
        self.path = Path(name)
        self.encoding = f"made of {', '.join(source.path.name for source in sources.opened)}"
        self.header = header
        self._sources = sources
        self._select = select

    @property
    def size(self) -> int:
        return self._made().size

    def rows(self, header: Header, *, rows: int, offset: int, line: int) -> Iterator[RowBatch]:
        return self._made().rows(header, rows=rows, offset=offset, line=line)

    def _made(self) -> ParquetFile:
        return open_parquet(self._sources.make(self.path.name, self._select), packed=False)
