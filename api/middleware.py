"""Pure ASGI middleware around everything: request ids, the access log, safe answers to unexpected errors, security headers, the body limit."""

import re
import secrets
import time
from collections.abc import MutableMapping, Sequence
from typing import Any

import orjson
import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import CODES, INTERNAL, Described
from api.logs import log
from api.metrics import Metrics
from api.telemetry import Tracing
from graph_model.errors import where

SECURITY_HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
KNOWN_PATHS = frozenset(
    {"/graphql", "/auth/login", "/auth/logout", "/auth/methods", "/auth/exchange", "/healthz", "/readyz", "/metrics"}
    | {"/auth/oidc/start", "/auth/oidc/callback", "/exports"}
)
METHODS = frozenset({"GET", "POST", "HEAD", "OPTIONS"})
_QUIET = frozenset({"/healthz", "/readyz", "/metrics"})  # asked every few seconds: logged where they fail
_REQUEST = "guanxi.request_id"
_CODES = "guanxi.codes"
_HEX = "[0-9A-Fa-f]"
_REQUEST_ID = re.compile(rf"{_HEX}{{8,32}}|{_HEX}{{8}}(?:-{_HEX}{{4}}){{3}}-{_HEX}{{12}}")
_LONG_NUMBER = re.compile(r"(?:[0-9]-?){11}")


class Envelope:
    """Outermost: every response carries its request id, and nothing that went wrong inside reaches the client in its own words."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics, tracing: Tracing) -> None:
        self._app = app
        self._metrics = metrics
        self._tracing = tracing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope)
        asked = given.get("x-request-id", "")
        # An id that is taken over from outside goes into the log and the audit chain: hexadecimal or a UUID, and nothing like a number of somebody.
        usable = _REQUEST_ID.fullmatch(asked) is not None and _LONG_NUMBER.search(asked) is None
        request_id = asked if usable else _made_up_id()
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        scope[_REQUEST], scope[_CODES] = request_id, []
        path = _known(scope["path"])
        method = scope["method"] if scope["method"] in METHODS else "other"
        begun, status, seconds = time.perf_counter(), 0, 0.0

        async def with_headers(message: Message) -> None:
            nonlocal status, seconds
            if message["type"] == "http.response.start":
                status, seconds = message["status"], time.perf_counter() - begun
                headers = MutableHeaders(scope=message)
                headers["x-request-id"] = request_id
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        with self._tracing.span(f"{method} {path}", headers=given) as attributes:
            try:
                await self._app(scope, receive, with_headers)
            except (
                Exception
            ) as exc:  # a boundary: whatever it is, the client gets one coded answer and the log its place
                log.error("http.failed", **where(exc))
                note_codes(scope, ["internal"])
                if status == 0:
                    described = Described("internal", "Something went wrong here, not with your request.", INTERNAL)
                    await respond(with_headers, described, graphql=scope["path"] == "/graphql")
            finally:
                attributes |= {"http.route": path, "http.request.method": method, "http.response.status_code": status}
                attributes["guanxi.request_id"] = request_id
                self._metrics.requests.labels(path, method, str(status)).inc()
                self._metrics.request_seconds.labels(path).observe(seconds)
                self._metrics.refused(scope[_CODES])
                if path not in _QUIET or status >= 400:
                    ms = round((time.perf_counter() - begun) * 1000, 1)
                    log.info("http", method=method, path=path, status=status, ms=ms)


def request_id_of(scope: MutableMapping[str, Any]) -> str:
    """The id of the request, which its log lines and audit records carry."""
    return str(scope.get(_REQUEST, ""))


def note_codes(scope: MutableMapping[str, Any], codes: Sequence[str]) -> None:
    """Why a request was refused or failed; counted when it ends."""
    scope.setdefault(_CODES, []).extend(codes)


def _known(path: str) -> str:
    """A path as metrics and the log name it: what follows /exports says which."""
    beginning = "/exports" if path.startswith("/exports/") else path
    return beginning if beginning in KNOWN_PATHS else "other"


def _made_up_id() -> str:
    """Random, and never with a run of digits that could be taken for a phone or a card."""
    while True:
        made_up = secrets.token_hex(8)
        if _LONG_NUMBER.search(made_up) is None:
            return made_up


class BodyLimit:
    """Refuses a body over the limit, before it is read where its length is told, while it arrives where not."""

    def __init__(self, app: ASGIApp, *, limit: int) -> None:
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        told = Headers(scope=scope).get("content-length", "0")
        if not told.isdigit() or int(told) > self._limit:
            await self._refuse(scope, send)
            return
        body = bytearray()
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message.get("body", b"")
            if len(body) > self._limit:
                await self._refuse(scope, send)
                return
            if not message.get("more_body", False):
                break
        pending = [{"type": "http.request", "body": bytes(body), "more_body": False}]

        async def replay() -> Message:
            return pending.pop() if pending else await receive()

        await self._app(scope, replay, send)

    async def _refuse(self, scope: Scope, send: Send) -> None:
        described = Described(
            "request.too_large", f"The body is larger than {self._limit} bytes.", CODES["request.too_large"]
        )
        note_codes(scope, [described.code])
        await respond(send, described, graphql=scope["path"] == "/graphql")


def error_body(described: Described, *, graphql: bool) -> bytes:
    """GraphQL's shape on its own route, `{"error": …}` elsewhere."""
    if graphql:
        errors = [{"message": described.message, "extensions": described.extensions}]
        return orjson.dumps({"data": None, "errors": errors})
    return orjson.dumps({"error": {"message": described.message, **described.extensions}})


async def respond(send: Send, described: Described, *, graphql: bool) -> None:
    headers = [(b"content-type", b"application/json")]
    headers += [(name.lower().encode(), value.encode()) for name, value in described.headers.items()]
    await send({"type": "http.response.start", "status": described.outcome.http, "headers": headers})
    await send({"type": "http.response.body", "body": error_body(described, graphql=graphql)})
