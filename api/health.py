"""Health: `/healthz` says the process lives, `/readyz` that the store answers."""

import orjson
from fastapi import APIRouter
from starlette.responses import Response

from api.bootstrap import Runtime


def health_router(runtime: Runtime) -> APIRouter:
    router = APIRouter()

    @router.get("/healthz")
    async def healthz() -> Response:
        return Response(b'{"status":"alive"}', media_type="application/json")

    @router.get("/readyz")
    async def readyz() -> Response:
        """503 with the store's code where it doesn't answer (the error handler sees to that)."""
        await runtime.workers.run(runtime.store.check)
        return Response(orjson.dumps({"status": "ready"}), media_type="application/json")

    return router
