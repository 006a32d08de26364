"""What commands share that write a file of people: their options, and the writing, which is noted in the audit chain."""

from pathlib import Path
from typing import Annotated

import typer

from api.cli.terminal import progress_bar
from api.exports import Export, to_file
from graph_model.principal import Principal
from graph_model.store import GraphStore

OutOption = Annotated[Path, typer.Option("--out", help="A new file: .csv, .parquet or .jsonl.")]
CaptionsOption = Annotated[bool, typer.Option("--captions", help="With masked names, for people.")]


def written(store: GraphStore, principal: Principal, export: Export, target: Path, *, named: bool) -> int:
    """How many rows."""
    with progress_bar() as on_progress:
        return to_file(
            store, principal, export, target,
            named=named, note=lambda line: store.append_audit([line]), on_progress=on_progress,
        )  # fmt: skip
