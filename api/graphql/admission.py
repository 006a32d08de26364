"""Admission: what a valid operation must pass before it runs. Rights, the length of lists, the cost, the principal's bucket; and a mutation's first
audit record, so that nothing is changed that isn't in the chain."""

import re
from collections.abc import Mapping
from typing import Any

from graphql import DocumentNode, GraphQLSchema

from api.graphql.context import RequestContext
from api.graphql.cost import ListTooLong, Plan, TooCostly
from api.graphql.permissions import check_operation
from graph_model.errors import StoreReadOnly
from graph_model.records import AuditRecord

LONGEST_NAME = 64
_LONG_NUMBER = re.compile(r"\d{4,}")
# Mutations whose service writes its own record before it acts.
SELF_AUDITED = frozenset({"reveal"})


def admit(
    schema: GraphQLSchema, document: DocumentNode, plan: Plan, variables: Mapping[str, Any], context: RequestContext
) -> None:
    """Raises Forbidden, ListTooLong, TooCostly, RateLimited, StoreReadOnly or AuditUnavailable."""
    trail, runtime = context.trail, context.runtime
    trail.kind, trail.fields, trail.cost = plan.kind, plan.fields, plan.cost(variables)
    trail.name = _LONG_NUMBER.sub("#", plan.name)[:LONGEST_NAME]
    check_operation(schema, document, context.principal)
    if plan.longest_list > runtime.settings.max_list:  # lists of variables were measured when they came in
        raise ListTooLong(runtime.settings.max_list)
    if trail.cost > runtime.settings.max_cost:
        raise TooCostly(trail.cost, runtime.settings.max_cost)
    runtime.buckets.charge(context.principal.name, trail.cost)
    runtime.metrics.operation_cost.observe(trail.cost)
    if plan.kind == "mutation":
        if runtime.settings.read_only:
            raise StoreReadOnly(runtime.store.address)
        if not SELF_AUDITED.issuperset(plan.fields):
            runtime.audit.write_from_thread(record_of(context, result="begun", detail={}))


def record_of(context: RequestContext, *, result: str, detail: Mapping[str, Any]) -> AuditRecord:
    """An operation as the chain keeps it: names of the schema, keyed hashes and codes; no value that was sent."""
    trail = context.trail
    more: dict[str, Any] = {"request_id": trail.request_id, **detail}
    if trail.name:
        more["name"] = trail.name
    if trail.cost > 0:
        more["cost"] = trail.cost
    if trail.left_out > 0:
        more["subjects_left_out"] = trail.left_out
    return AuditRecord(
        at=context.now,
        actor=context.principal.name,
        role=context.principal.role.value,
        operation=trail.operation,
        subjects=list(trail.subjects),
        result=result,
        detail=more,
    )
