"""Queries of rings: one by its id, and the list of them by filter and order."""

import hashlib
from datetime import datetime

import orjson
import strawberry

from api.graphql.connection_types import check_first, decode_cursor, encode_cursor, page_info
from api.graphql.context import Info, strict_moment
from api.graphql.declare import resolver
from api.graphql.ring_types import RingConnection, RingEdge, RingFilter, RingOrder, RingView
from graph_model.errors import InvalidRequest
from graph_model.moments import from_ms, to_ms
from graph_model.services import rings


@strawberry.type
class RingQuery:
    @resolver(
        "A ring as the newest scoring that found it has it, or as it was known as of a moment; null when unknown."
    )
    def ring(self, info: Info, id: strawberry.ID, as_of: datetime | None = None) -> RingView | None:
        moment = strict_moment(as_of)
        found = rings.one_ring(info.context.store, info.context.principal, id, as_of=moment)
        return None if found is None else RingView.of(found, moment)

    @resolver(
        "The rings of the newest scoring (as of a moment), up to 100 at a time. A page after a cursor is cut from the scoring that the "
        "cursor came from, even when rings were found anew since: a walk sees every ring of it once. Start without `after` for the newest. "
        "Errors: cursor.invalid where `after` is no cursor of this list, filter and order; unknown_name for `heldBy`."
    )
    def rings(
        self,
        info: Info,
        first: int = 20,
        after: str | None = None,
        filter: RingFilter | None = None,
        order: RingOrder = RingOrder.KNOWN_FRAUD,
        as_of: datetime | None = None,
    ) -> RingConnection:
        wanted = rings.RingFilter() if filter is None else filter.wanted()
        by, moment = rings.RingOrder(order.value), strict_moment(as_of)
        kind = _kind(wanted, by, as_of)
        page = rings.ring_page(
            info.context.store,
            info.context.principal,
            first=check_first(first),
            after=None if after is None else _place(kind, after),
            wanted=wanted,
            order=by,
            as_of=moment,
        )
        cursors = [
            encode_cursor(kind, to_ms(at.as_of), to_ms(at.scored_at), at.value, at.ring_id)
            for at in (rings.place_of(ring, by) for ring in page.rings)
        ]
        return RingConnection(
            edges=[
                RingEdge(cursor=cursor, node=RingView.of(ring, moment))
                for cursor, ring in zip(cursors, page.rings, strict=True)
            ],
            page_info=page_info(cursors, has_next=page.has_next, has_previous=page.has_previous),
            total_count=page.total,
        )


def _kind(wanted: rings.RingFilter, order: rings.RingOrder, as_of: datetime | None) -> str:
    """Names the list: a cursor of another filter, order or moment is none of this one's."""
    asked = hashlib.sha256(orjson.dumps([wanted, order, as_of])).hexdigest()[:12]
    return f"rings:{asked}"


def _place(kind: str, after: str) -> rings.RingPlace:
    as_of, scored_at, value, ring_id = decode_cursor(kind, after, int, int, (int, float), str)
    assert isinstance(as_of, int) and isinstance(scored_at, int) and isinstance(value, int | float)
    try:
        return rings.RingPlace(from_ms(as_of), from_ms(scored_at), float(value), str(ring_id))
    except OverflowError as exc:
        raise InvalidRequest("after is no cursor of this list.", code="cursor.invalid") from exc
