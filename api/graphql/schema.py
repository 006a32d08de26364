"""The executable schema: types, rules built once, caches of parsed and validated documents, and the admission of operations."""

from collections.abc import Callable, Iterator, Sequence
from operator import attrgetter
from typing import Any

import strawberry
from graphql import (
    ASTValidationRule,
    GraphQLError,
    GraphQLObjectType,
    GraphQLSchema,
    NoSchemaIntrospectionCustomRule,
)
from strawberry.extensions import AddValidationRules, MaxTokensLimiter, ParserCache, SchemaExtension, ValidationCache
from strawberry.schema.config import StrawberryConfig
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types import ExecutionContext
from strawberry.types.field import StrawberryField

from api.graphql.admission import admit
from api.graphql.context import RequestContext
from api.graphql.cost import Plans
from api.graphql.limits import shape_rule
from api.graphql.mutation import Mutation
from api.graphql.query import Query

CACHED_DOCUMENTS = 256


class Admission(SchemaExtension):
    """What stands between a valid operation and its execution; nothing has been looked up before."""

    def on_execute(self) -> Iterator[None]:
        asked = self.execution_context
        schema, context, document = asked.schema, asked.context, asked.graphql_document
        assert isinstance(schema, GuanxiSchema) and isinstance(context, RequestContext) and document is not None
        plan = schema.plans.of(asked.query or "", asked.operation_name, document)
        if plan is not None:  # without one, execution itself says which name is wrong
            admit(schema._schema, document, plan, asked.variables or {}, context)
        yield


class GuanxiSchema(strawberry.Schema):
    """Strawberry's schema, with quiet logs and what its operations cost."""

    plans: Plans

    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        """Errors are logged by the route, by code and place: Strawberry's own log would hold the values they tripped over."""


def _quicken(schema: GraphQLSchema) -> None:
    """Nine of ten fields only read an attribute. Read at once, without Strawberry's three calls around it, a graph takes a third less time."""
    for graphql_type in schema.type_map.values():
        if isinstance(graphql_type, GraphQLObjectType):
            for field in graphql_type.fields.values():
                declared = field.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
                if isinstance(declared, StrawberryField) and declared.is_basic_field:
                    field.resolve = _attribute(declared.python_name)


def _attribute(name: str) -> Callable[[object, object], object]:
    read = attrgetter(name)

    def resolve(source: object, _info: object) -> object:
        found: object = read(source)
        return found

    return resolve


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
        Admission,
    ]
    schema = GuanxiSchema(
        query=Query,
        mutation=Mutation,
        extensions=extensions,
        config=StrawberryConfig(disable_field_suggestions=True),
    )
    _quicken(schema._schema)
    schema.plans = Plans(schema._schema)
    return schema
