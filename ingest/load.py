"""The ingest job: files in, graph out. Bad rows go to quarantine; an interrupted job goes on where it was."""

import gc
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from itertools import compress
from pathlib import Path
from time import monotonic

import structlog

from graph_model.errors import InvalidRequest
from graph_model.records import UpsertResult
from graph_model.store import GraphStore, OnProgress
from ingest.checkpoint import FileProgress, JobProgress, content_digest, fingerprint, job_state_name
from ingest.cleaning import Refusal, masked
from ingest.errors import FileChanged, IngestError
from ingest.layout import FactRows
from ingest.mapping_values import NO_MAPPING, IngestMapping
from ingest.plan import Plan, PlannedFile, plan
from ingest.quality import Tally
from ingest.quarantine import ADDED, Quarantine
from ingest.refusals import quarantined_rows, tally_batch
from ingest.report import FileReport, IngestReport, SkippedReport, SourceReport
from ingest.rows import Assembled, CleanRows, RowCleaner, assemble, subjects
from ingest.source_file import RowBatch
from ingest.source_reading import read_source
from ingest.tables import OpenedSource, Sources
from ingest.target import Rehearsal, StoreTarget, Target

BATCH_ROWS = 5_000
# Into an empty store, which nobody else waits to write to: each page of an index is written fewer times.
FIRST_BATCH_ROWS = 15_000
# Of files whose graph outgrows the page cache. A smaller one gains nothing by it, and can be looked at while it is loaded.
PUTS_OFF_BYTES = 200 * 1024**2
log = structlog.get_logger(__name__)


