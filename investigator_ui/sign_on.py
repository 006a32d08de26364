"""Single sign-on as the browser sees it: out to the API, which sends it to the provider, and back with a code that this server exchanges.

The code is worth nothing without the verifier, which stays in an HttpOnly cookie here: a code from another browser's log-in, or one read from a log,
opens nothing. The session's token never leaves the two servers but in the session cookie."""

import base64
import hashlib
import secrets
from collections.abc import Callable
from urllib.parse import quote, unquote, urlencode

from flask import Flask, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from investigator_ui import cookies
from investigator_ui.client import Api
from investigator_ui.contract import LoggedIn
from investigator_ui.errors import Refused, UiError

COOKIE = "guanxi_walk"
SECONDS = 600
START, DONE = "/login/sso", "/login/sso/done"


def add_sign_on_pages(
    server: Flask,
    api: Api,
    *,
    public_url: str,
    refuse: Callable[[UiError], BaseResponse],
    enter: Callable[[LoggedIn, str], BaseResponse],
) -> None:
    """`refuse` shows the log-in page with what went wrong, `enter` keeps a session and goes on to a path."""

    @server.get(START)
    def begin_sign_on() -> BaseResponse:
        try:
            start = api.log_in_methods().oidc_start
        except UiError as error:
            return refuse(error)
        if start is None:
            return refuse(Refused("oidc.off"))
        verifier = secrets.token_urlsafe(32)
        asked = {"return_to": (public_url or request.url_root).rstrip("/") + DONE, "challenge": challenge_of(verifier)}
        response = redirect(f"{start}?{urlencode(asked)}")
        # Lax: the browser comes back from the provider's site, and a Strict cookie would stay at home.
        walk = f"{verifier}.{quote(request.args.get('next', '/'), safe='')}"
        cookies.keep(response, COOKIE, walk, seconds=SECONDS, same_site="Lax")
        return response

    @server.get(DONE)
    def end_sign_on() -> BaseResponse:
        verifier, _, wanted = (cookies.read(COOKIE) or "").partition(".")
        code, refused = request.args.get("code", ""), request.args.get("error", "")
        try:
            if refused.startswith("oidc."):
                raise Refused(refused)
            if not verifier or not code:
                raise Refused("oidc.state")
            response = enter(api.exchange(code, verifier), unquote(wanted))
        except UiError as error:
            response = refuse(error)
        cookies.drop(response, COOKIE, same_site="Lax")
        return response


def challenge_of(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")
