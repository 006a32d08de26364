"""An audience as a file: CSV, Parquet or JSON Lines, one row for each member who may be handed out now, and what the role may see of them."""

import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from graph_model.errors import InvalidRequest
from graph_model.principal import Principal, Right
from graph_model.services import audiences
from graph_model.services.audience_records import Audience, Version
from graph_model.services.gate_policy import Gate
from graph_model.services.masking import caption
from graph_model.store import GraphStore, OnProgress

if TYPE_CHECKING:
    import polars as pl

FORMS = ("csv", "parquet", "jsonl")


def form_of(path: Path) -> str:
    """By the ending. Raises InvalidRequest for another one."""
    form = path.suffix.removeprefix(".").lower()
    if form not in FORMS:
        raise InvalidRequest(f"An audience is written as {', '.join('.' + each for each in FORMS)}. Name such a file.")
    return form


def export(
    store: GraphStore,
    gate: Gate,
    principal: Principal,
    audience: Audience,
    of: Version,
    target: Path,
    *,
    now: datetime,
    on_progress: OnProgress | None = None,
) -> int:
    """How many rows were written. The file is whole or not there, and only its owner reads it; an existing one is not replaced."""
    form = form_of(target)
    if target.exists():
        raise InvalidRequest(f"{target} is there already. Name a new file.")
    rows: list[dict[str, object]] = []
    for piece in audiences.handed_out(store, gate, principal, audience, of, now=now):
        rows += _rows(store, principal, audience, of, piece)
        if on_progress is not None:
            on_progress("members", len(rows), of.members)
    audiences.note_export(store, principal, audience, of, rows=len(rows), form=form, now=now)
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        _write(_table(rows, principal), draft, form)
        draft.rename(target)
    finally:
        draft.unlink(missing_ok=True)
    return len(rows)


def _rows(
    store: GraphStore, principal: Principal, audience: Audience, of: Version, node_ids: Sequence[str]
) -> list[dict[str, object]]:
    told: dict[str, object] = {"audience": audience.name, "version": of.number, "channel": audience.channel}
    if not principal.may(Right.SEE_GRAPH):
        return [{"node_id": node_id, **told} for node_id in node_ids]
    return [
        {"node_id": node.node_id, **told, "caption": caption(node, principal)} for node in store.get_by_id(node_ids)
    ]


def _table(rows: Sequence[Mapping[str, object]], principal: Principal) -> "pl.DataFrame":
    import polars as pl  # each command of the shell imports this module

    schema = {"node_id": pl.String, "audience": pl.String, "version": pl.Int64, "channel": pl.String}
    return pl.DataFrame(rows, schema=schema | ({"caption": pl.String} if principal.may(Right.SEE_GRAPH) else {}))


def _write(table: "pl.DataFrame", path: Path, form: str) -> None:
    match form:
        case "csv":
            table.write_csv(path)
        case "parquet":
            table.write_parquet(path)
        case _:
            table.write_ndjson(path)
