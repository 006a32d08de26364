"""Log-in and log-out over HTTP, and the principal of a request. Tokens and API keys travel as `Authorization: Bearer …`, never in a URL or
cookie of ours."""

from datetime import datetime

import orjson
from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, SecretStr
from starlette.requests import Request
from starlette.responses import Response

from api.access_audit import audit_access, note_refusal
from api.bootstrap import Runtime
from api.keys import PREFIX
from api.logs import log
from api.sessions import Session, Unauthenticated
from api.users import User
from graph_model.errors import GuanxiError
from graph_model.principal import Principal, Role


class LoginFailed(GuanxiError):
    code = "login.failed"

    def __init__(self) -> None:
        super().__init__("The user name or the password is wrong.")


class Credentials(BaseModel):
    model_config = ConfigDict(extra="forbid")

    username: str = Field(min_length=1, max_length=64)
    password: SecretStr = Field(min_length=1, max_length=256)


def bearer(request: Request) -> str:
    """What was sent to prove who asks. Raises Unauthenticated."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthenticated(
            "Nothing says who asks. Send Authorization: Bearer with an API key, or with the token of POST /auth/login."
        )
    return token.strip()


def bearer_session(runtime: Runtime, request: Request, *, now: datetime) -> Session:
    """Raises Unauthenticated."""
    return runtime.sessions.check(bearer(request), now=now)


def bearer_principal(runtime: Runtime, request: Request, *, now: datetime) -> Principal:
    """The machine of the key, or the user of the session while neither role nor password has changed since. Raises KeyRefused or
    Unauthenticated."""
    sent = bearer(request)
    if sent.startswith(PREFIX):
        return runtime.keys.check(sent, now=now).principal
    session = runtime.sessions.check(sent, now=now)
    user = runtime.users.find(session.user)
    if user is not None and user.generation == session.bound:
        return user.principal
    # Signed on elsewhere: while that provider is trusted as it was then, and nobody with a password has taken the name.
    if user is None and runtime.oidc is not None and runtime.oidc.generation == session.bound:
        return Principal(session.user, Role(session.role))
    raise Unauthenticated("The session has ended. Log in again.")


def begin_session(runtime: Runtime, user: User, *, now: datetime) -> tuple[str, Session]:
    """A session that ends with the user's role and password."""
    return runtime.sessions.begin(user.name, user.role.value, bound=user.generation, now=now)


def auth_router(runtime: Runtime) -> APIRouter:
    router = APIRouter(prefix="/auth")

    @router.post("/login")
    async def log_in(credentials: Credentials) -> Response:
        now = runtime.clock()
        name = credentials.username.strip().lower()
        password = credentials.password.get_secret_value()

        def verified() -> User | None:
            runtime.throttle.count(name, now=now)  # before the password is looked at, in one step with the check
            user = runtime.users.verify(name, password)
            if user is not None:
                runtime.throttle.succeeded(name)
            return user

        user = await runtime.log_ins.run(verified)
        if user is None:
            log.warning("login.failed")
            known = runtime.users.find(name)
            if known is not None:
                role, code = known.role.value, LoginFailed.code
                note_refusal(runtime, actor=known.name, role=role, operation="login", result=code, now=now)
            raise LoginFailed
        token, session = begin_session(runtime, user, now=now)
        await audit_access(runtime, actor=user.name, role=user.role.value, operation="login", now=now)
        log.info("login", actor=user.name, role=user.role.value)
        return logged_in(token, session)

    @router.post("/logout")
    async def log_out(request: Request) -> Response:
        now = runtime.clock()
        session = bearer_session(runtime, request, now=now)
        runtime.sessions.end(session)
        await audit_access(runtime, actor=session.user, role=session.role, operation="logout", now=now)
        log.info("logout", actor=session.user)
        return Response(status_code=204)

    return router


def logged_in(token: str, session: Session) -> Response:
    body = {"token": token, "expiresAt": session.expires_at, "name": session.user, "role": session.role}
    return Response(orjson.dumps(body), media_type="application/json")
