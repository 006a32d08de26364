"""`guanxi serve` and `guanxi ui`: the two servers, each a process of its own."""

import importlib.util
import os
import socket
import sys
from typing import Annotated

import typer

from api.cli.terminal import HomeOption, StoreOption, err, settings_from
from api.compiling import compiling_ahead
from api.ports import PortRefused, listening_socket
from api.reading_ahead import reading_ahead
from api.settings import Settings
from graph_model.errors import GuanxiError


class ExtraMissing(GuanxiError):
    """A part of the product that isn't installed."""

    code = "extra.missing"


def register(app: typer.Typer) -> None:
    app.command()(serve)
    app.command("ui")(serve_ui)


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on [GUANXI_API_HOST, else 127.0.0.1].")] = None,
    port: Annotated[
        int | None, typer.Option(help="Port to listen on [GUANXI_API_PORT, else 8000]; 0 takes a free one.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(help="Server processes on that port [GUANXI_WORKERS, else 1]; one per core is enough.")
    ] = None,
    home: HomeOption = None,
    store: StoreOption = None,
) -> None:
    """Serve GraphQL. Ctrl-C or SIGTERM stops it after what it has taken is answered."""
    from api.logs import configure, log

    settings = settings_from(api_host=host, api_port=port, workers=workers, home=home, store=store)
    configure(settings.log_level, json=settings.log_json)
    listening = listening_socket(settings.api_host, settings.api_port)
    if not _is_loopback(settings.api_host):
        err.print("Listening beyond this machine: put a proxy that ends TLS in front.", style="yellow")
    log.info("serve", host=settings.api_host, port=listening.getsockname()[1], workers=settings.workers)
    with compiling_ahead(wanted=settings.compile_ahead and not settings.read_only):
        if settings.workers == 1:
            from api.serving import serve as serve_here

            with reading_ahead(settings.store_file, wanted=settings.read_ahead):
                serve_here(settings, listening)
        else:
            _serve_together(settings, listening)


def _serve_together(settings: Settings, listening: socket.socket) -> None:
    from api.supervisor import Supervisor
    from graph_model.stores import open_store

    # What can't be opened is one clear error here, and a graph of an older version is brought up to date once.
    open_store(settings.store_address, read_only=settings.read_only).close()
    environment = {"GUANXI_HOME": str(settings.home), "GUANXI_STORE": settings.store_address}
    environment |= {"GUANXI_API_HOST": settings.api_host, "GUANXI_API_PORT": str(settings.api_port)}
    supervisor = Supervisor(
        listening, workers=settings.workers, environment=environment, stop_seconds=settings.stop_seconds
    )
    with reading_ahead(settings.store_file, wanted=settings.read_ahead):
        supervisor.run()


def serve_ui(
    host: Annotated[str | None, typer.Option(help="Address to listen on [GUANXI_UI_HOST, else 127.0.0.1].")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on [GUANXI_UI_PORT, else 8050].")] = None,
    api_url: Annotated[str | None, typer.Option(help="Where the API is [GUANXI_API_URL].")] = None,
) -> None:
    """Serve the investigator's web pages."""
    settings = settings_from(ui_host=host, ui_port=port)
    require_pages()
    listening_socket(settings.ui_host, settings.ui_port).close()
    environment = dict(os.environ) | {
        "GUANXI_UI_HOST": settings.ui_host,
        "GUANXI_UI_PORT": str(settings.ui_port),
        "GUANXI_API_URL": api_url or os.environ.get("GUANXI_API_URL") or f"http://127.0.0.1:{settings.api_port}",
    }
    # The UI takes this process over, so that signals reach it and nothing of the API is loaded beside it.
    os.execve(sys.executable, [sys.executable, "-m", "investigator_ui"], environment)


def require_pages() -> None:
    """Raises ExtraMissing. Looks, without loading anything."""
    if importlib.util.find_spec("dash") is None:
        raise ExtraMissing("The web pages are not installed. Run: pip install 'guanxi[ui]'")


def _is_loopback(host: str) -> bool:
    try:
        return all(str(info[4][0]).startswith("127.") or info[4][0] == "::1" for info in socket.getaddrinfo(host, None))
    except OSError as exc:
        raise PortRefused(f"{host} is no address of this machine. Set GUANXI_API_HOST.") from exc
