"""GET /metrics: closed to everybody but who may see metrics. The operator's key or session, a token of the settings, or this machine."""

import hmac
import ipaddress

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from api.access_audit import note_refusal
from api.auth import bearer_principal
from api.bootstrap import Runtime
from api.metrics import CONTENT_TYPE
from api.probe import StoreProbe
from graph_model.errors import Forbidden
from graph_model.principal import Right

FRESH_SECONDS = 10.0  # the store is looked at no more often
PATIENCE = 1.0


def metrics_router(runtime: Runtime, probe: StoreProbe) -> APIRouter:
    router = APIRouter()

    @router.get("/metrics")
    async def metrics(request: Request) -> Response:
        if not _opened_by_settings(runtime, request):
            now = runtime.clock()
            asking = bearer_principal(runtime, request, now=now)
            if not asking.may(Right.SEE_METRICS):
                role, code = asking.role.value, Forbidden.code
                note_refusal(runtime, actor=asking.name, role=role, operation="metrics", result=code, now=now)
            asking.require(Right.SEE_METRICS)
        await probe.refresh(older_than=FRESH_SECONDS, seconds=PATIENCE)
        return Response(runtime.metrics.text(), headers={"content-type": CONTENT_TYPE})

    return router


def _opened_by_settings(runtime: Runtime, request: Request) -> bool:
    token = runtime.settings.metrics_token.get_secret_value()
    sent = request.headers.get("authorization", "")
    if token and hmac.compare_digest(sent.encode(), f"Bearer {token}".encode()):
        return True
    return runtime.settings.metrics_loopback and request.client is not None and _is_loopback(request.client.host)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
