"""Files for the marketer's pages: the browser asks this server, which asks the API with the session's token. No script ever holds the token."""

from collections.abc import Iterator
from contextlib import ExitStack

from flask import Flask, Response, request, stream_with_context

from investigator_ui.address import ViewAddress
from investigator_ui.contract import Json
from investigator_ui.errors import Refused, SessionExpired, UiError
from investigator_ui.marketing import pages
from investigator_ui.marketing.page import Call, Download, Look
from investigator_ui.services import Services
from investigator_ui.session import request_language
from investigator_ui.texts import problem

PASSED_ON = ("Content-Type", "Content-Length", "Content-Disposition")


def add_downloads(server: Flask, services: Services) -> None:
    @server.post("/download/<page>/<name>")
    def download(page: str, name: str) -> Response | tuple[Json, int]:
        try:
            return _streamed(services, _wanted(services, page, name, request.get_json()))
        except UiError as error:
            status = 401 if isinstance(error, SessionExpired) else 422
            return {"code": error.code, "problem": " ".join(problem(error.code, request_language()))}, status


def _wanted(services: Services, page_name: str, name: str, asked: Json) -> Download:
    page = pages.named(page_name)
    address = ViewAddress.parse(asked["path"], asked["query"])
    found = pages.asked_at(address.rest.path, dict(address.rest.query))
    wanted = page.downloads.get(name)
    if found is None or found[0] is not page or wanted is None:
        raise Refused("invalid_request")
    user = services.user()
    look = Look(request_language(), user.me(), services.schema(), services.zone, address.as_of)
    return wanted(Call(user, found[1], asked["values"], look))


def _streamed(services: Services, wanted: Download) -> Response:
    with ExitStack() as stack:
        source = stack.enter_context(services.file(wanted))
        headers = {name: source.headers[name] for name in PASSED_ON if name in source.headers}
        kept = stack.pop_all()

    def pieces() -> Iterator[bytes]:
        with kept:
            yield from source.iter_bytes()

    return Response(stream_with_context(pieces()), headers=headers)
