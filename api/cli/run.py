"""`guanxi demo`: from nothing to a running product on made-up data, in one command."""

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    app.command()(demo)


def demo(
    customers: Annotated[int, typer.Option(help="How many made-up customers.")] = 20_000,
    seed: Annotated[int, typer.Option(help="The same seed makes the same customers.")] = 7,
    home: Annotated[Path, typer.Option(help="Folder of the demo's files, graph and users.")] = Path("var/demo"),
    store: Annotated[
        str | None,
        typer.Option(
            help="Another graph than the home's own [GUANXI_DEMO_STORE].", envvar="GUANXI_DEMO_STORE", show_envvar=False
        ),
    ] = None,
    port: Annotated[int | None, typer.Option(help="Port of the API [GUANXI_API_PORT, else 8000].")] = None,
    ui_port: Annotated[
        int | None, typer.Option("--ui-port", help="Port of the pages [GUANXI_UI_PORT, else 8050].")
    ] = None,
    no_serve: Annotated[bool, typer.Option("--no-serve", help="Prepare everything, start nothing.")] = False,
) -> None:
    """Make a portfolio, load it, score it, start API and pages, and say whom to search. A second run finds everything ready."""
    from api.demo.graph import DemoPlan
    from api.demo.run import run

    run(DemoPlan(home, customers, seed, store), api_port=port, ui_port=ui_port, serve=not no_serve)
