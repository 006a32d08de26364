"""The UI's cookies: where the page is served by HTTPS they are Secure and carry the `__Host-` prefix, so that no other host of the domain can set them."""

from typing import Literal

from flask import Flask, current_app, request
from werkzeug.wrappers import Response

SECURE_ALWAYS = "GUANXI_COOKIE_SECURE"
PREFIX = "__Host-"


def set_up(server: Flask, *, secure: bool) -> None:
    """`secure`: HTTPS ends at a proxy that doesn't say so."""
    server.config[SECURE_ALWAYS] = secure


def read(name: str) -> str | None:
    """Behind HTTPS only the cookie that nobody else can have set."""
    return request.cookies.get(_full(name))


def keep(
    response: Response,
    name: str,
    value: str,
    *,
    seconds: int | None = None,
    same_site: Literal["Strict", "Lax"] = "Strict",
) -> None:
    """`seconds` None: until the browser is closed."""
    response.set_cookie(_full(name), value, max_age=seconds, httponly=True, samesite=same_site, secure=is_secure())


def drop(response: Response, name: str, *, same_site: Literal["Strict", "Lax"] = "Strict") -> None:
    response.delete_cookie(_full(name), samesite=same_site, httponly=True, secure=is_secure())


def is_secure() -> bool:
    return bool(current_app.config.get(SECURE_ALWAYS)) or request.is_secure


def _full(name: str) -> str:
    return PREFIX + name if is_secure() else name
