"""What an ingest is going to read: folders looked into, kinds found, headers checked, all before anything is written."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ingest.errors import FileUnreadable, NothingToIngest, UnknownKind
from ingest.layout import KINDS, FileKind
from ingest.mapping import FileMapping, Header, IngestMapping, kind_by_name, kind_of, resolve_header
from ingest.open_file import has_known_suffix, open_file
from ingest.source_file import SourceFile

TRUTH = "truth"  # the generator's folder of answers, which ingest never reads
_ORDER = {name: place for place, name in enumerate(KINDS)}


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """A file that can be read as its kind. `stamp` tells a later change of it."""

    path: Path
    kind: FileKind
    mapping: FileMapping
    opened: SourceFile
    header: Header
    stamp: tuple[int, int]


def plan(files: Sequence[Path], mapping: IngestMapping) -> list[PlannedFile]:
    """The files in the order of loading. A folder stands for the files in it that are of a kind. Raises the first IngestError found."""
    paths = [path for given in files for path in _expanded(given, mapping)]
    if len(paths) == 0:
        raise NothingToIngest(
            f"No file is named. Name files of the layout ({', '.join(KINDS)}) or a folder that holds them."
        )
    planned = [_planned(path, mapping) for path in dict.fromkeys(paths)]
    return sorted(planned, key=lambda file: _ORDER[file.kind.name])


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
    return path.name in mapping.files or (has_known_suffix(path) and kind_by_name(path) is not None)


def _planned(path: Path, mapping: IngestMapping) -> PlannedFile:
    kind = kind_of(path, mapping)
    of_file = mapping.of(path)
    stamp = stamp_of(path)
    opened = open_file(path)
    header = resolve_header(path.name, kind, opened.header, of_file)
    return PlannedFile(path, kind, of_file, opened, header, stamp)
