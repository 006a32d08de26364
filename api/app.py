"""The web application: `create_app(settings)` puts routes, middleware and error handling around one runtime."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from api.auth import auth_router
from api.bootstrap import Runtime, build
from api.errors import CODES, Described, describe
from api.export_route import export_router
from api.graphql.route import GraphQLRoute
from api.graphql.schema import build_schema
from api.health import health_router
from api.ide import ide_router
from api.logs import log
from api.metrics_route import metrics_router
from api.middleware import BodyLimit, Envelope, error_body, note_codes
from api.oidc_routes import oidc_router
from api.probe import StoreProbe
from api.settings import Settings
from api.telemetry import tracing_from
from graph_model.errors import GuanxiError, where


def create_app(settings: Settings, runtime: Runtime | None = None) -> FastAPI:
    """Raises a GuanxiError where the store, the secret or the users can't be opened. Closes the store when the server stops."""
    running = runtime if runtime is not None else build(settings)
    tracing = tracing_from(settings)
    probe = StoreProbe(running.store, running.metrics)
    schema = build_schema(
        max_tokens=settings.max_tokens,
        max_depth=settings.max_depth,
        max_aliases=settings.max_aliases,
        introspection=settings.introspection,
    )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        if running.live is not None and settings.compile_ahead:
            running.live.start()  # else with the first application
        yield
        if running.live is not None:
            await asyncio.to_thread(running.live.close)
        # The server has ended what was running. What it wrote is committed; its last audit records are by now, and the head goes to the last.
        await asyncio.to_thread(running.audit.close)
        await asyncio.to_thread(running.referrals.close)
        tracing.close()
        running.store.close()

    app = FastAPI(title="Guanxi", docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    app.add_route("/graphql", GraphQLRoute(schema, running, tracing).__call__, methods=["POST"])
    if settings.introspection:
        app.include_router(ide_router())
    app.include_router(auth_router(running))
    app.include_router(oidc_router(running))
    app.include_router(export_router(running))
    app.include_router(health_router(running, probe))
    app.include_router(metrics_router(running, probe))
    app.add_middleware(BodyLimit, limit=settings.max_body_bytes)
    app.add_middleware(Envelope, metrics=running.metrics, tracing=tracing)
    app.add_exception_handler(GuanxiError, _expected)
    app.add_exception_handler(RequestValidationError, _unreadable)
    app.add_exception_handler(HTTPException, _http)
    return app


def _answer(request: Request, described: Described) -> Response:
    body = error_body(described, graphql=request.url.path == "/graphql")
    note_codes(request.scope, [described.code])
    return Response(body, described.outcome.http, described.headers, "application/json")


async def _expected(request: Request, exc: Exception) -> Response:
    described = describe(exc)
    if described.outcome.http >= 500:
        log.error("http.refused", code=described.code, **where(exc))
    return _answer(request, described)


async def _unreadable(request: Request, exc: Exception) -> Response:
    """FastAPI's own answer would repeat the input, a password included."""
    names = sorted({str(part) for error in getattr(exc, "errors", list)() for part in error.get("loc", ())[1:2]})
    what = f" Look at: {', '.join(names)}." if names and all(name.isidentifier() for name in names) else ""
    return _answer(
        request, Described("invalid_request", f"The body is not what this route reads.{what}", CODES["invalid_request"])
    )


async def _http(request: Request, exc: Exception) -> Response:
    status = exc.status_code if isinstance(exc, HTTPException) else 404
    if status == 405:
        return _answer(
            request, Described("route.method", "This route does not answer this method.", CODES["route.method"])
        )
    if status == 404:
        return _answer(request, Described("route.not_found", "There is no such route.", CODES["route.not_found"]))
    return _answer(request, Described("invalid_request", "The request can't be read.", CODES["invalid_request"]))
