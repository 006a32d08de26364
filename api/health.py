"""Health: `/healthz` says the process lives, `/readyz` whether the store answers, answers slowly, or is stuck."""

import orjson
from fastapi import APIRouter
from starlette.responses import Response

from api.bootstrap import Runtime
from api.logs import log
from api.probe import StoreProbe
from graph_model.errors import GuanxiError

SLOW_SECONDS = 1.0


class StoreStuck(GuanxiError):
    """The store neither answers nor fails."""

    code = "store_stuck"

    def __init__(self, seconds: float) -> None:
        super().__init__(f"The graph has not answered for {seconds:g} seconds.")


def health_router(runtime: Runtime, probe: StoreProbe) -> APIRouter:
    router = APIRouter()

    @router.get("/healthz")
    async def healthz() -> Response:
        return Response(b'{"status":"alive"}', media_type="application/json")

    @router.get("/readyz")
    async def readyz() -> Response:
        """503 with the store's code where it fails or is stuck (the error handler sees to that)."""
        look = await probe.look(runtime.settings.ready_seconds)
        if look is None:
            log.error("store.stuck", seconds=runtime.settings.ready_seconds)
            raise StoreStuck(runtime.settings.ready_seconds)
        body = {"status": "ready", "ms": round(look.seconds * 1000, 1), "slow": look.seconds > SLOW_SECONDS}
        return Response(orjson.dumps(body), media_type="application/json")

    return router
