"""`guanxi demo`: from nothing to a running product on made-up data, in one command."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from api.bootstrap import utc_now
from api.cli.terminal import err, out, progress_bar, settings_from
from api.ports import listening_socket
from api.secrets import ensure_home

READY_SECONDS = 60.0


def register(app: typer.Typer) -> None:
    app.command()(demo)


def demo(
    customers: Annotated[int, typer.Option(help="How many made-up customers.")] = 20_000,
    seed: Annotated[int, typer.Option(help="The same seed makes the same customers.")] = 7,
    home: Annotated[Path, typer.Option(help="Folder of the demo's files, graph and users.")] = Path("var/demo"),
    store: Annotated[str | None, typer.Option(help="Another graph than the home's own.")] = None,
    port: Annotated[int | None, typer.Option(help="Port of the API [GUANXI_API_PORT, else 8000].")] = None,
    ui_port: Annotated[
        int | None, typer.Option("--ui-port", help="Port of the pages [GUANXI_UI_PORT, else 8050].")
    ] = None,
    no_serve: Annotated[bool, typer.Option("--no-serve", help="Prepare everything, start nothing.")] = False,
) -> None:
    """Make a portfolio, load it, score it, start API and pages, and say whom to search. A second run finds everything ready."""
    from api.demo.cases import worth_searching
    from api.demo.graph import DemoPlan, prepare
    from api.demo.logins import demo_logins
    from api.logs import configure

    configure("warning", json=False)
    plan = DemoPlan(ensure_home(home), customers, seed, store)
    settings = settings_from(home=home, store=plan.store_address, api_port=port, ui_port=ui_port)
    if not no_serve:  # better now than after a minute of work
        for wanted in (settings.api_port, settings.ui_port):
            listening_socket("127.0.0.1", wanted).close()
    with progress_bar() as on_progress:
        graph = prepare(plan, now=utc_now(), on_progress=on_progress, say=err.print)
    try:
        cases = worth_searching(graph)
    finally:
        graph.close()
    logins = demo_logins(home, now=utc_now())

    def greet(url: str | None) -> None:
        out.print()
        if url is not None:
            out.print(f"Guanxi is at  {url}")
        people = Table("log in as", "password", box=None, pad_edge=False)
        for login in logins:
            people.add_row(login.name, login.password)
        out.print(people)
        worth = Table("worth searching", "", "", box=None, pad_edge=False)
        for case in cases:
            worth.add_row(case.id_number, case.name, case.why)
        out.print(worth)
        out.print(f"All of them are made up. The graph: --store {plan.store_address} --home {home}")

    if no_serve:
        greet(None)
        return
    _serve_both(settings.api_port, settings.ui_port, home, plan.store_address, greet)


def _serve_both(api_port: int, ui_port: int, home: Path, store: str, greet: Callable[[str], None]) -> None:
    from api.demo.processes import Child, Stopped, start, stop, stop_on_signals, wait_until_ready, watch

    api_url, ui_url = f"http://127.0.0.1:{api_port}", f"http://127.0.0.1:{ui_port}"
    logs = home / "logs"
    children: list[Child] = []
    stop_on_signals()
    try:
        children.append(
            start(
                "API",
                [
                    "-m",
                    "api.cli",
                    "serve",
                    "--host",
                    "127.0.0.1",
                    "--port",
                    str(api_port),
                    "--home",
                    str(home),
                    "--store",
                    store,
                ],
                {},
                url=f"{api_url}/readyz",
                log=logs / "api.log",
            )
        )
        children.append(
            start(
                "UI",
                ["-m", "investigator_ui"],
                {"GUANXI_API_URL": api_url, "GUANXI_UI_HOST": "127.0.0.1", "GUANXI_UI_PORT": str(ui_port)},
                url=f"{ui_url}/healthz",
                log=logs / "ui.log",
            )
        )
        wait_until_ready(children, seconds=READY_SECONDS)
        greet(ui_url)
        out.print("Ctrl-C stops it.")
        watch(children)
    except Stopped:
        err.print("Stopping …")
    finally:
        stop(children)
