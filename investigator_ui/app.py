"""Builds the Dash application from Settings: server, headers, session pages, layout, callbacks. The one place that wires them."""

from datetime import UTC, datetime
from pathlib import Path

from dash import Dash
from flask import Flask, Response, request

from investigator_ui import callbacks, session
from investigator_ui.client import Api
from investigator_ui.downloads import add_downloads
from investigator_ui.layout import skeleton
from investigator_ui.services import Services
from investigator_ui.settings import Settings

HERE = Path(__file__).parent

INDEX = """<!DOCTYPE html>
<html lang="zh-CN">
<head>
  {%metas%}
  <title>{%title%}</title>
  <link rel="icon" href="/assets/favicon.svg" type="image/svg+xml">
  {%css%}
</head>
<body>
  {%app_entry%}
  <footer>{%config%}{%scripts%}{%renderer%}</footer>
</body>
</html>"""


def create_app(settings: Settings, *, api: Api | None = None) -> Dash:
    server = Flask("investigator_ui", root_path=str(HERE), template_folder="templates", static_folder=None)
    api = api or Api(settings.api_base, timeout_seconds=settings.api_timeout_seconds)
    session.add_session_pages(
        server,
        api,
        cookie_secure=settings.ui_cookie_secure,
        public_url=settings.ui_public_url,
        clock=lambda: datetime.now(UTC),
    )
    services = Services(api, zone=settings.timezone)
    add_downloads(server, services)
    app = Dash(
        "investigator_ui",
        server=server,  # type: ignore[arg-type]  # Dash takes a Flask; its annotation does not say so
        assets_folder=str(HERE / "assets"),
        index_string=INDEX,
        title="关系 Guanxi",
        update_title="",
        serve_locally=True,
        include_pages_meta=False,
        suppress_callback_exceptions=True,
        meta_tags=[{"name": "viewport", "content": "width=device-width, initial-scale=1"}],
        health_endpoint="healthz",
        on_error=callbacks.tell_the_user,
        enable_mcp=False,
    )
    app.layout = skeleton()
    callbacks.register(app, services)
    _add_headers(server, app)
    return app


def _add_headers(server: Flask, app: Dash) -> None:
    scripts = " ".join(["'self'", *app.csp_hashes()])
    policy = (
        f"default-src 'self'; script-src {scripts}; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
        "connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )

    @server.after_request
    def add(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = policy
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["X-Frame-Options"] = "DENY"
        response.headers["Referrer-Policy"] = "same-origin"
        response.headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=()"
        if not request.path.startswith(("/assets/", "/_dash-component-suites/")):
            response.headers["Cache-Control"] = "no-store"  # pages and answers hold personal data, masked or not
        return response
