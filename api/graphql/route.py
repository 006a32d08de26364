"""POST /graphql: one operation per request, as JSON; run in a worker thread, answered with coded errors, logged without values."""

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from graphql import GraphQLError
from starlette.requests import Request
from starlette.responses import Response
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types import ExecutionResult

from api.auth import bearer_principal
from api.bootstrap import Runtime
from api.errors import Described, describe, describe_graphql
from api.graphql.context import RequestContext
from api.graphql.schema import GuanxiSchema
from api.logs import log, where
from api.middleware import error_body
from graph_model.errors import GuanxiError, InvalidRequest

_DIGITS = re.compile(r"\d{4,}")


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

    def __init__(self, schema: GuanxiSchema, runtime: Runtime) -> None:
        self._schema = schema
        self._runtime = runtime

    async def __call__(self, request: Request) -> Response:
        try:
            now = self._runtime.clock()
            principal = bearer_principal(self._runtime, request, now=now)
            operation = read_operation(request.headers.get("content-type", ""), await request.body())
            context = RequestContext(self._runtime, principal, now)
            begun = time.perf_counter()
            result = await self._runtime.workers.run(lambda: self._execute(operation, context))
        except GuanxiError as error:
            return error_response(describe(error))
        errors = [_formatted(error) for error in result.errors or ()]
        log.info(
            "graphql",
            operation=_DIGITS.sub("#", operation.name or "")[:64],
            actor=principal.name,
            role=principal.role.value,
            codes=sorted({error["extensions"]["code"] for error in errors}),
            ms=round((time.perf_counter() - begun) * 1000, 1),
        )
        body: dict[str, Any] = {"data": result.data}
        if len(errors) > 0:
            body["errors"] = errors
        return Response(orjson.dumps(body), media_type="application/json")

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


def error_response(described: Described) -> Response:
    """A request that was refused before anything ran."""
    headers = {"WWW-Authenticate": "Bearer"} if described.outcome.http == 401 else None
    return Response(
        error_body(described, graphql=True),
        status_code=described.outcome.http,
        media_type="application/json",
        headers=headers,
    )


def _formatted(error: GraphQLError) -> dict[str, Any]:
    described = describe_graphql(error)
    if described.outcome.http >= 500 and error.original_error is not None:
        log.error("graphql.failed", code=described.code, path=_path(error.path), **where(error.original_error))
    shown: dict[str, Any] = {"message": described.message, "extensions": described.extensions}
    if error.locations:
        shown["locations"] = [{"line": place.line, "column": place.column} for place in error.locations]
    if error.path:
        shown["path"] = error.path
    return shown


def _path(path: Sequence[str | int] | None) -> str:
    return ".".join(str(part) for part in path or ())
