"""`guanxi mapping`: other people's files. Drafts what their columns mean, and checks such a mapping without writing anything."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from api.cli.terminal import err, out
from graph_model.errors import InvalidRequest
from graph_model.store import utc_now

app = typer.Typer(help="Other people's files: what their columns mean.", no_args_is_help=True)

FilesArgument = Annotated[list[Path], typer.Argument(help="Files of rows, or folders of them.")]


@app.command()
def init(
    files: Annotated[
        list[Path], typer.Argument(help="Files of rows: CSV, JSON Lines or Parquet, packed by gzip or not.")
    ],
    to: Annotated[Path, typer.Option("--out", help="Where the draft goes.")] = Path("mapping.toml"),
    force: Annotated[bool, typer.Option("--force", help="Overwrite what is there.")] = False,
) -> None:
    """Draft a mapping from headers and first rows. Comments say what is unsure and what is missing."""
    from ingest.drafting import draft

    if to.exists() and not force:
        raise InvalidRequest(f"{to} exists. Choose another place by --out, or overwrite it by --force.")
    text = draft(files)
    to.write_text(text, encoding="utf-8")
    unsure, missing = text.count("# UNSURE"), text.count("# MISSING")
    out.print(f"Wrote {to}: {unsure} {_places(unsure)} to look at, {missing} missing.")
    out.print(f"Next: guanxi mapping check {to} {' '.join(map(str, files))}")


@app.command()
def check(
    mapping: Annotated[Path, typer.Argument(help="The mapping file.")],
    files: FilesArgument,
    rows: Annotated[int, typer.Option(min=1, help="How many rows of each file are looked at.")] = 1_000,
) -> None:
    """Say what each column becomes and which of the first rows would be refused. Looks at no graph and writes nothing."""
    from ingest.layout import becomes
    from ingest.mapping import load_mapping
    from ingest.rehearsal import rehearse
    from ingest.report import render

    plan, report = rehearse(files, load_mapping(mapping), now=utc_now(), rows=rows)
    for file in plan.files:
        table = Table(
            "from", "column", "becomes", title=f"{file.path.name}: {file.kind.name}", box=None, pad_edge=False
        )
        own = dict(zip(file.header.names, file.opened.header, strict=True))
        read = {step.target: step for step in file.header.steps}
        for column in file.kind.columns:
            if column.name in file.header.known:
                step = read.get(column.name)
                source = own.get(column.name, "") if step is None or step.read is None else own[step.read]
                table.add_row(source or "(constant)", column.name, becomes(file.kind, column))
        out.print(table)
    out.print(render(report))
    refused = sum(file.quarantined == file.read > 0 for file in report.files)
    if refused:
        err.print(
            f"Every row looked at of {refused} {'file' if refused == 1 else 'files'} would be refused.", style="yellow"
        )


def _places(count: int) -> str:
    return "place" if count == 1 else "places"
