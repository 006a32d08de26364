"""The user's session: log-in and log-out pages, the cookie that holds the API's token, and the guard of every request.

The token is in an HttpOnly, SameSite=Strict cookie: no script of the page and no other site can use it."""

import hmac
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

from flask import Flask, Response, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from investigator_ui import cookies, icons
from investigator_ui.address import Language, language, preferred_language
from investigator_ui.client import Api
from investigator_ui.contract import LoggedIn
from investigator_ui.errors import UiError
from investigator_ui.sign_on import START, add_sign_on_pages
from investigator_ui.texts import TEXTS, problem, text

SESSION_COOKIE = "guanxi_session"
CSRF_COOKIE = "guanxi_csrf"
LANGUAGE_COOKIE = "guanxi_lang"
# What needs no session. Dash's own /_dash… routes carry nothing personal; its callbacks ask the API with the user's token.
OPEN_PATHS = ("/login", "/logout", "/healthz", "/assets/", "/_dash", "/_favicon", "/_reload")

SIGN_ON = {
    "oidc.denied": "login.sign_on_denied",
    "oidc.role": "login.sign_on_role",
    "oidc.name": "login.sign_on_name",
    "oidc.provider": "login.sign_on_down",
}


def token() -> str | None:
    return cookies.read(SESSION_COOKIE)


def request_language() -> Language:
    chosen = language(request.args.get("lang"))
    return chosen or preferred_language(request.cookies.get(LANGUAGE_COOKIE), request.headers.get("Accept-Language"))


def add_session_pages(
    server: Flask, api: Api, *, cookie_secure: bool, public_url: str = "", clock: Callable[[], datetime]
) -> None:
    """Log-in, log-out, single sign-on and the guard, on the Flask server under Dash."""
    cookies.set_up(server, secure=cookie_secure)

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
        return _log_in_page(api, message_key="login.ended" if done else None, tone="quiet")

    @server.post("/login")
    def log_in() -> BaseResponse:
        sent, kept = request.form.get("csrf", ""), cookies.read(CSRF_COOKIE) or ""
        if not kept or not hmac.compare_digest(sent, kept):
            return _log_in_page(api, message_key="login.stale")
        username, password = request.form.get("username", "").strip(), request.form.get("password", "")
        if not username or not password:
            return _log_in_page(api, message_key="login.needed", username=username)
        try:
            logged_in = api.log_in(username, password)
        except UiError as error:
            return _log_in_page(api, message=_refusal(error), username=username, status=_status(error))
        return enter(logged_in, request.form.get("next", "/"))

    @server.post("/logout")
    def log_out() -> BaseResponse:
        held = token()
        if held:
            try:
                api.log_out(held)
            except UiError as error:  # the cookie goes in any case
                server.logger.warning("log-out not told to the API: %s", error.code)
        response = make_response(redirect("/login?ended=1"))
        cookies.drop(response, SESSION_COOKIE)
        return response

    def enter(logged_in: LoggedIn, wanted: str) -> BaseResponse:
        response = make_response(redirect(local_path(wanted)))
        seconds = max(int((logged_in.expires_at.astimezone(UTC) - clock()).total_seconds()), 0)
        cookies.keep(response, SESSION_COOKIE, logged_in.token, seconds=seconds)
        return response

    def refuse(error: UiError) -> BaseResponse:
        return _log_in_page(api, message=_refusal(error), status=_status(error))

    add_sign_on_pages(server, api, public_url=public_url, refuse=refuse, enter=enter)


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
    api: Api,
    *,
    message_key: str | None = None,
    message: str | None = None,
    tone: str = "problem",
    username: str = "",
    status: int = 200,
) -> BaseResponse:
    lang = request_language()
    csrf = cookies.read(CSRF_COOKIE) or secrets.token_urlsafe(24)
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
        sign_on=_sign_on(api, lang),
        sign_on_path=START,
    )
    response = make_response(page, status)
    cookies.keep(response, CSRF_COOKIE, csrf)
    if language(request.args.get("lang")):
        response.set_cookie(LANGUAGE_COOKIE, lang, samesite="Strict", max_age=365 * 86400, secure=cookies.is_secure())
    return response


def _sign_on(api: Api, lang: Language) -> str | None:
    """What the button of single sign-on says, where there is one; the page is there whether or not the API answers."""
    try:
        methods = api.log_in_methods()
    except UiError:
        return None
    return text("login.sign_on", lang).format(name=methods.oidc_name) if methods.oidc_start else None


def _refusal(error: UiError) -> str:
    lang = request_language()
    if error.code == "login.throttled":
        return text("login.locked", lang)
    if error.code == "login.failed":
        return text("login.refused", lang)
    if error.code.startswith("oidc."):
        return text(SIGN_ON.get(error.code, "login.sign_on_again"), lang)
    return " ".join(problem(error.code, lang))  # nothing is said of the password where it was not looked at


def _status(error: UiError) -> int:
    if error.code.startswith("oidc."):
        return 401
    return {"login.failed": 401, "login.throttled": 429}.get(error.code, 503)
