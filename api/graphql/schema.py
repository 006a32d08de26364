"""The executable schema: types, rules built once, caches of parsed and validated documents, and the check of rights."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import strawberry
from graphql import ASTValidationRule, GraphQLError, NoSchemaIntrospectionCustomRule
from strawberry.extensions import AddValidationRules, MaxTokensLimiter, ParserCache, SchemaExtension, ValidationCache
from strawberry.schema.config import StrawberryConfig
from strawberry.types import ExecutionContext

from api.graphql.context import RequestContext
from api.graphql.limits import shape_rule
from api.graphql.mutation import Mutation
from api.graphql.permissions import check_operation
from api.graphql.query import Query

CACHED_DOCUMENTS = 256


class CheckRights(SchemaExtension):
    """Refuses an operation that names a field closed to its principal, before anything runs."""

    def on_execute(self) -> Iterator[None]:
        context, document = self.execution_context.context, self.execution_context.graphql_document
        assert isinstance(context, RequestContext) and document is not None
        check_operation(self.execution_context.schema._schema, document, context.principal)
        yield


class GuanxiSchema(strawberry.Schema):
    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        """Errors are logged by the route, by code and place: Strawberry's own log would hold the values they tripped over."""


def build_schema(
    *, max_tokens: int = 600, max_depth: int = 10, max_aliases: int = 15, introspection: bool = False
) -> GuanxiSchema:
    rules: list[type[ASTValidationRule]] = [shape_rule(max_depth, max_aliases)]
    if not introspection:
        rules.append(NoSchemaIntrospectionCustomRule)
    extensions: Sequence[Callable[[], SchemaExtension] | type[SchemaExtension] | Any] = [
        lambda: MaxTokensLimiter(max_token_count=max_tokens),
        lambda: AddValidationRules(rules),
        lambda: ParserCache(maxsize=CACHED_DOCUMENTS),
        lambda: ValidationCache(maxsize=CACHED_DOCUMENTS),
        CheckRights,
    ]
    return GuanxiSchema(
        query=Query,
        mutation=Mutation,
        extensions=extensions,
        config=StrawberryConfig(disable_field_suggestions=True),
    )
