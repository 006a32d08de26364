"""GET /graphql, for developers (GUANXI_INTROSPECTION): a page to ask from. It is served whole by us, so that it works where no other host can be
reached, and keeps what is typed out of URLs and out of the browser's storage."""

import secrets
from importlib.resources import files

from fastapi import APIRouter
from starlette.responses import Response


def ide_router() -> APIRouter:
    page = (files("api") / "assets" / "ide.html").read_text(encoding="utf-8")
    router = APIRouter()

    @router.get("/graphql")
    async def ide() -> Response:
        nonce = secrets.token_urlsafe(16)
        policy = (
            f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; connect-src 'self'; "
            "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
        headers = {"content-security-policy": policy, "content-type": "text/html; charset=utf-8"}
        return Response(page.replace("NONCE", nonce), headers=headers)

    return router
