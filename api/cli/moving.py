"""`guanxi copy`: a whole graph moves from one store to another, either way."""

from contextlib import closing
from typing import Annotated

import typer
from rich.table import Table

from api.cli.terminal import columns, out, progress_bar, settings_from
from graph_model.stores import open_store
from graph_model.transfer import Checksums


def register(app: typer.Typer) -> None:
    app.command()(copy)


def copy(
    target: Annotated[
        str,
        typer.Option(
            "--to", help="Address of the graph to fill [GUANXI_COPY_TO].", envvar="GUANXI_COPY_TO", show_envvar=False
        ),
    ],
    source: Annotated[
        str | None, typer.Option("--from", help="Address of the graph to copy [GUANXI_STORE, else the home's own].")
    ] = None,
    verify_only: Annotated[bool, typer.Option("--verify-only", help="Compare the two, write nothing.")] = False,
) -> None:
    """Copy a whole graph to an empty place: scores, rings, audit chain and drawn links too. After a break the same command goes on."""
    from graph_model.moving import compare
    from graph_model.moving import copy as copied

    with closing(open_store(settings_from(store=source).store_address, read_only=verify_only)) as here:
        there = open_store(target, create=not verify_only, read_only=verify_only)
        try:
            with progress_bar() as on_progress:
                found = (compare if verify_only else copied)(here, there, on_progress=on_progress)
            out.print(_table(found))
            done = "hold the same" if verify_only else "hold the same now"
            out.print(f"{here.address} and {there.address} {done}: counts and checksums of every kind are equal.")
        finally:
            there.close()


def _table(found: Checksums) -> Table:
    table = columns("what", "how many", "checksum", whole=("checksum",))
    for kind, number in found.counts.items():
        table.add_row(kind, f"{number:,}", f"{found.sums[kind]:032x}"[:12])
    return table
