"""What is told of refused rows: the quarantine's rows, and the tally of a file's quality."""

from collections import Counter
from collections.abc import Sequence

from ingest.quality import Tally
from ingest.quarantine import QuarantinedRow
from ingest.rows import MISSING, CleanRows
from ingest.source_file import RowBatch


def broken_rows(batch: RowBatch) -> list[QuarantinedRow]:
    """The records of a batch that are no rows."""
    return [
        QuarantinedRow(
            (),
            broken.line,
            "",
            broken.reason,
            "",
            broken.message,
            raw=broken.raw.decode("utf-8", errors="backslashreplace"),
        )
        for broken in batch.broken
    ]


def quarantined_rows(batch: RowBatch, rows: CleanRows, columns: Sequence[str]) -> list[QuarantinedRow]:
    """The refused rows of a batch, by line."""
    carried = batch.frame.get_column("_raw").to_list() if "_raw" in batch.frame.columns else None
    refused = broken_rows(batch)
    places = sorted(rows.refusals)
    texts = batch.frame.select(columns)[places].iter_rows() if places else iter(())
    for row, fields in zip(places, texts, strict=True):
        (column, first), *others = rows.refusals[row]
        refused.append(
            QuarantinedRow(
                fields,
                batch.lines[row],
                column,
                first.reason,
                first.shown,
                first.message,
                "; ".join(f"{name}: {other.reason}" for name, other in others),
                # A row that could not be split keeps its text until someone mends it.
                (carried[row] or "") if carried is not None else "",
            )
        )
    return sorted(refused, key=lambda row: row.line)


def tally_batch(tally: Tally, batch: RowBatch, rows: CleanRows) -> None:
    refused = Counter(
        name for refusals in rows.refusals.values() for name in {n for n, why in refusals if why is not MISSING}
    )
    for name in tally.columns:
        raw = batch.frame.get_column(name)
        filled = len(raw) - rows.values[name].count(None)
        tally.add_column(name, raw, filled, refused[name])
    for broken in batch.broken:
        tally.refuse("", broken.reason, broken.message, "", broken.line)
    for row, refusals in rows.refusals.items():
        for name, refusal in refusals:
            tally.refuse(name, refusal.reason, refusal.message, refusal.shown, batch.lines[row])
