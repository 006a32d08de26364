"""Audit records of what is no GraphQL operation: log-ins, log-outs, and refusals of known principals elsewhere."""

from datetime import datetime

from structlog.contextvars import get_contextvars

from api.bootstrap import Runtime
from graph_model.records import AuditRecord


async def audit_access(
    runtime: Runtime, *, actor: str, role: str, operation: str, now: datetime, result: str = "ok"
) -> None:
    """Returns when the record is committed. Raises AuditUnavailable."""
    await runtime.audit.write(_record(actor, role, operation, result, now))


def note_refusal(runtime: Runtime, *, actor: str, role: str, operation: str, now: datetime, result: str) -> None:
    """A refusal doesn't wait for its record: how long it takes must not tell whether there is such a user."""
    runtime.audit.submit(_record(actor, role, operation, result, now))


def _record(actor: str, role: str, operation: str, result: str, now: datetime) -> AuditRecord:
    request_id = str(get_contextvars().get("request_id", ""))
    return AuditRecord(
        at=now,
        actor=actor,
        role=role,
        operation=operation,
        subjects=(),
        result=result,
        detail={"request_id": request_id},
    )
