"""What an ingest did and how good the files are: as values, as JSON and as text."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from ingest.quality import ColumnQuality, ReasonCount


@dataclass(frozen=True, slots=True)
class FileReport:
    """One file. Always read = loaded + merged + quarantined, in rows (records of the file; blank lines are none).

    A row is *loaded* when what it is about was new: its customer or application, its relation, its fact; *merged* when the graph had it already;
    *quarantined* when it was refused. Of a resumed file the counts are of the whole, `columns` and `reasons` of the rows after `resumed_at`.
    """

    file: str
    kind: str
    encoding: str
    read: int
    loaded: int
    merged: int
    quarantined: int
    quarantine_file: str | None
    resumed_at: int | None  # line
    complete: bool  # False where the job was cancelled in it
    unknown_columns: Sequence[str]
    absent_columns: Sequence[str]
    columns: Sequence[ColumnQuality]
    reasons: Sequence[ReasonCount]
    nodes_created: Mapping[str, int] = field(default_factory=dict)
    edges_created: Mapping[str, int] = field(default_factory=dict)
    facts_created: Mapping[str, int] = field(default_factory=dict)
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class SourceReport:
    """A file that tables were made of. `broken` of its `read` rows could not be split into columns; they are in no table, but in quarantine."""

    file: str
    name: str
    encoding: str
    read: int
    broken: int
    quarantine_file: str | None
    reasons: Sequence[ReasonCount]


@dataclass(frozen=True, slots=True)
class SkippedReport:
    """Rows that a mapping leaves out on purpose, and why."""

    name: str
    rows: int
    why: str


@dataclass(frozen=True, slots=True)
class IngestReport:
    """A whole job. In a dry run nothing was written: `loaded` says what would be new, which for relations and facts does not look into the store."""

    files: Sequence[FileReport]
    started_at: datetime
    seconds: float
    dry_run: bool = False
    cancelled: bool = False
    sources: Sequence[SourceReport] = ()
    skipped: Sequence[SkippedReport] = ()

    @property
    def read(self) -> int:
        return sum(f.read for f in self.files)

    @property
    def loaded(self) -> int:
        return sum(f.loaded for f in self.files)

    @property
    def merged(self) -> int:
        return sum(f.merged for f in self.files)

    @property
    def quarantined(self) -> int:
        return sum(f.quarantined for f in self.files)

    @property
    def broken(self) -> int:
        """Rows of sources that could not be read, and so are in no table."""
        return sum(s.broken for s in self.sources)

    @property
    def created(self) -> Mapping[str, int]:
        """New nodes by label, relationships by type and facts by kind."""
        total: dict[str, int] = {}
        for report in self.files:
            for counts in (report.nodes_created, report.edges_created, report.facts_created):
                for name, count in counts.items():
                    total[name] = total.get(name, 0) + count
        return total

    def to_json(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        content: dict[str, Any] = {
            "started_at": self.started_at.isoformat(),
            "seconds": round(self.seconds, 3),
            "dry_run": self.dry_run,
            "cancelled": self.cancelled,
            "read": self.read,
            "loaded": self.loaded,
            "merged": self.merged,
            "quarantined": self.quarantined,
            "created": dict(self.created),
            "sources": [asdict(s) for s in self.sources],
            "skipped": [asdict(s) for s in self.skipped],
            "files": [asdict(f) | {"seconds": round(f.seconds, 3)} for f in self.files],
        }
        return content

    def to_json_text(self) -> str:
        return json.dumps(self.to_json(), ensure_ascii=False, indent=2)


# Columns that somebody types or looks up: others give way first.
_WHOLE = frozenset(("file", "kind", "column", "reason", "line", "rows"))


def render_text(report: IngestReport, *, width: int = 120) -> str:
    """The report as plain text of at most `width` columns."""
    console = Console(width=width, no_color=True, force_terminal=False, highlight=False, markup=False, emoji=False)
    with console.capture() as capture:
        console.print(render(report))
    return capture.get()


def render(report: IngestReport) -> RenderableType:
    """The report as tables for a terminal."""
    parts: list[RenderableType] = [_summary(report)]
    if report.sources:
        parts.append(_sources(report.sources))
    for source in report.sources:
        parts += _refusals(source.file, source.reasons)
        if source.quarantine_file:
            parts.append(Text(f"Rows that are none are in {source.quarantine_file}. Correct them in {source.file}."))
    if report.skipped:
        parts.append(_skipped(report.skipped))
    for file in report.files:
        parts += _details(file)
    return Group(*parts)


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for name in columns:
        numeric = name in (
            "rows",
            "loaded",
            "merged",
            "quarantined",
            "filled",
            "valid",
            "distinct",
            "line",
            "seconds",
            "broken",
        )
        table.add_column(name, justify="right" if numeric else "left", overflow="fold", no_wrap=name in _WHOLE)
    return table


def _summary(report: IngestReport) -> Table:
    state = (
        "Dry run: nothing was written"
        if report.dry_run
        else "Cancelled: run it again to go on"
        if report.cancelled
        else "Ingested"
    )
    table = _table(
        f"{state}. {report.seconds:,.1f} s", "file", "kind", "rows", "loaded", "merged", "quarantined", "seconds"
    )
    for file in report.files:
        table.add_row(
            file.file,
            file.kind,
            *map(_number, (file.read, file.loaded, file.merged, file.quarantined)),
            f"{file.seconds:,.1f}",
        )
    if len(report.files) > 1:
        totals = map(_number, (report.read, report.loaded, report.merged, report.quarantined))
        table.add_row("all", "", *totals, "")
    if report.created:
        table.caption = "New: " + ", ".join(f"{name} {count:,}" for name, count in report.created.items() if count)
        table.caption_justify = "left"
    return table


def _details(file: FileReport) -> list[RenderableType]:
    parts: list[RenderableType] = []
    table = _table(f"{file.file} ({file.encoding})", "column", "filled", "valid", "distinct")
    for column in file.columns:
        distinct = _number(column.distinct) if column.distinct_exact else f"~{_number(column.distinct)}"
        table.add_row(column.name, _share(column.filled, file.read), _share(column.valid, column.filled), distinct)
    parts.append(table)
    if file.resumed_at is not None:
        parts.append(Text(f"Resumed at line {file.resumed_at}; the columns tell of the rows from there on."))
    if file.unknown_columns:
        parts.append(Text(f"Unknown columns, left out: {', '.join(file.unknown_columns)}."))
    parts += _refusals(file.file, file.reasons)
    if file.quarantine_file:
        parts.append(Text(f"Refused rows are in {file.quarantine_file}. Correct them there and ingest that file."))
    return parts


def _refusals(file: str, reasons: Sequence[ReasonCount]) -> list[RenderableType]:
    if len(reasons) == 0:
        return []
    table = _table(f"{file}: why rows were refused", "rows", "column", "reason", "what to do", "example", "line")
    for reason in reasons:
        table.add_row(
            _number(reason.count),
            reason.column or "(row)",
            reason.reason,
            reason.message,
            reason.example,
            str(reason.line),
        )
    return [table]


def _sources(sources: Sequence[SourceReport]) -> Table:
    table = _table("What the tables were made of", "file", "as", "format", "rows", "broken")
    for source in sources:
        table.add_row(source.file, source.name, source.encoding, _number(source.read), _number(source.broken))
    return table


def _skipped(skipped: Sequence[SkippedReport]) -> Table:
    table = _table("Left out on purpose", "what", "rows", "why")
    for entry in skipped:
        table.add_row(entry.name, _number(entry.rows), entry.why)
    return table


def _number(count: int) -> str:
    return f"{count:,}"


def _share(part: int, whole: int) -> str:
    return f"{part:,} ({part / whole:.1%})" if whole else f"{part:,}"
