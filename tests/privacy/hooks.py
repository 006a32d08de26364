"""Where texts pass: servers (ASGI and WSGI), HTTP clients, browsers, logs, commands. Installed from outside; the product knows nothing of it.

Exempt is one value: the answer of a `reveal` that was asked by somebody who may. URLs are those that browsers visit and that answers lead to; a
URL that a test makes up to see what the server does with it is the test's own, but what the server makes of it is looked at like all else."""

import gzip
import json
import logging
import subprocess
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import click.testing
import flask
import httpx
import structlog
import uvicorn
from graphql import FieldNode, GraphQLSyntaxError, OperationDefinitionNode, parse

from tests.privacy.recorder import Recorder

TEXTUAL = ("text/", "application/json", "application/graphql", "application/javascript")
STATIC = ("/assets/", "/_dash-component-suites/", "/_favicon")  # files of ours and of libraries, the same for everybody
MAY_REVEAL = "tests.privacy.may_reveal"  # in the ASGI scope
LEVELS = ("msg", "log", "debug", "info", "warn", "warning", "err", "error", "failure", "fatal", "critical", "exception")


def install(recorder: Recorder) -> None:
    """For the whole of this process."""
    _watch_uvicorn(recorder)
    _watch_flask(recorder)
    _watch_logs(recorder)


def install_clients(recorder: Recorder) -> None:
    """What tests themselves use: HTTP clients, commands."""
    _watch_httpx(recorder)
    _watch_commands(recorder)


# --- servers ---------------------------------------------------------------------------------------------------------


def watching(app: Any, recorder: Recorder) -> Any:
    """The ASGI application, with every response looked at: its headers, so the URLs it sends people to, and its body."""

    async def watched(scope: dict[str, Any], receive: Callable[[], Any], send: Callable[[Any], Any]) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        place = f"{scope['method']} {scope['path']}"
        asked, answered = bytearray(), bytearray()
        headers: dict[bytes, bytes] = {}

        async def hear() -> Any:
            message = await receive()
            asked.extend(message.get("body", b""))
            return message

        async def tell(message: Any) -> None:
            if message["type"] == "http.response.start":
                headers.update(message["headers"])
            answered.extend(message.get("body", b""))
            if message["type"] == "http.response.body" and not message.get("more_body"):
                body = _decoded(bytes(answered), headers.get(b"content-encoding", b"").decode())
                if scope.get(MAY_REVEAL):
                    body = without_revealed(bytes(asked), body)
                recorder.see(b"\n".join(headers.values()) + b"\n" + body, source="response", place=place)
            await send(message)

        await app(scope, hear, tell)

    return watched


def without_revealed(asked: bytes, answered: bytes) -> bytes:
    """The answer without the values of the `reveal` fields that the operation asked for, whatever their aliases."""
    try:
        document, body = parse(json.loads(asked)["query"]), json.loads(answered)
    except (ValueError, KeyError, TypeError, GraphQLSyntaxError):
        return answered
    for operation in document.definitions:
        if not isinstance(operation, OperationDefinitionNode):
            continue
        for chosen in operation.selection_set.selections:
            if isinstance(chosen, FieldNode) and chosen.name.value == "reveal":
                answer = (body.get("data") or {}).get((chosen.alias or chosen.name).value) or {}
                for inner in chosen.selection_set.selections if chosen.selection_set else ():
                    if isinstance(inner, FieldNode) and inner.name.value == "value":
                        answer.pop((inner.alias or inner.name).value, None)
    return json.dumps(body).encode()


def _watch_uvicorn(recorder: Recorder) -> None:
    load = uvicorn.Config.load

    def loaded(config: uvicorn.Config) -> None:
        load(config)
        _note_who_may_reveal()
        config.loaded_app = watching(config.loaded_app, recorder)

    uvicorn.Config.load = loaded  # type: ignore[method-assign]


def _note_who_may_reveal() -> None:
    """The API's own decision who asks, noted in the scope for `watching`."""
    route = sys.modules.get("api.graphql.route")
    if route is None or hasattr(route.bearer_principal, "noted"):
        return
    known = route.bearer_principal

    def noted(runtime: Any, request: Any, **options: Any) -> Any:
        principal = known(runtime, request, **options)
        request.scope[MAY_REVEAL] = "reveal" in principal.rights
        return principal

    noted.noted = True  # type: ignore[attr-defined]
    route.bearer_principal = noted  # type: ignore[attr-defined]


