"""`python -m investigator_ui`: starts the UI server and prints its URL. Options override the environment."""

import argparse
import errno
import logging
import os
import signal
import sys

import pydantic
import waitress

from investigator_ui.app import create_app
from investigator_ui.settings import Settings

THREADS = 12


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    chosen = {name: value for name, value in vars(options).items() if value is not None}
    try:
        settings = Settings(**chosen)
    except pydantic.ValidationError as exc:
        for problem in exc.errors():
            name = "GUANXI_" + str(problem["loc"][0]).upper() if problem["loc"] else "settings"
            _say(f"{name}: {problem['msg']}", to_stderr=True)
        return 2
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    app = create_app(settings)
    try:
        server = waitress.create_server(
            app.server,
            host=settings.ui_host,
            port=settings.ui_port,
            threads=THREADS,
            ident=None,
            **_proxy(settings),
            clear_untrusted_proxy_headers=True,
        )
    except OSError as exc:
        _say(_why_not(exc, settings), to_stderr=True)
        return 1
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    port = getattr(server, "effective_port", settings.ui_port)
    _say(f"Guanxi UI: http://{settings.ui_host}:{port}/  (API: {settings.api_base})")
    try:
        server.run()
    except KeyboardInterrupt:
        _say("stopped")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m investigator_ui", description="The investigator's screens.")
    parser.add_argument("--host", dest="ui_host", help="address to listen on (GUANXI_UI_HOST; default 127.0.0.1)")
    parser.add_argument("--port", dest="ui_port", type=int, help="port to listen on (GUANXI_UI_PORT; default 8050)")
    parser.add_argument(
        "--api-url", dest="api_url", help="where the API is (GUANXI_API_URL; default http://127.0.0.1:8000)"
    )
    return parser


def _proxy(settings: Settings) -> dict[str, object]:
    if not settings.ui_trusted_proxy:
        return {}
    return {
        "trusted_proxy": settings.ui_trusted_proxy,
        "trusted_proxy_headers": {"x-forwarded-proto", "x-forwarded-host"},
    }


def _why_not(exc: OSError, settings: Settings) -> str:
    where = f"{settings.ui_host}:{settings.ui_port}"
    if exc.errno == errno.EADDRINUSE:
        return f"{where} is in use by another program. Stop it, or choose another port: --port or GUANXI_UI_PORT."
    if exc.errno in {errno.EACCES, errno.EPERM}:
        return f"Not allowed to listen on {where}. Choose a port above 1023: --port or GUANXI_UI_PORT."
    return f"Can't listen on {where}: {os.strerror(exc.errno or 0)}. Check --host and --port."


def _say(line: str, *, to_stderr: bool = False) -> None:
    stream = sys.stderr if to_stderr else sys.stdout
    stream.write(line + "\n")
    stream.flush()


if __name__ == "__main__":
    raise SystemExit(main())