def ingest(
    store: GraphStore | None,
    files: Sequence[Path],
    *,
    quarantine_dir: Path,
    now: datetime,
    mapping: IngestMapping | None = None,
    dry_run: bool = False,
    batch_rows: int | None = None,
    on_progress: OnProgress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> IngestReport:
    """Loads files of the layout (or folders of them), customers first, whatever order they are named in.

    Every batch of rows is one transaction together with the checkpoint, so a job that was killed, cancelled or failed goes on from its last batch
    when the same files are given again, and ends in the same graph. Files that were loaded before merge and change nothing. Refused rows go to
    `quarantine_dir`, in one file per source file. `now` (aware) is the `recorded_at` of rows that have none.

    A batch has `batch_rows` rows; by default as many as a write may take while others wait, and more into an empty store.

    `dry_run` does all of this but writing; then `store` may be None, an empty one. `on_progress` is called after each batch with the file's name and
    the bytes done and to do; `cancelled` is asked after each batch. Raises IngestError where a file as a whole can't be read (nothing of any file is
    written then), and the store's errors; what was committed before stays.
    """
    if batch_rows is not None and batch_rows < 1:
        raise InvalidRequest("A batch has at least one row.")
    if store is None and not dry_run:
        raise InvalidRequest("An ingest needs a store, unless it is a dry run.")
    now = now.astimezone(UTC)
    now = now.replace(microsecond=now.microsecond // 1000 * 1000)
    started = monotonic()
    planned = plan(files, mapping or NO_MAPPING)
    with nullcontext() if dry_run or store is None else store.writing("ingest"):
        rows = batch_rows or _batch_rows(store)
        job = _Job(store, planned, quarantine_dir, now, rows, dry_run, on_progress, cancelled or (lambda: False))
        with nullcontext() if dry_run or store is None else _loading(store, planned, on_progress):
            reports = job.run()
    seconds = monotonic() - started
    return IngestReport(reports, job.now, seconds, dry_run, job.was_cancelled, job.sources, job.skipped)


class _Job:
    """One run over planned files."""

    def __init__(
        self,
        store: GraphStore | None,
        planned: Plan,
        quarantine_dir: Path,
        now: datetime,
        batch_rows: int,
        dry_run: bool,
        on_progress: OnProgress | None,
        cancelled: Callable[[], bool],
    ) -> None:
        self.planned = planned
        self.was_cancelled = False
        self.sources: list[SourceReport] = []
        self.skipped: list[SkippedReport] = []
        self._store = None if dry_run else store
        self._target: Target = Rehearsal(store) if dry_run or store is None else StoreTarget(store)
        self._quarantine_dir = quarantine_dir
        self._batch_rows = batch_rows
        self._on_progress = on_progress
        self._cancelled = cancelled
        self._state_name = ""
        self._progress = JobProgress(now)
        if self._store is not None:
            self._state_name = job_state_name(_fingerprints(planned.files))
            self._progress = JobProgress.load(self._store.state(self._state_name), now)
        self.now = self._progress.now
        self._doubted: set[str] = set()  # files that stated facts about what is not in the graph
        self._cleaners = {file.kind.name: RowCleaner(file.kind, self.now) for file in planned.files}

    def run(self) -> list[FileReport]:
        reports: list[FileReport] = []
        with nullcontext() if self.planned.sources is None else self.planned.sources.set_out():
            if self.planned.sources is not None:
                self._read_sources(self.planned.sources)
            for place, file in enumerate(self.planned.files):
                if self.was_cancelled:
                    break
                reports.append(self._file(str(place), file))
        if not self.was_cancelled:
            self._progress.done = True
            self._save()
        return reports

    def _read_sources(self, sources: Sources) -> None:
        """What tables are made of. An interrupted job reads it again: the tables come out the same."""
        for source in sources.opened:
            self.sources.append(self._source(sources, source))
            if self.was_cancelled:
                return
        self.skipped += [
            SkippedReport(rows.name, sources.count(rows.name, rows.select), rows.why) for rows in self.planned.skipped
        ]

    def _source(self, sources: Sources, source: OpenedSource) -> SourceReport:
        progress = self._progress.files.setdefault(f"source {source.name}", FileProgress())
        columns = [name for name in source.header.names if name not in ADDED]
        quarantine = self._quarantine(source.name, source.path.name, columns, progress)
        quarantine.size = 0  # an earlier run may have written it; what it holds is written again

        def goes_on(batch: RowBatch) -> bool:
            log.info("ingest.source", rows=len(batch), rejected=len(batch.broken), line=batch.end_line)
            if self._on_progress is not None:
                self._on_progress(source.path.name, batch.done, source.opened.size)
            self.was_cancelled = self._cancelled()
            return not self.was_cancelled

        report = read_source(sources, source, quarantine=None if self._store is None else quarantine, goes_on=goes_on)
        if quarantine.size:
            progress.quarantine, progress.quarantine_size = quarantine.path.name, quarantine.size
            self._save()
        return report

    def _file(self, place: str, file: PlannedFile) -> FileReport:
        started = monotonic()
        progress = self._progress.files.get(place, FileProgress())
        quarantine = self._quarantine_of(file, progress)
        if not quarantine.resumable():
            log.warning("ingest.quarantine_gone", kind=file.kind.name, quarantine=quarantine.path.name)
            progress = FileProgress()
            quarantine = self._quarantine_of(file, progress)
        self._progress.files[place] = progress
        resumed_at = progress.line + 1 if progress.offset else None
        tally = Tally([c.name for c in file.kind.columns if c.name in file.header.known])
        if not progress.done:
            self._rows(place, file, quarantine, tally)
        progress = self._progress.files[place]
        return FileReport(
            file=file.path.name,
            kind=file.kind.name,
            encoding=file.opened.encoding,
            read=progress.read,
            loaded=progress.loaded,
            merged=progress.merged,
            quarantined=progress.quarantined,
            quarantine_file=str(quarantine.path) if quarantine.size else None,
            resumed_at=resumed_at,
            complete=progress.done,
            unknown_columns=file.header.unknown,
            absent_columns=file.header.absent,
            columns=tally.quality(),
            reasons=tally.reasons(),
            nodes_created=dict(progress.nodes_created),
            edges_created=dict(progress.edges_created),
            facts_created=dict(progress.facts_created),
            seconds=monotonic() - started,
        )

    def _quarantine_of(self, file: PlannedFile, progress: FileProgress) -> Quarantine:
        columns = [name for name in file.header.shaped if name not in ADDED]
        return self._quarantine(file.kind.name, file.path.name, columns, progress)

    def _quarantine(self, kind: str, source: str, columns: list[str], progress: FileProgress) -> Quarantine:
        if progress.quarantine:
            path = self._quarantine_dir / progress.quarantine
            return Quarantine(path, source, columns, size=progress.quarantine_size)
        taken = {p.quarantine for p in self._progress.files.values()}
        run = self.now.strftime("%Y%m%dT%H%M%SZ")
        return Quarantine.fresh(self._quarantine_dir, kind, run, source, columns, taken)

    def _rows(self, place: str, file: PlannedFile, quarantine: Quarantine, tally: Tally) -> None:
        """Reads a file from where its progress stands to its end, or to a batch after which the job is cancelled."""
        progress = self._progress.files[place]
        offset, line = (progress.offset, progress.line) if progress.offset else (file.opened.start, file.opened.line)
        for batch in file.opened.rows(file.header, rows=self._batch_rows, offset=offset, line=line):
            if self._cancelled():
                self.was_cancelled = True
                return
            if file.has_changed():
                raise FileChanged(
                    f"{file.path.name} changed while it was read. Run the command again when nothing writes to it; what was loaded is sound."
                )
            batch = replace(batch, frame=file.shaped(batch.frame))
            with _collector_paused():
                self._batch(place, file, batch, quarantine, tally)
            rejected = self._progress.files[place].quarantined
            log.info("ingest.batch", kind=file.kind.name, rows=len(batch), rejected=rejected, line=batch.end_line)
            if self._on_progress is not None:
                self._on_progress(file.path.name, batch.done, file.opened.size)
        self._progress.files[place].done = True

    def _batch(self, place: str, file: PlannedFile, batch: RowBatch, quarantine: Quarantine, tally: Tally) -> None:
        rows = self._cleaners[file.kind.name].clean(batch.frame)
        if place in self._doubted:
            self._refuse_unknown_subjects(file, batch, rows)
        try:
            self._commit(place, file, batch, rows, quarantine)
        except InvalidRequest:
            # All a file can do to make a store refuse its records is to state facts about what is not in the graph. That is rare enough to be looked
            # into only when it happens.
            if not self._refuse_unknown_subjects(file, batch, rows):
                raise
            self._doubted.add(place)
            self._commit(place, file, batch, rows, quarantine)
        tally_batch(tally, batch, rows)

    def _commit(self, place: str, file: PlannedFile, batch: RowBatch, rows: CleanRows, quarantine: Quarantine) -> None:
        """Writes the good rows and the checkpoint after them in one transaction, the refused ones to quarantine before."""
        before = self._progress.files[place]
        records = assemble(file.kind, rows, now=self.now, source=file.mapping.source)
        refused = quarantined_rows(batch, rows, quarantine.columns)
        after = before.copy()
        quarantine.size = before.quarantine_size
        if self._store is not None and refused:
            quarantine.append(refused)
            after.quarantine, after.quarantine_size = quarantine.path.name, quarantine.size
        after.offset, after.line = batch.end_offset, batch.end_line
        after.read += len(batch)
        after.quarantined += len(refused)
        after.undecided = len(rows.good)
        self._progress.files[place] = after
        try:
            result = self._target.write(records.batch, self._state())
        except BaseException:
            self._progress.files[place] = before
            raise
        loaded = sum(records.created(result))
        after.loaded += loaded
        after.merged += len(rows.good) - loaded
        after.undecided = 0
        _count_created(after, records, result)
        # The checkpoint above is what a crash goes on from. This one adds what only the answer told: how many rows were new.
        self._save()

    def _state(self) -> dict[str, str]:
        return {} if self._store is None else {self._state_name: self._progress.dump()}

    def _save(self) -> None:
        if self._store is not None:
            self._store.put_state(self._state_name, self._progress.dump())

    def _refuse_unknown_subjects(self, file: PlannedFile, batch: RowBatch, rows: CleanRows) -> bool:
        """Facts about what is not in the graph: the rows wait in quarantine until it is. Says whether there were any."""
        if not isinstance(file.kind.rows, FactRows):
            return False
        column = file.kind.rows.about
        label = file.kind.rows.label
        about = dict(zip(rows.good, subjects(file.kind, rows), strict=True))
        known = self._target.known(label, {ref.key for ref in about.values()})
        unknown = [row for row, ref in about.items() if ref.key not in known]
        for row in unknown:
            message = f"No {label.lower()} has this {column}. Ingest it first, then this row again."
            shown = masked(batch.frame.get_column(column)[row])
            rows.refuse(row, column, Refusal(f"reference.unknown_{label.lower()}", message, shown))
        rows.keep_good()
        return len(unknown) > 0


@contextmanager
def _loading(store: GraphStore, planned: Plan, on_progress: OnProgress | None) -> Iterator[None]:
    """A large first load files its relationships when all are there: also one that was cancelled, or met a file that can't be read to its end."""
    sizes = {path: size for file in planned.files for path, (size, _) in zip(file.paths, file.stamps, strict=True)}
    if sum(sizes.values()) >= PUTS_OFF_BYTES or store.loading():
        store.begin_load()
    try:
        yield
    except IngestError:
        store.finish_load(on_progress)
        raise
    store.finish_load(on_progress)


def _batch_rows(store: GraphStore | None) -> int:
    """Only an engine that is a file is given the larger ones: a server keeps a transaction in its memory."""
    if store is None or not store.capabilities.online_backup or any(store.statistics().nodes.values()):
        return BATCH_ROWS
    return FIRST_BATCH_ROWS


def _fingerprints(files: Sequence[PlannedFile]) -> list[str]:
    contents = {path: content_digest(path) for path in dict.fromkeys(path for file in files for path in file.paths)}
    return [fingerprint([contents[path] for path in f.paths], f.kind.name, f.mapping, f.select) for f in files]


@contextmanager
def _collector_paused() -> Iterator[None]:
    """A batch makes some hundred thousand objects and no cycles; the collector of cycles would take a fifth of the time to find that out."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _count_created(progress: FileProgress, records: Assembled, result: UpsertResult) -> None:
    _add(progress.nodes_created, compress(records.labels, result.nodes_created))
    _add(progress.edges_created, compress(records.types, result.edges_created))
    _add(progress.facts_created, compress(records.kinds, result.facts_created))


def _add(totals: dict[str, int], names: Iterable[str]) -> None:
    for name, count in Counter(names).items():
        totals[name] = totals.get(name, 0) + count
