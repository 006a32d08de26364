"""The query of the blocklist; what else was stated about a node comes with the node."""

import strawberry

from api.graphql.casework_types import BlocklistConnection, BlocklistEdge, BlocklistEntry
from api.graphql.connection_types import check_first, decode_cursor, encode_cursor, page_info
from api.graphql.context import Info
from api.graphql.declare import resolver
from graph_model.services import blocklist

_LIST = "blocklist"


@strawberry.type
class CaseworkQuery:
    @resolver("Who and what is on the blocklist now, the newest statement first; of one type or of all.")
    def blocklist(
        self, info: Info, first: int = 20, after: str | None = None, type: str | None = None
    ) -> BlocklistConnection:
        context = info.context
        found = blocklist.page(
            context.store,
            context.principal,
            label=type,
            first=check_first(first),
            after=None if after is None else _place(after),
            now=context.now,
        )
        cursors = [encode_cursor(_LIST, *place) for place in found.places]
        return BlocklistConnection(
            edges=[
                BlocklistEdge(cursor=cursor, node=BlocklistEntry.of(info, entry))
                for cursor, entry in zip(cursors, found.entries, strict=True)
            ],
            page_info=page_info(cursors, has_next=found.more, has_previous=after is not None),
            total_count=found.total,
        )


def _place(cursor: str) -> blocklist.Place:
    moment, node_id = decode_cursor(_LIST, cursor, int, str)
    assert isinstance(moment, int) and isinstance(node_id, str)  # as decode_cursor has checked
    return moment, node_id
