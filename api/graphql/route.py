"""POST /graphql: one operation per request, as JSON; run in a worker thread, answered with coded errors when its audit record is written, logged
and counted without values."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from graphql import FieldNode, GraphQLError
from starlette.requests import Request
from starlette.responses import Response
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types import ExecutionResult

from api.auth import bearer_principal
from api.bootstrap import Runtime
from api.errors import Described, describe, describe_graphql
from api.graphql.admission import record_of
from api.graphql.context import RequestContext
from api.graphql.cost import check_lists
from api.graphql.schema import GuanxiSchema
from api.graphql.trail import Trail
from api.logs import log
from api.metrics import known
from api.middleware import error_body, note_codes, request_id_of
from api.telemetry import Tracing
from graph_model.deadline import within
from graph_model.errors import GuanxiError, InvalidRequest, where

ENTRY_COST = 5  # of any request
WHOLE = frozenset({"rate.limited", "audit.unavailable"})  # these refuse the request, and HTTP has a status for them
FAILED_COST = 100  # of one that was refused before its cost was known: reading it is work too


class RequestRefused(GuanxiError):
    """A request that can't be read as GraphQL; the code says why."""

    code = "invalid_request"


@dataclass(frozen=True, slots=True)
class Operation:
    """What a request asks to run."""

    query: str
    variables: Mapping[str, Any]
    name: str | None


class GraphQLRoute:
    """Holds what every request shares."""

    def __init__(self, schema: GuanxiSchema, runtime: Runtime, tracing: Tracing) -> None:
        self._schema = schema
        self._runtime = runtime
        self._tracing = tracing

    async def __call__(self, request: Request) -> Response:
        now = self._runtime.clock()
        try:
            principal = bearer_principal(self._runtime, request, now=now)
        except GuanxiError as error:
            _note_fault(error)
            return _refusal(request, describe(error))
        context = RequestContext(self._runtime, principal, now, Trail(request_id_of(request.scope)))
        with self._tracing.span("graphql") as attributes:
            begun = time.perf_counter()
            answer, codes = await self._answer(request, context)
            try:
                await self._keep(context, codes, begun)
            except GuanxiError as error:  # nothing is told that isn't in the chain
                codes, answer = [error.code], _refusal(request, describe(error))
            seconds = time.perf_counter() - begun
            attributes |= {"guanxi.operation": context.trail.operation, "guanxi.codes": ",".join(codes)}
        self._tell(context, codes, seconds)
        return answer

    async def _answer(self, request: Request, context: RequestContext) -> tuple[Response, list[str]]:
        """The answer, and its error codes."""
        settings, trail = self._runtime.settings, context.trail
        try:
            self._runtime.buckets.charge(context.principal.name, ENTRY_COST)
            operation = read_operation(request.headers.get("content-type", ""), await request.body())
            check_lists(operation.variables, settings.max_list)
            with within(settings.operation_seconds):
                result = await self._runtime.workers.run(
                    lambda: self._execute(operation, context),
                    seconds=settings.operation_seconds + 1,  # reads stop by themselves at the deadline
                )
            if result.data is None:
                for error in result.errors or ():
                    if isinstance(error.original_error, GuanxiError) and error.original_error.code in WHOLE:
                        raise error.original_error
        except Exception as error:  # a boundary: whatever it is, it is one coded answer and one line of the audit
            described = describe(error)
            _note_fault(error)
            if (
                isinstance(error, GuanxiError) and trail.cost == 0 and described.outcome.http < 429
            ):  # the request's own fault
                self._runtime.buckets.fine(context.principal.name, FAILED_COST)
            return _refusal(request, described), [described.code]
        errors = [_formatted(error) for error in result.errors or ()]
        if trail.cost == 0 and len(errors) > 0:
            self._runtime.buckets.fine(context.principal.name, FAILED_COST)
        codes = sorted({str(error["extensions"]["code"]) for error in errors})
        note_codes(request.scope, codes)
        body: dict[str, Any] = {"data": result.data}
        if len(errors) > 0:
            body["errors"] = errors
        return Response(orjson.dumps(body), media_type="application/json"), codes

    async def _keep(self, context: RequestContext, codes: Sequence[str], begun: float) -> None:
        """Write the audit record, unless services have written one for each thing that was done. Raises AuditUnavailable."""
        if context.trail.complete and len(codes) == 0:
            return
        detail: dict[str, Any] = {"ms": round((time.perf_counter() - begun) * 1000, 1)}
        if len(codes) > 1:
            detail["codes"] = list(codes)
        result = codes[0] if len(codes) > 0 else "ok"
        await self._runtime.audit.write(record_of(context, result=result, detail=detail))

    def _tell(self, context: RequestContext, codes: Sequence[str], seconds: float) -> None:
        metrics, role = self._runtime.metrics, context.principal.role.value
        code = known(codes[0]) if len(codes) > 0 else "ok"
        for field in context.trail.fields or ("none",):
            metrics.operations.labels(field, role, code).inc()
            metrics.operation_seconds.labels(field).observe(seconds)
        log.info(
            "graphql",
            operation=context.trail.name,
            fields=list(context.trail.fields[:10]),
            actor=context.principal.name,
            role=role,
            codes=list(codes),
            cost=context.trail.cost,
            ms=round(seconds * 1000, 1),
        )

    def _execute(self, operation: Operation, context: RequestContext) -> ExecutionResult:
        try:
            return self._schema.execute_sync(
                operation.query,
                variable_values=dict(operation.variables),
                context_value=context,
                operation_name=operation.name,
            )
        except CannotGetOperationTypeError as exc:
            raise InvalidRequest(
                "operationName names none of the document's operations.", code="graphql.invalid"
            ) from exc
        except InvalidOperationTypeError as exc:
            raise InvalidRequest("Only queries and mutations are served.", code="graphql.invalid") from exc


