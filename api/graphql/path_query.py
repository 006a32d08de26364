"""Queries that find nodes by what they are: a node by its natural key, and the paths between two."""

from datetime import datetime
from typing import Annotated

import strawberry

from api.graphql.context import Info, moment_of
from api.graphql.declare import resolver
from api.graphql.node_types import Node
from api.graphql.path_types import PathView
from graph_model.services import lookup, paths


@strawberry.type
class PathQuery:
    @resolver(
        "A node by its type and natural key as people write it: a phone, a card, a device, an address; null when unknown. "
        "Errors: unknown_name for the type; the key's own, such as phone.malformed."
    )
    def node_by_key(self, info: Info, type: str, key: str, as_of: datetime | None = None) -> Node | None:
        context, moment = info.context, moment_of(as_of)
        found = lookup.by_key(context.store, context.principal, type, key, as_of=moment)
        return None if found is None else Node.of(info, found, moment)

    @resolver(
        "Up to `k` (at most 10) paths of up to `maxHops` (at most 6) relationships, the most telling first: what many share counts less, "
        "and hubs are not walked through. Empty where nothing ties the two. Errors: not_found, invalid_request."
    )
    def path(
        self,
        info: Info,
        start: Annotated[strawberry.ID, strawberry.argument(name="from")],
        end: Annotated[strawberry.ID, strawberry.argument(name="to")],
        k: int = 3,
        max_hops: int = 4,
        as_of: datetime | None = None,
    ) -> list[PathView]:
        context, moment = info.context, moment_of(as_of)
        found = paths.ranked_paths(context.store, context.principal, start, end, k=k, max_hops=max_hops, as_of=moment)
        return [PathView.of(info, path, moment) for path in found]