def _watch_flask(recorder: Recorder) -> None:
    call = flask.Flask.__call__

    def watched(app: flask.Flask, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path.startswith(STATIC):
            return call(app, environ, start_response)
        place = f"{environ['REQUEST_METHOD']} {path}"
        headers: list[tuple[str, str]] = []

        def start(status: str, sent: list[tuple[str, str]], *rest: Any) -> Any:
            headers.extend(sent)
            return start_response(status, sent, *rest)

        answer = call(app, environ, start)
        body = b"".join(answer)
        if hasattr(answer, "close"):
            answer.close()
        encoding = dict(headers).get("Content-Encoding", "")
        told = (
            _without_shown(_decoded(body, encoding)) if path == "/_dash-update-component" else _decoded(body, encoding)
        )
        recorder.see("\n".join(value for _, value in headers).encode() + b"\n" + told, source="response", place=place)
        return [body]

    flask.Flask.__call__ = watched  # type: ignore[method-assign]


def _without_shown(body: bytes) -> bytes:
    """Dash's answer without the one value that the API revealed: whether it might is looked at there."""
    try:
        answer = json.loads(body)
        answer["response"]["revealed"]["data"].pop("value")
    except (ValueError, KeyError, TypeError):
        return body
    return json.dumps(answer).encode()


# --- clients, browsers, commands -------------------------------------------------------------------------------------


def _watch_httpx(recorder: Recorder) -> None:
    """For servers that run as processes of their own, which `watching` doesn't reach."""
    send = httpx.Client.send

    def sent(client: httpx.Client, request: httpx.Request, **options: Any) -> httpx.Response:
        response = send(client, request, **options)
        url = request.url
        origin = f"{url.scheme}://{url.netloc.decode()}"
        readable = response.is_closed and response.headers.get("content-type", "").startswith(TEXTUAL)
        asked = b""
        if readable and not url.path.startswith(STATIC) and not recorder.is_double(origin):
            with suppress(httpx.RequestNotRead):  # a streamed body is read: nobody asks for a reveal that way
                asked = request.content
            body = without_revealed(asked, response.content) if url.path == "/graphql" else response.content
            body = _without_shown(body) if url.path == "/_dash-update-component" else body
            recorder.see(body, source="response", place=f"{request.method} {url.path}")
        return response

    httpx.Client.send = sent  # type: ignore[method-assign]


def watch_browser(recorder: Recorder) -> None:
    """Every URL that a browser asks for or shows, and each page as a test leaves it; what pages are made of, the servers' hooks see."""
    from playwright.sync_api import Browser, BrowserContext, Error

    new_context, close = Browser.new_context, BrowserContext.close

    def opened(browser: Browser, **options: Any) -> BrowserContext:
        context = new_context(browser, **options)
        context.on("request", lambda request: see_url(recorder, request.url))
        context.on("page", lambda page: page.on("framenavigated", lambda frame: see_url(recorder, frame.url)))
        return context

    def closed(context: BrowserContext, **options: Any) -> None:
        for page in context.pages:
            with suppress(Error):  # a page that is gone has been looked at by its responses
                recorder.see(page.content(), source="page", place=urlsplit(page.url).path)
                kept = page.evaluate("() => JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])")
                recorder.see(kept, source="page", place=f"{urlsplit(page.url).path} (storage)")
        close(context, **options)

    Browser.new_context = opened  # type: ignore[method-assign]
    BrowserContext.close = closed  # type: ignore[method-assign]


def see_url(recorder: Recorder, url: str) -> None:
    if url.startswith("http"):
        recorder.see(url, source="url", place=urlsplit(url).path)


def _watch_commands(recorder: Recorder) -> None:
    """What commands print. `guanxi demo` alone says whom to look for, people that it has just made up."""
    communicate, invoke = subprocess.Popen.communicate, click.testing.CliRunner.invoke

    def communicated(process: Any, *args: Any, **options: Any) -> Any:
        told = communicate(process, *args, **options)
        command = (
            [str(part) for part in process.args] if isinstance(process.args, list | tuple) else [str(process.args)]
        )
        if "demo" not in command:
            for text in told:
                recorder.see(text, source="output", place=" ".join(command[:4]))
        return told

    def invoked(runner: Any, cli: Any, args: Any = None, *rest: Any, **options: Any) -> Any:
        result = invoke(runner, cli, args, *rest, **options)
        if "demo" not in (args or ()):
            recorder.see(result.output, source="output", place=" ".join(map(str, args or ()))[:60])
        return result

    subprocess.Popen.communicate = communicated  # type: ignore[method-assign]
    click.testing.CliRunner.invoke = invoked  # type: ignore[method-assign]


# --- logs ------------------------------------------------------------------------------------------------------------


def _watch_logs(recorder: Recorder) -> None:
    class Watching(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            recorder.see(self.format(record), source="log", place=record.name)

    logging.getLogger().addHandler(Watching())
    printed = structlog.PrintLogger.msg

    def told(logger: structlog.PrintLogger, message: str) -> None:
        recorder.see(message, source="log", place="structlog")
        printed(logger, message)

    for level in LEVELS:
        setattr(structlog.PrintLogger, level, told)


def _decoded(body: bytes, encoding: str) -> bytes:
    return gzip.decompress(body) if encoding == "gzip" and body else body
