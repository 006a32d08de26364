"""Looks at files through a mapping without a graph: headers, queries, and which of the first rows would be refused. Writes nothing."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from itertools import islice
from pathlib import Path
from time import monotonic

from ingest.mapping_values import IngestMapping
from ingest.plan import Plan, PlannedFile, plan
from ingest.quality import Tally
from ingest.refusals import tally_batch
from ingest.report import FileReport, IngestReport, SkippedReport, SourceReport
from ingest.rows import RowCleaner
from ingest.source_reading import read_source

ROWS = 1_000


def rehearse(
    files: Sequence[Path], mapping: IngestMapping, *, now: datetime, rows: int = ROWS
) -> tuple[Plan, IngestReport]:
    """What would be read, and a report on the first `rows` rows of every file and table. `loaded` counts those that are good by themselves: whether
    what they speak of is in the graph is not looked at. Sources of tables are read whole. Raises an IngestError as an ingest would."""
    started = monotonic()
    planned = plan(files, mapping)
    sources: list[SourceReport] = []
    skipped: list[SkippedReport] = []
    made_of = planned.sources
    if made_of is None:
        reports = [_looked(file, now, rows) for file in planned.files]
    else:
        with made_of.set_out():
            sources += [read_source(made_of, source) for source in made_of.opened]
            skipped += [SkippedReport(s.name, made_of.count(s.name, s.select), s.why) for s in planned.skipped]
            reports = [_looked(file, now, rows) for file in planned.files]
    return planned, IngestReport(reports, now, monotonic() - started, True, False, sources, skipped)


def _looked(file: PlannedFile, now: datetime, rows: int) -> FileReport:
    started = monotonic()
    tally = Tally([c.name for c in file.kind.columns if c.name in file.header.known])
    cleaner = RowCleaner(file.kind, now)
    read = good = 0
    batches = file.opened.rows(file.header, rows=rows, offset=file.opened.start, line=file.opened.line)
    for batch in islice(batches, 1):
        batch = replace(batch, frame=file.shaped(batch.frame))
        cleaned = cleaner.clean(batch.frame)
        tally_batch(tally, batch, cleaned)
        read, good = len(batch), len(cleaned.good)
    return FileReport(
        file=file.path.name,
        kind=file.kind.name,
        encoding=file.opened.encoding,
        read=read,
        loaded=good,
        merged=0,
        quarantined=read - good,
        quarantine_file=None,
        resumed_at=None,
        complete=False,
        unknown_columns=file.header.unknown,
        absent_columns=file.header.absent,
        columns=tally.quality(),
        reasons=tally.reasons(),
        seconds=monotonic() - started,
    )
