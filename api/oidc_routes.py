"""The routes of single sign-on: out to the provider, back from it, and the exchange of the code that the UI was handed. No token is in any URL."""

import base64
import hmac
import re
import secrets
from datetime import datetime, timedelta
from urllib.parse import urlencode

import orjson
from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, SecretStr
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api.access_audit import audit_access
from api.auth import logged_in
from api.bootstrap import Runtime
from api.logs import log
from api.oidc_errors import OidcRefused

WALK = timedelta(minutes=10)  # for typing a password at the provider
CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")


class Handed(BaseModel):
    model_config = ConfigDict(extra="forbid")

    code: str = Field(min_length=1, max_length=128)
    verifier: SecretStr = Field(min_length=43, max_length=128)


def oidc_router(runtime: Runtime) -> APIRouter:
    router = APIRouter(prefix="/auth")
    public = runtime.settings.api_public_url.rstrip("/")
    secure = public.startswith("https:")
    # __Host-: no other host of the same domain can set it. Lax: it must come along when the provider sends the browser back.
    cookie = "__Host-guanxi_sign_on" if secure else "guanxi_sign_on"

    @router.get("/methods")
    async def methods() -> Response:
        provider = runtime.oidc
        body = {
            "password": True,
            "oidc": provider is not None,
            "oidcName": None if provider is None else provider.name,
            "oidcStart": None if provider is None else f"{public}/auth/oidc/start",
        }
        return Response(orjson.dumps(body), media_type="application/json")

    @router.get("/oidc/start")
    async def start(return_to: str = "", challenge: str = "") -> Response:
        if runtime.oidc is None:
            raise OidcRefused("oidc.off", "There is no single sign-on here. Log in with a password.")
        if not runtime.oidc.may_return_to(return_to):
            raise OidcRefused("oidc.return_to", "return_to is none of GUANXI_OIDC_RETURN_TO.")
        if not CHALLENGE.fullmatch(challenge):
            raise OidcRefused("oidc.challenge", "challenge is the SHA-256 of a verifier, in base64url.")
        state = secrets.token_urlsafe(24)
        until = int((runtime.clock() + WALK).timestamp())
        response = RedirectResponse(await runtime.oidc.authorization_url(state), status_code=302)
        response.set_cookie(
            cookie,
            _sealed(runtime, [state, return_to, challenge, until]),
            max_age=int(WALK.total_seconds()),
            httponly=True,
            samesite="lax",
            secure=secure,
        )
        return response

    @router.get("/oidc/callback")
    async def callback(request: Request, state: str = "", code: str = "", error: str = "", iss: str = "") -> Response:
        now = runtime.clock()
        return_to, challenge = _begun(runtime, request.cookies.get(cookie, ""), state, now)
        try:
            if runtime.oidc is None:
                raise OidcRefused("oidc.off", "There is no single sign-on here. Log in with a password.")
            if error or not code:
                raise OidcRefused("oidc.denied", "The provider did not log you in.")
            if iss and iss != runtime.settings.oidc_issuer:
                raise OidcRefused("oidc.token", "The answer came from another provider.")
            person = await runtime.oidc.person(code, state, now=now)
            if runtime.users.find(person.name) is not None:
                raise OidcRefused("oidc.name", "Somebody with a password has that name here. Ask the operator.")
            handed = runtime.handovers.give(person.name, person.role.value, challenge=challenge, now=now)
            answer = {"code": handed}
        except OidcRefused as refused:
            log.warning("oidc.refused", code=refused.code)
            answer = {"error": refused.code}
        response = RedirectResponse(f"{return_to}?{urlencode(answer)}", status_code=303)
        response.delete_cookie(cookie, httponly=True, samesite="lax", secure=secure)
        return response

    @router.post("/exchange")
    async def exchange(handed: Handed) -> Response:
        now = runtime.clock()
        user, role = runtime.handovers.take(handed.code, handed.verifier.get_secret_value(), now=now)
        if runtime.oidc is None:
            raise OidcRefused("oidc.off", "There is no single sign-on here. Log in with a password.")
        token, session = runtime.sessions.begin(user, role, bound=runtime.oidc.generation, now=now)
        await audit_access(runtime, actor=user, role=role, operation="login", now=now)
        log.info("login", actor=user, role=role, by="oidc")
        return logged_in(token, session)

    return router


def _sealed(runtime: Runtime, values: list[str | int]) -> str:
    body = base64.urlsafe_b64encode(orjson.dumps(values)).decode("ascii")
    return f"{body}.{hmac.digest(runtime.oidc_key, body.encode(), 'sha256').hex()}"


def _begun(runtime: Runtime, sealed: str, state: str, now: datetime) -> tuple[str, str]:
    """Return address and challenge of the walk that this browser began. Raises OidcRefused oidc.state."""
    refused = OidcRefused(
        "oidc.state", "This browser began no such log-in, or too long ago. Begin again from the log-in page."
    )
    body, _, seal = sealed.partition(".")
    expected = hmac.digest(runtime.oidc_key, body.encode(), "sha256").hex()
    if not hmac.compare_digest(expected.encode(), seal.encode()):
        raise refused
    begun, return_to, challenge, until = orjson.loads(base64.urlsafe_b64decode(body))
    if until <= now.timestamp() or not hmac.compare_digest(begun.encode(), state.encode()):
        raise refused
    return str(return_to), str(challenge)
