"""The user's session: log-in and log-out pages, the cookie that holds the API's token, and the guard of every request.

The token is in an HttpOnly, SameSite=Strict cookie: no script of the page and no other site can use it."""

import hmac
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

from flask import Flask, Response, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from investigator_ui import icons
from investigator_ui.address import Language, language, preferred_language
from investigator_ui.client import Api
from investigator_ui.contract import LoggedIn
from investigator_ui.errors import UiError
from investigator_ui.texts import TEXTS, problem, text

SESSION_COOKIE = "guanxi_session"
CSRF_COOKIE = "guanxi_csrf"
LANGUAGE_COOKIE = "guanxi_lang"
# What needs no session. Dash's own /_dash… routes carry nothing personal; its callbacks ask the API with the user's token.
OPEN_PATHS = ("/login", "/logout", "/healthz", "/assets/", "/_dash", "/_favicon", "/_reload")


def token() -> str | None:
    return request.cookies.get(SESSION_COOKIE)


def request_language() -> Language:
    chosen = language(request.args.get("lang"))
    return chosen or preferred_language(request.cookies.get(LANGUAGE_COOKIE), request.headers.get("Accept-Language"))


def add_session_pages(server: Flask, api: Api, *, cookie_secure: bool, clock: Callable[[], datetime]) -> None:
    """Log-in, log-out and the guard, on the Flask server under Dash."""

    @server.before_request
    def guard() -> BaseResponse | None:
        if request.method not in {"GET", "HEAD"} and not _same_origin():
            return Response("This request came from another site.", status=403, mimetype="text/plain")
        if request.path.startswith(OPEN_PATHS) or token():
            return None
        if request.headers.get("Sec-Fetch-Site") == "cross-site":
            # A link in a mail: the Strict cookie is withheld. Once reloaded from here, it is sent.
            return Response(
                '<!doctype html><title>Guanxi</title><meta http-equiv="refresh" content="0">', mimetype="text/html"
            )
        return redirect(f"/login?next={quote(request.full_path.rstrip('?'), safe='')}")

    @server.get("/login")
    def show_log_in() -> BaseResponse:
        done = request.args.get("ended") == "1"
        return _log_in_page(message_key="login.ended" if done else None, secure=cookie_secure, tone="quiet")

    @server.post("/login")
    def log_in() -> BaseResponse:
        sent, kept = request.form.get("csrf", ""), request.cookies.get(CSRF_COOKIE, "")
        if not kept or not hmac.compare_digest(sent, kept):
            return _log_in_page(message_key="login.stale", secure=cookie_secure)
        username, password = request.form.get("username", "").strip(), request.form.get("password", "")
        if not username or not password:
            return _log_in_page(message_key="login.needed", secure=cookie_secure, username=username)
        try:
            logged_in = api.log_in(username, password)
        except UiError as error:
            return _log_in_page(message=_refusal(error), secure=cookie_secure, username=username, status=_status(error))
        response = make_response(redirect(local_path(request.form.get("next"))))
        _keep(response, logged_in, secure=cookie_secure, now=clock())
        return response

    @server.post("/logout")
    def log_out() -> BaseResponse:
        held = token()
        if held:
            try:
                api.log_out(held)
            except UiError as error:  # the cookie goes in any case
                server.logger.warning("log-out not told to the API: %s", error.code)
        response = make_response(redirect("/login?ended=1"))
        response.delete_cookie(SESSION_COOKIE, samesite="Strict", httponly=True, secure=_secure(cookie_secure))
        return response


def local_path(wanted: str | None) -> str:
    """Where to go after log-in: a path of ours, never another site."""
    path = wanted or "/"
    parts = urlsplit(path)
    ours = path.startswith("/") and not path.startswith(("//", "/\\")) and not parts.scheme and not parts.netloc
    return path if ours and not path.startswith("/log") else "/"


def _same_origin() -> bool:
    """Browsers say where a request comes from; a client that says nothing holds no cookie of ours to abuse."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in {"same-origin", "none"}
    origin = request.headers.get("Origin")
    return origin is None or urlsplit(origin).netloc == request.host


def _log_in_page(
    *,
    secure: bool,
    message_key: str | None = None,
    message: str | None = None,
    tone: str = "problem",
    username: str = "",
    status: int = 200,
) -> BaseResponse:
    lang = request_language()
    csrf = request.cookies.get(CSRF_COOKIE) or secrets.token_urlsafe(24)
    page = render_template(
        "login.html",
        t={key: text(key, lang) for key in TEXTS if key.startswith(("login.", "product.", "language."))},
        lang=lang,
        html_lang="zh-CN" if lang == "zh" else "en",
        csrf=csrf,
        next=local_path(request.values.get("next")),
        username=username,
        message=message or (text(message_key, lang) if message_key else None),
        tone=tone,
        logo=icons.svg("logo"),
    )
    response = make_response(page, status)
    response.set_cookie(CSRF_COOKIE, csrf, httponly=True, samesite="Strict", secure=_secure(secure))
    if language(request.args.get("lang")):
        response.set_cookie(LANGUAGE_COOKIE, lang, samesite="Strict", max_age=365 * 86400, secure=_secure(secure))
    return response


def _refusal(error: UiError) -> str:
    lang = request_language()
    if error.code == "login.throttled":
        return text("login.locked", lang)
    if error.code == "login.failed":
        return text("login.refused", lang)
    return " ".join(problem(error.code, lang))  # nothing is said of the password where it was not looked at


def _status(error: UiError) -> int:
    return {"login.failed": 401, "login.throttled": 429}.get(error.code, 503)


def _keep(response: Response, logged_in: LoggedIn, *, secure: bool, now: datetime) -> None:
    seconds = max(int((logged_in.expires_at.astimezone(UTC) - now).total_seconds()), 0)
    response.set_cookie(
        SESSION_COOKIE, logged_in.token, max_age=seconds, httponly=True, samesite="Strict", secure=_secure(secure)
    )


def _secure(always: bool) -> bool:
    return always or request.is_secure
