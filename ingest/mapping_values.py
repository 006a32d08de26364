"""What a mapping says, as values: which kind a file's rows are, where their columns come from, which tables are made of several files. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from graph_model.schema.text import tidy

DEFAULT_SOURCE = "file"


@dataclass(frozen=True, slots=True)
class ColumnRule:
    """Where a column of the layout comes from and how its texts become ours: translated, read as a date, prefixed, filled in; in this order."""

    own: str | None = None  # column of the file; the one of the same name where None
    value: str | None = None  # a constant instead
    values: Mapping[str, str] = field(default_factory=dict)  # their code → ours
    formats: Sequence[str] = ()  # of dates and moments, as strptime knows them; the first that fits
    offset: str = ""  # of moments whose format holds none
    prefix: str = ""
    default: str | None = None  # for an empty field

    @property
    def is_plain(self) -> bool:
        return self == ColumnRule(self.own)


@dataclass(frozen=True, slots=True)
class FileMapping:
    """What a mapping says of rows of one kind in one file or table. `columns` goes from a column of the layout to its rule."""

    kind: str | None = None
    source: str = DEFAULT_SOURCE
    columns: Mapping[str, ColumnRule] = field(default_factory=dict)
    keep_invalid_phones: bool = False

    def signature(self) -> list[Any]:
        """All that decides what is made of a row, as plain values."""
        rules = [[target, asdict(rule)] for target, rule in sorted(self.columns.items())]
        return [self.kind, self.source, rules, self.keep_invalid_phones]


@dataclass(frozen=True, slots=True)
class TableMapping:
    """A table of rows of one kind, made from the sources by a SELECT."""

    name: str
    select: str
    rows: FileMapping


@dataclass(frozen=True, slots=True)
class SkippedRows:
    """Rows of the sources that are left out on purpose: a SELECT that counts as many as it gives, and why."""

    name: str
    select: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class IngestMapping:
    """A mapping file. `files` goes by file name, `sources` from the name that tables know a file by to its file name."""

    files: Mapping[str, Sequence[FileMapping]] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)
    tables: Sequence[TableMapping] = ()
    skipped: Sequence[SkippedRows] = ()
    name: str = ""  # of the mapping file, for errors

    def of(self, path: Path) -> Sequence[FileMapping]:
        """One mapping for each kind of rows in the file; none where it is a source of tables only."""
        if path.name in self.files:
            return self.files[path.name]
        return () if self.names_source(path) else (FileMapping(),)

    def names_source(self, path: Path) -> bool:
        return path.name in self.sources.values()


NO_MAPPING = IngestMapping()


def nearest(name: str, candidates: Iterable[str]) -> str:
    """` Did you mean …?` for a misspelt name, or nothing."""
    close = get_close_matches(folded(name), list(candidates), n=1, cutoff=0.5)
    return f" Did you mean {close[0]}?" if close else ""


def folded(name: str) -> str:
    """The form in which names of columns and kinds are compared."""
    return tidy(name).casefold()
