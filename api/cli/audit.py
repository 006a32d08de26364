"""`guanxi audit`: is the chain whole, what does it hold, and a new head after a restore."""

import csv
import os
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, TextIO

import orjson
import typer

from api.audit_chain import lines
from api.audit_chain import verify as verify_chain
from api.bootstrap import audit_head
from api.cli.chain import ACTOR, os_user
from api.cli.terminal import HomeOption, StoreOption, out, progress_bar, settings_from
from graph_model.errors import InvalidRequest
from graph_model.records import AuditEntry, AuditRecord
from graph_model.services.wording import reason_of
from graph_model.store import utc_now
from graph_model.stores import open_store

app = typer.Typer(help="The audit chain: who did what to whom.", no_args_is_help=True)

COLUMNS = ("sequence", "at", "actor", "role", "operation", "subjects", "result", "detail", "digest")


class Format(StrEnum):
    JSONL = "jsonl"
    CSV = "csv"


@app.command()
def verify(
    without_head: Annotated[
        bool, typer.Option("--without-head", help="Of a copy: look at the lines that are there only.")
    ] = False,
    home: HomeOption = None,
    store: StoreOption = None,
) -> None:
    """Read the whole chain and say whether a line was changed, removed, moved or cut off the end. Others may write meanwhile."""
    settings = settings_from(home=home, store=store)
    with closing(open_store(settings.store_address, read_only=True)) as opened, progress_bar() as on_progress:
        head = None if without_head else audit_head(settings, opened.address)
        last = verify_chain(opened, head, on_progress=on_progress)
    out.print(f"The audit chain is whole: {last.sequence:,} lines. The last digest is {last.digest}")


@app.command()
def export(
    file: Annotated[Path, typer.Argument(help="A file that does not exist yet; - is standard output.")],
    after: Annotated[int, typer.Option(min=0, help="Only lines after this one.")] = 0,
    format: Annotated[Format, typer.Option(help="One JSON object a line, or a table.")] = Format.JSONL,
    home: HomeOption = None,
    store: StoreOption = None,
) -> None:
    """Write the chain to a file, each line with its digest. It holds names of users, and subjects as keyed hashes."""
    settings = settings_from(home=home, store=store)
    with (
        closing(open_store(settings.store_address, read_only=True)) as opened,
        _target(file) as target,
        progress_bar() as on_progress,
    ):
        table = csv.writer(target) if format is Format.CSV else None
        if table is not None:
            table.writerow(COLUMNS)
        written, last = 0, after
        for entry in lines(opened, after=after):
            if table is not None:
                table.writerow(_row(entry))
            else:
                target.write(orjson.dumps(_object(entry)).decode() + "\n")
            written, last = written + 1, entry.sequence
            if written % 1_000 == 0:
                on_progress("audit lines", written, 0)
    if str(file) != "-":
        out.print(f"{written:,} lines are in {file}. Next time: --after {last}")


@app.command()
def seal(
    reason: Annotated[str, typer.Option(help="Why: a restore from a backup, for one. It is kept in the chain.")],
    home: HomeOption = None,
    store: StoreOption = None,
) -> None:
    """Accept the chain as it is now: writes a line that says so, and a new signed head. The lines that are there must be whole."""
    settings = settings_from(home=home, store=store)
    why = reason_of(reason, code=InvalidRequest.code)
    opened = open_store(settings.store_address)
    try:
        with progress_bar() as on_progress:
            last = verify_chain(opened, None, on_progress=on_progress)
        record = AuditRecord(
            at=utc_now(),
            actor=ACTOR,
            role="operator",
            operation="audit.seal",
            subjects=(),
            result="ok",
            detail={"user": os_user(), "reason": why, "after": last.sequence},
        )
        (entry,) = opened.append_audit([record])
        head = audit_head(settings, opened.address)
        head.seal(verify_chain(opened, None))
    finally:
        opened.close()
    out.print(f"Sealed at line {entry.sequence:,}.")


@contextmanager
def _target(file: Path) -> Iterator[TextIO]:
    if str(file) == "-":
        yield sys.stdout
        return
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with open(descriptor, "w", encoding="utf-8", newline="") as opened:  # noqa: PTH123 - made for its owner only
        yield opened


def _object(entry: AuditEntry) -> dict[str, object]:
    return {
        "sequence": entry.sequence,
        "at": _moment(entry.at),
        "actor": entry.actor,
        "role": entry.role,
        "operation": entry.operation,
        "subjects": list(entry.subjects),
        "result": entry.result,
        "detail": dict(entry.detail),
        "digest": entry.digest,
    }


def _row(entry: AuditEntry) -> list[object]:
    kept = _object(entry)
    kept["subjects"] = " ".join(entry.subjects)
    kept["detail"] = orjson.dumps(dict(entry.detail)).decode()
    return [_inert(kept[column]) for column in COLUMNS]


def _inert(value: object) -> object:
    """A spreadsheet runs a cell that begins so; a reason is free text."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds")
