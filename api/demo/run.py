"""The demo's run: the pages load while the graph is made, then the API starts on it; all of it ends together."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager

import typer

from api.cli.chain import audited
from api.cli.servers import require_pages
from api.cli.terminal import err, out, progress_bar, settings_from
from api.demo.cases import Case, worth_searching
from api.demo.graph import DemoPlan, prepare, settled
from api.demo.logins import DemoLogin, demo_logins
from api.demo.marketing import open_market
from api.demo.processes import Child, Stopped, start, stop, stop_on_signals, wait_until_ready, watch
from api.demo.warmup import WarmUp, warm_up
from api.gate import gate_of
from api.logs import configure
from api.ports import listening_socket
from api.secrets import ensure_home
from api.settings import Settings
from graph_model.store import utc_now
from graph_model.stores import without_password

READY_SECONDS = 60.0
INTERRUPTED = 130  # what a shell expects of a command that Ctrl-C ended


def run(plan: DemoPlan, *, api_port: int | None, ui_port: int | None, serve: bool) -> None:
    """Returns when a signal asks to stop, or at once where nothing is served. Raises PortInUse, ExtraMissing, ChildFailed, and what `prepare` raises."""
    configure("warning", json=False)
    ensure_home(plan.home)
    settings = settings_from(
        home=plan.home, store=plan.store_address, models=plan.models, api_port=api_port, ui_port=ui_port
    )
    if not serve:
        _greet(*_prepared(plan, settings, None), plan, url=None)
        return
    require_pages()
    for wanted in (settings.api_port, settings.ui_port):  # better told now than after a minute of work
        listening_socket("127.0.0.1", wanted).close()
    with _children() as children:
        children.append(_start_pages(settings))  # they load while the graph is made
        with warm_up(plan) as compiling:
            cases, logins = _prepared(plan, settings, compiling)
        children.append(_start_api(settings))
        wait_until_ready(children, seconds=READY_SECONDS)
        _greet(cases, logins, plan, url=f"http://127.0.0.1:{settings.ui_port}")
        watch(children)


def _prepared(
    plan: DemoPlan, settings: Settings, compiling: WarmUp | None
) -> tuple[Sequence[Case], Sequence[DemoLogin]]:
    def compiled() -> None:
        if compiling is not None:
            compiling.wait(err.print)

    gate, say = gate_of(settings), err.print
    with (
        progress_bar() as on_progress,
        closing(
            prepare(plan, gate, now=settled(utc_now()), on_progress=on_progress, say=say, before_scoring=compiled)
        ) as graph,
    ):
        with audited(settings, graph, "demo", "operator"):  # an audience that is drawn is in the audit chain
            open_market(graph, gate, name=plan.name, now=settled(utc_now()), on_progress=on_progress, say=say)
        return worth_searching(graph), demo_logins(plan.home, now=utc_now())


@contextmanager
def _children() -> Iterator[list[Child]]:
    """Servers that end with the demo, however it ends."""
    children: list[Child] = []
    stop_on_signals()
    try:
        yield children
    except Stopped:
        err.print("Stopping …")
        if len(children) < 2:  # before the servers ran
            raise typer.Exit(INTERRUPTED) from None
    finally:
        stop(children)


def _start_pages(settings: Settings) -> Child:
    return start(
        "UI",
        ["-m", "investigator_ui"],
        {
            "GUANXI_API_URL": f"http://127.0.0.1:{settings.api_port}",
            "GUANXI_UI_HOST": "127.0.0.1",
            "GUANXI_UI_PORT": str(settings.ui_port),
        },
        url=f"http://127.0.0.1:{settings.ui_port}/healthz",
        log=settings.home / "logs" / "ui.log",
    )


def _start_api(settings: Settings) -> Child:
    return start(
        "API",
        ["-m", "api.cli", "serve", "--host", "127.0.0.1", "--port", str(settings.api_port)],
        {
            "GUANXI_HOME": str(settings.home),
            "GUANXI_STORE": settings.store_address,
            "GUANXI_MODELS": str(settings.model_folder),
            "GUANXI_COMPILE_AHEAD": "false",  # the scoring has just run
            "GUANXI_READ_AHEAD": "false",  # and the graph has just been written
        },
        url=f"http://127.0.0.1:{settings.api_port}/readyz",
        log=settings.home / "logs" / "api.log",
    )


def _greet(cases: Sequence[Case], logins: Sequence[DemoLogin], plan: DemoPlan, *, url: str | None) -> None:
    """What a person needs to begin. The numbers are printed whole: somebody must type them, and they are nobody's."""
    out.print()
    if url is not None:
        out.print(f"Guanxi is at  {url}")
    out.print("Log in as")
    for login in logins:
        lands = f"  tags, segments, circles and audiences at {url}{login.page}" if url and login.page else ""
        out.print(f"  {login.name:<14}{login.password}{lands}")
    out.print("Worth searching")
    for case in cases:
        out.print(f"  {case.id_number:<20}{case.name:<19}{case.why}")
    out.print(f"All of them are made up. The graph: --store {without_password(plan.store_address)} --home {plan.home}")
    out.print(f"Its models: --models {plan.models}")
    if url is not None:
        out.print("Ctrl-C stops it.")
    out.file.flush()  # a pipe would keep it back for as long as the demo runs
