"""What an ingest is going to read: folders looked into, kinds found, headers and queries checked, all before anything is written."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from ingest.column_rules import shaped
from ingest.errors import BadMapping, FileUnreadable, NothingToIngest, UnknownKind
from ingest.header import Header, kind_by_name, kind_of, resolve_header
from ingest.layout import KINDS, FileKind
from ingest.mapping_values import FileMapping, IngestMapping, SkippedRows, TableMapping, nearest
from ingest.open_file import has_known_suffix, open_file
from ingest.source_file import SourceFile
from ingest.tables import DerivedTable, Sources, open_sources

TRUTH = "truth"  # the generator's folder of answers, which ingest never reads
_ORDER = {name: place for place, name in enumerate(KINDS)}
Stamp = tuple[int, int]


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """Rows of one kind in a file, or in a table made of several. `stamps` tell a later change of those files (`paths`)."""

    path: Path
    kind: FileKind
    mapping: FileMapping
    opened: SourceFile
    header: Header
    paths: tuple[Path, ...]
    stamps: tuple[Stamp, ...]
    select: str = ""

    def has_changed(self) -> bool:
        return tuple(map(stamp_of, self.paths)) != self.stamps

    def shaped(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Rows as they were read, with the columns that the mapping makes of them."""
        keep = self.mapping.keep_invalid_phones
        return shaped(frame, self.kind, self.header, keep_invalid_phones=keep)


@dataclass(frozen=True, slots=True)
class Plan:
    """The rows to read, in the order of loading, and what their tables are made of."""

    files: Sequence[PlannedFile]
    sources: Sources | None = None
    skipped: Sequence[SkippedRows] = ()


def plan(files: Sequence[Path], mapping: IngestMapping) -> Plan:
    """A folder stands for the files in it that are of a kind or that the mapping names. Raises the first IngestError found."""
    paths = list(dict.fromkeys(path for given in files for path in _expanded(given, mapping)))
    if len(paths) == 0:
        raise NothingToIngest(
            f"No file is named. Name files of the layout ({', '.join(KINDS)}) or a folder that holds them."
        )
    planned = [_planned(path, rows) for path in paths for rows in mapping.of(path)]
    sources = _sources(paths, mapping)
    if sources is not None:
        stamps = tuple(stamp_of(source.path) for source in sources.opened)
        planned += [_table(sources, table, stamps) for table in mapping.tables]
        for skipped in mapping.skipped:
            sources.columns(skipped.name, skipped.select)
    planned.sort(key=lambda file: _ORDER[file.kind.name])
    return Plan(planned, sources, mapping.skipped if sources is not None else ())


def stamp_of(path: Path) -> tuple[int, int]:
    """Size and time of change."""
    try:
        found = path.stat()
    except OSError as exc:
        raise FileUnreadable(f"{path} can't be read: {exc.strerror}.") from exc
    return found.st_size, found.st_mtime_ns


def _expanded(given: Path, mapping: IngestMapping) -> list[Path]:
    if given.name == TRUTH or given.parent.name == TRUTH:
        raise UnknownKind(
            f"{given} holds the answers of a generated portfolio, which ingest never reads. Name the folder above it."
        )
    if not given.exists():
        raise FileUnreadable(f"There is no file {given}. Check the name and the folder.")
    if not given.is_dir():
        return [given]
    found = [path for path in sorted(given.iterdir()) if path.is_file() and _wanted(path, mapping)]
    if len(found) == 0:
        raise NothingToIngest(
            f"The folder {given} holds none of {', '.join(f'{name}.csv' for name in KINDS)} (or .jsonl, .parquet, .gz). "
            "Name the files, with a mapping if need be."
        )
    return found


def _wanted(path: Path, mapping: IngestMapping) -> bool:
    if path.name in mapping.files or mapping.names_source(path):
        return True
    return has_known_suffix(path) and kind_by_name(path) is not None


def _planned(path: Path, rows: FileMapping) -> PlannedFile:
    kind = kind_of(path, rows)
    stamp = stamp_of(path)
    opened = open_file(path)
    header = resolve_header(path.name, kind, opened.header, rows)
    return PlannedFile(path, kind, rows, opened, header, (path,), (stamp,))


def _sources(paths: Sequence[Path], mapping: IngestMapping) -> Sources | None:
    """None where no file of any table is among those given."""
    found: dict[str, Path] = {}
    for path in paths:
        if mapping.names_source(path) and found.setdefault(path.name, path) != path:
            raise BadMapping(
                f"There are two files {path.name}, which {mapping.name} makes tables of. Name one of them."
            )
    if len(found) == 0 or not (mapping.tables or mapping.skipped):
        return None
    lacking = [file for file in mapping.sources.values() if file not in found]
    if lacking:
        raise BadMapping(
            f"{mapping.name} makes tables of {' and '.join(mapping.sources.values())}, but {lacking[0]} is not among the files. "
            "Name it too, or the folder that holds them."
        )
    return open_sources({name: found[file] for name, file in mapping.sources.items()}, mapping)


def _table(sources: Sources, table: TableMapping, stamps: tuple[Stamp, ...]) -> PlannedFile:
    kind = KINDS[table.rows.kind or ""]
    columns = sources.columns(table.name, table.select)
    header = resolve_header(f"The table {table.name}", kind, columns, table.rows)
    if header.unknown:
        candidates = [c.name for c in kind.columns]
        raise BadMapping(
            f"The table {table.name} has a column {header.unknown[0]}, which {kind.name} have not."
            f"{nearest(header.unknown[0], candidates)} Name it AS one of theirs, or begin it with _ to have it in the quarantine only."
        )
    opened = DerivedTable(sources, table.name, table.select, columns)
    paths = tuple(source.path for source in sources.opened)
    return PlannedFile(opened.path, kind, table.rows, opened, header, paths, stamps, table.select)
