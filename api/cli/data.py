"""Commands on the graph: generate, ingest, status, search, backup."""

import sys
from contextlib import closing, suppress
from pathlib import Path
from typing import Annotated

import typer

from api.cli.terminal import HomeOption, StoreOption, columns, err, out, progress_bar, settings_from
from api.secrets import ensure_home
from graph_model.errors import StoreError, StoreMissing
from graph_model.principal import Principal, Role
from graph_model.services.backups import note_backup
from graph_model.services.status import newest_model
from graph_model.store import GraphStore, utc_now
from graph_model.stores import open_store


def register(app: typer.Typer) -> None:
    for command in (generate, ingest, status, search, backup):
        app.command()(command)


def generate(
    folder: Annotated[Path, typer.Option("--out", help="Folder for the files; made where it is missing.")],
    customers: Annotated[int, typer.Option(help="How many customers.")] = 20_000,
    seed: Annotated[int, typer.Option(help="The same seed makes the same files.")] = 7,
) -> None:
    """Write a lifelike made-up portfolio as CSV files, with the truth about its fraud in a folder beside them."""
    from ingest.portfolio import generate as make

    with progress_bar() as on_progress:
        made = make(folder, customers=customers, seed=seed, on_progress=on_progress)
    table = columns("file", "rows")
    for name, rows in made.rows.items():
        table.add_row(name, f"{rows:,}")
    out.print(table)
    out.print(f"Next: guanxi ingest {folder}")


def ingest(
    files: Annotated[
        list[Path], typer.Argument(help="CSV files of the layout in docs/data-layout.md, or folders of them.")
    ],
    mapping: Annotated[Path | None, typer.Option(help="TOML file that says which file and column is what.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check everything, write nothing.")] = False,
    quarantine: Annotated[
        Path | None, typer.Option(help="Folder for refused rows [quarantine in the home folder].")
    ] = None,
    json_report: Annotated[
        Path | None, typer.Option("--json", help="Write the data-quality report there as JSON.")
    ] = None,
    home: HomeOption = None,
    store: StoreOption = None,
) -> None:
    """Load files into the graph. Bad rows go to quarantine; run it again after a crash and it goes on where it was."""
    from ingest.load import ingest as load
    from ingest.mapping import load_mapping
    from ingest.report import render

    settings = settings_from(home=home, store=store)
    wanted = load_mapping(mapping) if mapping is not None else None
    refused = quarantine if quarantine is not None else settings.home / "quarantine"
    if dry_run:
        target = _existing(settings.store_address)
    else:
        ensure_home(settings.home)
        target = open_store(settings.store_address, create=True)
    try:
        with progress_bar() as on_progress:
            report = load(
                target,
                files,
                quarantine_dir=refused,
                now=utc_now(),
                mapping=wanted,
                dry_run=dry_run,
                on_progress=on_progress,
            )
    finally:
        if target is not None:
            target.close()
    if json_report is not None:
        json_report.write_text(report.to_json_text() + "\n", encoding="utf-8")
    out.print(render(report))
    if report.quarantined > 0 and not dry_run:
        err.print(
            f"{report.quarantined:,} rows are in {refused}: correct them there and ingest the file.", style="yellow"
        )


def _existing(address: str) -> GraphStore | None:
    """What a dry run compares with: the graph that is there, if any."""
    try:
        return open_store(address, read_only=True)
    except StoreMissing:
        return None


def status(home: HomeOption = None, store: StoreOption = None) -> None:
    """How much is in the graph, and when it last changed."""
    settings = settings_from(home=home, store=store)
    with closing(open_store(settings.store_address, read_only=True)) as opened:
        counted, model = opened.statistics(), newest_model(opened)
        table = columns("what", "how many")
        for name, number in (*counted.nodes.items(), *counted.edges.items(), *counted.facts.items()):
            if number > 0:
                table.add_row(name, f"{number:,}")
        table.add_row("assessments", f"{counted.assessments:,}")
        out.print(table)
        out.print(f"store    {opened.address}")
        out.print(f"changed  {counted.changed_at.isoformat() if counted.changed_at is not None else 'never'}")
        if opened.unfinished_scoring() is not None:
            err.print("A scoring is at work or was broken off: some scores are newer than the others.", style="yellow")
        out.print(f"model    {model if model is not None else 'not scored yet: guanxi score'}")


def search(
    text: Annotated[
        str, typer.Argument(help="ID number, phone, card, device, name …; - reads it from standard input.")
    ],
    limit: int = 10,
    home: HomeOption = None,
    store: StoreOption = None,
) -> None:
    """Find nodes. What is shown is masked as for an investigator."""
    from graph_model.services.lookup import search as find

    wanted = sys.stdin.readline().strip() if text == "-" else text
    with closing(open_store(settings_from(home=home, store=store).store_address, read_only=True)) as opened:
        hits = find(opened, Principal("command line", Role.INVESTIGATOR), wanted, limit=limit)
    table = columns("id", "type", "caption", "matched", "grade", whole=("id", "type"))
    for hit in hits:
        table.add_row(hit.id, hit.type, hit.caption, hit.matched, hit.grade or "")
    out.print(table if len(hits) > 0 else "Nothing was found.")


def backup(
    target: Annotated[Path, typer.Argument(help="A file that does not exist yet.")],
    home: HomeOption = None,
    store: StoreOption = None,
) -> None:
    """Write a consistent copy of the graph to a new file, while others read and write."""
    settings = settings_from(home=home, store=store)
    address = settings.store_address
    with closing(open_store(address, read_only=True)) as opened, progress_bar() as on_progress:
        opened.backup(target, on_progress=on_progress)
    if not settings.read_only:
        _note_backup(address)
    out.print(f"Written to {target}. It opens with --store sqlite:///{target}")


def _note_backup(address: str) -> None:
    """For `guanxi doctor`. A graph that can't be written to is backed up all the same."""
    with suppress(StoreError), closing(open_store(address)) as opened:
        note_backup(opened, now=utc_now())
