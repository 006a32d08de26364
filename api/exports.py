"""People as a file: CSV, Parquet or JSON Lines, one row for each who comes out of the gate. Whatever hands out people, an audience or a
segment, says who they are (`Export`) and is written here; masked captions (`named`) are for whoever may see the graph.
"""

import os
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from graph_model.errors import InvalidRequest
from graph_model.principal import Principal, Right
from graph_model.records import AuditRecord
from graph_model.services.masking import caption
from graph_model.store import GraphStore, OnProgress

if TYPE_CHECKING:
    import polars as pl

MEDIA_TYPES: Mapping[str, str] = {
    "csv": "text/csv; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
    "jsonl": "application/jsonl",
}
FORMS = tuple(MEDIA_TYPES)
_FORMULA = r"^[=+\-@\t\r]"  # how a cell begins that a spreadsheet would compute


@dataclass(frozen=True, slots=True)
class Export:
    """Who goes out, out of the gate piece by piece, at most `most`; `told` is what every row says besides. `record` is the line of the audit chain
    for so many rows in a form: it is written before the file is given away."""

    name: str
    told: Mapping[str, str | int]
    most: int
    pieces: Iterable[Sequence[str]]
    record: Callable[[int, str], AuditRecord]


Note = Callable[[AuditRecord], object]


def form_of(path: Path) -> str:
    """By the ending. Raises InvalidRequest for another one."""
    return checked_form(path.suffix.removeprefix(".").lower())


def checked_form(form: str) -> str:
    """Raises InvalidRequest."""
    if form not in FORMS:
        raise InvalidRequest(f"People are written as {', '.join(FORMS)}. Name one of them.")
    return form


def to_file(
    store: GraphStore,
    principal: Principal,
    export: Export,
    target: Path,
    *,
    named: bool,
    note: Note,
    on_progress: OnProgress | None = None,
) -> int:
    """How many rows were written. The file is whole or not there, and only its owner reads it; an existing one is not replaced."""
    form = form_of(target)
    if target.exists():
        raise InvalidRequest(f"{target} is there already. Name a new file.")
    table = _gathered(store, principal, export, named=named, on_progress=on_progress)
    note(export.record(table.height, form))
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            _write(table, file, form)
        draft.rename(target)
    finally:
        draft.unlink(missing_ok=True)
    return table.height


def to_nameless_file(
    store: GraphStore, principal: Principal, export: Export, form: str, *, named: bool, note: Note, folder: Path
) -> tuple[IO[bytes], int]:
    """The same as a file without a name, at its beginning, and its size in bytes: it is gone when it is closed, however that comes."""
    checked_form(form)
    table = _gathered(store, principal, export, named=named)
    note(export.record(table.height, form))
    file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - whoever sends it closes it
    try:
        _write(table, file, form)
        size = file.tell()
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return file, size


def _gathered(
    store: GraphStore, principal: Principal, export: Export, *, named: bool, on_progress: OnProgress | None = None
) -> "pl.DataFrame":
    import polars as pl  # each command of the shell imports this module

    if named:
        principal.require(Right.SEE_GRAPH)
    node_ids: list[str] = []
    captions: list[str] = []
    for piece in export.pieces:
        node_ids += piece
        if named:
            nodes = {node.node_id: node for node in store.get_by_id(piece)}
            captions += [caption(nodes[node_id], principal) for node_id in piece]
        if on_progress is not None:
            on_progress("members", len(node_ids), export.most)
    table = pl.DataFrame({"node_id": node_ids}, schema={"node_id": pl.String})
    kinds = {str: pl.String, int: pl.Int64}
    table = table.with_columns(pl.lit(said, dtype=kinds[type(said)]).alias(of) for of, said in export.told.items())
    return table.with_columns(pl.Series("caption", captions, dtype=pl.String)) if named else table


def _write(table: "pl.DataFrame", file: IO[bytes], form: str) -> None:
    match form:
        case "csv":
            _safe(table).write_csv(file)
        case "parquet":
            table.write_parquet(file)
        case _:
            table.write_ndjson(file)


def _safe(table: "pl.DataFrame") -> "pl.DataFrame":
    """A spreadsheet takes `=…` for a formula; an apostrophe keeps it text."""
    import polars as pl

    return table.with_columns(pl.col(pl.String).str.replace(_FORMULA, "'$0"))
