"""What every resolver is given: the running server, who asks, and when."""

from dataclasses import dataclass, field
from datetime import datetime

import strawberry

from api.bootstrap import Runtime
from api.graphql.trail import Trail, witnessed
from graph_model.principal import Principal
from graph_model.records import AsOf
from graph_model.schema.property_types import LOCAL_ZONE
from graph_model.services.lookup import view_as_of
from graph_model.store import GraphStore


@dataclass(frozen=True, slots=True)
class RequestContext:
    runtime: Runtime
    principal: Principal
    now: datetime
    trail: Trail = field(default_factory=Trail)

    @property
    def store(self) -> GraphStore:
        """The store to ask: it notes for the audit whom the operation is about."""
        return witnessed(self.runtime.store, self.trail, self.runtime.audit_key)


Info = strawberry.Info[RequestContext, None]


def local(moment: datetime | None) -> datetime | None:
    """A moment that was sent; without an offset it is read as Asia/Shanghai, like every moment in a file."""
    return moment.replace(tzinfo=LOCAL_ZONE) if moment is not None and moment.tzinfo is None else moment


def moment_of(as_of: datetime | None) -> AsOf | None:
    """An `asOf` argument of what people look at: the world at that moment, with all that was learnt of it since."""
    return view_as_of(local(as_of))


def strict_moment(as_of: datetime | None) -> AsOf | None:
    """An `asOf` argument of what was scored: what had been seen, scored and recorded by then."""
    moment = local(as_of)
    return None if moment is None else AsOf.at(moment)