def read_operation(content_type: str, body: bytes) -> Operation:
    """Raises RequestRefused. JSON only: a browser can't send it across sites without asking first."""
    if content_type.partition(";")[0].strip().lower() != "application/json":
        raise RequestRefused("The body is sent as application/json.", code="request.media_type")
    try:
        asked = orjson.loads(body)
    except orjson.JSONDecodeError as exc:
        raise RequestRefused("The body is no JSON.") from exc
    if not isinstance(asked, dict):
        raise RequestRefused("The body is one JSON object with query, variables and operationName.")
    query, variables, name = asked.get("query"), asked.get("variables"), asked.get("operationName")
    if not isinstance(query, str) or len(query.strip()) == 0:
        raise RequestRefused("The body has no query.")
    if not isinstance(variables, dict | None) or not isinstance(name, str | None):
        raise RequestRefused("variables is an object and operationName a text.")
    return Operation(query, variables or {}, name or None)


def _refusal(request: Request, described: Described) -> Response:
    """An answer without data, with the status that HTTP has for it."""
    note_codes(request.scope, [described.code])
    body = error_body(described, graphql=True)
    return Response(body, described.outcome.http, described.headers, "application/json")


def _formatted(error: GraphQLError) -> dict[str, Any]:
    described = describe_graphql(error)
    if described.outcome.http >= 500 and error.original_error is not None:
        _note_fault(error.original_error, fields=_fields(error))
    shown: dict[str, Any] = {"message": described.message, "extensions": described.extensions}
    if error.locations:
        shown["locations"] = [{"line": place.line, "column": place.column} for place in error.locations]
    if error.path:
        shown["path"] = error.path
    return shown


def _note_fault(error: BaseException, **more: object) -> None:
    """What is a fault of ours goes into the log in its own words: outside it has none."""
    described = describe(error)
    if described.outcome.http >= 500:
        log.error("graphql.failed", code=described.code, **more, **where(error))


def _fields(error: GraphQLError) -> list[str]:
    """Where it failed, in names of the schema: a path has the aliases of who asked, which may hold anything."""
    return [node.name.value for node in error.nodes or () if isinstance(node, FieldNode)]
