"""Reads a file that tables are made of, and tells how good it is: rows that are none are counted and kept in quarantine."""

from collections.abc import Callable

from ingest.quality import Tally
from ingest.quarantine import Quarantine
from ingest.refusals import broken_rows
from ingest.report import SourceReport
from ingest.source_file import RowBatch
from ingest.tables import OpenedSource, Sources


def read_source(
    sources: Sources,
    source: OpenedSource,
    *,
    quarantine: Quarantine | None = None,
    goes_on: Callable[[RowBatch], bool] = lambda batch: True,
) -> SourceReport:
    """Sets the file out for queries. `goes_on` is told every batch, and may end the reading."""
    tally = Tally(())
    read = broken = 0
    for batch in sources.read(source):
        for record in batch.broken:
            tally.refuse("", record.reason, record.message, "", record.line)
        if quarantine is not None and batch.broken:
            quarantine.append(broken_rows(batch))
        read, broken = read + len(batch), broken + len(batch.broken)
        if not goes_on(batch):
            break
    kept = str(quarantine.path) if quarantine is not None and quarantine.size else None
    return SourceReport(source.path.name, source.name, source.opened.encoding, read, broken, kept, tally.reasons())
