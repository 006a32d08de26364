"""Log-in and log-out over HTTP, and the principal of a request. Tokens travel as `Authorization: Bearer …`, never in a URL or cookie of ours."""

from datetime import datetime

import orjson
from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, SecretStr
from starlette.requests import Request
from starlette.responses import Response

from api.bootstrap import Runtime
from api.logs import log
from api.sessions import Session, Unauthenticated
from graph_model.errors import GuanxiError
from graph_model.principal import Principal


class LoginFailed(GuanxiError):
    code = "login.failed"

    def __init__(self) -> None:
        super().__init__("The user name or the password is wrong.")


class Credentials(BaseModel):
    model_config = ConfigDict(extra="forbid")

    username: str = Field(min_length=1, max_length=64)
    password: SecretStr = Field(min_length=1, max_length=256)


def bearer_session(runtime: Runtime, request: Request, *, now: datetime) -> Session:
    """Raises Unauthenticated."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated("No session was sent. Log in at POST /auth/login and send Authorization: Bearer TOKEN.")
    return runtime.sessions.check(token.strip(), now=now)


def bearer_principal(runtime: Runtime, request: Request, *, now: datetime) -> Principal:
    """The user of the session, in the role the user has now. Raises Unauthenticated, also for a user who was removed since."""
    session = bearer_session(runtime, request, now=now)
    user = runtime.users.find(session.user)
    if user is None or user.role != session.role:
        raise Unauthenticated("The session has ended. Log in again.")
    return user.principal


def auth_router(runtime: Runtime) -> APIRouter:
    router = APIRouter(prefix="/auth")

    @router.post("/login")
    async def log_in(credentials: Credentials) -> Response:
        now = runtime.clock()
        name = credentials.username.strip().lower()
        runtime.throttle.check(name, now=now)
        password = credentials.password.get_secret_value()
        user = await runtime.log_ins.run(lambda: runtime.users.verify(name, password))
        if user is None:
            runtime.throttle.failed(name, now=now)
            log.warning("login.failed")
            raise LoginFailed
        runtime.throttle.succeeded(name)
        token, session = runtime.sessions.begin(user.name, user.role.value, now=now)
        log.info("login", actor=user.name, role=user.role.value)
        body = {"token": token, "expiresAt": session.expires_at, "name": user.name, "role": user.role.value}
        return Response(orjson.dumps(body), media_type="application/json")

    @router.post("/logout")
    async def log_out(request: Request) -> Response:
        session = bearer_session(runtime, request, now=runtime.clock())
        runtime.sessions.end(session)
        log.info("logout", actor=session.user)
        return Response(status_code=204)

    return router
